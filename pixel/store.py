"""Store: files that outlive a process, in a folder or in a Blob container, behind one small interface.

What is spilled, the ledger, rejected hits and reports live here. `store_folder.py` and `store_blob.py` are the two
that exist.
"""

import re
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import msgspec


class StoreError(Exception):
    """The store did not do what was asked. A sentence for people, with no key, token or address of a visitor."""


class Missing(StoreError):  # noqa: N818 - it reads as what is the matter
    """There is no file of that name."""


class Full(StoreError):  # noqa: N818 - it reads as what is the matter
    """The file takes no more appends, ever: go on in another one."""


class Taken(StoreError):  # noqa: N818 - it reads as what is the matter
    """Somebody else holds the lease."""


class Unreachable(StoreError):  # noqa: N818 - it reads as what is the matter
    """It did not answer in time, or cannot be reached: nothing says that it is the wrong one."""


class Entry(msgspec.Struct, frozen=True):
    """A file in a store: its name, and its size in bytes when it was listed."""

    name: str
    size: int


class Lease(Protocol):
    """A lease that is held; it renews itself while the block runs."""

    def is_held(self) -> bool:
        """Say whether it is still ours for sure. Ask before each step that only one may do."""
        ...


class Store(Protocol):
    """Files by name, such as `ledger/2026-11-21/web1.ndjson`. Every verb raises `StoreError`, and nothing else."""

    async def check(self) -> None:
        """Make sure that it can be written, by writing: the folder or container is made, and nothing else is left.

        Takes as long as an append.
        """
        ...

    async def append(self, name: str, data: bytes) -> None:
        """Add to the end of a file, made if it is not there; return when it is safe.

        When it raises, the data may still be there, or come later, whole. Raises `Full` when the file is at its end.
        No data, nothing done.
        """
        ...

    async def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Return a file, or as much as there is of `length` bytes from `start`. Raises `Missing`."""
        ...

    async def write(self, name: str, data: bytes) -> None:
        """Make or replace a whole file: who reads sees the old one or the new one."""
        ...

    async def names(self, prefix: str = "") -> Sequence[Entry]:
        """Return the files whose names begin so, sorted by name."""
        ...

    async def delete(self, name: str, size: int | None = None) -> bool:
        """Delete a file; with `size`, only while it has that size, so that an append in between is not lost.

        Say whether it is gone: one that was not there is.
        """
        ...

    def lease(self, name: str) -> AbstractAsyncContextManager[Lease]:
        """Hold `name` for as long as the block runs; raises `Taken`. Choose a name that holds no file.

        A process that is killed frees it: in a folder at once, in Blob within `LEASE_S`.
        """
        ...

    async def close(self) -> None:
        """Give connections back. Nothing is lost without it."""
        ...


def problem(text: str, container: str) -> str | None:
    """Say what is wrong with `PIXEL_STORE` and `PIXEL_STORE_CONTAINER`, never repeating a value; None when usable."""
    if not text or is_folder(text):
        return None
    if _is_connection_string(text):
        parts = {
            name.lower() for name, _, value in (part.strip().partition("=") for part in text.split(";")) if value
        }
        if "usedevelopmentstorage" in parts:
            return "PIXEL_STORE: UseDevelopmentStorage is not known here; write Azurite's whole connection string."
        if not parts & {"accountname", "blobendpoint"} or not parts & {"accountkey", "sharedaccesssignature"}:
            return "PIXEL_STORE is no whole connection string: copy it from the storage account, under Access keys."
        if not (len(container) <= 63 and re.fullmatch(r"[a-z0-9](-?[a-z0-9]){2,}", container)):
            return "PIXEL_STORE_CONTAINER takes 3 to 63 small letters, digits and single hyphens."
        return None
    url = urlsplit(text)
    if url.scheme != "https":
        return "PIXEL_STORE must be a folder, an https URL of a container, or a storage connection string."
    if url.query or url.username or url.password:
        return (
            "PIXEL_STORE: a container URL takes no signature or password; the identity opens it. Cut it at the `?`."
        )
    if not url.hostname or not re.fullmatch(r"/[^/]+/?", url.path):
        return "PIXEL_STORE must name one container: https://ACCOUNT.blob.core.windows.net/CONTAINER."
    return None


def is_folder(text: str) -> bool:
    """Say whether a `PIXEL_STORE` means a folder, not Blob."""
    return bool(text) and "://" not in text and not _is_connection_string(text)


def typed(text: str, setting: str) -> str:
    """Return a store that was named on a command line. Raises `StoreError` when it is one with a key, which belongs in `setting`."""
    if _is_connection_string(text):
        raise StoreError(f"A connection string holds a key, and others can see what you type: put it in {setting}.")
    return text


def without_secret(text: str) -> str:
    """Return a usable `PIXEL_STORE` as `/status` may show it."""
    return "(set)" if _is_connection_string(text) else text


def open_store(text: str, container: str, client_id: str = "") -> Store:
    """Open `PIXEL_STORE`; nothing is read, made or asked for yet. Raises `StoreError` when it is not usable.

    `client_id` is of a user-assigned managed identity, for a container URL.
    """
    wrong = problem(text, container) if text else "No store is configured: set PIXEL_STORE."
    if wrong:
        raise StoreError(wrong)
    if is_folder(text):
        try:
            from pixel.store_folder import FolderStore
        except ImportError:
            raise StoreError(
                "A folder as store needs flock, which this system has not. On Windows, use WSL."
            ) from None
        return FolderStore(Path(text))
    from pixel.store_blob import BlobStore
    from pixel.store_service import by_connection_string, by_identity

    if _is_connection_string(text):
        return BlobStore(by_connection_string(text, container))
    return BlobStore(by_identity(text, client_id))


def _is_connection_string(text: str) -> bool:
    return ";" in text or re.match(r"\w+=", text) is not None

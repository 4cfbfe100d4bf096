"""Where captured events are: a capture file, a folder of them, or the Blob container that Event Hubs Capture writes to."""

import asyncio
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast
from urllib.parse import urlsplit

from pixel import capture
from pixel.store import Store, StoreError, is_folder, open_store, typed

WHERE: Final = (
    "a capture file, a folder of them, or the https URL of a Blob container (or of a folder in it) that your login may "
    "read. Without it: what PIXEL_CAPTURE_STORE names, else data/capture"
)
"""What commands say of their argument."""

_PIECE: Final = 4 << 20
_IN_MEMORY: Final = 16 << 20


class Captured(Protocol):
    """Capture files by name."""

    def sizes(self) -> dict[str, int]:
        """Return the size in bytes of each file that is there now, oldest first within a partition.

        Raises `StoreError` or `OSError`.
        """
        ...

    def open(self, name: str) -> BinaryIO:
        """Open a file as it is now. Raises the same."""
        ...


@contextmanager
def captured(where: str, environ: Mapping[str, str] = os.environ) -> Iterator[Captured]:
    """Open `where`, or what the environment names. Raises `StoreError` with a sentence when that is nothing to read."""
    text, container = _place(where, environ), environ.get("PIXEL_CAPTURE_STORE_CONTAINER") or "capture"
    if Path(text).exists() or is_folder(text):
        yield _Folder(Path(text))
        return
    prefix = ""
    if text.startswith("https://"):  # a folder in the container may follow its name
        url = urlsplit(text)
        name, _, prefix = url.path.lstrip("/").partition("/")
        text = url._replace(path=f"/{name}").geturl()
    try:
        store = open_store(text, container, environ.get("PIXEL_STORE_CLIENT_ID", ""))
    except StoreError as fault:
        raise _ours(fault) from None
    with asyncio.Runner() as runner:
        try:
            yield _Container(store, prefix, runner)
        finally:
            runner.run(store.close())


def place(where: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return the name of `where` for people, without a key."""
    text = _place(where, environ)
    if Path(text).exists() or _is_url(text) or is_folder(text):
        return text
    return f"the container {environ.get('PIXEL_CAPTURE_STORE_CONTAINER') or 'capture'}"


def _place(where: str, environ: Mapping[str, str]) -> str:
    if where and not (Path(where).exists() or _is_url(where)):
        where = typed(where, "PIXEL_CAPTURE_STORE")
    return where or environ.get("PIXEL_CAPTURE_STORE") or environ.get("PIXEL_CAPTURE_DIR") or "data/capture"


def _is_url(text: str) -> bool:
    return re.match(r"\w+://", text) is not None  # a connection string has one in its midst


def _ours(fault: StoreError) -> StoreError:
    told = str(fault).replace("PIXEL_STORE", "PIXEL_CAPTURE_STORE")
    return StoreError(told.replace("Data Contributor", "Data Reader"))  # which is enough to read


class _Folder:
    def __init__(self, where: Path) -> None:
        self._where = where
        if not where.exists():
            raise StoreError(f"{where} does not exist. A pixel started by `make run` captures to data/capture.")

    def sizes(self) -> dict[str, int]:
        return {str(path): path.stat().st_size for path in capture.files(self._where)}

    def open(self, name: str) -> BinaryIO:
        return Path(name).open("rb")


class _Container:
    """Blobs are fetched in pieces: a capture file may have 500 MB, and each piece has a time of its own."""

    def __init__(self, store: Store, prefix: str, runner: asyncio.Runner) -> None:
        self._store = store
        self._prefix = prefix
        self._runner = runner

    def sizes(self) -> dict[str, int]:
        try:
            found = self._runner.run(self._store.names(self._prefix))
        except StoreError as fault:
            raise _ours(fault) from None
        return {entry.name: entry.size for entry in found if entry.name.endswith(".avro")}

    def open(self, name: str) -> BinaryIO:
        file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - who asked for it closes it
        try:
            while True:
                piece = self._runner.run(self._store.read(name, file.tell(), _PIECE))
                file.write(piece)
                if len(piece) < _PIECE:
                    break
        except StoreError as fault:
            file.close()
            raise _ours(fault) from None
        file.seek(0)
        return cast("BinaryIO", file)

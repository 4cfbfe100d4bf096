"""A store in a folder of this machine: plain files.

What is appended is safe from a killed process when `append` returns (it is in the page cache); a power cut may lose
the last seconds. Disks can hang, so each verb runs in a thread, within `WITHIN_S`.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, TypeVar

from pixel.store import Entry, Missing, StoreError, Taken, Unreachable

WITHIN_S: Final = 2.0
"""A verb that takes longer has failed."""

_ANEW: Final = 100
_Result = TypeVar("_Result")


class FolderStore:
    """Files under `folder`, which is made when first written to. Names with a part that starts with `.` are ours."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def check(self) -> None:
        """Make the folder, and a file in it that goes again."""

        def check(folder: Path) -> None:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                tempfile.TemporaryFile(dir=folder).close()
            except OSError as fault:
                raise StoreError(f"{folder} is no folder that can be written to ({fault.strerror}).") from None

        await self._within("", check)

    async def append(self, name: str, data: bytes) -> None:
        """Add to the end of a file. What a full disk took of it is cut off again."""
        if data:
            await self._within(name, lambda path: _append(path, data))

    async def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Return a file, or a part of it."""

        def read(path: Path) -> bytes:
            with path.open("rb") as file:
                file.seek(start)
                return file.read(-1 if length is None else length)

        return await self._within(name, read)

    async def write(self, name: str, data: bytes) -> None:
        """Make or replace a file, by a rename."""
        await self._within(name, lambda path: _write(path, data))

    async def names(self, prefix: str = "") -> Sequence[Entry]:
        """Return the files whose names begin so, sorted by name."""

        def names(_: Path) -> list[Entry]:
            return sorted(self._walk(prefix), key=lambda entry: entry.name)

        return await self._within(prefix, names)

    async def delete(self, name: str, size: int | None = None) -> bool:
        """Delete a file, if it has that size."""
        return await self._within(name, lambda path: _delete(path, size, self._folder))

    @contextlib.asynccontextmanager
    async def lease(self, name: str) -> AsyncIterator["_Flock"]:
        """Hold a lock on a hidden file, which goes when the lock does."""
        hidden = str(Path(name).with_name(f".{Path(name).name}.lease"))
        lock = _Lock(self._path(hidden))
        try:
            await self._within(hidden, lambda _: lock.take())
            yield _Flock()
        finally:
            # Waited for, and not called off: a thread that waits for its turn must come to it.
            freeing = asyncio.get_running_loop().run_in_executor(None, lock.leave)
            await asyncio.wait({freeing}, timeout=WITHIN_S)

    async def close(self) -> None:
        """Do nothing: no file stays open."""

    async def _within(self, name: str, work: Callable[[Path], _Result]) -> _Result:
        path = self._path(name)
        try:
            async with asyncio.timeout(WITHIN_S):
                return await asyncio.to_thread(work, path)
        except FileNotFoundError:
            raise Missing(f"{path} does not exist.") from None
        except TimeoutError:
            raise Unreachable(f"{self._folder} did not answer within {WITHIN_S:g} s.") from None
        except OSError as fault:
            raise StoreError(f"{path} cannot be used ({fault.strerror or type(fault).__name__}).") from None

    def _path(self, name: str) -> Path:
        if name.startswith("/") or ".." in name.split("/"):
            raise StoreError("A name in a store stays within it.")
        return self._folder / name

    def _walk(self, prefix: str) -> Iterator[Entry]:
        # Only the folders that the prefix leads to: a year of ledgers is not walked for an hour of spill.
        start = self._folder / prefix.rpartition("/")[0]
        for path in start.rglob("*"):
            name = path.relative_to(self._folder).as_posix()
            if name.startswith(prefix) and "/." not in f"/{name}":
                with contextlib.suppress(FileNotFoundError):  # deleted while we look
                    if path.is_file():
                        yield Entry(name, path.stat().st_size)


class _Flock:
    def is_held(self) -> bool:
        """Say yes: only the end of the process or of the block frees it."""
        return True


class _Lock:
    """A lock that is taken and left in threads. One that a hanging disk gives after all, when nobody waits for it, is freed at once.

    Who takes `_held` out of its list frees it, so it is freed once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held: list[int] = []
        self._is_left = False

    def take(self) -> None:
        try:
            self._held.append(_open_locked(self._path, fcntl.LOCK_EX | fcntl.LOCK_NB))
        except BlockingIOError:
            raise Taken("Another process holds the lease.") from None
        if self._is_left:
            self._free()

    def leave(self) -> None:
        self._is_left = True
        self._free()

    def _free(self) -> None:
        with contextlib.suppress(IndexError):
            file = self._held.pop()
            with contextlib.suppress(OSError):
                self._path.unlink()
            os.close(file)


def _append(path: Path, data: bytes) -> None:
    file = _open_locked(path, fcntl.LOCK_EX)
    try:
        size = os.fstat(file).st_size
        try:
            _write_whole(file, data)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(file, size)
            raise
    finally:
        os.close(file)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.parent / f".{path.name}.{secrets.token_hex(4)}"
    try:
        draft.write_bytes(data)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _delete(path: Path, size: int | None, top: Path) -> bool:
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        if size is not None and os.fstat(file).st_size != size:
            return False
        path.unlink(missing_ok=True)
    finally:
        os.close(file)
    with contextlib.suppress(OSError):  # until one is not empty
        for folder in path.parents:
            if folder == top:
                break
            folder.rmdir()
    return True


def _open_locked(path: Path, how: int) -> int:
    """Open a file to append, made if need be, and lock it; anew when somebody has just deleted it or its folder."""
    why = "it is deleted again and again"
    for _ in range(_ANEW):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        except (FileNotFoundError, FileExistsError) as fault:
            # mkdir says the latter of a folder that goes while it looks, and of one that is a file.
            why = fault.strerror or type(fault).__name__
            continue
        try:
            fcntl.flock(file, how)
            if os.fstat(file).st_nlink:
                return file
        except OSError:
            os.close(file)
            raise
        os.close(file)
    raise StoreError(f"The folder {path.parent} cannot be made or kept ({why}).")


def _write_whole(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:  # Linux takes 2 GB at most in one write, and a full disk takes a part
        written = os.write(file, view)
        if not written:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view = view[written:]

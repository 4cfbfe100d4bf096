"""What was stored, in the files that Event Hubs Capture writes: one a partition and window, by the product's own writer.

A record holds number, time and body; the properties of an event are left out, since nothing of ours reads them there.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from pixel import capture
from tests.eventhubs import message
from tests.eventhubs.broker import Event, Hub

NAMESPACE: Final = "local"
WINDOW_S: Final = 60.0
MAX_BYTES: Final = 10 << 20

Put = Callable[[str, bytes], None]
"""Takes a file's name (`local/pixel/0/2026/11/21/08/04/29.avro`) and its bytes. Runs in a thread, one file at a time,
and returns when the file is safe. What it raises ends the peer: a capture with a hole would make every check a lie."""


def into_folder(folder: Path) -> Put:
    """Return a `Put` that writes below a folder; a file is there whole or not at all."""

    def put(name: str, raw: bytes) -> None:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(raw)
        part.replace(path)

    return put


class Capture:
    """Gathers what partitions append; hands a file to each of `puts` when a window is over, or full."""

    def __init__(
        self, hubs: Iterable[Hub], puts: Sequence[Put], window_s: float = WINDOW_S, max_bytes: int = MAX_BYTES
    ) -> None:
        self._puts = puts
        self._files: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
        self._windows = []
        for hub in hubs:
            for number, partition in enumerate(hub.partitions):
                name = partial(capture.file_path, Path(), NAMESPACE, hub.name, number)
                window = _Window(name, self._files, window_s, max_bytes)
                partition.watchers.append(window.append)
                self._windows.append(window)

    async def write(self) -> None:
        """Write files as windows end, for ever."""
        while True:
            name, raw = await self._files.get()
            for put in self._puts:
                await asyncio.to_thread(put, name, raw)
            self._files.task_done()

    async def flush(self) -> None:
        """End all windows now; return when their files are written."""
        for window in self._windows:
            window.end()
        await self._files.join()


class _Window:
    """The file of one partition that is being gathered. It begins with an event: no file is empty."""

    def __init__(
        self,
        name: Callable[[float], Path],
        files: "asyncio.Queue[tuple[str, bytes]]",
        window_s: float,
        max_bytes: int,
    ) -> None:
        self._name = name
        self._files = files
        self._window_s = window_s
        self._max_bytes = max_bytes
        self._named_at = 0
        self._blocks: list[bytes] = []
        self._size = 0
        self._sync = b""
        self._timer: asyncio.TimerHandle | None = None

    def append(self, events: list[Event]) -> None:
        """Add a block with these events, which came in together."""
        if not self._blocks:
            self._sync = secrets.token_bytes(16)
            self._timer = asyncio.get_running_loop().call_later(self._window_s, self.end)
        bodies = [message.read(event.raw).body for event in events]
        block = capture.block(bodies, events[0].sequence, events[0].enqueued_ms / 1000, self._sync)
        self._blocks.append(block)
        self._size += len(block)
        if self._size >= self._max_bytes:
            self.end()

    def end(self) -> None:
        """Hand the file on."""
        if not self._blocks:
            return
        if self._timer is not None:
            self._timer.cancel()
        # A name says the second; two files of one second must not have the same.
        self._named_at = max(int(time.time()), self._named_at + 1)
        raw = capture.header(self._sync) + b"".join(self._blocks)
        self._files.put_nowait((self._name(self._named_at).as_posix(), raw))
        self._blocks, self._size = [], 0

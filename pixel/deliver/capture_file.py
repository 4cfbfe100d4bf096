"""A sink that writes Event Hubs Capture's files itself: no Azure, and the same files to read.

An event is `sent` when it is in the file (in the page cache: a killed process loses nothing; a power cut may lose
the last seconds). Of events that come in together the first is written at once, and the others share one write.
"""

import asyncio
import errno
import fcntl
import logging
import os
import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from pixel import capture
from pixel.deliver.deliveries import Deliveries
from pixel.deliver.replay import Undelivered
from pixel.event import Event, encode
from pixel.log import log_fault

_log = logging.getLogger("pixel.capture_file")

NAMESPACE, HUB = "local", "pixel"
WINDOW_S = 60.0
MAX_BYTES = 10 << 20


class CaptureFileSink:
    """Captures to `folder`: one process a partition, a new file every `window_s` seconds or `max_bytes` bytes."""

    trouble: str | None = None
    deliveries: Deliveries | None = None

    def __init__(
        self,
        folder: Path,
        *,
        window_s: float = WINDOW_S,
        max_bytes: int = MAX_BYTES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.problem: str | None = None
        self._folder = folder
        self._window_s = window_s
        self._max_bytes = max_bytes
        self._clock = clock
        self._gathering = False
        self._waiting: list[tuple[list[bytes], asyncio.Future[str]]] = []
        self._lock = -1  # the partition's folder, locked
        self._partition = -1
        self._sequence = 0
        self._named_at = 0
        self._file = -1
        self._opened_at = 0.0
        self._size = 0
        self._sync = b""

    async def send(self, events: Sequence[Event]) -> Sequence[str]:
        """Return `sent` for each event once all are in the file, or `failed:storage` for each."""
        bodies = [encode(event) for event in events]
        loop = asyncio.get_running_loop()
        if not self._gathering:
            # Runs after all that is ready to run now: until then hits gather, to share one write. This one need
            # not wait for them: a lone hit, as most are, costs no round through the event loop.
            self._gathering = True
            loop.call_soon(self._commit)
            return [self._deliver(bodies)] * len(events)
        written: asyncio.Future[str] = loop.create_future()
        self._waiting.append((bodies, written))
        return [await written] * len(events)

    async def deliver(self, bodies: Sequence[bytes]) -> None:
        """Write encoded events, for replay; raises `Undelivered`."""
        if self._deliver(list(bodies)) != "sent":
            raise Undelivered(self.problem or "they could not be written")

    def close(self) -> None:
        """Close the file and free the partition. Nothing is lost without it."""
        for descriptor in (self._file, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._file = self._lock = -1

    def _commit(self) -> None:
        self._gathering = False
        if not self._waiting:
            return
        group, self._waiting = self._waiting, []
        delivery = self._deliver([body for bodies, _ in group for body in bodies])
        for _, written in group:
            if not written.done():
                written.set_result(delivery)

    def _deliver(self, bodies: list[bytes]) -> str:
        try:
            self._write(bodies)
        except Exception as fault:  # noqa: BLE001 - whoever waits must be told, whatever went wrong
            log_fault(_log, f"cannot write to {self._folder}", fault)
            why = fault.strerror if isinstance(fault, OSError) and fault.strerror else type(fault).__name__
            self.problem = f"The last events could not be written to {self._folder} ({why}): hits fail."
            return "failed:storage"
        self.problem = None
        return "sent"

    def _write(self, bodies: list[bytes]) -> None:
        now = self._clock()
        # A folder removed under us (`rm -rf data`) would swallow what is written to the open file.
        if self._file < 0 or not os.fstat(self._file).st_nlink:
            self._claim_partition()
            self._open(now)
        elif now - self._opened_at >= self._window_s or self._size >= self._max_bytes:
            self._open(now)
        whole = capture.block(bodies, self._sequence, now, self._sync)
        try:
            _write_whole(self._file, whole)
        except OSError:
            self._take_back()
            raise
        self._size += len(whole)
        self._sequence += len(bodies)

    def _take_back(self) -> None:
        """Cut half a block off the file, since it would hide all that follow; if even that fails, leave the file."""
        try:
            os.ftruncate(self._file, self._size)
        except OSError:
            self.close()

    def _open(self, now: float) -> None:
        # Names rise, so that the last one is the newest: also with two files in a second, or a clock set back.
        named_at = max(int(now), self._named_at + 1)
        path = capture.file_path(self._folder, NAMESPACE, HUB, self._partition, named_at)
        path.parent.mkdir(parents=True, exist_ok=True)
        sync = secrets.token_bytes(16)
        head = capture.header(sync)
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o644)
        try:
            _write_whole(file, head)
        except OSError:
            os.close(file)
            path.unlink()
            raise
        if self._file >= 0:
            os.close(self._file)
        self._file, self._sync, self._size = file, sync, len(head)
        self._named_at, self._opened_at = named_at, now

    def _claim_partition(self) -> None:
        """Lock the first partition that no other process writes, and continue where its last writer ended."""
        self.close()
        partition = 0
        while True:
            folder = self._folder / NAMESPACE / HUB / str(partition)
            folder.mkdir(parents=True, exist_ok=True)
            lock = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                os.close(lock)
                partition += 1
        self._lock = lock
        self._partition = partition
        self._sequence, self._named_at = _continue(folder)


def _write_whole(file: int, raw: bytes) -> None:
    written = os.write(file, raw)
    if written != len(raw):
        raise OSError(errno.ENOSPC, f"only {written} of {len(raw)} bytes could be written")


def _continue(partition: Path) -> tuple[int, int]:
    """Cut the torn tail that a killed writer may have left; return the next sequence number and the last name."""
    files = capture.files(partition)
    named_at = max(map(capture.file_time, files), default=0)
    for path in reversed(files):
        last = -1
        with path.open("r+b") as file:
            try:
                for record in capture.records(file):
                    last = record.sequence
            except capture.Damaged as damaged:
                if damaged.torn:
                    file.truncate(damaged.good)
            except capture.NotCapture:
                continue
        if last >= 0:
            return last + 1, named_at
    return 0, named_at

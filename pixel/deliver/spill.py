"""Spill: what Event Hubs will not take in time goes durably to the store, and is read again for replay.

A file is `spill/DATE/HOUR/INSTANCE-MARK-MINUTE.REASON.ndjson` in UTC, such as
`spill/2026-11-21/08/web1-5d2c9e71-04.throttled.ndjson`; one event a line, as `pixel.event.encode` gives it.

- MARK is new for each process, so a file has one writer, who goes on in another one (`.1`, `.2` before `.ndjson`) after
  a failure. So only a last line can be torn, and nobody was told that it is safe.
- REASON stands in the name, and lines stay plain events. So an event too large for any batch is kept whole like all
  others, `cat` shows what there is, and replay knows by the name what to try alone: `too_large`.
"""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from pixel.event import decode
from pixel.store import Full, Store, StoreError

TOO_LARGE: Final = "too_large"
"""The reason of events that no batch took: replay sets aside what still none takes."""
MAX_WAITING_BYTES: Final = 4 << 20
"""What may wait in memory for the store, four appends; more is refused at once, for it would wait too long."""
GROUP_BYTES: Final = 1 << 20
"""What goes in one append, unless a single call brings more."""
SETTLED_S: Final = 60.0
"""How long after its minute a file may still grow: an append begun in the minute ends well within this."""

_READ_BYTES: Final = 4 << 20
_NAME: Final = re.compile(r"spill/(\d{4}-\d\d-\d\d/\d\d)/.+-([0-5]\d)\.([a-z0-9_]+)(?:\.\d+)?\.ndjson")


class Spilled(msgspec.Struct):
    """What this process has spilled. Times are in seconds since 1970; `bytes` are those of lines."""

    events: int = 0
    bytes: int = 0
    oldest: float | None = None
    newest: float | None = None


class _Waiting(msgspec.Struct, eq=False):
    reason: str
    lines: bytes
    events: int
    safe: asyncio.Future[None]


class Spill:
    """Writes to the store. While one append is under way, who comes gathers and goes with the next."""

    def __init__(self, store: Store, instance: str, clock: Callable[[], float] = time.time) -> None:
        self.spilled = Spilled()
        self.problem: str | None = None
        """Why the last append failed; None when it did not."""
        self._store = store
        self._writer_name = f"{re.sub('[^A-Za-z0-9_-]', '_', instance) or 'pixel'}-{secrets.token_hex(4)}"
        self._clock = clock
        self._waiting: list[_Waiting] = []
        self.waiting_bytes = 0
        self._part = 0
        self._appending: asyncio.Task[None] | None = None

    async def spill(self, bodies: Sequence[bytes], reason: str) -> None:
        """Return when all `bodies` (each one event, without a newline) are safe; raises `StoreError`.

        `reason` says in a word why they are here, such as `throttled`. When it raises, some or all may be in the store
        nevertheless. Takes as long as an append or, behind one under way, two.
        """
        if not bodies:
            return
        reason = re.sub("[^a-z0-9_]", "_", reason.lower())
        lines = b"\n".join(bodies) + b"\n"
        if self.waiting_bytes + len(lines) > MAX_WAITING_BYTES:
            raise StoreError(f"The store is too slow: {self.waiting_bytes} bytes of events wait for it already.")
        safe: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(_Waiting(reason, lines, len(bodies), safe))
        self.waiting_bytes += len(lines)
        if self._appending is None:
            self._appending = asyncio.create_task(self._append_all())
        await safe

    async def _append_all(self) -> None:
        try:
            while self._waiting:
                await self._append_group(self._next_group())
        finally:
            self._appending = None

    def _next_group(self) -> list[_Waiting]:
        """Take those who wait for the reason of the first, in their order, up to `GROUP_BYTES`."""
        group: list[_Waiting] = []
        left: list[_Waiting] = []
        size = 0
        for each in self._waiting:
            if each.safe.done():  # its caller was cancelled
                self.waiting_bytes -= len(each.lines)
            elif not group or (each.reason == group[0].reason and size + len(each.lines) <= GROUP_BYTES):
                group.append(each)
                size += len(each.lines)
            else:
                left.append(each)
        self._waiting = left
        return group

    async def _append_group(self, group: list[_Waiting]) -> None:
        if not group:
            return
        lines = b"".join(each.lines for each in group)
        fault: StoreError | None = StoreError("The store failed in a way of its own: see the log.")
        try:
            await self._append(lines, group[0].reason)
            fault = None
        except StoreError as failed:
            fault = failed
        finally:
            self.waiting_bytes -= len(lines)
            if fault is not None:
                # Who waits behind has waited as long as an append may take: to try once more for them, with a
                # store that just failed, would be more than a hit can wait.
                group += self._waiting
                self.waiting_bytes -= sum(len(each.lines) for each in self._waiting)
                self._waiting = []
            self._settle(group, fault)

    async def _append(self, lines: bytes, reason: str) -> None:
        try:
            await self._store.append(self._name(reason), lines)
        except StoreError as fault:
            self._part += 1  # half a line may stand at the end of that file, and nothing must follow it
            if not isinstance(fault, Full):
                raise
            await self._store.append(self._name(reason), lines)

    def _name(self, reason: str) -> str:
        at = datetime.fromtimestamp(self._clock(), UTC)
        part = f".{self._part}" if self._part else ""
        return f"spill/{at:%Y-%m-%d/%H}/{self._writer_name}-{at:%M}.{reason}{part}.ndjson"

    def _settle(self, group: list[_Waiting], fault: StoreError | None) -> None:
        self.problem = None if fault is None else str(fault)
        now = self._clock()
        for each in group:
            if fault is None:
                self.spilled.events += each.events
                self.spilled.bytes += len(each.lines)
                self.spilled.oldest = self.spilled.oldest or now
                self.spilled.newest = now
            if each.safe.done():
                continue
            if fault is None:
                each.safe.set_result(None)
            else:
                each.safe.set_exception(StoreError(str(fault)))  # one each: a traceback grows with every raise


class SpillFile(msgspec.Struct, frozen=True):
    """A spilled file: its name and size, the beginning of its minute (seconds since 1970), and its reason."""

    name: str
    size: int
    minute: float
    reason: str


class Line(msgspec.Struct, frozen=True):
    """A line of a spilled file, its number from 1, and what is wrong with it: None, `torn` or `poison`.

    `torn` is a last line without its end, of a killed writer: nobody was told that it is safe. `poison` is a whole line
    that is no event.
    """

    number: int
    body: bytes
    problem: str | None = None


async def spilled_files(store: Store) -> list[SpillFile]:
    """Return what is spilled and not yet replayed, of all instances, oldest first. Raises `StoreError`.

    A file whose `minute` is less than 60 + `SETTLED_S` seconds ago may still grow. To delete one, give `Store.delete` the
    number of bytes that were read: then what has come in since is not lost.
    """
    found = []
    for entry in await store.names("spill/"):
        if name := _NAME.fullmatch(entry.name):
            hour, minute, reason = name.groups()
            try:
                at = datetime.fromisoformat(f"{hour.replace('/', 'T')}:{minute}+00:00")
            except ValueError:  # no date: not ours
                continue
            found.append(SpillFile(entry.name, entry.size, at.timestamp(), reason))
    return sorted(found, key=lambda file: (file.minute, file.name))


async def read_lines(store: Store, file: SpillFile) -> AsyncIterator[Line]:
    """Give the lines of a file as it was listed, a few MB in memory at a time. Raises `StoreError`."""
    number, start, rest = 0, 0, b""
    while start < file.size:
        piece = await store.read(file.name, start, min(_READ_BYTES, file.size - start))
        if not piece:
            raise StoreError("A spilled file became shorter while it was read.")
        start += len(piece)
        *bodies, rest = (rest + piece).split(b"\n")
        for body in bodies:
            number += 1
            yield Line(number, body, None if _is_event(body) else "poison")
    if rest:
        yield Line(number + 1, rest, "torn")


def _is_event(body: bytes) -> bool:
    try:
        decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return False
    return True

"""The ledger, stored: each minute a row of each process, which outlives it, in `ledger/DATE/INSTANCE.ndjson`.

A row is what was counted since the row before, so rows add up, over minutes and over instances. Nobody can write a last
row when a process is killed, and on Azure Functions nobody is told of an end at all: up to a minute of counts is then lost.
Of events nothing is: accepted ones are stored and carry `instance`, `boot` and `seq`, which count without any ledger. So
`python -m pixel reconcile` finds more stored than counted after a kill, and never an event less.
"""

import re
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from pixel.deliver.deliveries import Deliveries
from pixel.ledger import Counts, Ledger, minus
from pixel.store import Missing, Store, StoreError

SCHEMA_VERSION: Final = 1
EVERY_S: Final = 60.0
_EARLY_S: Final = 1.0  # a timer may wake so much before its minute
READ_BYTES: Final = 256 << 10
"""What is read and decoded at once: a few ms, in which hits wait."""


class Row(msgspec.Struct, frozen=True):
    """What a process counted from `minute` (its begin, in which the row began) until `until`; times are RFC 3339, UTC.

    Should the store have said that it failed and have stored the row nevertheless, the next one has the same `row` number and
    counts the same again, and more: the greater of the two holds.
    """

    schema: int
    instance: str
    boot: str
    row: int
    minute: str
    until: str
    first_seq: int | None
    """Of the events numbered in this time, which may be decided in the next row; None when there were none."""
    last_seq: int | None
    in_flight: int
    """Events whose outcome was not known at the end."""
    counts: Counts
    failed_seqs: list[tuple[int, int]]
    """Numbers of events that failed: first and last of each run."""

    def replaces(self, other: "Row") -> bool:
        """Say whether this one holds, of two rows with the same number of one boot."""
        return self._decided() >= other._decided()

    def _decided(self) -> int:
        counts = self.counts
        return counts.received + counts.accepted + sum(counts.failed.values()) + sum(counts.rejected.values())


class LedgerWriter:
    """Writes the rows of one process."""

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        deliveries: Deliveries | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.problem: str | None = None
        """Why the store, or the last row, could not be written; None when it could."""
        self._store = store
        self._ledger = ledger
        self._deliveries = deliveries
        self._clock = clock
        self._instance = re.sub("[^A-Za-z0-9_-]", "_", ledger.instance) or "pixel"
        self._written = Counts()
        self._next_seq = 0
        self._row = 0
        self._since = clock()
        self._is_checked = False

    async def each_minute(self) -> None:
        """Write; and until that has gone well once, look whether the store can be written, so that it is told before it is needed."""
        if not self._is_checked:
            try:
                await self._store.check()
                self._is_checked, self.problem = True, None
            except StoreError as fault:
                self.problem = f"PIXEL_STORE cannot be used: {fault}"
        await self.write()

    async def write(self) -> None:
        """Append a row of what was counted since the last; nothing when that is nothing.

        When the store fails, `problem` says why, and what was counted stays for the next row.
        """
        ledger, now = self._ledger, self._clock()
        counts, next_seq = ledger.counts(self._deliveries), ledger.next_seq
        if counts == self._written:
            self._since = now
            return
        failed_seqs = ledger.take_failed()
        row = Row(
            schema=SCHEMA_VERSION,
            instance=ledger.instance,
            boot=ledger.boot,
            row=self._row,
            minute=_minute(self._since + _EARLY_S),
            until=_second(now),
            first_seq=self._next_seq if next_seq > self._next_seq else None,
            last_seq=next_seq - 1 if next_seq > self._next_seq else None,
            in_flight=ledger.in_flight,
            counts=minus(counts, self._written),
            failed_seqs=[(first, last) for first, last in failed_seqs],
        )
        is_written = False
        try:
            await self._store.append(
                f"ledger/{row.minute[:10]}/{self._instance}.ndjson", _ENCODER.encode(row) + b"\n"
            )
            is_written = True
        except StoreError as fault:
            self.problem = f"The ledger could not be written: {fault}"
        finally:  # also when it is cancelled, as a server's stop does
            if not is_written:
                ledger.give_back_failed(failed_seqs)
        if is_written:
            self._is_checked, self.problem = True, None
            self._written, self._next_seq, self._since = counts, next_seq, now
            self._row += 1


async def read_rows(store: Store, name: str, start: int = 0) -> AsyncIterator[tuple[int, list[Row]]]:
    """Give the rows of a file from byte `start` on, in pieces, each with the byte at which to go on. Raises `StoreError`.

    The piece of a line that a killed process may have left is skipped, and so is what is no row. A file that is not there
    has no rows.
    """
    while True:
        try:
            piece = await store.read(name, start, READ_BYTES)
        except Missing:
            return
        end = piece.rfind(b"\n") + 1
        if not end:
            return
        start += end
        yield start, _rows(piece[:end])


async def ledger_files(store: Store, first: str = "", last: str = "9999") -> Sequence[str]:
    """Return the names of the files of these dates, such as `2026-11-21`. Raises `StoreError`."""
    return [each.name for each in await store.names("ledger/") if first <= each.name.split("/")[1] <= last]


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Row)


def _rows(lines: bytes) -> list[Row]:
    rows = []
    for line in lines.split(b"\n"):
        try:
            rows.append(_DECODER.decode(line[max(line.rfind(b'{"schema":'), 0) :]))
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return rows


def _minute(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%MZ}"


def _second(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"

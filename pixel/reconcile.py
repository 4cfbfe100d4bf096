"""Reconcile: compare what the ledger says with what is stored, number by number.

Each process numbers its events from 0 without a gap before it sends them, and each row of the ledger says which numbers
fell into its minute. So each number is captured, in the spill, listed as failed, or missing.
"""

from array import array
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from pixel import capture
from pixel.captured import Captured
from pixel.deliver.spill import read_lines, spilled_files
from pixel.ledger import plus
from pixel.ledger_store import Row, ledger_files, read_rows
from pixel.reconciled import Period, Process, Result
from pixel.store import Missing, Store, StoreError

WINDOW_S: Final = 900.0
"""The longest that Event Hubs Capture gathers events for a file, which is named by when that began."""

Progress = Callable[[int, int], object]
"""Is told how many bytes of Capture are read, and of how many."""


class _Numbered(msgspec.Struct):
    id: str
    received_at: str
    instance: str = ""
    boot: str = ""
    seq: int = -1


class _SetAside(msgspec.Struct):
    body: str = ""


_NUMBERED: Final = msgspec.json.Decoder(_Numbered)
_SET_ASIDE: Final = msgspec.json.Decoder(_SetAside)
_TELL_EVERY: Final = 5000
_NOT_JSON: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


async def read_store(store: Store, period: Period) -> Result:
    """Read the ledger, then the spill; `read_capture` comes after it. Raises `StoreError` when the store cannot be read.

    In this order, what comes in or is replayed meanwhile is found rather twice than not at all.
    """
    result = Result()
    await _read_ledger(store, period, result)
    for file in await spilled_files(store):
        try:
            async for line in read_lines(store, file):
                if line.problem is None:
                    _find(line.body, period, result)
        except Missing:  # replayed since
            continue
    for entry in await store.names("poison/"):
        for raw in (await store.read(entry.name)).splitlines():
            try:
                _find(_SET_ASIDE.decode(raw).body.encode(), period, result)
            except _NOT_JSON:
                continue
    return result


def read_capture(files: Captured, period: Period, result: Result, progress: Progress) -> None:
    """Read what Capture holds of the period, a file at a time, and add it. Raises `StoreError` or `OSError`."""
    found = files.sizes()
    result.found_files = len(found)
    sizes = _of_period(found, period, result)
    ids = _Ids()
    done, total = 0, sum(sizes.values())
    for name, size in sizes.items():
        try:
            with files.open(name) as file:
                for number, record in enumerate(capture.records(file), 1):
                    for body in capture.bodies(record):
                        _find(body, period, result, ids)
                    if number % _TELL_EVERY == 0:
                        progress(done + file.tell(), total)
        except capture.Damaged as damaged:
            if not damaged.torn:
                result.unreadable.append(f"{name}: {damaged}")
        except (capture.NotCapture, OSError, StoreError) as unreadable:
            result.unreadable.append(f"{name}: {unreadable}")
        done += size
        progress(done, total)
    result.files = len(sizes)
    result.same_id = ids.repeated()


async def _read_ledger(store: Store, period: Period, result: Result) -> None:
    # A row later than the period may tell what failed of it.
    until = period.end[:10]
    if until != "9999":
        until = f"{datetime.fromisoformat(until) + timedelta(days=1):%Y-%m-%d}"
    last: dict[tuple[str, str], Row] = {}  # it may still be replaced
    for name in await ledger_files(store, period.begin[:10], until):
        async for _, rows in read_rows(store, name):
            for row in rows:
                before = last.setdefault((row.instance, row.boot), row)
                if row.row > before.row:
                    _take(before, period, result)
                if row.row > before.row or (row.row == before.row and row.replaces(before)):
                    last[row.instance, row.boot] = row
    for row in last.values():
        _take(row, period, result)


def _take(row: Row, period: Period, result: Result) -> None:
    process = result.processes.setdefault((row.instance, row.boot), Process(row.instance, row.boot))
    process.failed_unlisted += row.counts.failed_unlisted
    for first, last in row.failed_seqs:
        process.failed.add_run(first, last)
    if row.last_seq is not None:
        process.counted_to = row.last_seq
    if not period.has(row.minute):
        process.in_flight = min(process.in_flight, row.in_flight)
        return
    process.in_flight = row.in_flight
    result.rows += 1
    result.counts = plus(result.counts, row.counts)
    process.counts = plus(process.counts, row.counts)
    process.rows += 1
    if row.first_seq is not None and row.last_seq is not None:
        if process.last < 0:
            process.first, process.last = row.first_seq, row.first_seq - 1
        # Not from the row's own first one: a row that was lost between two others leaves no hole.
        process.numbered.add_run(process.last + 1, row.last_seq)
        process.last = row.last_seq
        process.minutes.append((row.last_seq, row.minute))


class _Ids:
    """Counts ids that come again, in 8 bytes an id: their hashes, which of 10 million are hardly ever the same."""

    def __init__(self) -> None:
        self._hashes = [array("q") for _ in range(256)]

    def add(self, text: str) -> None:
        hashed = hash(text)
        self._hashes[hashed & 255].append(hashed)

    def repeated(self) -> int:
        return sum(len(part) - len(set(part)) for part in self._hashes)


def _find(body: bytes, period: Period, result: Result, ids: _Ids | None = None) -> None:
    """Note where an event is: captured when `ids` are given, else kept."""
    try:
        event = _NUMBERED.decode(body)
    except _NOT_JSON:
        result.foreign += 1
        return
    process = result.processes.get((event.instance, event.boot))
    if process is None or event.seq > process.counted_to:
        if not period.has(event.received_at):
            return
        if event.seq < 0 or not event.boot:
            result.foreign += 1
            return
        if process is None:
            process = result.processes[event.instance, event.boot] = Process(event.instance, event.boot)
    elif not process.first <= event.seq <= process.last:
        return
    if ids is None:
        process.kept.add(event.seq)
    elif process.captured.add(event.seq):
        ids.add(event.id)
    else:
        result.twice += 1


def _of_period(sizes: Mapping[str, int], period: Period, result: Result) -> dict[str, int]:
    """Choose what may hold events of the period: all that was captured since, if any were spilled, for they come later."""
    first = _seconds(period.begin, -WINDOW_S)
    last = None if result.counts.spilled else _seconds(period.end, WINDOW_S)
    if first is last is None:
        return dict(sizes)
    at = {name: capture.file_time(Path(name)) for name in sizes}
    return {
        name: size
        for name, size in sizes.items()
        if (first is None or not 0 < at[name] < first) and (last is None or at[name] <= last)
    }


def _seconds(minute: str, more: float) -> float | None:
    if minute in ("", "9999"):
        return None
    return datetime.fromisoformat(minute).replace(tzinfo=UTC).timestamp() + more

"""Compare the ledger with what is stored: `reconcile [--capture WHERE]` tells whether an accepted event is missing.

WHERE is a folder, or a Blob container that your login may read (`az login`); a connection string goes in PIXEL_CAPTURE_STORE. The
exit code is 0 when none is, 1 when some are, 2 when nothing could be compared. docs/ledger.md says what each line means.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from pixel.captured import WHERE, captured, place
from pixel.number_set import NumberSet
from pixel.reconcile import WINDOW_S, read_capture, read_store
from pixel.reconciled import Period, Process, Result
from pixel.settings import read_settings
from pixel.store import Store, StoreError, is_folder, open_store, typed
from pixel.terminal import bytes_bar, typed_time

SHOWN = 10
"""Runs of missing numbers that are printed."""


def run(arguments: list[str]) -> int:
    """Compare and tell."""
    asked = _parser().parse_args(arguments)
    period = Period(asked.begin or Period().begin, asked.end or Period().end)
    if period.begin >= period.end:
        print("The period ends before it begins: --from is the earlier one.", file=sys.stderr)
        return 2
    try:
        result = _compare(asked, period)
    except StoreError as unusable:
        print(unusable, file=sys.stderr)
        return 2
    except OSError as fault:
        print(f"{fault.filename or place(asked.capture)}: {fault.strerror}", file=sys.stderr)
        return 2
    if not result.seen:
        print(
            f"The ledger has no row and Capture no event {_of(period)}: nothing to compare. A pixel writes rows when "
            "PIXEL_STORE is set, each minute and when it stops. Are --capture and --store swapped?",
            file=sys.stderr,
        )
        return 2
    print(*_lines(result, period), sep="\n")
    for unreadable in result.unreadable:
        print(unreadable, file=sys.stderr)
    if not result.rows:
        print(
            "\nThe ledger has no row of it, so nothing was compared: is that the store of the pixel (PIXEL_STORE)?",
            file=sys.stderr,
        )
        return 2
    print(f"\n{_verdict(result)}")
    if result.missing and not result.total(lambda each: len(each.captured)):
        what = "no event of this pixel" if result.found_files else "no capture file (.avro)"
        print(f"There is {what} in {place(asked.capture)}: before you believe that events are lost, check --capture.")
    return 1 if result.missing else 0


def _compare(asked: argparse.Namespace, period: Period) -> Result:
    async def compare() -> Result:
        store = _store(asked.store)
        try:
            return await read_store(store, period)
        finally:
            await store.close()

    with captured(asked.capture) as files, bytes_bar(transient=True) as progress:
        result = asyncio.run(compare())
        read_capture(files, period, result, progress)
    return result


def _store(named: str) -> Store:
    settings = read_settings({**os.environ, **({"PIXEL_STORE": typed(named, "PIXEL_STORE")} if named else {})})
    for problem in settings.problems:
        if "PIXEL_STORE" in problem:
            raise StoreError(problem)
    if not settings.store:
        raise StoreError("No store is named, so there is no ledger: --store data/store, or set PIXEL_STORE.")
    if is_folder(settings.store) and not Path(settings.store).is_dir():
        raise StoreError(f"{settings.store} is no folder.")
    return open_store(settings.store, settings.store_container, settings.store_client_id)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m pixel reconcile", description=__doc__)
    parser.add_argument("--capture", default="", metavar="WHERE", help=WHERE)
    parser.add_argument(
        "--store",
        default="",
        metavar="STORE",
        help="where the ledger is: a folder or the https URL of a container. Without it: what PIXEL_STORE names",
    )
    moment = "such as 2026-11-21T08:00, in UTC unless it says otherwise"
    parser.add_argument("--from", dest="begin", type=_minute, metavar="TIME", help=f"first minute, {moment}")
    parser.add_argument("--to", dest="end", type=_minute, metavar="TIME", help="minute before which to stop")
    return parser


def _minute(text: str) -> str:
    return f"{typed_time(text, 'time such as 2026-11-21T08:00').astimezone(UTC):%Y-%m-%dT%H:%M}"


def _of(period: Period) -> str:
    begin = f"from {period.begin} " if period.begin else ""
    end = f"until {period.end} " if period.end != Period().end else ""
    return f"{begin}{end}(UTC)" if begin or end else "at all times"


def _lines(result: Result, period: Period) -> Iterator[str]:
    counts, total = result.counts, result.total
    instances = len({process.instance for process in result.seen})
    kept = total(lambda each: len(each.kept & each.numbered - each.captured))
    both = total(lambda each: len(each.kept & each.numbered & each.captured))
    yield (
        f"The ledger {_of(period)}: {_many(instances, 'instance')}, {_many(len(result.seen), 'process')}, "
        f"{_many(result.rows, 'row')}. Capture: {_many(result.files, 'file')}.\n"
    )
    yield _line("received", counts.received)
    yield _line("rejected", sum(counts.rejected.values()), _reasons(counts.rejected))
    yield _line("failed", sum(counts.failed.values()), _reasons(counts.failed))
    yield _line("accepted", counts.accepted, f"{counts.sent:,} sent, {counts.spilled:,} spilled")
    yield ""
    captured = total(lambda each: len(each.captured & each.numbered))
    replayed = min(max(counts.spilled - kept - both, 0), captured)
    yield _line(
        "captured",
        captured,
        f"{replayed:,} of them spilled and replayed" if replayed else "",
    )
    yield _line("in the spill", kept, "not replayed yet, or set aside" if kept else "")
    yield _line("missing", result.missing, "accepted, and stored nowhere" if result.missing else "")
    seen_failed = total(lambda each: len(each.failed & each.numbered & each.stored))
    undecided = total(lambda each: each.undecided)
    later = total(lambda each: len(each.stored - each.numbered))
    open_ = total(lambda each: len(each.unaccounted))
    notes = (
        ("captured, in spill", both, "a replay will send them again: same id, same number"),
        ("failed, but stored", seen_failed, "the visitor was told `failed`, since nobody could know"),
        ("undecided", undecided, "in flight when a process ended, or failed: not one was accepted for sure"),
        ("in no row", later, "stored after the last row of a process that was killed or still runs"),
        ("gaps among them", open_, "not stored: mostly hits in flight when a process was killed"),
        ("captured twice", result.twice, "sent again by a retry or a replay: same id, same number"),
        ("ids used again", result.same_id, "other hits with an id that a sender had used before"),
        ("not of the pixel", result.foreign, "records that are no events, or carry no number"),
    )
    if any(count for _, count, _ in notes):
        yield ""
    for name, count, why in notes:
        if count:
            yield _line(name, count, why)


def _line(name: str, count: int, why: str = "") -> str:
    return f"  {name:<18} {count:>12,}   {why}".rstrip()


def _reasons(counts: dict[str, int]) -> str:
    return ", ".join(f"{reason} {count:,}" for reason, count in sorted(counts.items()))


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "es" if what.endswith("s") else "s")


def _verdict(result: Result) -> str:
    if not result.missing:
        if not result.counts.accepted:
            return "Nothing is missing: the rows count no accepted event."
        beyond = sum(len(process.unaccounted) for process in result.processes.values())
        more = f" {beyond:,} numbers after the last rows of killed processes could not be judged." if beyond else ""
        return f"Nothing is missing: each of {result.counts.accepted:,} accepted events is stored.{more}"
    runs = [
        (_minute_of(first, process), process.instance, process.boot, first, last)
        for process in result.processes.values()
        if process.missing
        for first, last in islice(process.gaps.runs(), SHOWN + 1)
    ]
    verb = "is" if result.missing == 1 else "are"
    lines = [f"{result.missing:,} of {_many(result.counts.accepted, 'accepted event')} {verb} missing. Not stored:"]
    for minute, instance, boot, first, last in sorted(runs)[:SHOWN]:
        numbers = f"numbers {first:,} to {last:,}" if last > first else f"number {first:,}"
        lines.append(f"  {minute}  instance {instance}, boot {boot}: {numbers}")
    lines += ["  and more"] if len(runs) > SHOWN else []
    recent = f"{datetime.now(UTC) - timedelta(seconds=WINDOW_S):%Y-%m-%dT%H:%M}"
    if any(_is_missing_since(recent, process) for process in result.processes.values()):
        lines.append(
            "Some are of the last 15 minutes: Event Hubs Capture may still hold them back. Ask again, or give an earlier --to."
        )
    return "\n".join(lines)


def _minute_of(seq: int, process: Process) -> str:
    return next((minute for last, minute in process.minutes if seq <= last), "")


def _is_missing_since(minute: str, process: Process) -> bool:
    before = max((last for last, of in process.minutes if of < minute), default=-1)
    recent = NumberSet()
    recent.add_run(before + 1, process.last)
    return process.missing > 0 and len(process.gaps & recent) > 0

"""Send events on: what was spilled, or with --from-capture what was captured, once more.

Spilled files come from PIXEL_STORE, oldest first, and go once each event was acknowledged. The exit code is 0 when nothing is
left, 1 when something is, 2 when nothing could be done. Keys are taken from the environment only. docs/replay.md says more.
"""

import argparse
import asyncio
import contextlib
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

import enrichers as enricher_package
from pixel.captured import WHERE, Captured, captured, place
from pixel.collect.enrich import load
from pixel.collect.enrich_again import enrich_again
from pixel.deliver.hub_sink import open_hub
from pixel.deliver.reemit import Change, Reemitted, reemit
from pixel.deliver.replay import YOUNG_S, Replayed, Sender, replay
from pixel.deliver.spill import read_lines, spilled_files
from pixel.settings import read_settings
from pixel.store import Missing, Store, StoreError, is_folder, open_store, typed
from pixel.terminal import bytes_bar, print_table, typed_time

NO_HUB = "There is no hub to send to: set EVENT_HUB, or say --to-capture FOLDER."


class _Unusable(Exception):  # noqa: N818 - it reads as what is the matter
    """What was asked for cannot be done; a sentence for people."""


def run(arguments: list[str]) -> int:
    """Replay; return the exit code."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.from_capture is None and (asked.begin or asked.end or asked.dry_run or asked.re_enrich is not None):
        parser.error("--from, --to, --re-enrich and --dry-run go with --from-capture; --list shows what is spilled")
    if asked.from_capture is not None and asked.list:
        parser.error("--list shows what is spilled; with --from-capture, --dry-run counts")
    try:
        if asked.from_capture is None:
            return asyncio.run(_list(asked) if asked.list else _replay(asked))
        with captured(asked.from_capture) as files:
            _check_apart(asked)
            return asyncio.run(_reemit(asked, files))
    except (_Unusable, StoreError) as unusable:
        print(unusable, file=sys.stderr)
    except OSError as fault:
        print(f"{fault.filename or 'What was captured'}: {fault.strerror}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m pixel replay", description=__doc__)
    parser.add_argument(
        "--store",
        default="",
        help="where events were spilled: a folder or the https URL of a container. Without it: what PIXEL_STORE names",
    )
    parser.add_argument("--list", action="store_true", help="show what is spilled, send nothing")
    parser.add_argument(
        "--to-capture", type=Path, metavar="FOLDER", help="write capture files, instead of to the hub"
    )
    parser.add_argument("--from-capture", nargs="?", const="", metavar="WHERE", help=WHERE)
    parser.add_argument("--from", type=_moment, dest="begin", metavar="TIME", help="received then or later")
    parser.add_argument("--to", type=_moment, dest="end", metavar="TIME", help="received before")
    parser.add_argument(
        "--re-enrich", nargs="?", const="", metavar="NAME,...", help="run enrichers again; all or these"
    )
    parser.add_argument("--dry-run", action="store_true", help="count, send nothing")
    return parser


async def _replay(asked: argparse.Namespace) -> int:
    store = _store(asked)
    try:
        async with _sender(asked) as sender:
            with bytes_bar() as progress:
                told = await replay(store, sender, progress=progress)
    finally:
        await store.close()
    print_table(
        ["files sent", "events", "set aside", "torn, dropped", "files left", "bytes left"],
        [[told.files, told.events, told.set_aside, told.torn, told.left, told.left_bytes]],
    )
    _tell(told)
    return int(told.left > 0)


def _tell(told: Replayed) -> None:
    if told.problem:
        print(f"Not all could be sent on: {told.problem}")
    if told.young:
        print(f"{told.young} of the files left are younger than {YOUNG_S:g} s and may still grow: come again later.")
    if told.left > told.young and not told.problem:
        print("Another replayer has the others, or one that was killed within the last 30 s had them.")
    if told.aside:
        print("Set aside, with a reason on each line, in the store:", *told.aside[:20], sep="\n  ")
    if len(told.aside) > 20:
        print(f"  and {len(told.aside) - 20} files more in poison/")


async def _list(asked: argparse.Namespace) -> int:
    store = _store(asked)
    total: Counter[str] = Counter()
    try:
        for file in await spilled_files(store):
            lines: Counter[str] = Counter()
            with contextlib.suppress(Missing):  # a replayer has just sent it on
                async for line in read_lines(store, file):
                    lines[line.problem or "events"] += 1
                others = [f", {lines[problem]:,} {problem}" for problem in ("poison", "torn") if lines[problem]]
                print(f"{file.name}: {lines['events']:,} events{''.join(others)}, {file.size:,} bytes")
                total.update(lines, files=1)
        aside = await store.names("poison/")
        is_empty = not total["files"] and not await store.names("ledger/")
    finally:
        await store.close()
    print(f"{total['events']:,} events are spilled, in {total['files']:,} files.")
    if aside:
        print(f"{len(aside):,} files were set aside in poison/.")
    if is_empty:
        print("The store holds nothing at all, not even a ledger: is it the pixel's (PIXEL_STORE)?", file=sys.stderr)
    return 0


def _check_apart(asked: argparse.Namespace) -> None:
    to, source = asked.to_capture, Path(place(asked.from_capture)).resolve()
    if to and source.exists():
        folder = source.parent if source.is_file() else source
        if to.resolve().is_relative_to(folder) or source.is_relative_to(to.resolve()):
            raise _Unusable("What was captured would be captured there once more: name another folder.")


async def _reemit(asked: argparse.Namespace, files: Captured) -> int:
    change = None if asked.re_enrich is None else _enricher(asked.re_enrich)
    async with contextlib.nullcontext() if asked.dry_run else _sender(asked) as sender:
        with bytes_bar() as progress:
            told = await reemit(
                files,
                sender,
                begin=asked.begin or "",
                end=asked.end or "~",
                change=change,
                progress=progress,
            )
    print_table(
        ["files read", "events chosen", "sent", "too large", "no events"],
        [[told.files, told.chosen, told.sent, told.too_large, told.no_event]],
    )
    return _code(told, asked.dry_run)


def _code(told: Reemitted, dry_run: bool) -> int:
    print(*told.unread, sep="\n", end="\n" if told.unread else "")
    if told.problem:
        print(f"Stopped: {told.problem}. Come again: what was sent is sent once more, with the same ids.")
    if not told.files:
        print("There are no capture files (.avro).")
    unsent = 0 if dry_run else told.chosen - told.sent
    return int(unsent > 0 or told.problem is not None or len(told.unread) > told.torn)


def _store(asked: argparse.Namespace) -> Store:
    settings = read_settings(os.environ)
    text = typed(asked.store, "PIXEL_STORE") or os.environ.get("PIXEL_STORE", "").strip()
    if asked.store and is_folder(text) and not Path(text).is_dir():
        raise _Unusable(f"{text} is no folder.")
    return open_store(text, settings.store_container, settings.store_client_id)


@contextlib.asynccontextmanager
async def _sender(asked: argparse.Namespace) -> AsyncIterator[Sender]:
    if asked.to_capture is None:
        hub = read_settings(os.environ).hub
        if hub is None:
            raise _Unusable(NO_HUB)
        sender = open_hub(hub)
        try:
            yield sender
        finally:
            await sender.close()
        return
    try:
        from pixel.deliver.capture_file import CaptureFileSink
    except ImportError:
        raise _Unusable("Capture files need flock, which this system has not. On Windows, use WSL.") from None
    try:
        asked.to_capture.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise _Unusable(f"{asked.to_capture} cannot be made ({fault.strerror}).") from None
    sink = CaptureFileSink(asked.to_capture)
    try:
        yield sink
    finally:
        sink.close()


def _enricher(names: str) -> Change:
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    enrichers = load(enricher_package, wanted or read_settings(os.environ).enrichers, os.environ)
    if enrichers.problems:
        raise _Unusable("\n".join(enrichers.problems))
    return lambda body, event: enrich_again(body, event, enrichers.running)


def _moment(text: str) -> str:
    """Return a time as events write it."""
    utc = typed_time(text, "time such as 2026-11-20 or 2026-11-20T08:00").astimezone(UTC)
    return utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")

"""Make traffic up: `simulate`, as NDJSON, as capture files, or fired at a pixel. The same for a seed.

Without an output it prints NDJSON, one request a line with the truth about it in `labels`. docs/simulate.md says what
the traffic is like.
"""

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO
from urllib.parse import SplitResult, urlsplit

from pixel.app import build
from pixel.collect.track import track
from pixel.deliver.capture_file import CaptureFileSink
from pixel.simulate import traffic as defaults
from pixel.simulate.fire import Fired, connection, fire
from pixel.simulate.hit import Hit
from pixel.simulate.ndjson import encode
from pixel.simulate.traffic import KINDS, traffic
from pixel.terminal import typed_time

Tick = Callable[[], object]
WINDOW_S = 3600.0
"""A capture file holds an hour of simulated time."""
GROUP = 200
"""Hits that share a write."""
EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)


def run(arguments: list[str]) -> int:
    """Simulate; return 1 if a hit came out as failed or without an answer, 2 if nothing could be done."""
    asked = _parser().parse_args(arguments)
    start = asked.start
    if start is None:
        # What a hit claims of its time is judged by the clock of the pixel that it is fired at.
        start = time.time() - asked.count / asked.per_day * 86_400 if asked.url else defaults.START
    hits = traffic(
        seed=asked.seed,
        count=asked.count,
        customers=asked.customers,
        products=asked.products,
        start=start,
        per_day=asked.per_day,
        only=asked.only,
    )
    if asked.url:
        return _fire(hits, asked.url, asked)
    try:
        if asked.capture:
            return _capture(hits, asked.capture, asked.count)
        if asked.out:
            with asked.out.open("wb") as file:
                _write(hits, file)
        else:
            _write(hits, sys.stdout.buffer)
    except BrokenPipeError:
        raise  # whoever reads has seen enough
    except OSError as unusable:
        print(f"{asked.capture or asked.out or 'standard output'}: {unusable.strerror}", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m pixel simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=defaults.SEED, help="another number: other traffic")
    parser.add_argument("--count", type=_positive, default=defaults.COUNT, help="hits (%(default)s)")
    parser.add_argument("--customers", type=_positive, default=defaults.CUSTOMERS, help="people (%(default)s)")
    parser.add_argument("--products", type=_positive, default=defaults.PRODUCTS, help="products (%(default)s)")
    parser.add_argument(
        "--per-day", type=_positive, default=defaults.PER_DAY, help="hits a simulated day (%(default)s)"
    )
    parser.add_argument("--start", type=_date, help="first day (2026-11-20; with --url, such that it ends now)")
    parser.add_argument("--only", type=_kinds, default=KINDS, metavar="KIND,...", help=", ".join(KINDS))
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--out", type=Path, metavar="FILE", help="write NDJSON here")
    output.add_argument("--capture", type=Path, metavar="FOLDER", help="take the hits, write capture files here")
    output.add_argument("--url", type=_url, help="fire the hits at this pixel, such as http://127.0.0.1:7071")
    parser.add_argument("--concurrency", type=_positive, default=8, help="with --url: connections (%(default)s)")
    parser.add_argument("--rate", type=_positive, default=0, help="with --url: hits a second (as fast as it goes)")
    return parser


def _write(hits: Iterable[Hit], file: BinaryIO) -> None:
    file.writelines(encode(hit) + b"\n" for hit in hits)
    file.flush()


def _capture(hits: Iterator[Hit], folder: Path, count: int) -> int:
    """Take the hits through the pixel's own pipeline, each at its simulated time."""
    now = defaults.START
    sink = CaptureFileSink(folder, window_s=WINDOW_S, clock=lambda: now)
    app = build({"PIXEL_CLIENT_IP": "functions", **os.environ, "PIXEL_CAPTURE_DIR": str(folder)}, sink=sink)
    if app.collector.settings.problems:
        print(*app.collector.settings.problems, sep="\n", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    outcomes: Counter[str] = Counter()

    async def take(tick: Tick) -> None:
        nonlocal now
        while group := list(islice(hits, GROUP)):
            now = group[0].request.received_at
            outcomes.update(await track([hit.request for hit in group], "pixel", app.collector))
            for _ in group:
                tick()

    try:
        with _progress(count) as tick:
            asyncio.run(take(tick))
    finally:
        sink.close()
        _tell(outcomes)
        print(f"  events    .venv/bin/python -m pixel read {folder}", file=sys.stderr)
    return _code(outcomes)


def _fire(hits: Iterator[Hit], url: SplitResult, asked: argparse.Namespace) -> int:
    try:
        first = connection(url)
        first.connect()
        first.close()
    except OSError as refused:
        print(
            f"Nothing answers at {url.geturl()} ({refused.strerror or refused}): start a pixel with `make run`.",
            file=sys.stderr,
        )
        return 2
    fired = Fired()
    began = time.monotonic()
    try:
        with _progress(asked.count) as tick:
            fire(hits, url, fired, concurrency=asked.concurrency, rate=asked.rate, tick=tick)
    except KeyboardInterrupt:
        print("Stopped. So far:", file=sys.stderr)
        return 130
    finally:
        _tell(fired.outcomes)
        total, seconds = fired.outcomes.total(), time.monotonic() - began
        print(f"  {total / seconds:,.0f} hits a second; answered within, ms:", file=sys.stderr)
        shares = ", ".join(f"{share} % {fired.percentile(share) * 1000:.1f}" for share in (50, 90, 99, 100))
        print(f"  {shares}", file=sys.stderr)
    return _code(fired.outcomes)


def _tell(outcomes: Counter[str]) -> None:
    for outcome, times in outcomes.most_common():
        print(f"  {times:9,} {outcome}", file=sys.stderr)


def _code(outcomes: Counter[str]) -> int:
    return int(any(not outcome.startswith(("accepted", "rejected:")) for outcome in outcomes))


@contextmanager
def _progress(count: int) -> Iterator[Tick]:
    """Show a bar where someone sees it."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.console import Console  # 60 ms to import
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=count)
        yield lambda: progress.advance(task)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("it must be 1 or more")
    return number


def _date(text: str) -> float:
    moment = typed_time(text, "date such as 2026-11-20")
    if moment < EARLIEST:  # times are seconds since 1970, and some hits come from weeks before
        raise argparse.ArgumentTypeError(f"{text} is too long ago; take {EARLIEST:%Y-%m-%d} or later")
    return moment.timestamp()


def _kinds(text: str) -> tuple[str, ...]:
    kinds = tuple(text.split(","))
    for kind in kinds:
        if kind not in KINDS:
            raise argparse.ArgumentTypeError(f"{kind} is no kind; these are: {', '.join(KINDS)}")
    return kinds


def _url(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        valid = url.scheme in ("http", "https") and url.hostname and url.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise argparse.ArgumentTypeError(f"{text} is no URL such as http://127.0.0.1:7071")
    return url

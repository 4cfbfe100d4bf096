"""CPU per record of Front Door's log that becomes an event, all enrichers on.

In microseconds of `time.process_time`, from the bytes of a message to the sink's answer. The traffic is that of
benchmarks/collect.py, as Front Door would have logged it: 200 records a message, 8 messages a batch. Batches warm the
caches up, then rounds of hits never seen before follow; figures are medians of rounds. The sink encodes events and drops
what came out, as every real one does before it waits; or it keeps them in memory. The garbage collector stays on.
"""

import asyncio
import contextlib
import gc
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from benchmarks import geo, naive
from benchmarks.collect import EncodeAndDrop
from benchmarks.hits import Hit, stream
from benchmarks.naive_enrichers import NaiveEnrichers
from benchmarks.result import Bound, Failed, Result
from benchmarks.surroundings import progress
from pixel.app import build
from pixel.collect.edge import Take, edge
from pixel.collect.edge_log import MARKS
from pixel.collect.track import Collector
from pixel.deliver.sink import MemorySink
from tests.front_door_log import message, record

RECORDS: Final = 200
"""Records a message: some 350 KB."""

MESSAGES: Final = 8
WARM_UP: Final = 125
"""Batches: 200,000 hits, as in benchmarks/collect.py."""
ROUNDS: Final = 9
NAIVE_RECORDS: Final = 200
MOST_US: Final = 100.0
"""10,000 records a CPU-second."""

Batch = Sequence[bytes]


def run() -> list[Result]:
    """Measure with both sinks, and the naive version beside them."""
    with tempfile.TemporaryDirectory(prefix="pixel-bench-") as folder:
        database = Path(folder, "city.mmdb")
        progress("making a city database")
        geo.write(database)
        return _measure(database)


def _measure(database: Path) -> list[Result]:
    memory = MemorySink()
    keeping = build({"GEO_DATABASES": str(database)}, sink=memory).collector
    encoding = build({"GEO_DATABASES": str(database)}, sink=EncodeAndDrop()).collector
    peer = NaiveEnrichers(database)
    batches = _batches()
    progress(f"warming up with {WARM_UP * MESSAGES * RECORDS:,} records")
    for batch in islice(batches, WARM_UP):
        _us(batch, encoding)
    gc.collect()
    gc.freeze()  # what is warm by now, and what this benchmark itself holds, is not the collector's to go through
    kept, encoded, naively = [], [], []
    for number in range(ROUNDS):
        progress(f"round {number + 1} of {ROUNDS}")
        kept.append(_us(next(batches), keeping))
        memory.events.clear()
        batch = next(batches)
        encoded.append(_us(batch, encoding))
        naively.append(_naive_us(batch[0], peer))
    size = len(batch[0]) / RECORDS
    ratio = statistics.median(theirs / ours for ours, theirs in zip(encoded, naively, strict=True))
    return [
        Result(
            name="edge, take a record of its log",
            unit="us",
            ours=statistics.median(encoded),
            peer=statistics.median(naively),
            peer_is="naive",
            ratio=ratio,
            ratio_of="naive/ours",
            promises=(Bound("ours", MOST_US),),
            notes=(
                f"{1e6 / statistics.median(encoded):,.0f} records a CPU-second, events encoded; median of {ROUNDS} rounds of "
                f"{MESSAGES * RECORDS:,} records of {size:,.0f} bytes; best {1e6 / min(encoded):,.0f}",
            ),
            details={"rounds_us": encoded, "naive_rounds_us": naively},
        ),
        Result(
            name="edge, into memory",
            unit="us",
            ours=statistics.median(kept),
            promises=(Bound("ours", MOST_US),),
            notes=(
                f"{1e6 / statistics.median(kept):,.0f} records a CPU-second, events kept as they are; best {1e6 / min(kept):,.0f}",
            ),
            details={"rounds_us": kept},
        ),
    ]


def _batches() -> Iterator[Batch]:
    """Give batches of the traffic, each of its own hits."""
    hits, number = stream((WARM_UP + 2 * ROUNDS) * MESSAGES * RECORDS), count()
    while True:
        yield [message(*(_record(hit, next(number)) for hit in islice(hits, RECORDS))) for _ in range(MESSAGES)]


def _record(hit: Hit, number: int) -> dict[str, object]:
    headers = hit.headers
    rules = [rule for rule, (name, value) in MARKS.items() if value in headers.get(name, "")]
    address = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return record(
        hit.target, headers, address, reference=f"20261121T080429Z-17587c8c466d76czhC1ZRH{number:015d}", rules=rules
    )


def _us(batch: Batch, collector: Collector) -> float:
    """Return microseconds a record."""
    ledger = collector.ledger
    take: Take = edge(collector, ["/pix", "/pix.gif"])
    received, malformed = ledger.received, ledger.rejected["malformed"]
    with asyncio.Runner() as runner:
        started = time.process_time()
        runner.run(_taken(take, batch))
        seconds = time.process_time() - started
    hits = ledger.received - received
    if hits != MESSAGES * RECORDS or ledger.rejected["malformed"] != malformed or ledger.failed:
        raise Failed(f"not every record was a hit that is stored or rejected: {ledger.snapshot()}")
    return seconds / (MESSAGES * RECORDS) * 1e6


async def _taken(take: Take, batch: Batch) -> None:
    await take(batch)


def _naive_us(body: bytes, peer: NaiveEnrichers) -> float:
    started = time.process_time()
    records = json.loads(body)["records"][:NAIVE_RECORDS]
    for each in records:
        told = each["properties"]
        headers = {"user-agent": told["userAgent"], "referer": told["referer"], "x-forwarded-for": told["socketIp"]}
        with contextlib.suppress(ValueError):  # a hostile hit: it would answer with an error
            naive.collect(urlsplit(told["requestUri"]).query, headers, peer.enrich)
    return (time.process_time() - started) / len(records) * 1e6

"""What a hit with a user agent of 8 KB costs all enrichers: what repeats, and what is random, each new to the caches."""

import random
import statistics
import time
from collections.abc import Iterator
from typing import Final

from benchmarks.result import Bound, Result
from pixel.collect.enrich import enrich
from pixel.collect.parse import parse
from pixel.collect.request import Request
from pixel.collect.track import Collector
from pixel.event import Event

LENGTH: Final = 8192
TIMES: Final = 200
PIECES: Final = ("a", " ", "(", "Mozilla/5.0 ", "Android 10; ", "bot ", "1.", "/", "Chrome/1.2.3.4 ", "\u00e9")
PRINTABLE: Final = "".join(map(chr, range(32, 127)))
BEYOND_BMP: Final = "".join(map(chr, range(0x1F300, 0x1F600)))


def measure(collector: Collector) -> Result:
    """Return the median of the slowest kind, in microseconds of CPU."""
    costs = {}
    for kind, agents in _kinds():
        costs[kind] = [_cost(agent, collector) for agent in agents]
    medians = {kind: statistics.median(each) for kind, each in costs.items()}
    late = {kind: statistics.quantiles(each, n=100)[98] for kind, each in costs.items()}
    slowest, latest = max(medians, key=medians.__getitem__), max(late, key=late.__getitem__)
    return Result(
        name="enrich a user agent of 8 KB",
        unit="us",
        ours=medians[slowest],
        promises=(Bound("ours", 1000),),
        notes=(
            f"the slowest of {len(costs)} kinds, {slowest}; median of {TIMES}, each new to the caches",
            f"99th percentile {late[latest]:.0f} us at most, of {latest}",
        ),
        details={"medians_us": medians, "p99_us": late},
    )


def _kinds() -> Iterator[tuple[str, list[str]]]:
    for piece in PIECES:
        yield repr(piece), [f"{number} {piece * LENGTH}"[:LENGTH] for number in range(TIMES)]
    chance = random.Random(20261121)
    for kind, letters in (("random printable text", PRINTABLE), ("random text beyond the BMP", BEYOND_BMP)):
        yield kind, ["".join(chance.choices(letters, k=LENGTH)) for _ in range(TIMES)]


def _cost(agent: str, collector: Collector) -> float:
    request = Request("GET", "/pix", "", {"user-agent": agent, "sec-ch-ua": agent}, time.time())
    event = parse(request, "pixel", collector.settings, collector.client_ip)
    assert isinstance(event, Event)
    started = time.process_time()
    enrich([event], collector.enrichers)
    return (time.process_time() - started) * 1e6

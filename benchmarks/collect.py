"""CPU per hit of our own work, all enrichers on: parse, enrich, redact, number and encode, beside benchmarks/naive.py.

In microseconds of `time.process_time`. The traffic is simulated (docs/simulate.md): 200,000 hits warm the caches up, as
in a process that has run for a while; then rounds of hits never seen before, so that user agents, addresses and pages
that are new cost what they cost. Hits get strings of their own, as a server makes them, just before they are timed;
32 go together, as in a server with that many connections, and others alone. Figures are medians of rounds; the best
round is in the details. The garbage collector stays on.
"""

import contextlib
import functools
import gc
import itertools
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks import geo, long_user_agents, naive
from benchmarks.hits import Hit, hits, stream
from benchmarks.naive_enrichers import NaiveEnrichers
from benchmarks.result import Bound, Failed, Result
from benchmarks.surroundings import progress
from pixel.app import build
from pixel.collect.parse import parse
from pixel.collect.request import Request
from pixel.collect.track import Collector, track
from pixel.deliver.deliveries import Deliveries
from pixel.event import Event, encode

WARM_UP: Final = 200_000
ROUNDS: Final = 9
ROUND: Final = 5_000
ALONE_ROUND: Final = 1_000
SHARES_ROUND: Final = 1_000
NAIVE_ROUND: Final = 200
AT_ONCE: Final = 32

_OWN: Final = ("id", "received_at", "instance", "boot", "seq")


class EncodeAndDrop:
    """A sink that does what every real one does before it waits."""

    problem: str | None = None
    trouble: str | None = None
    deliveries: Deliveries | None = None

    async def send(self, events: Sequence[Event]) -> Sequence[str]:
        """Encode each event; all are `sent`."""
        for event in events:
            encode(event)
        return ["sent"] * len(events)


class EncodeAndKeep(EncodeAndDrop):
    """The same, and keeps what it encoded."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def send(self, events: Sequence[Event]) -> Sequence[str]:
        """Encode each event; all are `sent`."""
        self.bodies += map(encode, events)
        return ["sent"] * len(events)


def run() -> list[Result]:
    """Compare with the naive version, then measure."""
    check_same()
    with tempfile.TemporaryDirectory(prefix="pixel-bench-") as folder:
        database = Path(folder, "city.mmdb")
        progress("making a city database")
        geo.write(database)
        return _measure(database)


def _measure(database: Path) -> list[Result]:
    everything = build({"GEO_DATABASES": str(database)}, sink=EncodeAndDrop()).collector
    peer = NaiveEnrichers(database)
    traffic = stream(WARM_UP + ROUNDS * (ROUND + ALONE_ROUND + SHARES_ROUND))
    caches = _caches()
    progress(f"warming up with {WARM_UP:,} hits")
    for _ in range(WARM_UP // ROUND):
        _time(list(itertools.islice(traffic, ROUND)), _ours(everything))
    gc.collect()
    gc.freeze()  # what is warm by now, and what this benchmark itself holds, is not the collector's to go through
    rates: list[dict[str, float]] = []
    ours_us, alone_us, naive_us, shares = [], [], [], []
    agents, addresses = set(), set()
    for number in range(ROUNDS):
        progress(f"round {number + 1} of {ROUNDS}")
        some = list(itertools.islice(traffic, ROUND))
        before = _asked(caches)
        ours_us.append(_time(some, _ours(everything)))
        rates.append(_rates(before, _asked(caches)))
        alone_us.append(_time(list(itertools.islice(traffic, ALONE_ROUND)), _ours(everything), 1))
        naive_us.append(_time(some[:NAIVE_ROUND], functools.partial(_naive, peer)))
        shares.append(_shares(everything, list(itertools.islice(traffic, SHARES_ROUND))))
        agents |= {hit.headers.get("user-agent") for hit in some}
        addresses |= {hit.headers.get("x-forwarded-for", "").rpartition(",")[2].partition(":")[0] for hit in some}
    rate = {name: statistics.median(each[name] for each in rates) for name in rates[0]}
    share = {name: statistics.median(each[name] for each in shares) for name in shares[0]}
    memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    ratio = statistics.median(theirs / ours for ours, theirs in zip(ours_us, naive_us, strict=True))
    details = {
        "best_us": min(ours_us),
        "rounds_us": ours_us,
        "naive_best_us": min(naive_us),
        "naive_rounds_us": naive_us,
        "shares_us": share,
        "hit_rates": rate,
    }
    return [
        Result(
            name="collect a hit",
            unit="us",
            ours=statistics.median(ours_us),
            peer=statistics.median(naive_us),
            peer_is="naive",
            ratio=ratio,
            ratio_of="naive/ours",
            promises=(Bound("ratio", 15, at_least=True), Bound("ours", 22)),
            aims=(Bound("ratio", 25, at_least=True), Bound("ours", 12)),
            notes=(
                f"{AT_ONCE} at a time; median of {ROUNDS} rounds of {ROUND:,} new hits with {len(agents):,} user agents and "
                f"{len(addresses):,} addresses in all, after {WARM_UP:,} others",
                f"without enrichers but campaign both give the same JSON for {len(hits()):,} hits",
                "caches answered: " + ", ".join(f"{name} {part:.1%}" for name, part in sorted(rate.items())),
                "enrichers, us of hits never seen before, what no cache knew in it: "
                + ", ".join(f"{name} {cost:.2f}" for name, cost in share.items()),
            ),
            details=details,
        ),
        Result(
            name="collect a hit, alone",
            unit="us",
            ours=statistics.median(alone_us),
            promises=(Bound("ours", 22),),
            aims=(Bound("ours", 12),),
            notes=(f"one at a time; median of {ROUNDS} rounds of {ALONE_ROUND:,} hits, new as above",),
            details={"best_us": min(alone_us), "rounds_us": alone_us},
        ),
        long_user_agents.measure(everything),
        Result(
            name="memory, warm",
            unit="MB",
            ours=memory_mb,
            promises=(Bound("ours", 250),),
            notes=("peak of this process, the naive version's patterns and databases in it",),
        ),
    ]


def check_same() -> None:
    """Raise `Failed` unless the naive version tells of every hit what ours does, but for ids, times and numbers."""
    sink = EncodeAndKeep()
    collector = build({"PIXEL_ENRICHERS": "campaign"}, sink=sink).collector
    if collector.settings.problems or [each.name for each in collector.enrichers] != ["campaign"]:
        raise Failed(f"the app is not as expected: {collector.settings.problems or collector.enrichers}")
    for hit in hits():
        request = Request("GET", hit.path, hit.query, dict(hit.headers), time.time())
        [outcome] = _finish(track([request], "pixel", collector))
        theirs = naive.collect(hit.query, hit.headers)
        if outcome != "accepted" or theirs is None:
            raise Failed(f"not accepted by both: ours {outcome}, naive {theirs!r}\n  {hit}")
        if _told(sink.bodies[-1]) != _told(theirs):
            raise Failed(f"not the same:\n  ours  {sink.bodies[-1].decode()}\n  naive {theirs.decode()}")


def _told(body: bytes) -> dict[str, Any]:
    """Read an event without what differs between any two; flags in order."""
    event: dict[str, Any] = json.loads(body)
    if missing := [name for name in _OWN if name not in event]:
        raise Failed(f"an event has no {missing}: {body.decode()}")
    event = {name: value for name, value in event.items() if name not in _OWN}
    event["flags"] = sorted(event.get("flags", ()))
    return event


def _time(some: Sequence[Hit], take: Callable[[Sequence[Hit]], None], at_once: int = AT_ONCE) -> float:
    """Return microseconds a hit."""
    taken = 0.0
    for waiting in _batched(some, at_once):
        fresh = tuple(map(_fresh, waiting))
        started = time.process_time()
        take(fresh)
        taken += time.process_time() - started
    return taken / len(some) * 1e6


def _batched(some: Sequence[Hit], at_once: int) -> Iterator[Sequence[Hit]]:
    for first in range(0, len(some), at_once):
        yield some[first : first + at_once]


def _fresh(hit: Hit) -> Hit:
    """Give a hit in strings of its own: no hash of them is known, as with what comes from a socket."""
    headers = {
        name.encode().decode(): value.encode("latin-1").decode("latin-1") for name, value in hit.headers.items()
    }
    return Hit(hit.path, hit.query.encode("latin-1").decode("latin-1"), headers)


def _ours(collector: Collector) -> Callable[[Sequence[Hit]], None]:
    def take(some: Sequence[Hit]) -> None:
        # The request is made within the time, and with the time of day, as an adapter does for each hit.
        outcomes = _finish(track([Request("GET", *hit, time.time()) for hit in some], "pixel", collector))
        if failed := [outcome for outcome in outcomes if outcome.startswith("failed")]:
            raise Failed(f"a hit was {failed[0]}")

    return take


def _naive(peer: NaiveEnrichers, some: Sequence[Hit]) -> None:
    for _, query, headers in some:
        with contextlib.suppress(ValueError):  # a hostile hit: it would answer with an error
            naive.collect(query, headers, peer.enrich)


def _shares(collector: Collector, some: Sequence[Hit]) -> dict[str, float]:
    """Return microseconds a hit of each enricher, by itself, of hits that the caches may or may not know."""
    taken = dict.fromkeys((each.name for each in collector.enrichers), 0.0)
    for waiting in _batched(some, AT_ONCE):
        requests = [Request("GET", *_fresh(hit), time.time()) for hit in waiting]
        parsed = [parse(each, "pixel", collector.settings, collector.client_ip) for each in requests]
        events = [each for each in parsed if isinstance(each, Event)]
        for enricher in collector.enrichers:
            started = time.process_time()
            enrichments = list(map(enricher.enrich, events))
            taken[enricher.name] += time.process_time() - started
            for event, found in zip(events, enrichments, strict=True):
                if found:
                    event.enrichments[enricher.name] = dict(found)
    return {name: seconds / len(some) * 1e6 for name, seconds in taken.items()}


def _caches() -> dict[str, Any]:
    """Find the large caches of enrichers, by module and function."""
    found = {}
    for each in gc.get_objects():
        if isinstance(each, functools._lru_cache_wrapper) and (each.cache_parameters()["maxsize"] or 0) >= 1000:
            function = getattr(each.__wrapped__, "func", each.__wrapped__)  # of a partial, what it calls
            if function.__module__.startswith("enrichers."):
                found[f"{function.__module__[10:]}.{function.__name__}"] = each
    return found


def _asked(caches: dict[str, Any]) -> dict[str, tuple[int, int]]:
    infos = {name: cache.cache_info() for name, cache in caches.items()}
    return {name: (info.hits, info.misses) for name, info in infos.items()}


def _rates(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> dict[str, float]:
    """Return which part of the lookups between two moments was answered from the cache."""
    rates = {}
    for name, (hits_then, misses_then) in before.items():
        known, unknown = after[name][0] - hits_then, after[name][1] - misses_then
        if known + unknown:
            rates[name] = known / (known + unknown)
    return rates


def _finish(coroutine: Any) -> Any:
    """Run a coroutine that never waits to its end."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    coroutine.close()
    raise Failed("the sink waited, which this benchmark has no event loop for")

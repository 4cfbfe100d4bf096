"""CPU per hit of our own work: parse, enrich, redact, number and encode, beside benchmarks/naive.py.

In microseconds of `time.process_time`. Both take the same requests, header strings made afresh for each round as a
server would, in alternating rounds over all hits; the best round counts, for what other processes do to the caches
can only add. The garbage collector stays on. Ours runs `track()` with a sink that encodes, as real sinks do, and
drops; in one coroutine without an event loop, since that sink never waits.
"""

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks import naive
from benchmarks.hits import Hit, hits
from benchmarks.result import Bound, Failed, Result
from benchmarks.surroundings import progress
from pixel.app import build
from pixel.collect.request import Request
from pixel.collect.track import Collector, track
from pixel.event import Event, encode

ENRICHERS = "campaign"
"""What benchmarks/naive.py finds out too."""

ROUNDS = 9
PASSES = 5
"""Times that a round goes over all hits: long enough that every round pays for the garbage collector."""

_OWN = ("id", "received_at", "instance", "boot", "seq")


class EncodeAndDrop:
    """A sink that does what every real one does before it waits."""

    problem: str | None = None

    async def send(self, events: Sequence[Event]) -> Sequence[str]:
        """Encode each event; all are `sent`."""
        for event in events:
            encode(event)
        return ["sent"] * len(events)


class EncodeAndKeep:
    """The same, and keeps what it encoded."""

    problem: str | None = None

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def send(self, events: Sequence[Event]) -> Sequence[str]:
        """Encode each event; all are `sent`."""
        self.bodies += map(encode, events)
        return ["sent"] * len(events)


def run() -> list[Result]:
    """Compare, then measure; a second line has all enrichers, where there are more than the naive one's."""
    check_same()
    ours = build({"PIXEL_ENRICHERS": ENRICHERS}, sink=EncodeAndDrop()).collector
    everything = build({}, sink=EncodeAndDrop()).collector
    more = sorted({each.name for each in everything.enrichers} - {ENRICHERS})
    ours_us, naive_us, everything_us = [], [], []
    for number in range(ROUNDS):
        progress(f"round {number + 1} of {ROUNDS}")
        ours_us.append(_time_ours(ours))
        naive_us.append(_time_naive())
        if more:
            everything_us.append(_time_ours(everything))
    results = [
        Result(
            name="collect a hit",
            unit="us",
            ours=min(ours_us),
            peer=min(naive_us),
            peer_is="naive",
            ratio=min(naive_us) / min(ours_us),
            ratio_of="naive/ours",
            promise=Bound("ours", 14, guide=True),
            aim=Bound("ours", 10),
            notes=(f"the same JSON from both for all {len(hits()):,} hits; best of {ROUNDS} rounds",),
            details={"rounds_us": ours_us, "naive_rounds_us": naive_us},
        )
    ]
    if more:
        results.append(
            Result(
                name="collect, all enrichers",
                unit="us",
                ours=min(everything_us),
                notes=(f"with {', '.join(more)} beside {ENRICHERS}, which the naive one has not",),
                details={"rounds_us": everything_us},
            )
        )
    return results


def check_same() -> None:
    """Raise `Failed` unless the naive version tells of every hit what ours does, but for ids, times and numbers."""
    sink = EncodeAndKeep()
    collector = build({"PIXEL_ENRICHERS": ENRICHERS}, sink=sink).collector
    if collector.settings.problems or [each.name for each in collector.enrichers] != [ENRICHERS]:
        raise Failed(f"the app is not as expected: {collector.settings.problems or collector.enrichers}")
    for hit in hits():
        request = Request("GET", hit.path, hit.query, dict(hit.headers), time.time())
        outcome = _finish(_track_all([request], collector))
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


def _time_ours(collector: Collector) -> float:
    requests = [(hit.path, hit.query, hit.headers) for _ in range(PASSES) for hit in fresh()]
    started = time.process_time()
    # The request is made within the time, and with the time of day, as an adapter does for each hit.
    outcome = _finish(
        _track_all(
            (Request("GET", path, query, headers, time.time()) for path, query, headers in requests), collector
        )
    )
    taken = time.process_time() - started
    if outcome != "accepted":
        raise Failed(f"a hit was {outcome}")
    return taken / len(requests) * 1e6


def _time_naive() -> float:
    requests = [(hit.query, hit.headers) for _ in range(PASSES) for hit in fresh()]
    started = time.process_time()
    for query, headers in requests:
        naive.collect(query, headers)
    return (time.process_time() - started) / len(requests) * 1e6


def fresh() -> Iterable[Hit]:
    """Give the hits in strings of their own: no hash of them is known, as with what comes from a socket."""
    for path, query, headers in hits():
        yield Hit(
            path,
            query.encode().decode(),
            {name.encode().decode(): value.encode().decode() for name, value in headers.items()},
        )


async def _track_all(requests: Iterable[Request], collector: Collector) -> str:
    """Track one hit after the other; return the outcome that is not `accepted`, if there is any."""
    result = "accepted"
    for request in requests:
        outcome = await track(request, "pixel", collector)
        if outcome != "accepted":
            result = outcome
    return result


def _finish(coroutine: Any) -> str:
    """Run a coroutine that never waits to its end."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return str(end.value)
    coroutine.close()
    raise Failed("the sink waited, which this benchmark has no event loop for")

"""CPU per event of handing events to Event Hubs, beside the SDK as its samples use it; and how long a hit waits.

In microseconds of `time.process_time` of the client; the peer (tests/eventhubs) is a process of its own. 1 to 512 senders
each send one event after the other and wait until it is safe. Beside ours: a `send_batch` for each event, through one
client; and the SDK's buffered mode, which says `sent` before it is, so that a killed process loses its buffer. What the
senders themselves cost, who encode an event and hand it to nobody, is measured in the same run and taken off: the encoding
is counted with `collect`. The best round counts, for what other processes do can only add.

Latency: the peer acknowledges after 30 ms and stalls one send of 200 for a second; 64 senders.
"""

import asyncio
import contextlib
import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient

from benchmarks.hits import hits
from benchmarks.result import Bound, Failed, Result
from benchmarks.surroundings import progress
from pixel.app import build
from pixel.collect.enrich import enrich
from pixel.collect.parse import parse
from pixel.collect.redact import redact
from pixel.collect.request import Request
from pixel.deliver.hub_sink import EventHubSink
from pixel.event import Event, encode
from tests.eventhubs.peer import EventHubsPeer

SENDERS: Final = {1: 300, 8: 2_000, 64: 16_000, 512: 32_000}
"""How many at once, and how many events in all."""
ROUNDS: Final = 5
HUB: Final = "pixel"
ACKNOWLEDGED_MS: Final = 30
STALLED: Final = 0.005
STALL_MS: Final = 1000
LATENCY_S: Final = 20.0

Send = Callable[[Event], Awaitable[None]]


def run() -> list[Result]:
    """Measure CPU, then latency."""
    events = _events()
    results = []
    with EventHubsPeer({HUB: 4}, retain=1000) as peer:
        for senders, count in SENDERS.items():
            progress(f"{senders} senders")
            results += _cpu(peer, events, senders, count)
        peer.fault(on="send", action="delay", ms=STALL_MS, share=STALLED, count=None)
        peer.fault(on="send", action="delay", ms=ACKNOWLEDGED_MS, count=None)
        progress("latency")
        results.append(asyncio.run(_latency(peer, events)))
    return results


def _events() -> list[Event]:
    """Return events as they reach a sink."""
    collector = build({}).collector
    events = []
    for hit in hits():
        parsed = parse(Request("GET", *hit, time.time()), "pixel", collector.settings, collector.client_ip)
        if isinstance(parsed, Event):
            enrich([parsed], collector.enrichers)
            redact(parsed, "cut", collector.anonymous)
            collector.ledger.number(parsed)
            events.append(parsed)
    return events


def _cpu(peer: EventHubsPeer, events: Sequence[Event], senders: int, count: int) -> list[Result]:
    ways = {"plain": _ours, "packed": _packed, "send_batch": _send_batch, "buffered": _buffered, "nothing": _nothing}
    taken: dict[str, list[float]] = {name: [] for name in ways}
    told: dict[str, str] = {}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            few = count if name != "send_batch" else min(count, 1_000)  # it is that slow
            cpu_us, told[name] = asyncio.run(_round(way, peer, events, senders, few))
            taken[name].append(cpu_us)
    senders_us = min(taken["nothing"])
    best = {name: min(each) - senders_us for name, each in taken.items()}
    bounds = {"plain": 26, "packed": 8} if senders == 64 else {}
    return [
        Result(
            name=f"deliver an event, {name}, {senders} at once",
            unit="us",
            ours=best[name],
            peer=best["send_batch"],
            peer_is="send_batch",
            ratio=best["send_batch"] / best[name],
            ratio_of="send_batch/ours",
            promises=(Bound("ours", bounds[name]),) if name in bounds else (),
            notes=(
                f"{told[name]}; buffered mode {best['buffered']:.1f} us; {senders_us:.1f} us of the senders are taken off",
            ),
            details={"rounds_us": taken},
        )
        for name in ("plain", "packed")
    ]


async def _round(
    way: Any, peer: EventHubsPeer, events: Sequence[Event], senders: int, count: int
) -> tuple[float, str]:
    async with way(peer) as (send, after, tell):
        await send(events[0])  # connects
        await asyncio.sleep(1.5)  # the connection in reserve opens
        left = iter(range(count))

        async def sender() -> None:
            for number in left:
                await send(events[number % len(events)])

        started = time.process_time()
        await asyncio.gather(*(sender() for _ in range(senders)))
        await after()
        return (time.process_time() - started) / count * 1e6, tell()


async def _done() -> None:
    pass


def _sink(peer: EventHubsPeer, **more: str) -> EventHubSink:
    sink: object = build({"EVENT_HUB": peer.connection_string, "EVENT_HUB_NAME": HUB, **more}).collector.sink
    if not isinstance(sink, EventHubSink):
        raise Failed("the app has no Event Hubs sink")
    return sink


@contextlib.asynccontextmanager
async def _ours(peer: EventHubsPeer, **more: str) -> Any:
    sink = _sink(peer, **more)

    async def send(event: Event) -> None:
        if await sink.send([event]) != ["sent"]:
            raise Failed(f"an event was not sent: {sink.problem}")

    yield send, _done, lambda: f"{sink.deliveries.events / sink.deliveries.batches:.0f} events a batch"
    await sink.close()


def _packed(peer: EventHubsPeer) -> Any:
    return _ours(peer, EVENT_HUB_PACKING="ndjson")


@contextlib.asynccontextmanager
async def _send_batch(peer: EventHubsPeer) -> Any:
    async with EventHubProducerClient.from_connection_string(peer.connection_string, eventhub_name=HUB) as client:

        async def send(event: Event) -> None:
            batch = await client.create_batch()
            batch.add(EventData(encode(event)))
            await client.send_batch(batch, timeout=10)

        yield send, _done, str


@contextlib.asynccontextmanager
async def _buffered(peer: EventHubsPeer) -> Any:
    async def told(*_: Any) -> None:
        pass

    client = EventHubProducerClient.from_connection_string(
        peer.connection_string, eventhub_name=HUB, buffered_mode=True, on_success=told, on_error=told
    )
    async with client:

        async def send(event: Event) -> None:
            await client.send_event(EventData(encode(event)))

        yield send, client.flush, str


@contextlib.asynccontextmanager
async def _nothing(peer: EventHubsPeer) -> Any:
    del peer

    async def send(event: Event) -> None:
        encode(event)
        await asyncio.sleep(0)

    yield send, _done, str


async def _latency(peer: EventHubsPeer, events: Sequence[Event]) -> Result:
    sink = _sink(peer)
    await sink.send([events[0]])
    await asyncio.sleep(3)
    waited: list[float] = []
    ends = time.monotonic() + LATENCY_S

    async def sender(first: int) -> None:
        number = first
        while time.monotonic() < ends:
            began = time.monotonic()
            if await sink.send([events[number % len(events)]]) != ["sent"]:
                raise Failed(f"an event was not sent: {sink.problem}")
            waited.append((time.monotonic() - began) * 1e3)
            number += 64

    await asyncio.gather(*(sender(first) for first in range(64)))
    await sink.close()
    in_time = sorted(each for each in waited if each < STALL_MS)
    stalled = len(waited) - len(in_time)
    percentiles = statistics.quantiles(in_time, n=100)
    return Result(
        name="wait for an event to be safe, p99",
        unit="ms",
        ours=percentiles[98],
        promises=(Bound("ours", 150),),
        notes=(
            f"p50 {percentiles[49]:.0f} ms (promise <= 60), p99 of all {statistics.quantiles(waited, n=100)[98]:.0f} ms; "
            f"{len(waited):,} events, {stalled} of them in a batch that was stalled for {STALL_MS} ms",
        ),
        details={"p50": percentiles[49], "stalled": stalled, "events": len(waited)},
    )

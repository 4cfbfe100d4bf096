"""Connections and the sink over them, with a hub that fails in every way at every point: nobody waits for ever."""

import asyncio
import random

import pytest

from pixel.deliver import connections
from pixel.deliver.connections import Connections, Refused
from pixel.deliver.hub_sink import EventHubSink
from pixel.store import StoreError
from tests.events import an_event


class Hub:
    """Connections to it fail with chance `share`: when opened, before and after a batch is stored, slowly or at once."""

    def __init__(self, share=0.0, seed=0):
        self.share = share
        self.chance = random.Random(seed)
        self.stored = []
        self.open = 0
        self.opened = 0

    async def connect(self):
        return Line(self)

    async def perhaps_fail(self, *, unsure):
        await asyncio.sleep(self.chance.choice((0, 0, 0.001)))
        if self.chance.random() < self.share:
            broken = self.chance.random() < 0.7
            raise Refused(self.chance.choice(("throttled", "detached")), unsure=unsure, broken=broken)


class Line:
    max_bytes = 100_000

    def __init__(self, hub):
        self.hub = hub
        self.is_open = False

    async def open(self):
        await self.hub.perhaps_fail(unsure=False)
        self.is_open = True
        self.hub.open += 1
        self.hub.opened += 1

    async def send(self, bodies, key, timeout_s):
        assert self.is_open
        await self.hub.perhaps_fail(unsure=False)
        self.hub.stored += bodies
        await self.hub.perhaps_fail(unsure=True)

    async def close(self):
        self.hub.open -= self.is_open
        self.is_open = False


class Spill:
    def __init__(self, chance, share=0.1):
        self.chance = chance
        self.share = share
        self.bodies = []

    async def spill(self, bodies, reason):
        await asyncio.sleep(0.001)
        if self.chance.random() < self.share:
            raise StoreError("The store is away.")
        self.bodies += bodies


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch):
    monkeypatch.setattr(connections, "PAUSES_S", (0.0, 0.001, 0.002))
    monkeypatch.setattr("pixel.deliver.hub_sink.BACK_OFF_S", (0.001, 0.002))
    monkeypatch.setattr("pixel.deliver.hub_sink.TRIAL_S", 0.005)


@pytest.mark.parametrize("seed", range(20))
def test_whatever_fails_each_event_has_an_outcome_and_the_sink_recovers(seed):
    async def story():
        hub = Hub((0.05, 0.3, 0.8, 1.0)[seed % 4], seed)
        spill = Spill(hub.chance)
        sink = EventHubSink(hub.connect, spill, budget_s=0.02)
        told = {}

        async def sender(number):
            for step in range(10):
                event = an_event(id=f"{number}-{step}")
                [told[event.id]] = await sink.send([event])
                await asyncio.sleep(hub.chance.choice((0, 0.001, 0.004)))

        tasks = [asyncio.create_task(sender(number)) for number in range(20)]
        await asyncio.sleep(0.02)
        for task in hub.chance.sample(tasks, 3):
            task.cancel()  # a visitor who goes away
        async with asyncio.timeout(30):
            await asyncio.gather(*tasks, return_exceptions=True)
            safe = b"".join([*hub.stored, *spill.bodies])
            assert all(b'"%s"' % id_.encode() in safe for id_, outcome in told.items() if outcome != "failed:storage")
            assert set(told.values()) <= {"sent", "spilled", "failed:storage"}
            hub.share = 0.0
            while await sink.send([an_event()]) != ["sent"]:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
            for _ in range(5):
                assert await sink.send([an_event()]) == ["sent"]
        assert (sink._under_way, sink._waiting._bytes, sink._ill_since, sink.trouble) == (0, 0, None, None)
        assert hub.open <= 4
        await sink.close()
        assert hub.open <= 1  # one that was still being opened

    asyncio.run(story())


def test_a_connection_that_breaks_is_replaced_for_those_who_wait():
    async def story():
        hub = Hub()
        pool = Connections(hub.connect, 1, lambda reason: None)
        loop = asyncio.get_running_loop()
        first = await pool.take(loop.time() + 5)
        waiting = asyncio.create_task(pool.take(loop.time() + 5))
        await asyncio.sleep(0)
        pool.give_back(first, broken=True)
        assert await waiting is not first
        await pool.close()

    asyncio.run(story())


def test_one_that_had_nothing_to_do_for_long_is_replaced_before_a_hit_finds_it_dead(monkeypatch):
    monkeypatch.setattr(connections, "IDLE_S", 0.02)

    async def story():
        hub = Hub()
        sink = EventHubSink(hub.connect)
        assert await sink.send([an_event()]) == ["sent"]
        before = hub.opened
        async with asyncio.timeout(5):
            while hub.opened < before + 2:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert hub.open <= 2
        assert await sink.send([an_event()]) == ["sent"]
        await sink.close()

    asyncio.run(story())


def test_who_waits_too_long_is_told_why():
    async def story():
        hub = Hub(1.0)
        pool = Connections(hub.connect, 1, lambda reason: None)
        with pytest.raises(Refused) as refused:
            await pool.take(asyncio.get_running_loop().time() + 5)
        assert refused.value.reason in ("throttled", "detached")
        await pool.close()

    asyncio.run(story())


def test_a_sink_that_lost_all_its_connections_comes_back_by_itself():
    async def story():
        hub = Hub()
        spill = Spill(random.Random(0))
        sink = EventHubSink(hub.connect, spill, budget_s=0.01)
        assert await sink.send([an_event()]) == ["sent"]
        hub.share = 1.0
        for _ in range(20):
            await sink.send([an_event()])
            await asyncio.sleep(0.002)
        hub.share = 0.0
        await asyncio.sleep(0.2)  # and nobody comes
        assert sink._connections.is_one_idle()
        assert await sink.send([an_event()]) == ["sent"]
        await sink.close()

    asyncio.run(story())


def test_a_connection_that_fails_in_a_way_of_its_own_is_one_failed_attempt():
    async def story():
        hub = Hub()
        faults = iter([RuntimeError("can't start new thread"), ImportError("no module"), None])

        async def connect():
            fault = next(faults, None)
            if fault is not None:
                raise fault
            return await hub.connect()

        sink = EventHubSink(connect)
        async with asyncio.timeout(10):
            while await sink.send([an_event()]) != ["sent"]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await sink.close()

    asyncio.run(story())


def test_a_batch_that_waited_too_long_behind_others_is_spilled_and_nobody_is_blamed():
    async def story():
        hub = Hub()
        spill = Spill(random.Random(1), 0)
        sink = EventHubSink(hub.connect, spill, budget_s=0.1)
        await sink.send([an_event()])

        async def slowly(*_):
            await asyncio.sleep(0.05)

        hub.perhaps_fail = lambda unsure: slowly()
        events = [an_event(params={"x": "y" * 60_000}) for _ in range(40)]
        outcomes = [outcome for [outcome] in await asyncio.gather(*(sink.send([event]) for event in events))]
        assert {"sent", "spilled"} == set(outcomes)
        assert hub.opened <= 4
        assert sink._ill_since is None
        await sink.close()

    asyncio.run(story())

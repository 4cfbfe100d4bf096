"""What every sink must keep, whatever it is: sinks are found by themselves."""

import asyncio
import importlib
import inspect
import pkgutil

import pytest

from pixel import deliver
from pixel.deliver.sink import Sink
from pixel.outcome import FAILURES
from tests.events import an_event

SINKS = {
    each.__name__: each
    for module in pkgutil.iter_modules(deliver.__path__)
    for each in vars(importlib.import_module(f"pixel.deliver.{module.name}")).values()
    if inspect.isclass(each) and each.__name__.endswith("Sink") and each is not Sink
}


class Hub:
    """A connection that takes everything. The real one has tests of its own."""

    max_bytes = 1 << 20

    async def open(self):
        pass

    async def send(self, bodies, key, timeout_s):
        await asyncio.sleep(0)

    async def close(self):
        pass


async def connect():
    return Hub()


def make(name, tmp_path):
    given = {"folder": tmp_path, "connect": connect}
    parameters = inspect.signature(SINKS[name]).parameters
    return SINKS[name](**{name: value for name, value in given.items() if name in parameters})


@pytest.mark.parametrize("name", SINKS)
@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_sink_says_of_each_event_what_became_of_it(name, count, tmp_path):
    deliveries = asyncio.run(make(name, tmp_path).send([an_event(id=str(number)) for number in range(count)]))
    assert len(deliveries) == count
    assert set(deliveries) <= {"sent", "spilled", *(f"failed:{failure}" for failure in FAILURES)}


@pytest.mark.parametrize("name", SINKS)
def test_a_sink_takes_many_senders_at_once(name, tmp_path):
    async def senders():
        sink = make(name, tmp_path)
        return await asyncio.gather(*(sink.send([an_event(id=str(number))]) for number in range(100)))

    assert {len(deliveries) for deliveries in asyncio.run(senders())} == {1}


@pytest.mark.parametrize("name", SINKS)
def test_one_sender_that_gives_up_does_not_take_the_others_along(name, tmp_path):
    async def senders():
        sink = make(name, tmp_path)
        tasks = [asyncio.ensure_future(sink.send([an_event(id=str(number))])) for number in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        return await asyncio.gather(*tasks, return_exceptions=True)

    first, _, last = asyncio.run(senders())
    assert len(first) == len(last) == 1


def test_the_sinks_we_know_are_found():
    assert {"CaptureFileSink", "EventHubSink", "MemorySink", "NoSink"} <= SINKS.keys()

import asyncio

import pytest

from pixel.app import build
from pixel.collect.track import track
from pixel.deliver.sink import MemorySink, NoSink
from pixel.outcome import FAILURES, REASONS
from tests.events import a_request
from tests.front_door import GIF_BYTES, knock


class BrokenSink:
    problem = None
    deliveries = None
    trouble = None

    async def send(self, events):
        raise RuntimeError(events[0].customer_id)


class FullSink:
    problem = None
    deliveries = None
    trouble = None

    async def send(self, events):
        return ["failed:storage"] * len(events)


class SpillingSink:
    problem = None
    deliveries = None
    trouble = None

    async def send(self, events):
        return ["spilled"] * len(events)


@pytest.mark.parametrize(
    ("sink", "outcome", "status"),
    [
        (MemorySink(), "accepted", 200),
        (SpillingSink(), "accepted", 200),
        (FullSink(), "failed:storage", 503),
        (NoSink(), "failed:no_sink", 503),
        (BrokenSink(), "failed:internal", 503),
    ],
)
def test_the_image_always_comes_back_with_one_outcome(sink, outcome, status, caplog):
    app = build({}, sink=sink)
    answer = knock(app, "/pix?customerId=jane")
    assert (answer.status, answer.headers["x-pixel-outcome"], len(answer.body)) == (status, outcome, GIF_BYTES)
    counts = app.collector.ledger.snapshot()
    assert (
        counts["received"]
        == counts["accepted"] + sum(counts["rejected"].values()) + sum(counts["failed"].values())
        == 1
    )
    assert counts["accepted"] == counts["sent"] + counts["spilled"]
    assert "jane" not in caplog.text


def test_a_fault_anywhere_on_the_way_still_gives_the_image(monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr("pixel.collect.track.redact", broken)
    answer = knock(build({}, sink=MemorySink()), "/pix")
    assert (answer.status, answer.headers["x-pixel-outcome"], len(answer.body)) == (503, "failed:internal", GIF_BYTES)


def test_a_rejected_hit_takes_no_number():
    sink = MemorySink()
    app = build({}, sink=sink)
    for query in ("a=1", "occurredAt=1000000000", "a=2"):
        asyncio.run(track([a_request(query)], "pixel", app.collector))
    assert [event.seq for event in sink.events] == [0, 1]
    assert app.collector.ledger.rejected == {"too_old": 1}


def test_a_watcher_is_told_what_is_stored_and_the_outcome():
    seen = []
    app = build(
        {}, sink=MemorySink(), watch=lambda request, event, outcome: seen.append((event and event.ip, outcome))
    )
    for headers in ({"x-forwarded-for": "203.0.113.7"}, {"cookie": "pixel_optout=1"}):
        asyncio.run(track([a_request("", headers)], "pixel", app.collector))
    assert seen == [("203.0.113.0/24", "accepted"), (None, "rejected:opted_out")]


def test_a_watcher_that_fails_costs_nothing():
    def broken(*_):
        raise RuntimeError

    app = build({}, sink=MemorySink(), watch=broken)
    assert knock(app, "/pix").headers["x-pixel-outcome"] == "accepted"
    assert app.collector.ledger.snapshot()["accepted"] == 1


def test_reasons_and_failures_are_apart():
    assert not REASONS.keys() & FAILURES.keys()

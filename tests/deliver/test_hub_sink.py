"""The sink for Event Hubs with the real SDK against a peer that speaks AMQP: how events go together, and what goes where."""

import asyncio
import gc
import json
import subprocess
import sys

import msgspec
import pytest

from pixel.app import build
from pixel.deliver import way_out
from pixel.deliver.packing import PACKED_BYTES, pack
from pixel.deliver.replay import Undelivered
from pixel.deliver.spill import TOO_LARGE, spilled_files
from pixel.deliver.waiting import WAITING_BYTES
from pixel.event import decode, encode
from pixel.log import OncePerMinute
from pixel.store import open_store
from tests.eventhubs.peer import EventHubsPeer
from tests.events import an_event
from tests.front_door import ROOT, clean_environment

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # the SDK leaves sockets of failed connections


@pytest.fixture(scope="module")
def peer():
    with EventHubsPeer({f"hub-{number}": 4 for number in range(30)}) as running:
        yield running
    gc.collect()


@pytest.fixture
def hub(peer, request, _taken=[]):  # noqa: B006 - each test takes the next one
    _taken.append(request.node.name)
    return f"hub-{len(_taken)}"


def a_sink(peer, hub, **settings):
    app = build({"EVENT_HUB": peer.connection_string, "EVENT_HUB_NAME": hub, **settings})
    assert app.collector.settings.problems == ()
    return app.collector.sink


def numbered(count, **fields):
    return [an_event(id=f"e-{number}", **fields) for number in range(count)]


async def all_of(sink, events):
    """Send each by itself, all at once."""
    try:
        return [outcome for [outcome] in await asyncio.gather(*(sink.send([event]) for event in events))]
    finally:
        await sink.close()


def test_events_of_many_senders_share_batches(peer, hub):
    sink = a_sink(peer, hub)
    assert asyncio.run(all_of(sink, numbered(500))) == ["sent"] * 500
    assert {decode(event.body).id for event in peer.events(hub)} == {f"e-{number}" for number in range(500)}
    assert sink.deliveries.events == 500
    assert sink.deliveries.batches == sink.deliveries.attempts <= 4


def test_events_of_one_sender_get_their_outcomes_in_order(peer, hub):
    sink = a_sink(peer, hub)

    async def story():
        outcomes = await sink.send(numbered(3))
        await sink.close()
        return outcomes

    assert asyncio.run(story()) == ["sent"] * 3
    assert [decode(event.body).id for event in peer.events(hub)] == ["e-0", "e-1", "e-2"]


def test_packed_events_are_lines_of_few_messages(peer, hub):
    sink = a_sink(peer, hub, EVENT_HUB_PACKING="ndjson")
    assert asyncio.run(all_of(sink, numbered(500))) == ["sent"] * 500
    stored = peer.events(hub)
    ids = [decode(line).id for event in stored for line in event.body.split(b"\n")]
    assert sorted(ids) == sorted(f"e-{number}" for number in range(500))
    assert len(stored) < 20
    assert all(len(event.body) <= PACKED_BYTES for event in stored)


def test_packing_keeps_every_byte_and_what_is_large_stands_alone():
    bodies = [b"a" * 40_000, b"b" * 30_000, b"c" * 29_999, b"d" * 100_000, b"e"]
    assert [len(each) for each in pack(bodies)] == [40_000, 60_000, 100_000, 1]
    assert b"\n".join(pack(bodies)).split(b"\n") == bodies


def test_order_is_kept_by_a_field(peer, hub):
    sink = a_sink(peer, hub, EVENT_HUB_ORDER_BY="customer_id")
    events = [an_event(id=f"{customer}-{number}", customer_id=customer) for number in range(20) for customer in "abc"]

    async def story():
        outcomes = [await sink.send(events[first : first + 6]) for first in range(0, 60, 6)]
        await sink.close()
        return outcomes

    assert asyncio.run(story()) == [["sent"] * 6] * 10
    by_partition = {}
    for stored in peer.events(hub):
        by_partition.setdefault(stored.partition, []).append(decode(stored.body).id)
    for customer in "abc":
        [ids] = [found for ids in by_partition.values() if (found := [id_ for id_ in ids if id_[0] == customer])]
        assert ids == [f"{customer}-{number}" for number in range(20)]


def test_many_events_of_one_key_fill_batches_that_are_sent(peer, hub):
    sink = a_sink(peer, hub, EVENT_HUB_ORDER_BY="customer_id")
    events = numbered(2000, customer_id="\N{GRINNING FACE}" * 128)

    async def story():
        assert await sink.send(events[:1]) == ["sent"]  # then it is known how large a batch may be
        return await all_of(sink, events[1:])

    assert asyncio.run(story()) == ["sent"] * 1999
    assert sink.deliveries.attempts == sink.deliveries.batches
    assert [decode(event.body).id for event in peer.events(hub)] == [event.id for event in events]


def test_what_no_batch_takes_is_spilled_whole_and_says_why(peer, hub, tmp_path):
    sink = a_sink(peer, hub, PIXEL_STORE=str(tmp_path))
    large = an_event(id="large", params={"x": "y" * (2 << 20)})
    assert asyncio.run(all_of(sink, [large, *numbered(3)])) == ["spilled", "sent", "sent", "sent"]
    [file] = asyncio.run(spilled_files(open_store(str(tmp_path), "pixel")))
    assert file.reason == TOO_LARGE
    assert (tmp_path / file.name).read_bytes() == encode(large) + b"\n"


def test_events_that_do_not_fit_into_one_batch_go_in_several(peer, hub):
    sink = a_sink(peer, hub)

    async def story():
        outcomes = await sink.send(numbered(300, params={"x": "y" * 10_000}))
        await sink.close()
        return outcomes

    assert asyncio.run(story()) == ["sent"] * 300
    assert len(peer.events(hub)) == 300


def test_memory_is_bounded_what_is_beyond_goes_to_the_spill(peer, hub, tmp_path):
    peer.fault(on="send", action="delay", ms=300, count=None, hub=hub)
    sink = a_sink(peer, hub, PIXEL_STORE=str(tmp_path))
    outcomes = asyncio.run(all_of(sink, numbered(300, params={"x": "y" * (WAITING_BYTES // 250)})))
    assert set(outcomes) == {"sent", "spilled"}
    assert "backlog" in {file.reason for file in asyncio.run(spilled_files(open_store(str(tmp_path), "pixel")))}


def test_without_a_store_what_the_hub_will_not_take_has_failed_and_health_says_so(peer, hub):
    peer.fault(on="attach", condition="amqp:not-found", count=None, hub=hub)
    sink = a_sink(peer, hub)
    sink._budget_s = 0.2
    assert asyncio.run(all_of(sink, numbered(3))) == ["failed:storage"] * 3
    assert "PIXEL_STORE" in sink.problem
    assert "hub_missing" in sink.problem


def test_when_the_store_fails_too_the_event_has_failed_and_the_log_says_so(peer, hub, tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(way_out._log, "filters", [OncePerMinute()])  # which others may have used up
    peer.fault(on="attach", condition="amqp:not-found", count=None, hub=hub)
    (tmp_path / "spill").write_text("a file where a folder should be")
    sink = a_sink(peer, hub, PIXEL_STORE=str(tmp_path))
    sink._budget_s = 0.2
    assert asyncio.run(all_of(sink, numbered(3))) == ["failed:storage"] * 3
    assert "nor did the store" in sink.problem
    assert [each.levelname for each in caplog.records if "neither Event Hubs nor the store" in each.message] == [
        "ERROR"
    ]


def test_a_stalled_batch_does_not_hold_up_those_behind_it(peer, hub):
    sink = a_sink(peer, hub)

    async def story():
        await sink.send(numbered(1))
        async with asyncio.timeout(30):
            while not sink._connections.is_one_idle():  # noqa: ASYNC110 - the one in reserve is open
                await asyncio.sleep(0.01)
        peer.fault(on="send", action="delay", ms=1500, hub=hub)
        stalled = asyncio.create_task(sink.send(numbered(1)))
        await asyncio.sleep(0.2)
        others = await asyncio.gather(*(sink.send([event]) for event in numbered(20)))
        assert not stalled.done()
        assert await stalled == ["sent"]
        await sink.close()
        return others

    assert asyncio.run(story()) == [["sent"]] * 20


def test_replay_is_told_what_the_hub_refused_and_nothing_is_spilled(peer, hub, tmp_path):
    peer.fault(on="send", count=None, hub=hub)
    sink = a_sink(peer, hub, PIXEL_STORE=str(tmp_path))
    sink._budget_s = 0.3

    async def story():
        with pytest.raises(Undelivered) as refused:
            await sink.deliver([b"{}"])
        assert refused.value.reason == "throttled"
        peer.heal()
        await sink.deliver([b"{}"] * 2)
        await sink.close()

    asyncio.run(story())
    assert len(peer.events(hub)) == 2
    assert not list(tmp_path.rglob("*.ndjson"))


@pytest.mark.skipif(sys.version_info < (3, 13), reason="the worker library azure-functions-runtime needs Python 3.13")
def test_in_the_worker_many_invocations_share_batches_and_a_slow_hub_never_blocks_the_loop(peer, hub):
    peer.fault(on="send", action="delay", ms=300, count=None, hub=hub)
    code = """
import asyncio, json
from tests.worker import RuntimeApp

async def main():
    turns = 0
    async def count():
        nonlocal turns
        while True:
            await asyncio.sleep(0.01)
            turns += 1
    async with RuntimeApp(".") as app:
        await app.request("GET", "/pix?customerId=first")
        counting = asyncio.create_task(count())
        answers = await asyncio.gather(*(app.request("GET", f"/pix?customerId={n}") for n in range(200)))
        counting.cancel()
        status = json.loads((await app.request("GET", "/status")).body)
    outcomes = {dict(answer.headers)["X-Pixel-Outcome"] for answer in answers}
    print(json.dumps([sorted(outcomes), turns, status["ledger"]["sent"]]))
asyncio.run(main())
"""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=clean_environment(EVENT_HUB=peer.connection_string, EVENT_HUB_NAME=hub),
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    outcomes, turns, sent = json.loads(ran.stdout)
    assert (outcomes, sent) == (["accepted"], 201)
    assert turns >= 10  # of about 30 while the hub took its time; a loop that waits would have none
    assert len({event.body for event in peer.events(hub)}) == 201


def test_no_secret_is_told(peer, hub):
    key = "SecretOfTheHub0123456789abcdef0123456789abc="
    app = build({"EVENT_HUB": f"Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey={key}"})
    told = msgspec.json.encode(app.collector.settings.problems).decode()
    assert "EVENT_HUB_NAME" in told
    assert key not in told
    peer.fault(on="cbs", count=None)
    opened = peer.connection_string.replace("no-secret", key)
    sink = build({"EVENT_HUB": opened, "EVENT_HUB_NAME": hub}).collector.sink
    sink._budget_s = 0.2
    assert asyncio.run(all_of(sink, numbered(1))) == ["failed:storage"]
    peer.heal()
    assert key not in f"{sink.problem} {sink.trouble}"

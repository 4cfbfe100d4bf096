import asyncio
import gc
import json

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pixel.app import build
from pixel.collect.edge import PORTION, UnsafeError, edge
from pixel.collect.edge_log import MARKS, read
from pixel.deliver.sink import MemorySink, NoSink
from pixel.event import encode
from tests.eventhubs.peer import EventHubsPeer
from tests.front_door import ROOT
from tests.front_door_log import message, record

PATHS = frozenset(("/pix", "/pix.gif"))


class Sink(MemorySink):
    """Refuses the events of those customers that `refused` names, each as often as it says."""

    def __init__(self, refused=(), outcome="failed:storage"):
        super().__init__()
        self.refused = dict(refused)
        self.outcome = outcome
        self.sizes = []

    async def send(self, events):
        self.sizes.append(len(events))
        said = []
        for event in events:
            if self.refused.get(event.customer_id, 0):
                self.refused[event.customer_id] -= 1
                said.append(self.outcome)
            else:
                said.append("sent")
                self.events.append(event)
        return said


def hit(customer, **properties):
    some = record(f"/pix?customerId={customer}", {}, "203.0.113.7", reference=f"r-{customer}")
    some["properties"] |= properties
    return some


def taking(sink):
    collector = build({"PIXEL_ENRICHERS": "campaign"}, sink=sink).collector
    return edge(collector, ["/pix", "/pix.gif"]), collector.ledger


def customers(sink):
    return [event.customer_id for event in sink.events]


def test_all_hits_of_a_batch_go_to_the_sink_in_portions():
    sink = Sink()
    take, ledger = taking(sink)
    records = [hit(number) for number in range(PORTION + 10)]
    asyncio.run(take([message(*records[:7]), message(*records[7:])]))
    assert customers(sink) == [str(number) for number in range(PORTION + 10)]
    assert sink.sizes == [PORTION, 10]
    assert (ledger.received, ledger.sent, ledger.in_flight) == (PORTION + 10, PORTION + 10, 0)


def test_a_malformed_record_is_counted_and_stops_nothing():
    sink = Sink()
    take, ledger = taking(sink)
    asyncio.run(
        take([b"", b"\xff\xfe", b"[]", b"{}", b'{"records": {}}', message(hit(1), 7, hit(2)), b'{"records": [{}'])
    )
    assert customers(sink) == ["1", "2"]
    assert (ledger.received, ledger.rejected) == (9, {"malformed": 7})


@pytest.mark.parametrize(
    "body",
    [
        b'{"records": []}',
        b'{"Records": [], "more": 1}',
        message({"category": "FrontDoorHealthProbeLog", "properties": {}}),
    ],
)
def test_what_is_no_hit_is_not_counted(body):
    assert list(read(body, PATHS)) == []


@pytest.mark.parametrize(
    ("written", "becomes"),
    [(b"\xe9", "\ufffd"), (b"\\ud83d", "?"), (b"\t", "\t")],
    ids=["latin-1", "half a pair", "a tab"],
)
def test_an_odd_byte_of_one_visitor_costs_no_other_hit_of_the_message(written, becomes):
    body = message(hit(1, userAgent="Opera/9.80 (x)"), hit(2)).replace(b"Opera", b"Op" + written + b"ra")
    first, second = read(body, PATHS)
    assert first.headers["user-agent"] == f"Op{becomes}ra/9.80 (x)"
    assert second.query == "customerId=2"


def test_a_batch_is_done_only_when_all_is_safe_and_then_sends_only_what_was_not():
    sink = Sink({"2": 2})
    take, ledger = taking(sink)
    batch = [message(hit(1), hit(2), "malformed"), message(hit(3))]
    for _ in range(2):
        with pytest.raises(UnsafeError, match=r"^1 of the hits in the edge's log could not be stored"):
            asyncio.run(take(batch))
    asyncio.run(take(batch))
    assert customers(sink) == ["1", "3", "2"]
    assert sink.sizes == [3, 1, 1]
    assert (ledger.received, ledger.sent, ledger.failed, ledger.rejected) == (6, 3, {"storage": 2}, {"malformed": 1})
    asyncio.run(take(batch))  # brought once more, it is a duplicate, with the same ids
    assert customers(sink) == ["1", "3", "2", "1", "2", "3"]
    assert len({event.id for event in sink.events}) == 3


def test_a_visitor_who_opted_out_is_counted_once_though_the_batch_comes_again():
    sink = Sink({"2": 1})
    take, ledger = taking(sink)
    batch = [message(hit(1, rulesEngineMatchNames=["PixelOptOut"]), hit(2))]
    with pytest.raises(UnsafeError):
        asyncio.run(take(batch))
    asyncio.run(take(batch))
    assert (ledger.rejected, customers(sink)) == ({"opted_out": 1}, ["2"])


def test_a_portion_that_is_not_safe_ends_the_attempt():
    sink = Sink({"0": 1})
    take, _ = taking(sink)
    batch = [message(*(hit(number) for number in range(2 * PORTION)))]
    with pytest.raises(UnsafeError):
        asyncio.run(take(batch))
    asyncio.run(take(batch))
    assert sink.sizes == [PORTION, 1, PORTION]
    assert sorted(map(int, customers(sink))) == list(range(2 * PORTION))


def test_portions_that_were_safe_before_are_not_sent_again():
    sink = Sink({str(PORTION + 1): 1})
    take, _ = taking(sink)
    batch = [message(*(hit(number) for number in range(2 * PORTION)))]
    with pytest.raises(UnsafeError):
        asyncio.run(take(batch))
    asyncio.run(take(batch))
    assert sink.sizes == [PORTION, PORTION, 1]
    assert len(customers(sink)) == 2 * PORTION


def test_without_a_sink_the_log_waits():
    take, ledger = taking(NoSink())
    with pytest.raises(UnsafeError):
        asyncio.run(take([message(hit(1))]))
    assert ledger.failed == {"no_sink": 1}


def test_a_fault_of_ours_does_not_hold_up_what_comes_behind_it():
    take, ledger = taking(Sink({"1": 9}, "failed:internal"))
    asyncio.run(take([message(hit(1), hit(2))]))
    assert (ledger.sent, ledger.failed) == (1, {"internal": 2})


def test_a_fault_that_one_hit_brings_costs_no_other_hit_beside_it():
    class Brittle(Sink):
        async def send(self, events):
            if any(event.customer_id == "1" for event in events):
                raise AttributeError("an event that nobody can encode")
            return await super().send(events)

    sink = Brittle()
    take, ledger = taking(sink)
    asyncio.run(take([message(hit(0), hit(1), hit(2))]))
    assert customers(sink) == ["0", "2"]
    assert ledger.received == ledger.sent + sum(ledger.failed.values()) == 6


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "2026-11-21", "9999-12-31T23:59:59.9999999Z", "soon", ""])
def test_a_time_that_no_hit_can_have_is_malformed(time):
    assert list(read(message(hit(1) | {"time": time}), PATHS)) == [None]


def test_hits_that_are_rejected_let_others_have_the_processor():
    async def run():
        take, _ = taking(Sink())
        hits = [hit(number, rulesEngineMatchNames=["PixelOptOut"]) for number in range(3 * PORTION)]
        taken = asyncio.ensure_future(take([message(*hits)]))
        turns = 0
        while not taken.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert asyncio.run(run()) >= 4


def test_the_error_holds_nothing_of_a_visitor():
    take, _ = taking(Sink({"jane": 1}))
    with pytest.raises(UnsafeError) as caught:
        asyncio.run(take([message(hit("jane"))]))
    assert not {"jane", "203.0.113.7"} & set(str(caught.value).split())


def test_a_long_reference_is_cut_as_an_id_is():
    (found,) = read(message(hit(1, trackingReference="r" * 200)), PATHS)
    assert found.reference == "r" * 128


def test_the_marks_are_headers_that_consent_reads():
    everything = hit(1, rulesEngineMatchNames=list(MARKS))
    (found,) = read(message(everything), PATHS)
    assert {name: found.headers[name] for name, _ in MARKS.values()} == {
        "cookie": "pixel_optout=1; pixel_consent=denied",
        "sec-gpc": "1",
        "dnt": "1",
        "sec-purpose": "prefetch",
    }


@pytest.mark.parametrize("change", [str.lower, str.upper, lambda name: name[:1].upper() + name[1:]])
def test_names_in_any_case_tell_the_same(change):
    """What is as expected is decoded in another way than what is not."""

    def changed(told):
        return {change(name): value for name, value in told.items()} if isinstance(told, dict) else told

    for line in (ROOT / "tests/golden/edge.jsonl").read_text("utf-8").splitlines():
        told = json.loads(line)["record"]
        other = changed(told)
        if isinstance(told, dict) and "properties" in told:
            other = changed({**told, "properties": changed(told["properties"])})
        assert list(read(message(told), PATHS)) == list(read(message(other), PATHS)), line


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PROPERTIES = st.sampled_from(sorted(hit(1)["properties"]))
NEARLY = st.builds(
    lambda base, where, value, inner, other: {
        **base,
        where: value,
        "properties": {**base["properties"], inner: other},
    },
    st.just(hit(1)),
    st.sampled_from(["time", "category", "x"]),
    JSON,
    PROPERTIES,
    JSON,
)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(JSON | NEARLY, max_size=4), st.binary(max_size=30))
def test_any_json_and_any_bytes_are_taken_and_the_ledger_adds_up(records, bytes_):
    sink = Sink()
    take, ledger = taking_once(sink)
    before = ledger.received
    asyncio.run(take([msgspec.json.encode({"records": records}), json.dumps(records).encode(), bytes_]))
    counted = ledger.accepted + ledger.rejected.total() + ledger.failed.total()
    assert ledger.received == counted
    assert not ledger.failed
    assert ledger.received - before <= len(records) + 2
    for event in sink.events:
        encode(event)


@pytest.mark.parametrize("depth", [100, 5_000, 200_000])
def test_json_that_is_nested_deep_is_malformed_and_no_more(depth):
    nested = b"[" * depth + b"]" * depth
    body = message(hit(1)).replace(b'"rulesEngineMatchNames": []', b'"rulesEngineMatchNames": ' + nested)
    assert len(list(read(body, PATHS))) == 1
    assert list(read(nested, PATHS)) == [None]


def taking_once(sink, made=[]):  # noqa: B006 - to build an app takes 20 ms
    if not made:
        made.append(build({"PIXEL_ENRICHERS": "campaign"}, sink=NoSink()).collector)
    collector = msgspec.structs.replace(made[0], sink=sink)
    return edge(collector, ["/pix", "/pix.gif"]), collector.ledger


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the SDK leaves sockets of failed connections
def test_a_hub_that_is_away_holds_the_log_back_and_nothing_is_lost():
    """The real sink and SDK, without a store to spill to."""

    async def brought(take, batch):
        attempts = 1
        while True:
            try:
                await take(batch)
                return attempts
            except UnsafeError:
                attempts += 1
                peer.come_back()
                await asyncio.sleep(0.1)  # the host waits 2 seconds

    async def whole(collector):
        take = edge(collector, ["/pix"])
        await take([message(hit(0))])
        peer.go_away()
        attempts = await brought(take, [message(hit(1), hit(2)), message(hit(3))])
        await collector.sink.close()
        return attempts

    with EventHubsPeer({"pixel": 2}) as peer:
        environ = {"EVENT_HUB": peer.connection_string, "EVENT_HUB_NAME": "pixel", "PIXEL_ENRICHERS": "campaign"}
        assert asyncio.run(whole(build(environ).collector)) > 1
        stored = {json.loads(event.body)["id"] for event in peer.events("pixel")}
    gc.collect()
    assert stored == {"r-0", "r-1", "r-2", "r-3"}

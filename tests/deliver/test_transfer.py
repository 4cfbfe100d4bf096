"""A batch over a link of the SDK, with the real SDK against the peer: the same frames, and every end it can come to."""

import asyncio
import gc
import struct

import pytest
from azure.eventhub import EventData
from azure.eventhub._pyamqp._decode import decode_frame
from azure.eventhub._pyamqp.constants import ConnectionState

from pixel.deliver.connections import Refused
from pixel.deliver.event_hub import connect
from pixel.deliver.transfer import frames
from pixel.hub import HubSettings
from tests.eventhubs.peer import EventHubsPeer

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # the SDK leaves sockets of failed connections
HUBS = [f"hub-{number}" for number in range(30)]


@pytest.fixture(scope="module")
def peer():
    with EventHubsPeer(dict.fromkeys(HUBS, 1)) as running:
        yield running
    gc.collect()


@pytest.fixture
def hub(_left=iter(HUBS)):  # noqa: B008 - each test takes the next one
    return next(_left)


def with_connection(peer, hub, story):
    async def run():
        connection = connect(HubSettings(connection=peer.connection_string, name=hub))
        await connection.open()
        try:
            return await story(connection)
        finally:
            await connection.close()

    return asyncio.run(run())


def client_of(connection):
    return connection._client._producers["all-partitions"]._handler


def counters(connection):
    """What a link and its session count, so that both ends know what may still be sent."""
    client = client_of(connection)
    link, session = client._link, client._session
    return link.delivery_count, link.current_link_credit, session.next_outgoing_id, session.remote_incoming_window


def transfers(written):
    """Return channel, fields and payload of each frame."""
    raw, found = memoryview(b"".join(written)), []
    while raw:
        size, offset, kind, channel = struct.unpack(">IBBH", raw[:8])
        performative, fields = decode_frame(raw[8:size])
        assert (offset, kind, performative) == (2, 0, 0x14)
        handle, number, tag, format_, settled, more, *_, payload = fields
        found.append(((channel, handle, len(tag), format_, bool(settled)), number, bool(more), bytes(payload)))
        raw = raw[size:]
    return found


@pytest.mark.parametrize("sizes", [[0], [1, 255, 256, 257, 70_000], [247, 248, 249], [300] * 500])
def test_its_frames_say_what_those_of_the_sdk_say(peer, hub, sizes):
    bodies = [b"%d" % (number % 10) * size for number, size in enumerate(sizes)]
    written = []

    async def story(connection):
        transport = client_of(connection)._connection._transport
        write = transport.write

        async def record(raw):
            written.append(bytes(raw))
            await write(raw)

        await connection.send([b"first"], None, 10)  # with its answer comes the credit
        transport.write = record
        before = counters(connection)
        await connection.send(bodies, None, 10)
        between = counters(connection)
        ours = transfers(written)
        written.clear()
        batch = await connection._client.create_batch()
        for body in bodies:
            batch.add(EventData(body))
        await connection._client.send_batch(batch)
        steps = [
            [after - was for was, after in zip(*pair, strict=True)]
            for pair in ((before, between), (between, counters(connection)))
        ]
        return ours, transfers(written), steps

    ours, theirs, (our_steps, their_steps) = with_connection(peer, hub, story)
    assert our_steps == their_steps
    assert {fields for fields, *_ in ours} == {fields for fields, *_ in theirs}
    assert {number + 1 for _, number, *_ in ours} == {number for _, number, *_ in theirs}
    assert b"".join(payload for *_, payload in ours) == b"".join(payload for *_, payload in theirs)
    for each in (ours, theirs):
        assert [more for *_, more, _ in each] == [True] * (len(each) - 1) + [False]
    assert [event.body for event in peer.events(hub)] == [b"first", *bodies * 2]


def test_batches_follow_one_another_beyond_the_credit_of_a_link(peer, hub):
    async def story(connection):
        for number in range(700):
            await connection.send([b"%d" % number], None, 10)

    with_connection(peer, hub, story)
    assert [event.body for event in peer.events(hub)] == [b"%d" % number for number in range(700)]


def test_each_batch_has_a_tag_of_its_own():
    sent = [frames([b"x"], 0, 1, number, 1 << 16)[0] for number in (0, 1, 255, 1 << 31)]
    assert len({bytes(decode_frame(memoryview(frame)[8:])[1][2]) for frame in sent}) == 4


def test_without_credit_the_sdk_sends(peer, hub):
    async def story(connection):
        client_of(connection)._link.current_link_credit = 0
        await connection.send([b"one"], None, 10)
        await connection.send([b"two"], None, 10)

    with_connection(peer, hub, story)
    assert [event.body for event in peer.events(hub)] == [b"one", b"two"]


def test_a_token_that_ends_soon_is_renewed_first(peer, hub):
    async def story(connection):
        tokens = client_of(connection)._cbs_authenticator
        tokens._refresh_window, before = 1 << 40, tokens._token
        await connection.send([b"one"], None, 10)
        return before, tokens._token, tokens._refresh_window

    before, after, window = with_connection(peer, hub, story)
    assert window < 1 << 40
    assert before
    assert after
    assert [event.body for event in peer.events(hub)] == [b"one"]


def test_a_token_that_has_ended_is_said(peer, hub):
    async def story(connection):
        client_of(connection)._cbs_authenticator._expires_on = 0
        with pytest.raises(Refused) as refused:
            await connection.send([b"one"], None, 1)
        return refused.value.reason, refused.value.broken

    assert with_connection(peer, hub, story) == ("unauthorised", True)


def test_a_connection_that_we_close_leaves_no_task_behind(peer, hub):
    async def story(connection):
        await connection.send([b"one"], None, 10)
        await connection.close()
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert with_connection(peer, hub, story) == set()


def test_a_connection_that_was_closed_is_said_at_once(peer, hub):
    async def story(connection):
        await connection.send([b"one"], None, 10)
        client = client_of(connection)
        write = client._connection._transport.write

        async def write_and_close(raw):
            await write(raw)
            client._connection.state = ConnectionState.CLOSE_RCVD

        client._connection._transport.write = write_and_close
        with pytest.raises(Refused) as refused:
            await connection.send([b"two"], None, 10)
        return refused.value.reason, refused.value.broken, refused.value.unsure

    assert with_connection(peer, hub, story) == ("connection_lost", True, True)


ENDS = [
    ({}, "throttled", "unbroken, certain"),
    (
        {"condition": "amqp:resource-limit-exceeded", "description": "the quota is used up"},
        "quota",
        "unbroken, certain",
    ),
    ({"condition": "amqp:link:message-size-exceeded"}, "too_large", "unbroken, certain"),
    ({"condition": "amqp:internal-error"}, "connection_lost", "broken, unsure"),
    ({"action": "detach"}, "detached", "broken, unsure"),
    ({"action": "detach", "condition": "com.microsoft:server-busy"}, "throttled", "broken, unsure"),
    ({"action": "detach", "condition": "amqp:unauthorized-access"}, "unauthorised", "broken, unsure"),
    (
        {"condition": "com.microsoft:timeout", "description": "SystemTracker:cbs-sports:quota-pixel"},
        "connection_lost",
        "broken, unsure",
    ),
    ({"action": "close"}, "connection_lost", "broken, unsure"),
    ({"action": "drop"}, "connection_lost", "broken, unsure"),
    ({"action": "stall"}, "timed_out", "broken, unsure"),
]


@pytest.mark.parametrize("size", [10, 200_000])
@pytest.mark.parametrize(("fault", "reason", "finding"), ENDS)
def test_what_became_of_a_batch_is_said_in_a_word(peer, fault, reason, finding, size):
    hub = "hub-29"

    async def story(connection):
        await connection.send([b"before"], None, 10)
        peer.fault(on="send", hub=hub, **fault)
        with pytest.raises(Refused) as refused:
            await connection.send([b"x" * size], None, 0.5)
        if not refused.value.broken:
            await connection.send([b"after"], None, 10)
        return refused.value

    refused = with_connection(peer, hub, story)
    peer.heal()
    found = ("broken" if refused.broken else "unbroken", "unsure" if refused.unsure else "certain")
    assert (refused.reason, ", ".join(found)) == (reason, finding)

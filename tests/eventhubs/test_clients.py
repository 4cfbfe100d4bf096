"""The real azure-eventhub clients, sync and async, cannot tell the peer from the service."""

import asyncio
import shutil
import subprocess
from datetime import UTC, datetime

import pytest
from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient, TransportType
from azure.eventhub import aio as azure_aio

from tests.eventhubs.peer import EventHubsPeer


@pytest.fixture(scope="module")
def peer():
    with EventHubsPeer({"sync": 4, "aio": 4, "received": 1, "large": 1}) as peer:
        yield peer


def producer(peer, hub, kind=EventHubProducerClient, **options):
    options = {"retry_total": 0, "retry_backoff_factor": 0.01, "socket_timeout": 0.05} | options
    return kind.from_connection_string(peer.connection_string, eventhub_name=hub, **options)


def bodies(peer, hub):
    return sorted(event.body for event in peer.events(hub))


def test_the_sync_client_sends_one_many_and_by_key(peer):
    with producer(peer, "sync") as client:
        client.send_event(EventData(b"one"))
        client.send_batch([EventData(b"two"), EventData(b"three")])
        batch = client.create_batch(partition_id="2")
        event = EventData(b"four")
        event.properties = {"kind": "test", "size": 7}
        batch.add(event)
        client.send_batch(batch)
        for _ in range(3):
            client.send_event(EventData(b"keyed"), partition_key="customer 1")
    assert bodies(peer, "sync") == [b"four", b"keyed", b"keyed", b"keyed", b"one", b"three", b"two"]
    (four,) = [event for event in peer.events("sync") if event.body == b"four"]
    assert (four.partition, four.properties) == ("2", {"kind": "test", "size": 7})
    keyed = [event for event in peer.events("sync") if event.body == b"keyed"]
    assert {event.partition_key for event in keyed} == {"customer 1"}
    assert len({event.partition for event in keyed}) == 1


def test_the_async_client_sends_one_many_and_by_key_at_once(peer):
    async def send():
        async with producer(peer, "aio", azure_aio.EventHubProducerClient) as client:
            await client.send_event(EventData(b"one"))
            await client.send_batch([EventData(b"two"), EventData(b"three")])
            await asyncio.gather(
                *(client.send_batch([EventData(b"%d" % n)], partition_key="customer 1") for n in range(350))
            )  # more than a link has credit for
            return await client.get_partition_properties("3")

    partition = asyncio.run(send())
    held = peer.held("aio")["3"]
    assert (partition["eventhub_name"], partition["last_enqueued_sequence_number"]) == ("aio", held.next - 1)
    assert partition["is_empty"] == (held.next == 0)
    assert bodies(peer, "aio") == sorted([b"one", b"two", b"three", *(b"%d" % number for number in range(350))])


async def received(peer, hub, count, **position):
    """The first `count` events of partition 0 from a position on, as the async client gets them."""
    events, enough = [], asyncio.Event()

    async def on_event(_, event):
        events.append(event)
        if len(events) >= count:
            enough.set()

    client = azure_aio.EventHubConsumerClient.from_connection_string(
        peer.connection_string, "$Default", eventhub_name=hub
    )
    async with client:
        receiving = asyncio.create_task(client.receive(on_event, partition_id="0", **position))
        await asyncio.wait_for(enough.wait(), 20)
        receiving.cancel()  # else it looks only every 30 s whether the client is closed
    return events[:count]


def sent_and_received_by_sync_clients(peer, hub, body):
    """What the sync client receives of an event that it sent."""
    with producer(peer, hub) as client:
        client.send_event(EventData(body))
    got = []

    def on_event(_, event):
        got.append(b"".join(event.body))
        consumer.close()

    consumer = EventHubConsumerClient.from_connection_string(
        peer.connection_string, "$Default", eventhub_name=hub, socket_timeout=0.05
    )
    with consumer:
        consumer.receive(on_event, partition_id="0", starting_position="-1")
    return got


def test_events_are_received_from_where_a_client_asks_and_large_ones_in_many_frames(peer):
    with producer(peer, "received") as client:
        for number in range(3):
            client.send_event(EventData(b"%d" % number), partition_key="k")
    stored = peer.events("received")
    since = datetime.fromtimestamp(stored[0].enqueued_ms / 1000, UTC)
    large = bytes(range(256)) * 3900  # 998,400 bytes

    async def at_once():
        positions = (("-1", False, 3), (1, False, 1), (2, True, 1), (since, True, 1))
        return await asyncio.gather(
            asyncio.to_thread(sent_and_received_by_sync_clients, peer, "large", large),
            *(
                received(peer, "received", count, starting_position=position, starting_position_inclusive=inclusive)
                for position, inclusive, count in positions
            ),
        )

    by_sync, *got = asyncio.run(at_once())
    assert by_sync == [large]
    assert [[event.body_as_str() for event in events] for events in got] == [["0", "1", "2"], ["2"], ["2"], ["0"]]
    assert [(event.sequence_number, event.partition_key) for event in got[0]] == [(0, b"k"), (1, b"k"), (2, b"k")]
    assert round(got[0][0].enqueued_time.timestamp() * 1000) == stored[0].enqueued_ms


def test_a_message_over_the_limit_is_refused_before_it_is_sent():
    with EventHubsPeer({"basic": 1}, max_message=262144) as peer, producer(peer, "basic") as client:
        batch = client.create_batch()
        assert batch.max_size_in_bytes == 262144
        with pytest.raises(ValueError, match="size limit"):
            batch.add(EventData(bytes(262144)))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if not shutil.which("openssl"):
        pytest.skip("openssl makes the certificate, and is not here")
    folder = tmp_path_factory.mktemp("tls")
    made = (
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -keyout key.pem -out cert.pem"
    )
    named = "-subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run([*made.split(), *named.split()], cwd=folder, check=True, capture_output=True)
    return folder


def test_a_client_that_wants_tls_gets_it(certificate):
    cert, key = certificate / "cert.pem", certificate / "key.pem"
    with EventHubsPeer({"pixel": 1}, tls_cert=cert, tls_key=key) as peer:
        where = {"custom_endpoint_address": f"localhost:{peer.port}", "transport_type": TransportType.Amqp}
        with producer(peer, "pixel", connection_verify=str(cert), **where) as client:
            client.send_event(EventData(b"hidden"))
        assert bodies(peer, "pixel") == [b"hidden"]

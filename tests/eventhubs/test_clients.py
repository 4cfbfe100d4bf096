"""The real azure-eventhub clients, sync and async, cannot tell the peer from the service."""

import asyncio
import shutil
import subprocess
from collections import defaultdict
from datetime import UTC, datetime

import pytest
from azure.eventhub import EventData, EventHubConsumerClient, EventHubProducerClient, TransportType
from azure.eventhub import aio as azure_aio
from azure.eventhub.exceptions import AuthenticationError, ConnectError

from tests.eventhubs.peer import EventHubsPeer

PARTITIONS = ["0", "1", "2", "3"]


@pytest.fixture(scope="module")
def peer():
    hubs = ("sync", "aio", "received", "large", "hub")
    with EventHubsPeer(dict.fromkeys(hubs, len(PARTITIONS))) as peer:
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
        assert client.get_partition_ids() == PARTITIONS
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
                *(client.send_batch([EventData(b"%d" % n)], partition_key="customer 1") for n in range(4))
            )
            properties = await client.get_eventhub_properties()
            await client.send_event(EventData(b"last"), partition_id="3")
            return properties, await client.get_partition_properties("3")

    hub, partition = asyncio.run(send())
    assert (hub["eventhub_name"], hub["partition_ids"]) == ("aio", PARTITIONS)
    assert partition["last_enqueued_sequence_number"] == peer.held("aio")["3"].next - 1
    assert partition["is_empty"] is False
    assert bodies(peer, "aio") == [b"0", b"1", b"2", b"3", b"last", b"one", b"three", b"two"]


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


def test_events_are_received_from_where_a_client_asks(peer):
    with producer(peer, "received") as client:
        for number in range(3):
            client.send_event(EventData(b"%d" % number), partition_id="0")
    stored = peer.events("received")

    async def all_positions():
        async def seen(position, inclusive):
            count = 3 if position == "-1" else 1
            events = await received(
                peer, "received", count, starting_position=position, starting_position_inclusive=inclusive
            )
            return [event.body_as_str() for event in events]

        since = datetime.fromtimestamp(stored[0].enqueued_ms / 1000, UTC)
        return await asyncio.gather(seen("-1", False), seen(1, False), seen(2, True), seen(since, True))

    first, after_one, from_two, by_time = asyncio.run(all_positions())
    assert (first, after_one, from_two, by_time) == (["0", "1", "2"], ["2"], ["2"], ["0"])


def test_what_the_service_notes_about_an_event_is_received(peer):
    with producer(peer, "hub") as client:
        client.send_event(EventData(b"keyed"), partition_key="k")
    (stored,) = peer.events("hub")
    got = defaultdict(list)

    def on_event(context, event):
        got[context.partition_id].append(event)
        client.close()

    client = EventHubConsumerClient.from_connection_string(
        peer.connection_string, "$Default", eventhub_name="hub", socket_timeout=0.05
    )
    with client:
        client.receive(on_event, partition_id=stored.partition, starting_position="-1")
    (event,) = got[stored.partition]
    assert (event.sequence_number, event.partition_key) == (0, b"k")
    assert int(event.enqueued_time.timestamp() * 1000) == stored.enqueued_ms


def test_a_message_of_many_frames_goes_both_ways(peer):
    body = bytes(range(256)) * 3900  # 998,400 bytes
    with producer(peer, "large") as client:
        client.send_event(EventData(body), partition_id="0")
    (event,) = asyncio.run(received(peer, "large", 1, starting_position="-1"))
    assert b"".join(event.body) == body


def test_a_message_over_the_limit_is_refused_before_it_is_sent():
    with EventHubsPeer({"basic": 1}, max_message=262144) as peer, producer(peer, "basic") as client:
        batch = client.create_batch()
        assert batch.max_size_in_bytes == 262144
        with pytest.raises(ValueError, match="size limit"):
            batch.add(EventData(bytes(262144)))


def test_a_key_that_is_not_ours_opens_nothing(peer):
    stolen = peer.connection_string.replace("no-secret", "guess")
    client = EventHubProducerClient.from_connection_string(
        stolen, eventhub_name="sync", retry_total=0, retry_backoff_factor=0.01
    )
    with client, pytest.raises(AuthenticationError, match="InvalidSignature"):
        client.send_event(EventData(b"thief"))
    assert b"thief" not in bodies(peer, "sync")


def test_a_hub_that_is_missing_is_said_to_be(peer):
    with producer(peer, "nowhere") as client, pytest.raises(ConnectError, match="could not be found"):
        client.send_event(EventData(b"x"))


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

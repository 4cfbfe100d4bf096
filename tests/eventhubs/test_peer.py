"""The peer as a process: it goes away and comes back, says what it holds, and what it does not understand."""

import asyncio
import signal
import socket
import subprocess
import sys
from http.client import HTTPConnection

import pytest
from azure.eventhub import EventData
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import EventHubError

from tests.eventhubs.broker import Partition
from tests.eventhubs.peer import ROOT, EventHubsPeer


def test_what_is_stored_survives_going_away_and_the_same_client_finds_it_again():
    async def send_around_an_absence(peer):
        client = EventHubProducerClient.from_connection_string(
            peer.connection_string, eventhub_name="pixel", retry_total=0, retry_backoff_factor=0.01
        )
        async with client:
            await client.send_event(EventData(b"before"))
            peer.go_away()
            with pytest.raises(EventHubError):
                await client.send_event(EventData(b"lost"), timeout=1)
            peer.come_back()
            await client.send_event(EventData(b"after"))

    with EventHubsPeer({"pixel": 1}) as peer:
        asyncio.run(send_around_an_absence(peer))
        assert [(event.sequence, event.body) for event in peer.events("pixel")] == [(0, b"before"), (1, b"after")]
        stats = peer.stats()
        assert (stats.events, stats.batches, stats.attaches) == (2, 2, 2)


def test_a_partition_keeps_its_last_events_and_numbers_all():
    partition = Partition("0", retain=2)
    for number in range(5):
        partition.append([b"%d" % number], None)
    assert [(event.sequence, event.raw) for event in partition.events] == [(3, b"3"), (4, b"4")]
    assert (partition.first_sequence, partition.next_sequence) == (3, 5)


@pytest.fixture(scope="module")
def peer():
    with EventHubsPeer({"pixel": 1}) as peer:
        yield peer


@pytest.mark.parametrize(
    ("method", "target", "body", "says"),
    [
        ("GET", "/nothing", None, "POST   /faults"),
        ("GET", "/events?hub=other", None, "there is no partition 0 of a hub other"),
        ("GET", "/events", None, "hub"),
        ("POST", "/faults", "{", "DecodeError"),
        ("POST", "/faults", '{"on": "connect", "action": "reject"}', "drop, stall"),
        ("POST", "/capture", None, "--capture"),
    ],
)
def test_control_says_what_is_wrong_with_a_request(peer, method, target, body, says):
    connection = HTTPConnection("127.0.0.1", int(peer.control.rpartition(":")[2]), timeout=10)
    connection.request(method, target, body)
    response = connection.getresponse()
    assert (response.status, says in response.read().decode()) == (400, True)
    connection.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"AMQP\x00\x01\x00\x00" + b"\xff" * 64,
        b"AMQP\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
    ],
)
def test_bytes_that_are_no_amqp_end_their_connection_and_no_other(peer, sent):
    with socket.create_connection(("127.0.0.1", peer.port), timeout=10) as client:
        client.sendall(sent)
        heard = b""
        while part := client.recv(4096):
            heard += part
    assert heard.startswith(b"AMQP\x00\x01\x00\x00")
    assert (b"amqp:decode-error" in heard) == sent.startswith(b"AMQP")
    assert peer.stats().connections > 0


def test_the_command_line_says_where_it_is_and_ends_when_told():
    arguments = ["--port=0", "--control-port=0", "--hub=web:2"]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.eventhubs", *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline().startswith("EVENT_HUB=Endpoint=sb://127.0.0.1:")
    assert process.stdout.readline().startswith("EVENT_HUB_CONTROL=http://127.0.0.1:")
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 0


def test_a_port_that_is_taken_is_told(peer):
    arguments = [f"--port={peer.port}", "--control-port=0"]
    ran = subprocess.run(
        [sys.executable, "-m", "tests.eventhubs", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=30
    )
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "choose another with --port" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_what_a_place_for_capture_files_raises_ends_the_peer_with_it(tmp_path):
    program = (
        "import sys\n"
        "from tests.eventhubs.command import main\n"
        "def put(name, raw): raise ConnectionError('the container is gone')\n"
        "main(['--port=0', '--control-port=0', '--capture-bytes=1', '--hub=pixel:1'], put)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    connection_string = process.stdout.readline().strip().removeprefix("EVENT_HUB=")
    client = EventHubProducerClient.from_connection_string(connection_string, eventhub_name="pixel")

    async def send_one():
        async with client:
            await client.send_event(EventData(b"x"))

    asyncio.run(send_one())
    _, said = process.communicate()
    assert "the container is gone" in said
    assert process.returncode == 1

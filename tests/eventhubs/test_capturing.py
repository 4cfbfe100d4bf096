"""What was stored is captured, once, in files that the product reads."""

import asyncio
import io
import json
from pathlib import Path

from azure.eventhub import EventData, EventHubProducerClient

from pixel import capture
from pixel.event import encode as encode_event
from tests.eventhubs import message
from tests.eventhubs.broker import Hub
from tests.eventhubs.capturing import Capture, into_folder
from tests.eventhubs.peer import EventHubsPeer
from tests.eventhubs.values import Described, Ulong, encode
from tests.events import an_event
from tests.serving import command


def encoded(body):
    return encode(Described(Ulong(message.DATA), body))


def read(folder):
    found = []
    for path in capture.files(folder):
        with path.open("rb") as file:
            found += [(path.parts[-7], record.sequence, record.body) for record in capture.records(file)]
    return found


def test_every_event_is_captured_once_in_order(tmp_path):
    lines = [json.dumps({"n": number}).encode() for number in range(300)]
    with EventHubsPeer({"pixel": 2}, capture=tmp_path, capture_seconds=3600, capture_bytes=4000) as peer:
        client = EventHubProducerClient.from_connection_string(peer.connection_string, eventhub_name="pixel")
        with client:
            for start in range(0, 300, 30):
                client.send_batch([EventData(line) for line in lines[start : start + 30]])
            peer.flush_capture()
            assert len(read(tmp_path)) == 300
            client.send_event(EventData(b"{}"))
        stored = [(event.partition, event.sequence, event.body) for event in peer.events("pixel")]
    assert sorted(read(tmp_path)) == sorted(stored), "the last one is written when the peer stops"
    assert len(capture.files(tmp_path)) > 3, "full files end before their time"
    assert {path.relative_to(tmp_path).parts[:2] for path in capture.files(tmp_path)} == {("local", "pixel")}


def test_a_window_ends_by_time_and_each_place_gets_the_same_file(tmp_path):
    async def captured():
        hub, got = Hub("pixel", 1), asyncio.Queue()
        loop = asyncio.get_running_loop()

        def put(name, raw):
            loop.call_soon_threadsafe(got.put_nowait, (name, raw))

        watching = Capture([hub], [into_folder(tmp_path), put], window_s=0.01)
        writing = asyncio.create_task(watching.write())
        files = []
        for body in (b"one", b"two"):
            hub.partitions[0].append([encoded(body)], None)
            files.append(await asyncio.wait_for(got.get(), 10))
        writing.cancel()
        return files

    files = asyncio.run(captured())
    assert [(tmp_path / name).read_bytes() for name, _ in files] == [raw for _, raw in files]
    assert [next(capture.records(io.BytesIO(raw))).body for _, raw in files] == [b"one", b"two"]
    assert sorted(name for name, _ in files) == [name for name, _ in files]
    assert not list(Path(tmp_path).rglob("*.part"))


def test_pixel_read_prints_what_the_peer_captured(tmp_path):
    event = encode_event(an_event(instance="i", boot="b", seq=0))
    hub = Hub("pixel", 1)

    async def captured():
        watching = Capture([hub], [into_folder(tmp_path)])
        writing = asyncio.create_task(watching.write())
        hub.partitions[0].append([encoded(event)], None)
        await watching.flush()
        writing.cancel()

    asyncio.run(captured())
    printed = command("read", str(tmp_path))
    assert (printed.returncode, printed.stdout.strip()) == (0, event)

"""Captured events are sent once more: each once, as they are, from a folder and from Blob."""

import asyncio
import io
import json

import pytest

from pixel import capture
from pixel.captured import captured
from pixel.deliver.reemit import Reemitted, reemit
from pixel.deliver.replay import STEP_EVENTS, Undelivered
from pixel.event import encode
from pixel.store import Missing
from tests.deliver.test_replay import Hub, body, numbers
from tests.stores import with_store

SYNC = bytes(range(16))


def a_file(*bodies):
    return capture.header(SYNC) + capture.block(bodies, 0, 1_795_248_240.0, SYNC)


def named(second, partition=0):
    return f"ns/hub/{partition}/2026/11/21/08/04/{second:02}.avro"


def reemitted(where, files, sender, **how):
    """Re-emit what a store holds: `where` is a folder, or a connection string and a container."""
    text, container = where if isinstance(where, tuple) else (str(where), "")

    async def fill(store):
        for name, content in files.items():
            await store.write(name, content)

    with_store(text, fill, container)
    with captured("", {"PIXEL_CAPTURE_STORE": text, "PIXEL_CAPTURE_STORE_CONTAINER": container}) as found:
        return asyncio.run(reemit(found, sender, **how))


def test_events_are_sent_as_they_were_captured_oldest_file_first(where):
    hub = Hub()
    files = {
        named(9): a_file(body(3)),
        named(7, 1): a_file(body(2)),
        named(5): a_file(body(0), body(1, customer_id="Zoë")),
        "ns/hub/0/notes.txt": b"somebody's own",
    }
    told = reemitted(where, files, hub)
    assert hub.bodies == [body(0), body(1, customer_id="Zoë"), body(2), body(3)]
    assert told == Reemitted(files=3, chosen=4, sent=4)


def test_a_body_may_hold_many_events_one_a_line(tmp_path):
    hub = Hub()
    packed = b"\n".join(map(body, range(5)))
    told = reemitted(tmp_path, {named(5): a_file(packed, body(5), packed[:0] + body(6) + b"\n")}, hub)
    assert hub.ids == numbers(7)
    assert told == Reemitted(files=1, chosen=7, sent=7)


@pytest.mark.parametrize(
    ("begin", "end", "ids"),
    [
        ("", "~", ["7", "8", "9"]),
        ("2026-11-21T08:00:00.000Z", "~", ["8", "9"]),
        ("", "2026-11-21T08:00:00.000Z", ["7"]),
        ("2026-11-21T08:00:00.000Z", "2026-11-21T09:00:00.000Z", ["8"]),
        ("2026-11-22T00:00:00.000Z", "~", []),
    ],
)
def test_only_what_was_received_within_the_bounds_is_sent(tmp_path, begin, end, ids):
    hub = Hub()
    bodies = (body(hour, received_at=f"2026-11-21T0{hour}:00:00.000Z") for hour in (7, 8, 9))
    told = reemitted(tmp_path, {named(5): a_file(*bodies)}, hub, begin=begin, end=end)
    assert hub.ids == ids
    assert told.chosen == told.sent == len(ids)


def test_without_a_sender_events_are_counted(tmp_path):
    told = reemitted(tmp_path, {named(5): a_file(*map(body, range(STEP_EVENTS + 7)))}, None)
    assert told == Reemitted(files=1, chosen=STEP_EVENTS + 7)


def test_what_cannot_be_read_or_sent_is_told_and_blocks_nothing(tmp_path):
    hub = Hub()
    large = body("large", params={"text": "x" * 2000})
    whole = a_file(body(2))
    files = {
        named(1): a_file(b"nonsense", body(0), large, b""),
        named(2): b"PAR1",
        named(3): whole + whole[-20:-10],
        named(4): b"",
        named(5): a_file(body(3)),
    }
    told = reemitted(tmp_path, files, hub)
    assert hub.ids == ["0", "2", "3"]
    assert (told.files, told.chosen, told.sent, told.too_large, told.no_event, told.torn) == (5, 4, 3, 1, 2, 1)
    assert [line.partition(": ")[0] for line in told.unread] == [f"{tmp_path}/{named(at)}" for at in (2, 3)]


def test_a_file_that_vanishes_is_told_and_blocks_nothing(tmp_path):
    hub, files = Hub(), {named(5): a_file(body(0)), named(6): a_file(body(1))}

    class Vanishing:
        def sizes(self):
            return {name: len(content) for name, content in files.items()}

        def open(self, name):
            if name == named(5):
                raise Missing("The Blob store has no such blob.")
            return io.BytesIO(files[name])

    told = asyncio.run(reemit(Vanishing(), hub))
    assert (hub.ids, told.unread) == (["1"], [f"{named(5)}: The Blob store has no such blob."])


def test_a_sender_that_refuses_ends_it(tmp_path):
    hub = Hub(None, Undelivered("throttled"))
    files = {named(5): a_file(*map(body, range(3 * STEP_EVENTS)))}
    told = reemitted(tmp_path, files, hub)
    assert (told.sent, told.problem) == (STEP_EVENTS, "throttled")


def test_what_is_sent_can_be_changed_and_progress_ends_at_the_whole(tmp_path):
    hub, seen = Hub(), []

    def change(captured, event):
        assert json.loads(captured)["id"] == event.id
        event.id = "new"
        return encode(event)

    files = {named(5): a_file(body(0)), named(6): a_file(body(1))}
    reemitted(tmp_path, files, hub, change=change, progress=lambda *each: seen.append(each))
    assert hub.ids == ["new", "new"]
    size = sum(map(len, files.values()))
    assert seen == [(len(files[named(5)]), size), (size, size)]


def test_a_capture_file_larger_than_a_piece_is_read_whole(tmp_path):
    bodies = [body(number, params={"text": "y" * 700}) for number in range(8000)]

    class Counting:
        count = 0

        async def deliver(self, bodies):
            await asyncio.sleep(0)
            self.count += len(bodies)

    counting = Counting()
    reemitted(tmp_path, {named(5): a_file(*bodies)}, counting)
    assert counting.count == 8000

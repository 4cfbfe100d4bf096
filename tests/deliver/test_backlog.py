"""What waits in the store is told over all instances, and what was sent on last; the store is listed rarely."""

import asyncio

from pixel.deliver.backlog import FRESH_S, Backlog, note_replay
from pixel.deliver.replay import replay
from pixel.deliver.spill import Spill
from pixel.on_demand import OnDemand
from pixel.store import StoreError
from tests.deliver.test_replay import LATER, NAME, START, Around, Hub, body, lines
from tests.stores import run, with_store


class Clock:
    def __init__(self, at=LATER):
        self.at = at

    def __call__(self):
        return self.at


def test_an_empty_store_has_nothing_that_waits(where):
    told, problem = run(where, lambda store: Backlog(store, Clock()).ask())
    assert problem is None
    assert told == {
        "at": "2026-11-21T09:04:00Z",
        "files": 0,
        "bytes": 0,
        "oldest": None,
        "set_aside": 0,
        "last_replay": None,
    }


def test_what_instances_spilled_is_summed_and_what_was_sent_on_is_told(where):
    async def use(store):
        clock, size = Clock(), 0
        for minute, instance in ((3, "web1"), (1, "web2"), (2, "web1")):
            spill = Spill(store, instance, lambda minute=minute: START + 60 * minute)
            await spill.spill([body(minute), body(0)], "throttled")
            size += spill.spilled.bytes
        await store.append(NAME.replace("-04.", "-09."), b"nonsense\n")
        backlog, told = Backlog(store, clock), []
        told.append(await backlog.ask())
        await replay(store, Hub(), clock=clock)
        told.append(await backlog.ask())  # a minute has not passed
        clock.at += FRESH_S
        told.append(await backlog.ask())
        return size, told

    size, (first, again, last) = run(where, use)
    waits = {"files": 4, "bytes": size + 9, "oldest": "2026-11-21T08:05:00Z", "set_aside": 0, "last_replay": None}
    assert first == again == ({"at": "2026-11-21T09:04:00Z", **waits}, None)
    gone = {"files": 0, "bytes": 0, "oldest": None, "set_aside": 1}
    sent = {"at": "2026-11-21T09:04:00Z", "files": 4, "events": 6}
    assert last == ({"at": "2026-11-21T09:05:00Z", **gone, "last_replay": sent}, None)


def test_a_replay_that_sent_nothing_leaves_the_last_one_as_it_was(tmp_path):
    async def use(store):
        await store.append(NAME, lines(2))
        await replay(store, Hub(), clock=Clock())
        await replay(store, Hub(), clock=Clock(LATER + 600))
        return (await Backlog(store, Clock()).ask())[0]["last_replay"]["at"]

    assert with_store(str(tmp_path), use) == "2026-11-21T09:04:00Z"


def test_what_was_noted_is_for_people_and_costs_no_replay(tmp_path):
    async def use(store):
        async def write(name, data):
            raise StoreError("No.")

        await note_replay(Around(store, write=write), 1, 1, LATER)
        await store.write("replay/last.json", b"no JSON")
        return (await Backlog(store, Clock()).ask())[0]["last_replay"]

    assert with_store(str(tmp_path), use) is None


def test_a_store_that_fails_is_told_beside_what_was_found_before(tmp_path):
    async def use(store):
        clock, told, is_up = Clock(), [], []

        async def names(prefix):
            if is_up[-1]:
                return await store.names(prefix)
            raise StoreError("No answer.")

        await store.append(NAME, lines(2))
        backlog = Backlog(Around(store, names=names), clock)
        for each in (False, True, False):
            is_up.append(each)
            told.append(await backlog.ask())
            clock.at += FRESH_S
        return told

    first, second, third = with_store(str(tmp_path), use)
    assert first == (None, "The spill could not be read: No answer.")
    assert (second[0]["files"], second[1]) == (1, None)
    assert third == (second[0], "The spill could not be read: No answer.")


def test_what_stops_the_reading_in_another_way_is_told_too(tmp_path):
    async def use(store):
        async def names(prefix):
            raise ValueError(prefix)

        return await Backlog(Around(store, names=names), Clock()).ask()

    assert with_store(str(tmp_path), use) == (None, "The spill could not be read: the log says why.")


def test_a_file_in_the_spill_that_is_not_ours_is_left_alone(tmp_path):
    async def use(store):
        await store.append(NAME, lines(2))
        await store.append("spill/2026-13-01/00/a-05.x.ndjson", lines(1))
        return (await Backlog(store, Clock()).ask())[0]["files"]

    assert with_store(str(tmp_path), use) == 1


def test_who_asks_at_once_reads_once_and_a_clock_that_was_set_back_reads_anew():
    async def use():
        reads, clock = [], Clock()

        async def read():
            await asyncio.sleep(0)
            reads.append(clock.at)

        each = OnDemand("It", read, 60, clock)
        await asyncio.gather(each.ask(), each.ask())
        await each.ask()
        clock.at -= 10
        await each.ask()
        return len(reads)

    assert asyncio.run(use()) == 2

"""Rows of the ledger in a store: they add up whatever fails, in a folder and in Blob alike."""

import asyncio

import pytest

from pixel.deliver.deliveries import Deliveries
from pixel.ledger import LISTED, Counts, Ledger, plus
from pixel.ledger_store import LedgerWriter, ledger_files, read_rows
from pixel.ledger_today import FRESH_S, Today
from pixel.outcome import Rejected
from pixel.store import StoreError
from tests.events import an_event
from tests.stores import KINDS, a_container, with_store

AT = 1_795_248_000.0  # 2026-11-21T08:00:00Z
FILE = "ledger/2026-11-21/web1.ndjson"


@pytest.fixture(params=KINDS)
def run(request, tmp_path):
    """Run `use(store)` with an empty store."""
    if request.param == "folder":
        return lambda use: with_store(str(tmp_path / "store"), use)
    text, container = request.getfixturevalue("azurite").connection_string(), a_container()
    return lambda use: with_store(text, use, container)


class Clock:
    def __init__(self, at=AT):
        self.at = at

    def __call__(self):
        return self.at


def take(ledger, *deliveries):
    """Take a hit for each of `deliveries`, all the way."""
    for delivery in deliveries:
        ledger.received += 1
        event = an_event()
        ledger.number(event)
        ledger.delivery(delivery, event.seq)


async def all_rows(store):
    return [row for name in await ledger_files(store) async for _, rows in read_rows(store, name) for row in rows]


def test_a_row_holds_what_came_since_the_row_before(run):
    ledger, deliveries, clock = Ledger("web1", "b1"), Deliveries(), Clock()

    async def use(store):
        writer = LedgerWriter(store, ledger, deliveries, clock)
        take(ledger, "sent", "spilled", "failed:storage", "failed:storage")
        ledger.received += 1
        ledger.rejection(Rejected("opted_out"))
        deliveries.attempt()
        deliveries.batch(1, 700, 0.0115)
        clock.at += 60
        await writer.write()
        take(ledger, "sent", "failed:storage")
        ledger.received += 1  # and has no outcome yet
        clock.at += 60
        await writer.write()
        return await all_rows(store)

    one, two = run(use)
    assert (one.instance, one.boot, one.row, one.minute, one.until) == (
        "web1",
        "b1",
        0,
        "2026-11-21T08:00Z",
        "2026-11-21T08:01:00Z",
    )
    assert (one.first_seq, one.last_seq, one.failed_seqs, one.in_flight) == (0, 3, [(2, 3)], 0)
    assert one.counts == Counts(
        received=5,
        accepted=2,
        sent=1,
        spilled=1,
        rejected={"opted_out": 1},
        failed={"storage": 2},
        deliveries=Deliveries(events=1, bytes=700, batches=1, attempts=1, latency_ms={"12": 1}),
    )
    assert (two.row, two.minute, two.first_seq, two.last_seq, two.failed_seqs, two.in_flight) == (
        1,
        "2026-11-21T08:01Z",
        4,
        5,
        [(5, 5)],
        1,
    )
    assert two.counts == Counts(received=3, accepted=1, sent=1, failed={"storage": 1})
    assert plus(one.counts, two.counts) == ledger.counts(deliveries)


def test_a_minute_without_anything_writes_nothing(run):
    ledger, clock = Ledger("web1", "b1"), Clock()

    async def use(store):
        writer = LedgerWriter(store, ledger, None, clock)
        await writer.write()
        none = await ledger_files(store)
        take(ledger, "sent")
        for _ in range(3):
            clock.at += 60
            await writer.write()
        return none, await all_rows(store)

    none, rows = run(use)
    assert none == []
    assert [row.counts.sent for row in rows] == [1]


def test_a_row_after_quiet_minutes_is_of_its_own_minute(tmp_path):
    ledger, clock = Ledger("web1", "b1"), Clock()

    async def use(store):
        writer = LedgerWriter(store, ledger, None, clock)
        clock.at += 59.9  # a timer that wakes early
        await writer.write()
        clock.at += 60.1
        take(ledger, "sent")
        await writer.write()
        return await all_rows(store)

    (row,) = with_store(str(tmp_path), use)
    assert (row.minute, row.until) == ("2026-11-21T08:01Z", "2026-11-21T08:02:00Z")


def test_what_the_store_refused_goes_with_the_next_row(tmp_path):
    ledger, clock, where = Ledger("web1", "b1"), Clock(), tmp_path / "store"
    where.write_text("a file, no folder")

    async def use(store):
        writer = LedgerWriter(store, ledger, None, clock)
        take(ledger, "sent", "failed:storage")
        clock.at += 60
        await writer.write()
        problem = writer.problem
        where.unlink()
        take(ledger, "sent")
        clock.at += 60
        await writer.write()
        return problem, writer.problem, await all_rows(store)

    before, after, (row,) = with_store(str(where), use)
    assert before.startswith("The ledger could not be written: ")
    assert after is None
    assert (row.row, row.minute, row.first_seq, row.last_seq) == (0, "2026-11-21T08:00Z", 0, 2)
    assert (row.counts.sent, row.failed_seqs) == (2, [(1, 1)])


class Lying:
    """A store that stores the first append and says that it did not, as a lost answer looks."""

    def __init__(self, store):
        self._store = store
        self._lies = 1

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def append(self, name, data):
        await self._store.append(name, data)
        self._lies -= 1
        if self._lies >= 0:
            raise StoreError("It failed.")


def test_a_row_that_was_stored_although_the_store_failed_counts_once(run):
    ledger, clock = Ledger("web1", "b1"), Clock()

    async def use(store):
        writer = LedgerWriter(Lying(store), ledger, None, clock)
        for _ in range(3):
            take(ledger, "sent", "failed:storage")
            clock.at += 60
            await writer.write()
        return await all_rows(store), await Today(store, clock).ask()

    rows, (today, problem) = run(use)
    assert [(row.row, row.counts.received, row.failed_seqs) for row in rows] == [
        (0, 2, [(1, 1)]),
        (0, 4, [(1, 1), (3, 3)]),
        (1, 2, [(5, 5)]),
    ]
    assert (today["received"], today["sent"], problem) == (6, 3, None)


def test_too_many_failed_numbers_are_counted_and_not_listed():
    ledger = Ledger("web1", "b1")
    take(ledger, *["failed:storage", "sent"] * (LISTED + 7))
    assert len(ledger.take_failed()) == LISTED
    assert ledger.counts(None).failed_unlisted == 7


def test_the_rows_of_a_day_are_summed_over_instances_and_boots(run):
    clock = Clock()

    async def use(store):
        writers = []
        for instance, boot in (("web1", "b1"), ("web1", "b2"), ("web2", "b3")):
            ledger, deliveries = Ledger(instance, boot), Deliveries()
            writers.append((LedgerWriter(store, ledger, deliveries, clock), ledger, deliveries))
        today = Today(store, clock)
        told = []
        for seconds in (0.010, 0.030, 2.0):
            clock.at += 60
            for writer, ledger, deliveries in writers:
                take(ledger, "sent", "failed:storage")
                deliveries.attempt()
                deliveries.batch(1, 500, seconds)
                await writer.write()
            told.append((await today.ask())[0])
        clock.at += FRESH_S / 2
        take(writers[0][1], "sent")
        await writers[0][0].write()
        return await store.names(), told, (await today.ask())[0]

    names, told, cached = run(use)
    assert [entry.name for entry in names] == [FILE, FILE.replace("web1", "web2")]
    assert [each["received"] for each in told] == [6, 12, 18]
    assert (told[-1]["date"], told[-1]["until"]) == ("2026-11-21", "2026-11-21T08:03:00Z")
    assert (told[-1]["instances"], told[-1]["boots"], told[-1]["failed"]) == (2, 3, {"storage": 9})
    assert told[-1]["deliveries"]["batches"] == 9
    assert told[-1]["deliveries"]["latency_ms"] == {"p50": 33.0, "p95": 2200.0, "p99": 2200.0, "max": 2200.0}
    assert cached == told[-1]


def test_a_new_day_begins_at_nothing(tmp_path):
    ledger, clock = Ledger("web1", "b1"), Clock(AT + 16 * 3600 - 120)

    async def use(store):
        writer, today, told = LedgerWriter(store, ledger, None, clock), Today(store, clock), []
        for _ in range(4):
            clock.at += 60
            take(ledger, "sent")
            await writer.write()
            told.append((await today.ask())[0])
        return [(each["date"], each["received"]) for each in told]

    # The row written at midnight is of the last minute of the day before.
    assert with_store(str(tmp_path), use) == [
        ("2026-11-21", 1),
        ("2026-11-22", 0),
        ("2026-11-22", 1),
        ("2026-11-22", 2),
    ]


def test_half_a_row_of_a_killed_process_costs_only_itself(tmp_path):
    ledger, clock = Ledger("web1", "b1"), Clock()

    async def use(store):
        await store.append(FILE, b'{"schema":1,"instance":"web1","boot":"b0","ro')
        writer = LedgerWriter(store, ledger, None, clock)
        for _ in range(2):
            take(ledger, "sent")
            await writer.write()
        await store.append(FILE, b'no row\n{"schema":1,"inst')
        return await all_rows(store), (await Today(store, clock).ask())[0]

    rows, today = with_store(str(tmp_path), use)
    assert [(row.boot, row.row) for row in rows] == [("b1", 0), ("b1", 1)]
    assert today["received"] == 2


def test_a_store_that_cannot_be_read_is_told(azurite):
    async def use(store):
        return await Today(store).ask()

    told, problem = with_store(azurite.connection_string(key="c2VjcmV0"), use)
    assert told["received"] == 0
    assert problem.startswith("The ledger could not be read: The Blob store lets us not in (403")


def test_a_store_that_cannot_be_written_is_told_before_there_is_a_row_and_looked_at_until_it_can(tmp_path):
    ledger, folder = Ledger("web1", "b1"), tmp_path / "store"
    folder.write_text("a file")
    checks = []

    async def use(store):
        check = store.check
        store.check = lambda: checks.append(1) or check()
        writer = LedgerWriter(store, ledger, None, Clock())
        await writer.each_minute()
        first = writer.problem
        folder.unlink()
        for _ in range(3):
            await writer.each_minute()
        return first, writer.problem, len(checks), await all_rows(store)

    told = f"PIXEL_STORE cannot be used: {folder} is no folder that can be written to (File exists)."
    assert with_store(str(folder), use) == (told, None, 2, [])


def test_a_row_that_was_written_says_enough_of_the_store(tmp_path):
    ledger = Ledger("web1", "b1")

    async def use(store):
        async def check():
            raise StoreError("Only this fails.")

        store.check = check
        writer = LedgerWriter(store, ledger, None, Clock())
        take(ledger, "sent")
        await writer.each_minute()
        await writer.each_minute()
        return writer.problem, len(await all_rows(store))

    assert with_store(str(tmp_path), use) == (None, 1)


class Hanging:
    """A store that does not answer until told."""

    def __init__(self):
        self.goes_on = asyncio.Event()
        self.asked = 0

    async def names(self, prefix=""):
        self.asked += 1
        await self.goes_on.wait()
        return []


def test_who_asks_does_not_wait_for_a_store_that_hangs(tmp_path, monkeypatch):
    monkeypatch.setattr("pixel.on_demand.WITHIN_S", 0.01)

    async def use():
        store = Hanging()
        today = Today(store)
        first, second = await asyncio.gather(today.ask(), today.ask())
        store.goes_on.set()
        monkeypatch.setattr("pixel.on_demand.WITHIN_S", 5)
        return first[1], second[1], (await today.ask())[1], store.asked

    slow = "The ledger could not be read within 0.01 s."
    assert asyncio.run(use()) == (slow, slow, None, 1)


def test_a_server_that_stops_waits_for_no_store_that_hangs(monkeypatch):
    monkeypatch.setattr("pixel.on_demand.WITHIN_S", 0.01)

    async def use():
        today = Today(Hanging())
        await today.ask()
        await today.close()
        await today.close()
        return len(asyncio.all_tasks())

    assert asyncio.run(use()) == 1


def test_an_instance_of_any_name_has_a_file_of_its_own(tmp_path):
    async def use(store):
        for name in ("web.1/../x", ""):
            ledger = Ledger(name, "b1")
            take(ledger, "sent")
            await LedgerWriter(store, ledger, None, Clock()).write()
        return await ledger_files(store), [row.instance for row in await all_rows(store)]

    files, instances = with_store(str(tmp_path), use)
    assert files == ["ledger/2026-11-21/pixel.ndjson", "ledger/2026-11-21/web_1____x.ndjson"]
    assert instances == ["", "web.1/../x"]


def test_files_are_found_by_their_dates(tmp_path):
    async def use(store):
        for day in (19, 20, 21, 22):
            await store.append(f"ledger/2026-11-{day}/web1.ndjson", b"\n")
        return await ledger_files(store, "2026-11-20", "2026-11-21")

    assert with_store(str(tmp_path), use) == [f"ledger/2026-11-{day}/web1.ndjson" for day in (20, 21)]

"""Reconcile: every number of the ledger is captured, in the spill, known to have failed, or missing."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from pixel import capture, captured, store_blob
from pixel import reconcile as find
from pixel.commands import reconcile
from pixel.deliver.capture_file import CaptureFileSink
from pixel.deliver.spill import Spill
from pixel.event import encode
from pixel.ledger import Ledger
from pixel.ledger_store import LedgerWriter
from pixel.reconciled import Period, Result
from pixel.store import open_store
from tests.events import an_event
from tests.front_door import ROOT
from tests.stores import KINDS, a_container, with_store

AT = 1_795_248_000.0  # 2026-11-21T08:00:00Z


class House:
    """A pixel without its front door: hits come to any end at any minute, and rows are written or not."""

    def __init__(self, folder, store="", container="pixel"):
        self.at = AT
        self.folder = folder / "capture"
        self.where = store or str(folder / "store")
        self.store = open_store(self.where, container)
        self.boots = 0
        self.sink = CaptureFileSink(self.folder, clock=lambda: self.at)
        self.folder.mkdir()
        self.start()

    def start(self, instance="web1"):
        """Go on as a new process; what the one before has not written is lost."""
        self.boots += 1
        self.ledger = Ledger(instance, f"boot-{self.boots}")
        self.writer = LedgerWriter(self.store, self.ledger, None, lambda: self.at)
        self.spill = Spill(self.store, instance, lambda: self.at)

    async def hits(self, what, **fields):
        """Take a hit for each letter: see `one`. Give the events."""
        return [await self.one(letter, **fields) for letter in what]

    async def one(self, letter, **fields):
        self.ledger.received += 1
        received_at = f"{datetime.fromtimestamp(self.at, UTC):%Y-%m-%dT%H:%M:%S}.000Z"
        event = an_event(received_at=received_at, id=f"{self.ledger.boot}-{self.ledger.next_seq}")
        event = msgspec.structs.replace(event, **fields)
        self.ledger.number(event)
        match letter:
            case ".":  # sent and captured
                await self.sink.send([event])
                self.ledger.delivery("sent")
            case "s":  # spilled
                await self.spill.spill([encode(event)], "throttled")
                self.ledger.delivery("spilled")
            case "b":  # spilled, though it was captured
                await self.sink.send([event])
                await self.spill.spill([encode(event)], "lost")
                self.ledger.delivery("spilled")
            case "f":
                self.ledger.delivery("failed:storage", event.seq)
            case "F":  # failed as far as we know, and captured
                await self.sink.send([event])
                self.ledger.delivery("failed:storage", event.seq)
            case "?":  # in flight
                pass
            case "x":  # accepted, and nowhere
                self.ledger.delivery("sent")
        return event

    async def row(self):
        self.at += 60
        await self.writer.write()


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)


@pytest.fixture
def told(house, capsys, monkeypatch):
    """Let something happen in the house, then reconcile; give the exit code and what was printed."""
    monkeypatch.delenv("PIXEL_STORE", raising=False)

    def told(happen, *arguments):
        asyncio.run(happen(house))
        code = reconcile.run(["--capture", str(house.folder), "--store", house.where, *arguments])
        return code, capsys.readouterr().out

    return told


def figures(said):
    """The printed lines, by their names."""
    found = {}
    for line in said.splitlines():
        name, _, rest = line.strip().partition("  ")
        if rest and rest.split()[0].replace(",", "").isdigit():
            found[name] = int(rest.split()[0].replace(",", ""))
    return found


@pytest.mark.parametrize(
    ("what", "code", "expected"),
    [
        ("....", 0, {"received": 4, "accepted": 4, "captured": 4, "missing": 0}),
        ("..ss", 0, {"accepted": 4, "captured": 2, "in the spill": 2, "missing": 0}),
        (".bs", 0, {"accepted": 3, "captured": 2, "in the spill": 1, "captured, in spill": 1, "missing": 0}),
        (".ff.", 0, {"accepted": 2, "failed": 2, "captured": 2, "missing": 0}),
        (".Ff.", 0, {"accepted": 2, "failed": 2, "captured": 3, "failed, but stored": 1, "missing": 0}),
        (".?..", 0, {"accepted": 3, "captured": 3, "undecided": 1, "missing": 0}),
        (".xx.", 1, {"accepted": 4, "captured": 2, "missing": 2}),
        ("xFx.", 1, {"accepted": 3, "captured": 2, "failed, but stored": 1, "missing": 2}),
        ("x?..", 1, {"accepted": 3, "captured": 2, "undecided": 1, "missing": 1}),
        ("....x", 1, {"accepted": 5, "captured": 4, "missing": 1}),
    ],
)
def test_what_becomes_of_hits_is_told_and_only_a_lost_one_is_missing(told, what, code, expected):
    async def happen(house):
        await house.hits(what)
        await house.row()

    ended, said = told(happen)
    got = figures(said)
    assert (ended, {name: got.get(name) for name in expected}) == (code, expected), said
    assert ("Nothing is missing" in said) == (code == 0)


def test_the_missing_are_named_by_minute_process_and_number(told):
    async def happen(house):
        await house.hits("....")
        await house.row()
        await house.hits(".xx.x")
        await house.row()

    code, said = told(happen)
    assert code == 1
    assert "3 of 9 accepted events are missing. Not stored:" in said
    assert "  2026-11-21T08:01Z  instance web1, boot boot-1: numbers 5 to 6\n" in said
    assert "  2026-11-21T08:01Z  instance web1, boot boot-1: number 8\n" in said


def test_a_killed_process_leaves_more_stored_than_counted(told):
    async def happen(house):
        await house.hits("...")
        await house.row()
        await house.hits("..?..s")  # killed before its next row
        house.start()
        await house.hits("..")  # killed before its first
        house.start()
        await house.hits(".")
        await house.row()

    code, said = told(happen)
    got = figures(said)
    assert (code, got["accepted"], got["captured"], got["missing"]) == (0, 4, 4, 0)
    assert (got["in no row"], got["gaps among them"]) == (7, 1)
    assert "3 processes" in said


def test_a_row_that_was_lost_hides_no_lost_event(told):
    async def happen(house):
        for what in ("..", ".x", ".."):
            await house.hits(what)
            await house.row()
        name = "ledger/2026-11-21/web1.ndjson"
        first, _, third = (await house.store.read(name)).splitlines(keepends=True)
        await house.store.write(name, first + b'{"schema":1,"ins' + third)

    code, said = told(happen)
    assert (code, figures(said)["missing"]) == (1, 1)


def test_a_replayed_event_is_captured_with_its_number_and_one_that_came_twice_is_told(told):
    async def happen(house):
        one, two, _ = await house.hits("ss.")
        await house.row()
        await house.sink.send([one, two, two])
        for entry in await house.store.names("spill/"):
            await house.store.delete(entry.name)

    code, said = told(happen)
    got = figures(said)
    assert (code, got["captured"], got["in the spill"], got["captured twice"]) == (0, 3, 0, 1)
    assert "2 of them spilled and replayed" in said


def test_what_a_replay_set_aside_is_kept(told):
    async def happen(house):
        (event,) = await house.hits("s")
        await house.row()
        for entry in await house.store.names("spill/"):
            await house.store.delete(entry.name)
        aside = {"file": "f", "line": 1, "reason": "too_large", "body": encode(event).decode()}
        await house.store.write("poison/2026-11-21/08/f.1.ndjson", msgspec.json.encode(aside) + b"\n{}\nno JSON\n")

    code, said = told(happen)
    assert (code, figures(said)["in the spill"]) == (0, 1)


def test_packed_bodies_are_taken_apart(told):
    async def happen(house):
        events = await house.hits("xxx")
        await house.row()
        sync = bytes(16)
        body = b"\n".join(map(encode, events))
        path = capture.file_path(house.folder, "ns", "hub", 7, house.at)
        path.parent.mkdir(parents=True)
        path.write_bytes(capture.header(sync) + capture.block([body, b"{}", b"no JSON"], 0, house.at, sync))

    code, said = told(happen)
    got = figures(said)
    assert (code, got["captured"], got["not of the pixel"]) == (0, 3, 2)


def test_an_id_that_a_sender_used_before_is_counted_as_such(told):
    async def happen(house):
        await house.hits("...", id="order-1")
        await house.row()

    code, said = told(happen)
    got = figures(said)
    assert (code, got["ids used again"], got.get("captured twice")) == (0, 2, None)


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        ([], 1, {"accepted": 8, "captured": 7, "missing": 1, "in no row": 1}),
        (["--from", "2026-11-21T08:01"], 0, {"accepted": 5, "captured": 5, "missing": 0, "in no row": 1}),
        (["--to", "2026-11-21T08:01"], 1, {"accepted": 3, "captured": 2, "missing": 1}),
        (["--from", "2026-11-21T08:01", "--to", "2026-11-21T08:02"], 0, {"accepted": 2, "captured": 2, "missing": 0}),
        (["--from", "2026-11-21T09:02+01:00", "--to", "2026-11-21T09:03+01:00"], 0, {"accepted": 3, "captured": 3}),
        (["--from", "2026-11-21T08:03"], 2, {"accepted": 0, "captured": 0, "in no row": 1}),
        (["--from", "2026-11-21T08:05"], 2, {}),
        (["--from", "2026-11-22"], 2, {}),
    ],
)
def test_a_period_takes_its_rows_and_their_numbers(told, arguments, code, expected):
    async def happen(house):
        for what in (".x.?", "..f", "..."):
            await house.hits(what)
            await house.row()
        await house.hits(".")

    ended, said = told(happen, *arguments)
    got = figures(said)
    assert (ended, {name: got.get(name) for name in expected}) == (code, expected), said


def test_an_event_that_failed_a_minute_later_is_not_missing(told):
    async def happen(house):
        await house.hits(".?.")
        await house.row()
        house.ledger.delivery("failed:storage", 1)
        await house.hits(".")
        await house.row()

    code, said = told(happen, "--to", "2026-11-21T08:01")
    assert (code, figures(said).get("undecided")) == (0, None)


def test_of_a_period_only_its_files_are_read_unless_something_was_spilled(told):
    async def happen(house):
        for what in ("..", ".."):
            await house.hits(what)
            await house.row()
            house.at += 3600

    _, said = told(happen, "--to", "2026-11-21T08:30")
    assert "Capture: 1 file." in said
    _, said = told(lambda house: house.hits(""))
    assert "Capture: 2 files." in said


@pytest.mark.parametrize("kind", KINDS)
def test_it_reads_the_ledger_of_a_folder_and_of_blob(kind, tmp_path, request, capsys, monkeypatch):
    container = a_container()
    store = request.getfixturevalue("azurite").connection_string() if kind == "blob" else str(tmp_path / "store")
    monkeypatch.setenv("PIXEL_STORE", store)
    monkeypatch.setenv("PIXEL_STORE_CONTAINER", container)

    async def happen():
        house = House(tmp_path, store, container)
        try:
            await house.hits("..s.f")
            await house.row()
            assert house.writer.problem is None
        finally:
            await house.store.close()
        return house.folder

    folder = asyncio.run(happen())
    assert reconcile.run(["--capture", str(folder)]) == 0
    assert "each of 4 accepted events is stored" in capsys.readouterr().out


@pytest.fixture
def in_blob(house, azurite, monkeypatch):
    """Move what the house has captured to a container, which the environment then names."""
    container = a_container()
    monkeypatch.setenv("PIXEL_CAPTURE_STORE", azurite.connection_string())
    monkeypatch.setenv("PIXEL_CAPTURE_STORE_CONTAINER", container)

    def move():
        paths = list(house.folder.rglob("*.avro"))

        async def upload(store):
            for path in paths:
                await store.write(path.relative_to(house.folder).as_posix(), path.read_bytes())
                path.unlink()
            return await store.names()

        return with_store(azurite.connection_string(), upload, container)

    return move


def test_capture_may_be_a_container_that_the_environment_names(house, in_blob, capsys, monkeypatch):
    monkeypatch.setattr(captured, "_PIECE", 1000)
    monkeypatch.setattr(store_blob, "_PAGE", 1)

    async def happen():
        for what in ("..x.", "....", "...."):
            await house.hits(what)
            await house.row()
            house.at += 3600
            await house.writer.write()  # of nothing: the next row begins here

    asyncio.run(happen())
    assert len(in_blob()) == 3
    assert reconcile.run(["--store", house.where]) == 1
    said = capsys.readouterr().out
    assert "Capture: 3 files." in said
    assert (figures(said)["captured"], figures(said)["missing"]) == (11, 1)
    assert reconcile.run(["--store", house.where, "--from", "2026-11-21T10:00"]) == 0
    assert "Capture: 1 file." in capsys.readouterr().out


def test_a_container_without_capture_files_is_told(house, in_blob, capsys):
    async def happen():
        await house.hits("x")
        await house.row()

    asyncio.run(happen())
    assert in_blob() == []
    assert reconcile.run(["--store", house.where]) == 1
    said = capsys.readouterr()
    assert "1 of 1 accepted event is missing" in said.out
    assert "There is no capture file (.avro) in the container pixel-" in said.out
    assert said.out.endswith("before you believe that events are lost, check --capture.\n")


def test_progress_tells_bytes_and_ends_at_the_whole(house, in_blob):
    asyncio.run(house.hits("." * 20))
    (entry,) = in_blob()
    seen = []
    with captured.captured("") as files:
        find.read_capture(files, Period(), Result(), lambda *each: seen.append(each))
    assert seen == [(entry.size, entry.size)]


def test_a_file_that_vanishes_is_told_and_the_others_are_read(house, capsys, monkeypatch):
    async def happen():
        await house.hits("..")
        house.at += 3600
        await house.hits("..")
        await house.row()

    asyncio.run(happen())
    first = min(house.folder.rglob("*.avro"))
    sizes = captured._Folder.sizes

    def sizes_then_gone(self):
        found = sizes(self)
        first.unlink()
        return found

    monkeypatch.setattr(captured._Folder, "sizes", sizes_then_gone)
    assert reconcile.run(["--capture", str(house.folder), "--store", house.where]) == 1
    said = capsys.readouterr()
    assert figures(said.out)["missing"] == 2
    assert f"{first}: " in said.err
    assert "No such file" in said.err


def test_a_damaged_file_is_told(house, capsys):
    (house.folder / "x.avro").write_bytes(b"PAR1")
    Path(house.where).mkdir()
    asyncio.run(house.hits("."))
    assert reconcile.run(["--capture", str(house.folder), "--store", house.where]) == 2
    said = capsys.readouterr().err
    assert "it is no Avro file" in said
    assert "nothing was compared: is that the store of the pixel" in said


def test_where_no_event_is_found_the_folder_is_doubted_first(house, capsys):
    async def happen():
        await house.hits("x")
        await house.row()

    asyncio.run(happen())
    (house.folder / "x.avro").write_bytes(b"PAR1")
    assert reconcile.run(["--capture", str(house.folder), "--store", house.where]) == 1
    assert f"There is no event of this pixel in {house.folder}: before you believe" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--capture", "nowhere", "--store", "x"], "nowhere does not exist"),
        (["--capture", "."], "No store is named"),
        (["--capture", ".", "--store", "https://x"], "PIXEL_STORE must name one container"),
        (["--capture", ".", "--store", "x", "--from", "2026-11-22", "--to", "2026-11-21"], "ends before it begins"),
        (["--capture", ".", "--store", "x"], "x is no folder."),
        (["--capture", ".", "--store", ".", "--from", "2031-01-01"], "nothing to compare"),
        (["--store", "x"], "data/capture does not exist"),
        (["--capture", "AccountName=a;AccountKey=c2VjcmV0"], "put it in PIXEL_CAPTURE_STORE"),
        (["--capture", ".", "--store", "AccountName=a;AccountKey=c2VjcmV0"], "put it in PIXEL_STORE"),
        (["--capture", "https://a.example/b?sig=c2VjcmV0", "--store", "x"], "PIXEL_CAPTURE_STORE: a container URL"),
    ],
)
def test_what_cannot_be_compared_is_told(arguments, said, capsys, monkeypatch, tmp_path):
    for name in ("PIXEL_STORE", "PIXEL_CAPTURE_STORE", "PIXEL_CAPTURE_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    assert reconcile.run(arguments) == 2
    told = capsys.readouterr().err
    assert said in told
    assert "c2VjcmV0" not in told


def test_many_runs_of_missing_numbers_are_not_all_printed(told):
    async def happen(house):
        await house.hits("x." * (reconcile.SHOWN + 5))
        await house.row()

    _, said = told(happen)
    assert said.count("number ") == reconcile.SHOWN
    assert said.endswith("\n  and more\n")


def test_the_last_minutes_may_still_be_on_their_way(told):
    async def happen(house):
        await house.hits("x")
        await house.row()

    assert "Some are of the last 15 minutes" not in told(happen)[1]

    async def happen_now(house):
        house.at = time.time()
        house.start()
        await house.hits("x")
        await house.row()

    assert "Some are of the last 15 minutes" in told(happen_now)[1]


def test_the_guide_says_what_each_figure_means(told):
    async def happen(house):
        events = await house.hits("..ffFsb?x")
        await house.row()
        await house.hits(".?", id=events[0].id)
        await house.hits(".")
        await house.sink.send([events[0]])
        path = capture.file_path(house.folder, "ns", "hub", 7, house.at)
        path.parent.mkdir(parents=True)
        path.write_bytes(capture.header(bytes(16)) + capture.block([b"{}"], 0, house.at, bytes(16)))

    _, said = told(happen)
    assert len(figures(said)) == 15
    guide = (ROOT / "docs/ledger.md").read_text("utf-8")
    assert [name for name in figures(said) if f"| `{name}` |" not in guide] == []


def test_a_wrong_time_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        reconcile.run(["--from", "yesterday"])
    assert ended.value.code == 2
    assert "yesterday is no time such as 2026-11-21T08:00" in capsys.readouterr().err

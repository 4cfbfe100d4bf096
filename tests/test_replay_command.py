"""`python -m pixel replay`, as people type it."""

import asyncio

import pytest

from pixel.commands import replay as command
from pixel.deliver.spill import Spill
from pixel.event import encode
from tests.events import an_event
from tests.front_door import captured
from tests.stores import a_container, with_store

LONG_AGO = 1_700_000_000.0
KEY = "AccountName=a;AccountKey=c2VjcmV0"


def pixel(capsys, *arguments):
    try:
        code = command.run(list(map(str, arguments)))
    except SystemExit as refused:
        code = refused.code
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in ("PIXEL_STORE", "PIXEL_CAPTURE_STORE", "PIXEL_CAPTURE_DIR", "EVENT_HUB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "120")


def fill(text, container="pixel", at=LONG_AGO):
    async def use(store):
        for number in range(2):
            spill = Spill(store, "web1", lambda: at + 60 * number)  # noqa: B023
            await spill.spill([encode(an_event(id=f"{number}{each}")) for each in "abc"], "throttled")
        await Spill(store, "web1", lambda: at).spill([b"nonsense"], "throttled")

    with_store(text, use, container)


@pytest.fixture(params=["folder", "blob"])
def spilled(request, tmp_path, monkeypatch):
    """A store with events in it, in the settings."""
    container = a_container()
    text = str(tmp_path / "store")
    if request.param == "blob":
        text = request.getfixturevalue("azurite").connection_string()
    monkeypatch.setenv("PIXEL_STORE", text)
    monkeypatch.setenv("PIXEL_STORE_CONTAINER", container)
    fill(text, container)


def test_what_is_spilled_is_listed_then_sent_on_and_what_was_set_aside_is_told(spilled, tmp_path, capsys):
    code, said, _ = pixel(capsys, "--list")
    assert code == 0
    assert "6 events are spilled, in 3 files." in said
    assert "0 events, 1 poison, 9 bytes" in said
    code, said, _ = pixel(capsys, "--to-capture", tmp_path / "captured")
    assert code == 0
    assert said.splitlines()[1].split() == ["3", "6", "1", "0", "0", "0"]
    assert "poison/2023-11-14/22/web1-" in said
    assert sorted(event["id"] for event in captured(tmp_path / "captured")) == ["0a", "0b", "0c", "1a", "1b", "1c"]
    code, said, _ = pixel(capsys, "--list")
    assert (code, said) == (0, "0 events are spilled, in 0 files.\n1 files were set aside in poison/.\n")


def test_what_is_left_is_told_by_the_exit_code(tmp_path, capsys):
    fill(str(tmp_path / "store"), at=4_000_000_000.0)
    code, said, _ = pixel(capsys, "--store", tmp_path / "store", "--to-capture", tmp_path / "captured")
    assert code == 1
    assert "3 of the files left are younger than 120 s" in said


def test_what_another_replayer_has_is_told(tmp_path, capsys):
    fill(str(tmp_path / "store"))
    folder = tmp_path / "store/spill/2023-11-14/22"
    first = next(folder.iterdir())

    async def use(store):
        async with store.lease(f"replay/2023-11-14-22-{first.name}"):
            arguments = ("--store", tmp_path / "store", "--to-capture", tmp_path / "captured")
            return await asyncio.to_thread(pixel, capsys, *arguments)

    code, said, _ = with_store(str(tmp_path / "store"), use)
    assert code == 1
    assert said.splitlines()[1].split()[-2] == "1"
    assert "Another replayer has the others" in said


def test_captured_events_are_counted_sent_once_more_and_enriched_again(tmp_path, capsys):
    fill(str(tmp_path / "store"))
    first, second = tmp_path / "first", tmp_path / "second"
    pixel(capsys, "--store", tmp_path / "store", "--to-capture", first)
    code, said, _ = pixel(
        capsys, "--from-capture", first, "--dry-run", "--from", "2026-11-21", "--to", "2026-11-22T00:00"
    )
    assert (code, said.splitlines()[1].split()) == (0, ["1", "6", "0", "0", "0"])
    code, said, _ = pixel(capsys, "--from-capture", first, "--to-capture", second, "--re-enrich", "bot")
    assert (code, said.splitlines()[1].split()) == (0, ["1", "6", "6", "0", "0"])
    events = captured(second)
    assert all(event["enrichments"].keys() == {"bot"} for event in events)
    assert [event["id"] for event in events] == [event["id"] for event in captured(first)]
    (file,) = first.rglob("*.avro")
    code, said, _ = pixel(capsys, "--from-capture", file, "--dry-run", "--from", "2026-11-22")
    assert (code, said.splitlines()[1].split()) == (0, ["1", "0", "0", "0", "0"])


def test_captured_events_are_read_from_a_container_that_the_environment_names(azurite, tmp_path, capsys, monkeypatch):
    fill(str(tmp_path / "store"))
    pixel(capsys, "--store", tmp_path / "store", "--to-capture", tmp_path / "captured")
    (file,) = tmp_path.rglob("*.avro")
    text, container = azurite.connection_string(), a_container()
    with_store(text, lambda store: store.write("ns/hub/0/2026/11/21/08/04/05.avro", file.read_bytes()), container)
    monkeypatch.setenv("PIXEL_CAPTURE_STORE", text)
    monkeypatch.setenv("PIXEL_CAPTURE_STORE_CONTAINER", container)
    code, said, _ = pixel(capsys, "--from-capture", "--dry-run")
    assert (code, said.splitlines()[1].split()) == (0, ["1", "6", "0", "0", "0"])
    code, said, _ = pixel(capsys, "--from-capture", "--to-capture", tmp_path / "again")
    assert (code, said.splitlines()[1].split()) == (0, ["1", "6", "6", "0", "0"])
    assert len(captured(tmp_path / "again")) == 6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--list"], "No store is configured: set PIXEL_STORE."),
        (["--list", "--store", "nowhere"], "nowhere is no folder."),
        (["--store", KEY], "others can see what you type: put it in PIXEL_STORE."),
        (["--store", KEY, "--list"], "put it in PIXEL_STORE."),
        (["--store", "https://a.example/b?sig=c2VjcmV0"], "PIXEL_STORE: a container URL takes no signature"),
        (["--store", "{tmp}"], "There is no hub to send to"),
        (["--store", "{tmp}", "--to-capture", "/proc/x"], "/proc/x cannot be made"),
        (["--dry-run"], "go with --from-capture"),
        (["--list", "--from-capture", "{tmp}"], "--dry-run counts"),
        (["--from-capture", "nowhere"], "nowhere does not exist"),
        (["--from-capture", "{tmp}", "--to-capture", "{tmp}/x"], "name another folder"),
        (["--from-capture", "{tmp}/a.avro", "--to-capture", "{tmp}"], "name another folder"),
        (["--from-capture", KEY], "others can see what you type: put it in PIXEL_CAPTURE_STORE."),
        (["--from-capture", "https://a.example/b?sig=c2VjcmV0"], "PIXEL_CAPTURE_STORE: a container URL takes no"),
        (["--from-capture", "{tmp}", "--re-enrich", "gep", "--dry-run"], "Enricher gep does not run"),
        (["--from-capture", "{tmp}", "--from", "noon"], "noon is no time such as 2026-11-20"),
    ],
)
def test_what_cannot_be_done_is_told_without_a_secret(tmp_path, capsys, arguments, said):
    tmp_path.joinpath("a.avro").write_bytes(b"")
    code, out, err = pixel(capsys, *(each.replace("{tmp}", str(tmp_path)) for each in arguments))
    assert (code, out) == (2, "")
    assert said in err
    assert "c2VjcmV0" not in err

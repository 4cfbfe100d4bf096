import asyncio
import json
import socket
import types

import pytest

from pixel.app import Timer, build, replay_timer, run_timers
from pixel.commands import serve
from pixel.deliver.capture_file import CaptureFileSink
from pixel.deliver.sink import MemorySink, NoSink
from pixel.event import encode
from pixel.serve.asgi import asgi
from pixel.store import StoreError
from tests.events import an_event
from tests.serving import serving
from tests.stores import with_store


@pytest.mark.parametrize(
    ("environ", "sink"),
    [
        ({}, NoSink),
        ({"PIXEL_CAPTURE_DIR": "data/x"}, CaptureFileSink),
        ({"PIXEL_CAPTURE_DIR": "data/x", "WEBSITE_INSTANCE_ID": "a"}, NoSink),
        ({"PIXEL_CAPTURE_DIR": "data/x", "CONTAINER_NAME": "a", "WEBSITE_SITE_NAME": "b"}, NoSink),
        ({"PIXEL_CAPTURE_DIR": "data/x", "CONTAINER_NAME": "a"}, CaptureFileSink),
    ],
)
def test_the_sink_is_chosen_by_settings(environ, sink):
    assert type(build(environ).collector.sink) is sink


def test_each_boot_has_its_own_name():
    ledgers = [build({}).collector.ledger for _ in range(2)]
    assert ledgers[0].boot != ledgers[1].boot
    assert ledgers[0].instance == ledgers[1].instance != ""


def test_paths_and_names_of_endpoints_are_all_different():
    endpoints = build({"PIXEL_PATH": "/own.gif"}).endpoints
    assert (
        len({endpoint.path for endpoint in endpoints})
        == len({endpoint.name for endpoint in endpoints})
        == len(endpoints)
    )


@pytest.fixture
def reloading(tmp_path, monkeypatch):
    """A package with one enricher whose reload is noted."""
    tmp_path.joinpath("geo.py").write_text(
        "reloads = []\ndef enrich(event):\n    return {'reloads': len(reloads)}\ndef reload():\n    reloads.append(1)\n"
    )
    package = types.ModuleType("reloading")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(__import__("sys").modules, "reloading", package)
    return package


def test_an_enricher_that_reloads_has_a_timer(reloading):
    (timer,) = build({}, sink=MemorySink(), package=reloading).timers
    assert timer.name == "reload_geo"
    timer.run()
    assert __import__("sys").modules["reloading.geo"].reloads == [1]


def test_a_timer_that_fails_comes_again_and_holds_up_no_other():
    async def until_each_ran_twice():
        runs = {"good": 0, "bad": 0}
        enough = asyncio.Event()
        loop = asyncio.get_running_loop()

        def run(name):
            runs[name] += 1
            if min(runs.values()) >= 2:
                loop.call_soon_threadsafe(enough.set)
            if name == "bad":
                raise OSError

        timers = (Timer("good", 0.001, lambda: run("good")), Timer("bad", 0.001, lambda: run("bad")))
        task = asyncio.ensure_future(run_timers(timers))
        await asyncio.wait_for(enough.wait(), 10)
        task.cancel()

    asyncio.run(until_each_ran_twice())


def test_a_timer_may_be_a_coroutine_function_which_runs_in_the_event_loop():
    async def until_it_ran():
        ran = asyncio.get_running_loop().create_future()

        async def run():
            if not ran.done():
                ran.set_result(asyncio.get_running_loop())

        task = asyncio.ensure_future(run_timers((Timer("ledger", 0.001, run),)))
        assert await asyncio.wait_for(ran, 10) is asyncio.get_running_loop()
        task.cancel()

    asyncio.run(until_it_ran())


def test_the_timer_of_replay_sends_on_what_is_spilled(tmp_path, caplog):
    sent = []

    class Hub:
        async def deliver(self, bodies):
            sent.extend(bodies)

    async def use(store):
        event = encode(an_event())
        await store.append("spill/2023-11-14/22/web1-5d2c9e71-13.away.ndjson", event + b"\nnonsense\n")
        timer = replay_timer(store, Hub())
        assert 48 <= timer.every_s <= 72
        for _ in range(2):
            await timer.run()
        return [event]

    assert with_store(str(tmp_path), use) == sent
    assert [record.getMessage() for record in caplog.records] == [
        "replay: 1 events sent on, 1 files done, 0 left; 1 lines set aside in poison/, 0 torn lines dropped"
    ]


def test_a_store_that_cannot_be_listed_is_told_by_the_timer_of_replay(caplog):
    class Store:
        async def names(self, prefix):
            raise StoreError("The store did not answer.")

    asyncio.run(replay_timer(Store(), None).run())
    assert [record.getMessage() for record in caplog.records] == ["replay: The store did not answer."]


async def lifespan(app, between=lambda: None):
    """Start and stop the app as a server does; give what it said, with how many tasks there were."""
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent = []

    async def receive():
        if sent:
            between()
        return next(messages)

    async def send(message):
        sent.append((message["type"], len(asyncio.all_tasks())))

    await asgi(app)({"type": "lifespan"}, receive, send)
    return sent, len(asyncio.all_tasks())


def test_the_server_starts_the_timers_and_stops_them(reloading):
    (started, stopped), left = asyncio.run(lifespan(build({}, sink=MemorySink(), package=reloading)))
    assert started == ("lifespan.startup.complete", 2)
    assert stopped[0] == "lifespan.shutdown.complete"
    assert left == 1


def test_a_server_that_stops_writes_the_last_row_of_the_ledger(tmp_path):
    pixel = build({"PIXEL_STORE": str(tmp_path)}, sink=MemorySink())

    def count():
        pixel.collector.ledger.received += 1

    asyncio.run(lifespan(pixel, count))
    (path,) = tmp_path.glob("ledger/*/*.ndjson")
    (row,) = map(json.loads, path.read_text("utf-8").splitlines())
    assert (row["boot"], row["counts"]["received"]) == (pixel.collector.ledger.boot, 1)


def test_without_a_store_there_is_no_row_to_write():
    pixel = build({}, sink=MemorySink())
    assert (pixel.closing, [timer.name for timer in pixel.timers if timer.name == "ledger"]) == ((), [])


def test_bad_settings_stop_the_local_start_with_a_line_each(monkeypatch, capsys):
    monkeypatch.setenv("PIXEL_IP", "all")
    monkeypatch.setenv("PORT", "http")
    assert serve.run([]) == 2
    said = capsys.readouterr().err
    assert "PIXEL_IP must be one of cut, drop, full" in said
    assert "PORT must be" in said


def test_the_log_of_the_edge_is_the_business_of_the_functions_host(monkeypatch, capsys):
    said = refused(monkeypatch, capsys, EDGE_HUB="acme", EDGE_HUB_NAME="log/1", PIXEL_IP="all")
    assert [line for line in said.splitlines() if line.startswith("setting: ")] == [
        "setting: PIXEL_IP must be one of cut, drop, full; until then it is cut."
    ]


def refused(monkeypatch, capsys, **environ):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert serve.run([]) == 2
    return capsys.readouterr().err


def test_a_port_that_is_taken_is_told(monkeypatch, capsys, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(monkeypatch, capsys, PORT=port, PIXEL_CAPTURE_DIR=str(tmp_path))
    assert f"PORT {port} is not free" in said
    assert "PORT=8080 make run" in said


def test_a_folder_that_cannot_be_written_is_told(monkeypatch, capsys, tmp_path):
    tmp_path.joinpath("file").write_text("")
    assert "PIXEL_CAPTURE_DIR" in refused(monkeypatch, capsys, PIXEL_CAPTURE_DIR=str(tmp_path / "file"))


def test_a_store_that_cannot_be_written_stops_the_start(monkeypatch, capsys, tmp_path):
    tmp_path.joinpath("file").write_text("")
    said = refused(monkeypatch, capsys, PIXEL_CAPTURE_DIR=str(tmp_path), PIXEL_STORE=str(tmp_path / "file"))
    assert f"setting: PIXEL_STORE cannot be used: {tmp_path}/file is no folder that can be written to" in said


def test_a_store_that_lets_us_not_in_stops_the_start_without_its_key(monkeypatch, capsys, tmp_path, azurite):
    text = azurite.connection_string(key="c2VjcmV0")
    said = refused(monkeypatch, capsys, PIXEL_CAPTURE_DIR=str(tmp_path), PIXEL_STORE=text)
    assert "setting: PIXEL_STORE cannot be used: The Blob store lets us not in (403" in said
    assert "c2VjcmV0" not in said


def test_a_store_that_cannot_be_reached_is_told_and_stops_nothing(tmp_path):
    away = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=http://127.0.0.1:9/a"
    with serving(tmp_path, PIXEL_STORE=away) as pixel:
        assert pixel.get("/pix")[1]["x-pixel-outcome"] == "accepted"
        said = pixel.said()
    assert "PIXEL_STORE cannot be used now, and is tried again: The Blob store cannot be reached" in said
    assert "c2VjcmV0" not in said


def test_an_enricher_that_is_wanted_and_not_there_is_told(monkeypatch, capsys, tmp_path):
    said = refused(monkeypatch, capsys, PIXEL_CAPTURE_DIR=str(tmp_path), PIXEL_ENRICHERS="campain")
    assert "PIXEL_ENRICHERS names campain" in said


def test_what_is_wrong_with_an_enricher_is_said_at_the_start(tmp_path):
    with serving(tmp_path, GEO_DATABASES="/nope.mmdb", REFERRER_SITE="a", PIXEL_ENRICHERS="geo,referrer") as pixel:
        said = pixel.said()
    assert "GEO_DATABASES" in said
    assert "/nope.mmdb" in said
    assert "REFERRER_SITE is not a setting. Did you mean REFERRER_SITES?" in said
    assert "Enricher referrer knows less without campaign, which PIXEL_ENRICHERS leaves out." in said

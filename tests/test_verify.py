"""`python -m pixel verify`, against the pixel as it is served, and against small pixels that go wrong in one way each."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pixel import capture
from pixel.app import build
from pixel.commands import verify
from pixel.event import encode
from pixel.verify.events import compare
from pixel.verify.hits import hits
from pixel.verify.remote import Told
from pixel.verify.verdict import about_missing
from pixel.verify.watch import Seen
from tests.front_door import Answer, knock
from tests.serving import command, serving

SYNC = bytes(16)


@pytest.mark.parametrize(
    ("settings", "key", "notes"),
    [
        ({}, "", []),
        ({"PIXEL_PRIVACY_SIGNAL": "record", "PIXEL_IP": "drop"}, "", []),
        ({"PIXEL_PRIVACY_SIGNAL": "reject", "PIXEL_IP": "full"}, "", ["PIXEL_IP=full"]),
        ({"PIXEL_ALIASES": "utm_source=source"}, "", ["a mail opened: was not compared field by field"]),
        ({"PIXEL_STATUS_KEY": "k3y", "PIXEL_PRIVACY_SIGNAL": "record"}, "k3y", []),
        ({"PIXEL_STATUS_KEY": "k3y", "PIXEL_PRIVACY_SIGNAL": "record"}, "", ["PIXEL_PRIVACY_SIGNAL=record", "--key"]),
        ({"PIXEL_STATUS_KEY": "k3y", "PIXEL_PRIVACY_SIGNAL": "reject"}, "", ["PIXEL_PRIVACY_SIGNAL=reject"]),
        ({"PIXEL_CLIENT_IP": "functions", "PIXEL_ENRICHERS": "campaign"}, "", ["nothing stands before this pixel"]),
    ],
)
def test_a_pixel_that_does_as_it_is_set_is_well(tmp_path, settings, key, notes):
    with serving(tmp_path, PIXEL_PATH="img/spacer.gif", **settings) as served:
        url = f"{served.url}/img/spacer.gif"
        ran = command("verify", "--url", url, "--capture", str(tmp_path), PIXEL_STATUS_KEY=key)
    said = ran.stdout.decode()
    assert ran.returncode == 0, said
    assert "All is well. 26 hits answered." in said
    assert [note for note in notes if note not in said] == []
    assert ("note" in said) == bool(notes)
    assert "k3y" not in said


class Sink:
    """Stores what `change` makes of each event: a list of bodies."""

    problem = trouble = deliveries = None

    def __init__(self, folder, change):
        self._folder = folder
        self._change = change
        self._files = 0

    async def send(self, events):
        for event in events:
            path = capture.file_path(self._folder, "local", "pixel", 0, 1_795_248_269 + self._files)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(
                capture.header(SYNC) + capture.block(self._change(encode(event)), self._files, 1_795_248_269, SYNC)
            )
            self._files += 1
        return ["sent"] * len(events)


@contextmanager
def small_pixel(folder, *, change=lambda body: [body], answer=lambda answer, target: answer, **settings):
    """Serve a pixel whose sink or answers are changed; give its URL."""
    app = build({"PIXEL_CLIENT_IP": "direct", **settings}, sink=Sink(folder, change))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            given = answer(knock(app, self.path, self.headers.items(), self.command), self.path)
            self.send_response(given.status)
            for name, value in given.headers.items():
                if name != "content-length":
                    self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(given.body)

        do_HEAD = do_OPTIONS = do_GET  # noqa: N815 - names of http.server

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def changed(body, **fields):
    return [json.dumps(json.loads(body) | fields).encode()]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: [], ["21 accepted events are not in", "None is there"]),
        (
            lambda body: [] if b"newsletter" in body else [body],
            ["1 accepted event is not in", "a mail opened", "The others are there"],
        ),
        (
            lambda body: [body.replace(b"127.0.0.0/24", b"127.0.0.1")],
            ["plain: holds a full address, with PIXEL_IP=cut", "Privacy is at stake"],
        ),
        (
            lambda body: changed(body, customer_id="123") if b"anonymised" in body else [body],
            ["DNT: has customer_id '123' instead of (none)"],
        ),
        (lambda body: changed(body, boot=""), ["plain: has the number"]),
        (lambda body: changed(body, seq=7), ["has the number"]),
        (lambda body: changed(body, ip=None), ["plain: has no address"]),
        (lambda body: changed(body, ip="198.51.100.0/24"), ["PIXEL_CLIENT_IP does not fit"]),
        (lambda body: changed(body, enrichments={}), ["a bot: lacks what bot finds out"]),
        (lambda body: changed(body, enrich_errors={"geo": "ValueError"}), ["enrichers that failed"]),
        (lambda body: [body, *changed(body, product="other")], ["plain: is stored 2 times, and not alike"]),
    ],
    ids=lambda each: each[0] if isinstance(each, list) else "",
)
def test_a_pixel_that_stores_something_else_is_found_out(tmp_path, capsys, change, said):
    with small_pixel(tmp_path, change=change) as url:
        code = verify.run(["--url", url, "--capture", str(tmp_path), "--wait", "0"])
    told = capsys.readouterr().out
    assert code == 1
    assert [each for each in said if each not in told.replace("\n", " ")] == [], told
    assert "Not well." in told


def test_an_event_that_came_twice_is_told_and_no_fault(tmp_path, capsys):
    with small_pixel(tmp_path, change=lambda body: [body, body]) as url:
        assert verify.run(["--url", url, "--capture", str(tmp_path)]) == 0
    assert "plain: is stored 2 times" in capsys.readouterr().out


def test_packed_events_are_found(tmp_path, capsys):
    with small_pixel(tmp_path, change=lambda body: [b'{"id":"other"}\n' + body]) as url:
        assert verify.run(["--url", url, "--capture", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            lambda it, _: it._replace(headers=it.headers | {"cache-control": "max-age=60"}),
            "cache-control: max-age=60",
        ),
        (lambda it, _: it._replace(body=b"<html>"), "not the image"),
        (
            lambda it, _: it._replace(status=301, headers={"location": "https://a.example/"}),
            "look at https://a.example/",
        ),
        (lambda it, _: it._replace(status=404, headers={}), "without X-Pixel-Outcome"),
        (lambda it, _: it._replace(status=204 if it.status == 204 else 202), "has status 202"),
        (
            lambda it, _: it._replace(headers=it.headers | {"x-pixel-outcome": "failed:no_sink"}),
            "No sink is configured",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_an_answer_that_is_not_the_pixels_is_told(tmp_path, capsys, answer, said):
    with small_pixel(tmp_path, answer=answer) as url:
        assert verify.run(["--url", url, "--no-wait"]) == 1
    assert said in capsys.readouterr().out


def test_a_long_query_that_is_refused_before_the_pixel_is_told_and_no_fault(tmp_path, capsys):
    def answer(it, target):
        return Answer(414, {}, b"") if len(target) > 4096 else it

    with small_pixel(tmp_path, answer=answer) as url:
        assert verify.run(["--url", url, "--no-wait"]) == 0
    said = capsys.readouterr().out
    assert "8 KB query: is refused with 414 by what stands before the pixel" in said
    assert "(--no-wait)" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "http://127.0.0.1:9", "--no-wait"], "No pixel answers at http://127.0.0.1:9"),
        (["--url", "https://pixel.example.com"], "Say with --capture"),
        (["--capture", "no/such/folder"], "no/such/folder does not exist"),
        (["--capture", "AccountKey=c2VjcmV0;BlobEndpoint=http://a/"], "put it in PIXEL_CAPTURE_STORE"),
    ],
)
def test_what_cannot_be_checked_is_told(arguments, said):
    ran = command("verify", *arguments)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert said in ran.stderr.decode()
    assert b"c2VjcmV0" not in ran.stderr


def test_what_must_not_be_stored_is_found_out():
    fired = hits("verify-1", 1_795_248_269, "reject")
    refused = {hit.name for hit in fired if hit.event is None}
    assert refused == {"HEAD", "OPTIONS", "opted out", "too old", "in the future", "DNT", "GPC", "consent denied"}
    found = {hit.id: [Seen({"id": hit.id}, b"{}")] for hit in fired if hit.event is None}
    told = [each for each in compare(fired, found, Told()) if each.wrong]
    assert {each.hit for each in told} == refused
    assert {each.what for each in told} == {"is stored, and must not be"}


@pytest.mark.parametrize(
    ("stored", "told", "spilled", "look"),
    [
        (0, Told(open=True, sink="EventHubSink"), 0, "Incoming Messages"),
        (9, Told(open=True, sink="EventHubSink"), 0, "--wait"),
        (9, Told(open=True, sink="EventHubSink"), 3, "replay"),
        (0, Told(open=True, sink="CaptureFileSink"), 0, "PIXEL_CAPTURE_DIR"),
    ],
)
def test_where_to_look_for_a_missing_event(stored, told, spilled, look):
    missing = hits("verify-1", 1_795_248_269, "anonymise")[-2:]
    [finding] = about_missing(missing, stored, told, spilled, "the container capture", 360, False)
    assert look in finding.look
    assert finding.what.startswith("2 accepted events are not in the container capture after 360 s: a login")

import asyncio
import json
import sys
import types

import pytest

from pixel.app import build
from pixel.collect.response import GIF
from pixel.deliver.sink import MemorySink
from pixel.endpoints.status import status
from pixel.event import json_schema
from tests.front_door import ROOT, knock


def app(**settings):
    return build(settings, sink=MemorySink())


def test_the_image_is_a_transparent_gif_of_one_pixel():
    assert len(GIF) == 43
    assert GIF[:10] == b"GIF89a\x01\x00\x01\x00"
    assert GIF[-1:] == b";"


def test_a_hit_is_answered_with_the_image_and_may_not_be_cached():
    answer = knock(app(), "/pix?customerId=123")
    assert (answer.status, answer.body) == (200, GIF)
    assert answer.headers == {
        "content-type": "image/gif",
        "content-length": "43",
        "cache-control": "no-store",
        "cross-origin-resource-policy": "cross-origin",
        "x-pixel-outcome": "accepted",
    }


def test_a_script_may_read_the_outcome():
    answer = knock(app(), "/pix", [("Origin", "https://shop.example")])
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-expose-headers"] == "X-Pixel-Outcome"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("OPTIONS", 204)])
def test_head_and_options_carry_no_event(method, status):
    pixel = app()
    answer = knock(pixel, "/pix?customerId=1", method=method)
    assert answer.status == status
    assert "x-pixel-outcome" not in answer.headers
    assert pixel.collector.ledger.received == 0
    assert pixel.collector.sink.events == []


@pytest.mark.parametrize("path", ["/pix", "/pix.gif", "/PIX", "/pix/", "/My/own.png", "/my/OWN.png/"])
def test_the_pixel_answers_at(path):
    assert knock(app(PIXEL_PATH="My/own.png"), path).headers["x-pixel-outcome"] == "accepted"


def test_other_methods_and_paths_are_told():
    answer = knock(app(), "/pix", method="DELETE")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert knock(app(), "/pixel").status == 404


def test_without_a_sink_health_is_red_and_every_hit_fails():
    bare = build({})
    answer = knock(bare, "/health")
    assert (answer.status, json.loads(answer.body)["healthy"]) == (503, False)
    hit = knock(bare, "/pix")
    assert (hit.status, hit.headers["x-pixel-outcome"], hit.body) == (503, "failed:no_sink", GIF)
    assert knock(bare, "/status").status == 503
    assert knock(app(), "/health").status == 200


def test_health_turns_red_when_a_write_fails_and_green_again(tmp_path):
    (tmp_path / "capture").write_text("a file, no folder")
    pixel = build({"PIXEL_CAPTURE_DIR": str(tmp_path / "capture")})
    assert knock(pixel, "/health").status == 200
    assert knock(pixel, "/pix").headers["x-pixel-outcome"] == "failed:storage"
    assert (knock(pixel, "/health").status, knock(pixel, "/status").status) == (503, 503)
    (tmp_path / "capture").unlink()
    assert knock(pixel, "/pix").headers["x-pixel-outcome"] == "accepted"
    assert knock(pixel, "/health").status == 200


def test_status_tells_what_runs_and_the_counts():
    pixel = app()
    knock(pixel, "/pix")
    knock(pixel, "/pix", [("Cookie", "pixel_optout=1")])
    told = json.loads(knock(pixel, "/status").body)
    assert told["problems"] == []
    assert "campaign" in told["enrichers"]["running"]
    assert (told["ledger"]["received"], told["ledger"]["accepted"], told["ledger"]["rejected"]) == (
        2,
        1,
        {"opted_out": 1},
    )


def test_status_sums_the_rows_of_today_beside_this_process(tmp_path):
    pixel = app(PIXEL_STORE=str(tmp_path))
    knock(pixel, "/pix")
    told = json.loads(knock(pixel, "/status").body)
    assert (told["ledger"]["received"], told["today"]["received"]) == (1, 0)
    asyncio.run(pixel.closing[0]())
    again = app(PIXEL_STORE=str(tmp_path))
    told = json.loads(knock(again, "/status").body)
    assert (told["ledger"]["received"], told["today"]["received"], told["today"]["boots"]) == (0, 1, 1)
    assert "today" not in json.loads(knock(app(), "/status").body)


def test_status_tells_what_waits_in_the_spill(tmp_path):
    folder = tmp_path / "spill/2026-11-21/08"
    folder.mkdir(parents=True)
    folder.joinpath("web1-5d2c9e71-04.away.ndjson").write_bytes(b"{}\n")
    spill = json.loads(knock(app(PIXEL_STORE=str(tmp_path)), "/status").body)["spill"]
    assert (spill["files"], spill["bytes"], spill["oldest"]) == (1, 3, "2026-11-21T08:04:00Z")
    assert "spill" not in json.loads(knock(app(), "/status").body)
    guide = (ROOT / "docs/ledger.md").read_text("utf-8")
    assert [name for name in spill if f"| `{name}` |" not in guide] == []


def test_status_and_home_are_red_when_the_ledger_cannot_be_written(tmp_path):
    (tmp_path / "store").write_text("a file, no folder")
    pixel = app(PIXEL_STORE=str(tmp_path / "store"))
    knock(pixel, "/pix")
    asyncio.run(pixel.closing[0]())
    answer = knock(pixel, "/status")
    assert (answer.status, knock(pixel, "/health").status) == (503, 200)
    assert "The ledger could not be written" in json.loads(answer.body)["problems"][0]
    assert b"The ledger could not be written" in knock(pixel, "/").body


def test_status_is_red_before_the_first_hit_when_the_store_cannot_be_written(tmp_path):
    (tmp_path / "store").write_text("a file, no folder")
    pixel = app(PIXEL_STORE=str(tmp_path / "store"))
    (timer,) = (timer for timer in pixel.timers if timer.name == "ledger")
    asyncio.run(timer.run())
    answer = knock(pixel, "/status")
    assert (answer.status, knock(pixel, "/pix").headers["x-pixel-outcome"]) == (503, "accepted")
    assert "PIXEL_STORE cannot be used: " in json.loads(answer.body)["problems"][0]


def test_status_tells_which_enrichers_fail_and_which_know_less():
    pixel = app(PIXEL_ENRICHERS="campaign,referrer,bot")
    told = json.loads(knock(pixel, "/status").body)
    assert (told["problems"], told["enrichers"]["failures"]) == ([], {})
    assert told["enrichers"]["notes"] == ["Enricher bot knows less without device, which PIXEL_ENRICHERS leaves out."]
    pixel.collector.enrichers[0].failures.note(KeyError("jane"))
    answer = knock(pixel, "/status")
    told = json.loads(answer.body)
    assert answer.status == 503
    assert told["enrichers"]["failures"] == {pixel.collector.enrichers[0].name: 1}
    assert "failed within the last minute (KeyError)" in told["problems"][0]
    assert "jane" not in str(told)


def test_status_tells_bad_settings_and_missing_enrichers():
    answer = knock(app(PIXEL_IP="all", PIXEL_ENRICHERS="campaign,goe"), "/status")
    assert answer.status == 503
    assert ["PIXEL_IP" in problem or "goe" in problem for problem in json.loads(answer.body)["problems"]] == [
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("target", "headers", "status"),
    [
        ("/status", [], 401),
        ("/status?key=wrong", [], 401),
        ("/status?key=s3cret", [], 200),
        ("/status?key=s3cret&key=s3cret", [], 401),
        ("/status", [("X-Pixel-Key", "s3cret")], 200),
        ("/status", [("X-Pixel-Key", "s3cre\xe9")], 401),
    ],
)
def test_status_may_need_a_key(target, headers, status):
    answer = knock(app(PIXEL_STATUS_KEY="s3cret"), target, headers)
    assert answer.status == status
    assert b"s3cret" not in answer.body


def test_status_says_where_the_store_is_and_never_its_key():
    for text, shown in (
        ("data/store", "data/store"),
        ("https://a.blob.core.windows.net/pixel", "https://a.blob.core.windows.net/pixel"),
        ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0", "(set)"),
        ("AccountName;AccountKey=c2VjcmV0", ""),
        ("https://a.blob.core.windows.net/pixel?sig=c2VjcmV0", ""),
    ):
        pixel = app(PIXEL_STORE=text)
        told = status(pixel.collector, pixel.enrichers)
        assert told["settings"]["PIXEL_STORE"] == shown
        assert "c2VjcmV0" not in str(told)


def test_an_enricher_that_cannot_tell_how_it_is_costs_no_page(tmp_path, monkeypatch):
    tmp_path.joinpath("ill.py").write_text(
        "def status():\n    raise OSError('secret')\ndef enrich(event):\n    pass\n"
    )
    package = types.ModuleType("ill_package")
    package.__path__ = [str(tmp_path)]
    monkeypatch.setitem(sys.modules, "ill_package", package)
    pixel = build({}, sink=MemorySink(), package=package)
    answer = knock(pixel, "/status")
    assert (answer.status, b"The status() of enricher ill failed: OSError." in answer.body) == (503, True)
    assert b"secret" not in answer.body
    assert knock(pixel, "/").status == 200


def test_home_shows_the_tag_and_the_figures():
    pixel = app()
    knock(pixel, "/pix")
    page = knock(pixel, "/", [("Host", "pixel.shop.example")]).body.decode()
    assert "https://pixel.shop.example/pix?customerId=123" in page
    assert "<dd>1</dd>" in page


def test_home_hides_the_figures_without_the_key():
    pixel = app(PIXEL_STATUS_KEY="s3cret", PIXEL_IP="wrong")
    page = knock(pixel, "/").body.decode()
    assert "need a key" in page
    assert "PIXEL_IP" not in page


def test_a_forged_host_cannot_write_into_the_page():
    answer = knock(app(), "/", [("Host", '"><script>alert(1)</script>')])
    assert b"<script>alert" not in answer.body
    assert "script-src 'none'" in answer.headers["content-security-policy"]


def test_whoami_tells_address_preset_and_headers():
    told = json.loads(knock(app(), "/whoami", [("X-Forwarded-For", "6.6.6.6, 203.0.113.7:1")]).body)
    assert told["address"] == "203.0.113.7"
    assert told["stored_as"] == "203.0.113.0/24"
    assert told["preset"] == "functions"
    assert told["headers"] == {"x-forwarded-for": "6.6.6.6, 203.0.113.7:1"}


def test_whoami_never_shows_the_front_door_id():
    pixel = app(PIXEL_CLIENT_IP="front_door", PIXEL_FRONT_DOOR_ID="our-id")
    answer = knock(pixel, "/whoami", [("X-Azure-FDID", "our-id"), ("X-Azure-SocketIP", "203.0.113.7")])
    assert json.loads(answer.body)["front_door_id_fits"] is True
    assert b"our-id" not in answer.body


def test_the_schema_is_published():
    answer = knock(app(), "/event.schema.json")
    assert json.loads(answer.body) == json_schema()
    assert answer.headers["content-type"] == "application/schema+json"


@pytest.mark.parametrize("path", ["/", "/status", "/health", "/whoami"])
def test_pages_carry_no_event_and_are_not_cached(path):
    pixel = app()
    answer = knock(pixel, path)
    assert answer.headers["cache-control"] == "no-store"
    assert pixel.collector.ledger.received == 0

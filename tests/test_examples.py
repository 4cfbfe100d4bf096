"""Everything in examples/ that is not a page does what it says, run as a user would. The pages: test_browser.py."""

import json
import shutil
import subprocess
import sys

import pytest

from pixel.commands.hit import SAMPLES, read_samples
from tests.front_door import clean_environment
from tests.serving import ROOT, command, serving

EXAMPLES = ROOT / "examples"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    aliases = "userid=customerId,thirdpartyname=source"
    with serving(tmp_path_factory.mktemp("examples"), PIXEL_ALIASES=aliases) as served:
        yield served


def test_the_curl_line_sends_a_call(served):
    if shutil.which("curl") is None:
        pytest.skip("there is no curl (on Debian: apt install curl)")
    environ = clean_environment(PORT=str(served.port))
    done = subprocess.run(["sh", EXAMPLES / "curl.sh"], env=environ, capture_output=True, check=True, timeout=30)
    assert b"x-pixel-outcome: accepted\r\n" in done.stdout.lower()
    assert done.stderr == b""
    call = served.event(activity="call_answered")
    assert call["customer_id"] == "123"
    assert call["params"] == {"agent": "Zoë & Co.", "seconds": "84"}


def test_the_legacy_sender_is_understood_by_its_old_names(served):
    done = subprocess.run(
        [sys.executable, "-W", "error", EXAMPLES / "legacy_sender.py", f"{served.url}/pix"],
        env=clean_environment(),
        capture_output=True,
        check=True,
        timeout=30,
        text=True,
    )
    assert done.stdout == "4711 ad_shown: 200 accepted\n4712 ad_clicked: 200 accepted\n"
    shown, clicked = served.event(customer_id="4711"), served.event(customer_id="4712")
    # `source` in a query is a claim, so it stays a parameter; who really sent it, only a key can tell.
    assert shown["params"] == {"source": "adpartner", "customername": "Blumen M\ufffdller", "count": "3"}
    assert clicked["params"] == {"source": "adpartner", "customername": "Caf\ufffd Central", "count": "1"}
    assert (shown["activity"], clicked["activity"]) == ("ad_shown", "ad_clicked")
    assert shown["trust"] == clicked["trust"] == "anonymous"
    assert shown["flags"] == clicked["flags"] == ["invalid_utf8"]
    assert "source" not in shown
    assert shown["user_agent"].startswith("Python-urllib/")


SHOP = "https://shop.example.com"
HITS = {
    "purchase": {
        "activity": "purchase",
        "customer_id": "123",
        "product": "ac12",
        "params": {"price": "14.50", "currency": "EUR"},
        "page_url": f"{SHOP}/basket",
        "source": "shop.example.com",
        "language": "de-CH,de;q=0.9,en;q=0.8",
    },
    "page-view": {"activity": "page_view", "page_url": f"{SHOP}/coffee/ac12?colour=red", "params": None},
    "mail-open": {
        "activity": "open",
        "recipient": "r-20417",
        "campaign": {"source": "newsletter", "medium": "email", "name": "harvest 2026"},
    },
    "ad-click": {
        "page_url": f"{SHOP}/ac12?utm_source=google&utm_medium=cpc&utm_campaign=autumn&gclid=EAIaIQobChMI",
        "referrer": "https://www.google.com/",
        "campaign": {
            "source": "google",
            "medium": "cpc",
            "name": "autumn",
            "click_ids": {"gclid": "EAIaIQobChMI"},
            "networks": ["Google Ads"],
        },
    },
    "do-not-track": {
        "activity": "purchase",
        "product": "ac12",
        "page_url": f"{SHOP}/basket",
        "flags": ["dnt", "anonymised"],
        "customer_id": None,
        "user_agent": None,
        "ip": None,
    },
    "prefetch": {"flags": ["prefetch"], "product": "ac12"},
    "broken-escapes": {
        "customer_id": "123",
        "params": {"a": "%b", "name": "M\ufffdller", "discount": "100%"},
        "flags": ["invalid_utf8"],
    },
    "escaped-twice": {"activity": "open", "recipient": "r-20417", "product": "ac12", "flags": ["amp_repaired"]},
    "emoji": {"product": "\N{CROISSANT}", "params": {"note": "café \N{HOT BEVERAGE}"}},
    "forged-address": {"ip": "127.0.0.0/24", "customer_id": "123"},
    "legacy-sender": {"customer_id": "4711", "activity": "ad_shown", "params": {"source": "adpartner", "count": "3"}},
}


@pytest.mark.parametrize(("name", "fields"), HITS.items(), ids=HITS)
def test_a_sample_hit_prints_its_event_as_captured(served, name, fields):
    done = hit(served, name)
    assert done.returncode == 0, done.stderr
    request, status, printed = done.stdout.decode().split("\n", 2)
    assert request.startswith("GET /pix")
    assert status == "200 accepted"
    event = json.loads(printed)
    campaign = event.get("enrichments", {}).get("campaign")
    assert {key: event.get(key) for key in fields if key != "campaign"} | {"campaign": campaign} == {
        "campaign": None
    } | fields
    assert event["id"] in request
    assert event == served.event(id=event["id"])


def test_the_first_sample_is_fired_when_none_is_named(served):
    assert b'"activity": "purchase"' in hit(served).stdout


def test_a_rejected_sample_prints_why(served):
    done = hit(served, "opted-out")
    assert done.returncode == 0
    assert done.stdout.decode().splitlines()[1:] == [
        "200 rejected:opted_out",
        "The visitor opted out, or refused and the setting says reject. Nothing is kept but this count.",
    ]


def test_every_sample_is_tested():
    assert set(read_samples(SAMPLES.read_text("utf-8"))) == {*HITS, "opted-out"}


def test_an_unknown_sample_lists_those_there_are(served):
    done = hit(served, "nonsense")
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"nonsense is not in examples/hits.http" in done.stderr
    for name in HITS:
        assert name.encode() in done.stderr


def test_without_a_pixel_the_hit_says_to_run_one():
    done = command("hit", PORT="1")
    assert done.returncode == 2
    assert done.stdout == b""
    assert (
        done.stderr
        == b"No pixel answers at http://127.0.0.1:1: start it with `make run` first (on another port: PORT=8080 make hit).\n"
    )


def test_a_port_that_is_none_is_told():
    done = command("hit", PORT="seventy")
    assert done.returncode == 2
    assert done.stderr == b"PORT must be a number from 1 to 65535.\n"


def test_an_event_captured_elsewhere_is_told(served, tmp_path):
    done = command("hit", PORT=str(served.port), PIXEL_CAPTURE_DIR=str(tmp_path))
    assert done.returncode == 1
    assert b"200 accepted" in done.stdout
    assert b"PIXEL_CAPTURE_DIR must be the same for both" in done.stderr


def test_the_samples_are_read_as_editors_read_them():
    text = """# A comment before all
### one
// a comment
# another
GET http://127.0.0.1:7071/pix?a=b&c=\N{CROISSANT} HTTP/1.1
User-Agent: a: b
DNT:1

### two
GET http://localhost:7071/pix.gif
"""
    assert read_samples(text) == {
        "one": ("GET", "/pix?a=b&c=%F0%9F%A5%90", [("User-Agent", "a: b"), ("DNT", "1")]),
        "two": ("GET", "/pix.gif", []),
    }


def hit(served, *arguments):
    return command("hit", *arguments, PORT=str(served.port), PIXEL_CAPTURE_DIR=str(served.folder))

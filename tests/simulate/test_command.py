"""`python -m pixel simulate`, as people type it, and against a pixel that is really served."""

import json
import re
import signal
import subprocess
import sys
from collections import Counter

import pytest

from pixel.simulate import traffic as defaults
from pixel.simulate.ndjson import decode, encode
from pixel.simulate.traffic import SHARES, traffic
from tests.front_door import ROOT, captured, clean_environment
from tests.serving import command, eventually, serving


def wanted(count, **options):
    return Counter(hit.outcome for hit in traffic(count=count, **options))


def test_it_prints_ndjson_and_writes_the_same_to_a_file(tmp_path):
    printed = command("simulate", "--count", "50", "--seed", "7")
    assert printed.returncode == 0
    assert [decode(line) for line in printed.stdout.splitlines()] == list(traffic(count=50, seed=7))
    file = tmp_path / "hits.ndjson"
    assert command("simulate", "--count", "50", "--seed", "7", "--out", str(file)).returncode == 0
    assert file.read_bytes() == printed.stdout


def test_dates_and_kinds_can_be_chosen():
    said = command("simulate", "--count", "5", "--start", "2026-01-02", "--only", "mail,bot", "--customers", "10")
    hits = [decode(line) for line in said.stdout.splitlines()]
    assert {hit.kind for hit in hits} <= {"mail", "bot"}
    assert hits[0].request.received_at // 86_400 == 20_455


def test_captured_hits_are_events_of_their_simulated_time(tmp_path):
    ran = command("simulate", "--count", "1000", "--capture", str(tmp_path))
    assert ran.returncode == 0
    said = wanted(1000)
    assert all(f"{times:,} {outcome}" in ran.stderr.decode() for outcome, times in said.items())
    events = captured(tmp_path)
    assert len(events) == said["accepted"]
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert {event["received_at"][:10] for event in events} == {"2026-11-20"}
    assert len(list(tmp_path.rglob("2026/11/20/*/*/*.avro"))) > 1
    assert not any(event.get("enrich_errors") for event in events)


def test_a_served_pixel_says_to_each_hit_what_its_label_implies(tmp_path):
    with serving(tmp_path / "capture", PIXEL_CLIENT_IP="functions") as served:
        ran = command("simulate", "--url", served.url, "--count", "400", "--only", "web,mail,bot,hostile")
        assert ran.returncode == 0, ran.stderr
        said = wanted(400, only=("web", "mail", "bot", "hostile"))
        ledger = served.ledger()
        assert ledger["received"] == 400
        assert ledger["accepted"] == said["accepted"]
        events = served.events()
    addresses = {event.get("ip") for event in events}
    assert len(addresses) > 50
    assert b"hits a second; answered within, ms:" in ran.stderr


def test_a_path_in_the_url_replaces_the_paths_of_the_hits(tmp_path):
    with serving(tmp_path / "capture", PIXEL_PATH="/t.gif") as served:
        ran = command("simulate", "--url", f"{served.url}/t.gif", "--count", "20", "--only", "bot", "--rate", "500")
        assert ran.returncode == 0, ran.stderr
        ledger = served.ledger()
    assert ledger["accepted"] == 20


def test_ctrl_c_prints_the_summary_so_far(tmp_path):
    with serving(tmp_path / "capture") as served:
        line = [sys.executable, "-m", "pixel", "simulate", "--url", served.url, "--rate", "50"]
        process = subprocess.Popen(
            line,
            cwd=ROOT,
            env=clean_environment(),
            stderr=subprocess.PIPE,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # a job in the background ignores it
        )

        def some_arrived():
            return served.ledger()["received"] > 3

        eventually(some_arrived)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Stopped. So far:" in said
    assert b"accepted" in said
    assert b"Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--url", "http://127.0.0.1:9"], "start a pixel with `make run`"),
        (["--url", "ftp://x"], "ftp://x is no URL such as http://127.0.0.1:7071"),
        (["--only", "web,cats"], "cats is no kind; these are: web, mail, bot, feed, hostile, duplicate"),
        (["--start", "yesterday"], "yesterday is no date such as 2026-11-20"),
        (["--start", "0001-01-01"], "0001-01-01 is too long ago; take 1971-01-01 or later"),
        (["--start", "1970-12-31T23:59:59"], "is too long ago"),
        (["--count", "0"], "it must be 1 or more"),
        (["--out", "/nowhere/x"], "/nowhere/x: No such file or directory"),
        (["--capture", "/dev/null/x"], "/dev/null/x: Not a directory"),
        (["--capture", "a", "--url", "http://b"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_line(arguments, said):
    ran = command("simulate", "--count", "10", *arguments)
    assert ran.returncode == 2
    assert said in ran.stderr.decode()
    assert b"Traceback" not in ran.stderr


def test_a_line_is_plain_json_with_the_labels_beside_the_request():
    line = json.loads(encode(next(traffic())))
    assert set(line) >= {"method", "path", "query", "headers", "peer", "received_at", "labels"}
    assert set(line["labels"]) == {"kind", "agent", "human", "customer", "session", "outcome"}


def test_the_guide_has_every_option_default_kind_and_label():
    text = (ROOT / "docs/simulate.md").read_text("utf-8")
    options = set(re.findall(r"--[a-z-]+", command("simulate", "--help").stdout.decode())) - {"--help"}
    rows = [f"| `{option}" for option in options]
    rows += [f"| `{kind}` | {share:.0%} |".replace("%", " %") for kind, share in SHARES.items()]
    rows += [
        f"| {number:,} |" for number in (defaults.COUNT, defaults.CUSTOMERS, defaults.PRODUCTS, defaults.PER_DAY)
    ]
    rows += [f"| `{label}` |" for label in json.loads(encode(next(traffic())))["labels"]]
    assert [row for row in rows if row not in text] == []

"""Recorded hits and the events expected, through every front door."""

import asyncio
import json
from itertools import groupby
from pathlib import Path

import pytest

from pixel.app import build
from pixel.deliver.sink import MemorySink
from pixel.event import encode
from tests.front_door import GIF_BYTES, call_functions, captured, knock
from tests.front_door_log import message, record


def golden(name):
    return [json.loads(line) for line in Path(__file__).with_name("golden").joinpath(name).read_text().splitlines()]


HITS = golden("hits.jsonl")
EDGE = golden("edge.jsonl")
OURS = {"PIXEL_ENRICHERS": "campaign"}  # an enricher that somebody adds changes no golden event
GIVEN_BY_THE_HOUSE = ("received_at", "instance", "boot", "seq")
WAY_IN = {
    "EDGE_HUB": "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=eA==;EntityPath=log",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}


def comparable(event: dict, hit: dict) -> dict:
    dropped = GIVEN_BY_THE_HOUSE if "id" in hit.get("event", {}) else (*GIVEN_BY_THE_HOUSE, "id")
    return {name: value for name, value in event.items() if name not in dropped}


def check_answer(answer, hit):
    assert answer.headers["x-pixel-outcome"] == hit["outcome"]
    assert (answer.status, len(answer.body)) == (200, GIF_BYTES)


@pytest.mark.parametrize("hit", HITS, ids=lambda hit: hit["name"])
def test_a_golden_hit_through_the_asgi_app(hit):
    sink = MemorySink()
    app = build(OURS | hit.get("settings", {}), sink=sink)
    check_answer(knock(app, hit["target"], hit.get("headers", [])), hit)
    assert [comparable(json.loads(encode(event)), hit) for event in sink.events] == (
        [hit["event"]] if "event" in hit else []
    )


def by_settings(hit):
    return json.dumps(hit.get("settings", {}), sort_keys=True)


@pytest.mark.parametrize(
    "hits",
    [list(group) for _, group in groupby(sorted(HITS, key=by_settings), by_settings)],
    ids=lambda hits: by_settings(hits[0]),
)
def test_golden_hits_through_function_app(hits, tmp_path):
    settings = {**OURS, **hits[0].get("settings", {}), "PIXEL_CAPTURE_DIR": str(tmp_path)}
    answers = call_functions(hits, settings)
    for hit, answer in zip(hits, answers, strict=True):
        check_answer(answer, hit)
    kept = [hit for hit in hits if "event" in hit]
    events = captured(tmp_path)
    assert [comparable(event, hit) for event, hit in zip(events, kept, strict=True)] == [hit["event"] for hit in kept]
    assert [event["seq"] for event in events] == list(range(len(events)))


def through_the_edge(body, settings):
    """The events of a message of the edge's log, and what the ledger says of it."""
    sink = MemorySink()
    app = build(OURS | WAY_IN | settings, sink=sink)
    [hub] = app.hubs
    asyncio.run(hub.take([body]))
    counts = app.collector.ledger.snapshot()
    counted = {"accepted": counts["accepted"]} | {f"rejected:{why}": some for why, some in counts["rejected"].items()}
    assert counts["received"] == sum(counted.values())
    return [json.loads(encode(event)) for event in sink.events], [
        outcome for outcome, some in counted.items() if some
    ]


def through_pix(hit):
    sink = MemorySink()
    answer = knock(build(OURS | hit.get("settings", {}), sink=sink), hit["target"], hit.get("headers", []))
    return [json.loads(encode(event)) for event in sink.events], answer.headers["x-pixel-outcome"]


def same_but_for_the_way(events):
    own = (*GIVEN_BY_THE_HOUSE, "endpoint", "id")
    return [{name: value for name, value in event.items() if name not in own} for event in events]


@pytest.mark.parametrize("row", EDGE, ids=lambda row: row["name"])
def test_a_record_of_the_edge_is_the_same_event_as_its_hit(row):
    body = message(row["record"])
    events, outcomes = through_the_edge(body, row.get("settings", {}))
    assert outcomes == ([] if row["outcome"] == "none" else [row["outcome"]])
    if "target" not in row:
        assert events == []
        return
    told, outcome = through_pix(row)
    assert outcome == row["outcome"]
    assert same_but_for_the_way(events) == same_but_for_the_way(told)
    for event in events:
        assert (event["endpoint"], event["received_at"]) == ("edge", "2026-11-21T08:04:29.123Z")
    again, _ = through_the_edge(body, row.get("settings", {}))
    ids = [[event["id"] for event in some] for some in (events, again)]
    assert (ids[0] == ids[1]) == (row["name"] != "no reference is no id" or not events)


MARKED = {
    "PixelOptOut": ("cookie", lambda value: "pixel_optout=1" in value),
    "PixelConsentDenied": ("cookie", lambda value: "pixel_consent=denied" in value),
    "PixelGpc": ("sec-gpc", lambda value: value == "1"),
    "PixelDnt": ("dnt", lambda value: value == "1"),
    "PixelPrefetch": ("purpose", lambda value: "prefetch" in value),
}
"""What the rules of Front Door match, each as its name says."""


def logged(hit):
    """The record of a golden hit, or None for what Front Door's log cannot tell."""
    headers = {name.lower(): value for name, value in hit.get("headers", [])}
    rules = [rule for rule, (name, matches) in MARKED.items() if matches(headers.get(name, ""))]
    told = {"user-agent", "referer", "x-forwarded-for", *(MARKED[rule][0] for rule in rules)}
    if (
        len(headers) < len(hit.get("headers", []))
        or not headers.keys() <= told
        or "PIXEL_CLIENT_IP" in hit.get("settings", {})
    ):
        return None
    address = headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return record(hit["target"], headers, address, reference="r-1", rules=rules)


@pytest.mark.parametrize("hit", [hit for hit in HITS if logged(hit)], ids=lambda hit: hit["name"])
def test_a_golden_hit_that_the_edge_logs_is_the_same_event(hit):
    events, outcomes = through_the_edge(message(logged(hit)), hit.get("settings", {}))
    told, outcome = through_pix(hit)
    assert outcomes == [outcome]
    assert same_but_for_the_way(events) == same_but_for_the_way(told)
    assert [event["id"] for event in events] == [hit["event"].get("id", "r-1") for _ in events]

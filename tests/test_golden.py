"""Recorded hits and the events expected, through every front door."""

import json
from itertools import groupby
from pathlib import Path

import pytest

from pixel.app import build
from pixel.deliver.sink import MemorySink
from pixel.event import encode
from tests.front_door import GIF_BYTES, call_functions, captured, knock

HITS = [
    json.loads(line) for line in Path(__file__).with_name("golden").joinpath("hits.jsonl").read_text().splitlines()
]
OURS = {"PIXEL_ENRICHERS": "campaign"}  # an enricher that somebody adds changes no golden event
GIVEN_BY_THE_HOUSE = ("received_at", "instance", "boot", "seq")


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

import json

import jsonschema
import msgspec
import pytest

from pixel.event import FLAGS, Event, decode, encode, json_schema
from tests.events import an_event
from tests.test_golden import HITS

SCHEMA = json_schema()


def test_the_schema_is_a_schema_and_holds_every_field_with_its_meaning():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["properties"].keys() == set(Event.__struct_fields__)
    assert all("description" in field or "anyOf" in field for field in SCHEMA["properties"].values())


@pytest.mark.parametrize("hit", [hit for hit in HITS if "event" in hit], ids=lambda hit: hit["name"])
def test_golden_events_fit_the_schema(hit):
    house = {"id": "e", "received_at": "2026-11-21T08:00:00.500Z", "instance": "i", "boot": "b", "seq": 0}
    jsonschema.validate({**house, **hit["event"]}, SCHEMA)


def test_an_event_without_its_number_does_not_fit_the_schema():
    with pytest.raises(jsonschema.ValidationError, match="'seq' is a required"):
        jsonschema.validate(json.loads(encode(an_event(instance="i", boot="b"))), SCHEMA)


def test_the_request_is_never_encoded():
    event = an_event()
    assert event.request.path == "/pix"
    assert b"request" not in encode(event)
    assert b"request" not in msgspec.json.encode(event)


def test_an_event_of_a_later_schema_can_be_read():
    assert decode(encode(an_event()).replace(b'{"schema":1', b'{"schema":2,"mood":"good"')).id == "e-1"


def test_flags_of_golden_hits_are_from_the_closed_list():
    assert {flag for hit in HITS for flag in hit.get("event", {}).get("flags", [])} <= FLAGS.keys()

"""What enrichers find out of a stored event, and what stays as it was."""

import json
import types

import pytest

import enrichers as enricher_package
from pixel.collect.enrich import load
from pixel.collect.enrich_again import enrich_again
from pixel.enricher import Enricher
from pixel.event import decode, encode
from tests.events import an_event

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


def again(event, *enrichers, body=None):
    body = body or encode(event)
    return json.loads(enrich_again(body, decode(body), enrichers))


def an_enricher(find, name="geo"):
    return Enricher(name=name, enrich=find)


def test_a_result_replaces_the_one_before_and_nothing_else_changes():
    event = an_event(ip="203.0.113.0/24", enrichments={"geo": {"country": "GB"}, "mail": {"fetcher": "human"}})
    found = again(event, an_enricher(lambda _: {"country": "FR"}))
    assert found["enrichments"] == {"geo": {"country": "FR"}, "mail": {"fetcher": "human"}}
    found["enrichments"]["geo"] = {"country": "GB"}
    assert found == json.loads(encode(event))


@pytest.mark.parametrize("find", [lambda _: None, lambda _: {}, lambda event: event.params["missing"]])
def test_where_nothing_is_found_the_result_before_stays(find):
    event = an_event(enrichments={"geo": {"country": "GB"}})
    assert again(event, an_enricher(find))["enrichments"] == {"geo": {"country": "GB"}}


def test_an_error_is_noted_and_goes_when_it_no_longer_fails():
    event = an_event(enrich_errors={"geo": "ValueError", "gone": "KeyError"})
    assert again(event, an_enricher(lambda _: None))["enrich_errors"] == {"gone": "KeyError"}
    failing = again(event, an_enricher(lambda event: event.params["missing"]))
    assert failing["enrich_errors"] == {"geo": "KeyError", "gone": "KeyError"}


@pytest.mark.parametrize(
    ("stored", "seen"),
    [
        ("203.0.113.0/24", "203.0.113.0"),
        ("2001:db8:1::/48", "2001:db8:1::"),
        ("203.0.113.7", "203.0.113.7"),
        (None, None),
    ],
)
def test_an_enricher_sees_the_first_address_of_the_network_and_the_network_is_kept(stored, seen):
    found = again(an_event(ip=stored), an_enricher(lambda event: {"saw": event.ip}))
    assert found["enrichments"]["geo"]["saw"] == seen
    assert found.get("ip") == stored


def test_an_enricher_sees_of_the_request_what_is_stored():
    seen = []
    event = an_event(user_agent=FIREFOX, language="de-CH", page_url="https://shop.example.com/")
    again(event, an_enricher(lambda event: seen.append(event.request)))
    (request,) = seen
    assert request.headers == {"user-agent": FIREFOX, "accept-language": "de-CH"}
    assert (request.query, request.peer, request.body, request.token) == ("", "", b"", None)
    assert request.received_at == 1_795_248_000.5


@pytest.mark.parametrize("fields", [{"flags": ["anonymised", "gpc"]}, {"schema": 2}])
def test_an_anonymised_event_and_one_of_a_later_schema_stay_as_they_are(fields):
    body = encode(an_event(**fields))
    assert enrich_again(body, decode(body), [an_enricher(lambda _: {"country": "FR"})]) == body


def test_a_field_that_we_do_not_know_yet_stays():
    body = encode(an_event())[:-1] + b',"weather":"sunny"}'
    assert again(None, an_enricher(lambda _: {"country": "FR"}), body=body)["weather"] == "sunny"


def test_the_enrichers_we_have_find_the_same_again_in_an_event_of_a_plain_hit():
    environ = types.MappingProxyType({"GEO_DATABASES": ""})
    running = load(enricher_package, (), environ).running
    event = an_event(
        user_agent=FIREFOX,
        params={"utm_source": "letter"},
        referrer="https://www.google.com/",
        recipient="r-1",
        ip=None,
    )
    once = again(event, *running)
    assert {"campaign", "device", "referrer", "mail"} <= once["enrichments"].keys()
    assert "enrich_errors" not in once
    assert again(None, *running, body=json.dumps(once).encode()) == once

"""Times, ids and limits: what golden hits cannot hold because it depends on the clock or is long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.collect.client_ip import client_ip
from pixel.collect.parse import host_of, parse, timestamp
from pixel.collect.redact import redact
from pixel.collect.request import Request
from pixel.event import Event, decode, encode
from pixel.outcome import REASONS, Rejected
from pixel.settings import read_settings

NOW = 1_795_248_000.5  # 2026-11-21T08:00:00.500Z


def parsed(query="", headers=None, **settings):
    return parse(
        Request("GET", "/pix", query, headers or {}, NOW), "pixel", read_settings(settings), client_ip("functions")
    )


@pytest.mark.parametrize(
    ("said", "occurred_at", "flags"),
    [
        ("1795248000", "2026-11-21T08:00:00.000Z", []),
        ("1795247999123", "2026-11-21T07:59:59.123Z", []),
        ("2026-11-21T08:00:00Z", "2026-11-21T08:00:00.000Z", []),
        ("2026-11-21T09:00:00%2B01:00", "2026-11-21T08:00:00.000Z", []),
        ("2026-11-21T09:00:00+01:00", "2026-11-21T08:00:00.000Z", []),
        ("2026-11-21T08:05:00Z", "2026-11-21T08:05:00.000Z", []),
        ("2026-11-20T07:00:00Z", "2026-11-20T07:00:00.000Z", ["late"]),
    ],
)
def test_a_time_that_makes_sense_is_when_it_occurred(said, occurred_at, flags):
    event = parsed(f"occurredAt={said}")
    assert (event.occurred_at, event.flags, event.params) == (occurred_at, flags, {})


@pytest.mark.parametrize("said", ["", "now", "12", "2026-11-21T08:00:00", "٣" * 10, "9999-99-99T00:00:00Z"])
def test_a_time_that_makes_none_stays_a_parameter(said):
    event = parsed(f"occurredAt={said}".encode().decode("latin-1"))
    assert (event.occurred_at, event.params) == (None, {"occurredAt": said})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("2026-11-21T08:11:00Z", "in_future"),
        ("9999999999999", "in_future"),
        ("2025-10-01T00:00:00Z", "too_old"),
        ("0001-01-01T00:00:00%2B14:00", "too_old"),
    ],
)
def test_a_time_no_clock_can_mean_is_rejected(said, reason):
    assert parsed(f"occurredAt={said}") == Rejected(reason)


def test_received_at_is_the_time_of_the_request_to_the_millisecond():
    assert parsed().received_at == timestamp(NOW) == "2026-11-21T08:00:00.500Z"


def test_an_id_of_the_senders_is_the_events_unless_it_is_too_long():
    assert parsed("eventId=order-1").id == "order-1"
    long = parsed("eventId=" + "x" * 129)
    assert len(long.id) == 36
    assert long.params == {"eventId": "x" * 129}


def test_ids_of_the_house_sort_by_time_and_are_all_different():
    ids = [parsed().id for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert all(each[14] == "7" for each in ids)


def test_a_url_beyond_what_browsers_send_is_cut_and_flagged():
    event = parsed("url=https://shop.example/" + "x" * 5000)
    assert len(event.page_url) == 4096
    assert event.flags == ["truncated"]


def test_a_flag_stands_once_whatever_gave_rise_to_it():
    query = (
        "customerId=1&customerId=2&product=a&product=b&a=%ff&url=https://shop.example/"
        + "x" * 5000
        + "&y="
        + "y" * 4000
    )
    event = parsed(query, {"user-agent": "u\ufffd" * 2000})
    assert sorted(event.flags) == ["invalid_utf8", "repeated", "truncated"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Shop.Example/", "shop.example"),
        ("http://u:p@shop.example:80?x", "shop.example"),
        ("https://[2001:db8::1]:443/", "2001:db8::1"),
        ("android-app://com.example.app/", "com.example.app"),
        ("https://shop.example#@evil.example", "shop.example"),
        ("https:///path", None),
        ("/path", None),
        ("shop.example", None),
        ("javascript:alert(1)", None),
        ("https://" + "x" * 300, None),
        ("", None),
        (None, None),
    ],
)
def test_the_host_of_a_url(url, host):
    assert host_of(url) == host


HEADER_NAMES = [
    "user-agent",
    "referer",
    "accept-language",
    "cookie",
    "dnt",
    "sec-gpc",
    "x-forwarded-for",
    "purpose",
    "origin",
]


@given(
    st.lists(
        st.sampled_from(
            ["%", "&", "=", "customerId", "consent", "occurredAt", "eventId", "url", "x", "1", "%ff", "amp;"]
        )
    ).map("".join),
    st.dictionaries(st.sampled_from(HEADER_NAMES), st.text(max_size=60)),
    st.sampled_from(["anonymise", "record", "reject"]),
)
def test_any_hit_is_an_event_that_can_be_stored_and_read_or_has_a_reason(query, headers, rule):
    event = parsed(query, headers, PIXEL_PRIVACY_SIGNAL=rule)
    if isinstance(event, Rejected):
        assert event.reason in REASONS
        return
    redact(event, "cut", {})
    assert isinstance(event, Event)
    assert decode(encode(event)) == event

"""Events and hits for tests."""

from pixel.collect.request import Request
from pixel.event import Event


def a_request(query="", headers=None, peer="") -> Request:
    return Request("GET", "/pix", query, headers or {}, 1_795_248_000.5, peer)


def an_event(request=None, **fields) -> Event:
    """An event of 2026-11-21T08:00:00.500Z, straight from parse, with these fields."""
    event = Event(
        **{
            "schema": 1,
            "id": "e-1",
            "received_at": "2026-11-21T08:00:00.500Z",
            "endpoint": "pixel",
            "trust": "anonymous",
            "activity": "page_view",
            "ip": "203.0.113.7",
            **fields,
        }
    )
    event.__dict__["request"] = request or a_request()
    return event

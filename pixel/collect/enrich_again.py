"""Enrichers run once more over a stored event, by what is stored of its hit."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from pixel.collect.enrich import enrich
from pixel.collect.request import Request
from pixel.enricher import Enricher
from pixel.event import SCHEMA_VERSION, Event, encode

_PARTS = ("enrichments", "enrich_errors")


def enrich_again(body: bytes, event: Event, enrichers: Iterable[Enricher]) -> bytes:
    """Return the stored event with what enrichers find out now; all its other fields as they stand in `body`.

    `event` is `body` decoded; it is changed. What an enricher finds replaces what it found before; where it finds nothing, or
    fails, that stays. An anonymised event, or one of a later schema, is returned as it is.

    `event.request` has the method GET, the two headers that an event keeps, and the time; no other header, no token and no
    query. `event.ip` is the first address of the stored network.
    """
    if "anonymised" in event.flags or event.schema > SCHEMA_VERSION:
        return body
    running = tuple(enrichers)
    for each in running:
        event.enrich_errors.pop(each.name, None)
    headers = {"user-agent": event.user_agent, "accept-language": event.language}
    event.__dict__["request"] = Request(
        "GET", "", "", {name: value for name, value in headers.items() if value is not None}, _time(event.received_at)
    )
    event.ip = event.ip and event.ip.partition("/")[0]
    enrich([event], running)
    found = msgspec.json.decode(encode(event), type=dict[str, msgspec.Raw])
    fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    kept = {name: value for name, value in fields.items() if name not in _PARTS}
    return msgspec.json.encode(kept | {name: found[name] for name in _PARTS if name in found})


def _time(moment: str) -> float:
    try:
        return datetime.fromisoformat(moment).timestamp()
    except ValueError:
        return 0.0

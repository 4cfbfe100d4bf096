"""Event: the one record that every part reads or writes; how it is encoded, decoded and described."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta, field

if TYPE_CHECKING:
    from pixel.collect.request import Request

SCHEMA_VERSION: Final = 1
"""Rises when a field changes its meaning or goes; a new optional field leaves it as it is."""

FLAGS: Final = {
    "amp_repaired": "A parameter came as `amp;name`, as some mail programs send it; the name was repaired.",
    "anonymised": "A privacy signal was honoured: identity, parameters, address and URL queries were removed.",
    "dnt": "The browser sent `DNT: 1`.",
    "gpc": "The browser sent `Sec-GPC: 1`.",
    "invalid_utf8": "Bytes that are not UTF-8 were replaced by U+FFFD.",
    "late": "`occurred_at` is more than a day before `received_at`.",
    "prefetch": "The browser said that it fetches ahead (prefetch, prerender or preview); perhaps nobody looked.",
    "repeated": "A parameter that fills a field came more than once: the first filled it, `params` has them all.",
    "truncated": "The query, a URL or a header was over its limit; what does not fit is gone.",
}
"""What was noticed about a hit. A closed list."""

Timestamp = Annotated[
    str,
    Meta(
        description="RFC 3339, UTC, milliseconds.",
        examples=["2026-11-21T08:04:29.123Z"],
        extra_json_schema={"format": "date-time"},
    ),
]


def _said(description: str, *examples: object) -> Meta:
    return Meta(description=description, examples=list(examples) or None)


class Event(msgspec.Struct, omit_defaults=True, kw_only=True, dict=True):
    """One thing that happened. Absent fields are omitted in JSON.

    Beside the fields an event has `request`, the hit it came from, for enrichers. It is no field, so
    that no encoder can ever write it: it holds the full address and the cookies.
    """

    schema: Annotated[int, _said("Version of this schema.", SCHEMA_VERSION)]
    id: Annotated[str, _said("UUIDv7, or the sender's `eventId`.", "019aa5b2-90c3-7d5e-8f11-0c5f7d9f2a31")]
    received_at: Timestamp
    endpoint: Annotated[str, _said("How it came in: pixel, beacon, events, click, open, edge or import.", "pixel")]
    trust: Annotated[
        str,
        _said(
            "How far the sender is known: key, signed, origin (a configured site's page) or anonymous.",
            "origin",
        ),
    ]
    activity: Annotated[str, _said("What was done; `page_view` when the sender does not say.", "purchase")]
    occurred_at: Timestamp | None = None
    source: Annotated[
        str | None,
        _said("Who sent it and who pays: the key's name, else the page's host.", "shop.example.com"),
    ] = None
    customer_id: Annotated[str | None, _said("`customerId`: the customer as the sender knows them.", "123")] = None
    visitor_id: Annotated[str | None, _said("`visitorId`: a browser.", "v-8c1f")] = None
    recipient: Annotated[str | None, _said("`recipient`: whom a mail was sent to, as the sender knows them.")] = None
    product: Annotated[str | None, _said("`product`.", "ac12")] = None
    params: Annotated[
        dict[str, str | list[str]],
        _said("All other parameters, as sent; a list when repeated.", {"colour": "red", "size": ["s", "m"]}),
    ] = field(default_factory=dict)
    page_url: Annotated[
        str | None,
        _said("`url`, else the Referer header: for an image that is the page.", "https://shop.example.com/ac12"),
    ] = None
    referrer: Annotated[str | None, _said("`ref`: where the visitor came from.", "https://news.example.org/")] = None
    user_agent: Annotated[str | None, _said("The User-Agent header.", "Mozilla/5.0 (X11; Linux x86_64)")] = None
    language: Annotated[str | None, _said("The Accept-Language header.", "de-CH,de;q=0.9")] = None
    ip: Annotated[
        str | None,
        _said(
            "Where it came from: a network, unless `PIXEL_IP` says otherwise.",
            "203.0.113.0/24",
            "2001:db8:1::/48",
        ),
    ] = None
    consent: Annotated[str | None, _said("`granted` or `denied`, if the page or the visitor said so.", "granted")] = (
        None
    )
    flags: Annotated[list[str], _said("What was noticed: " + ", ".join(FLAGS) + ".", ["prefetch"])] = field(
        default_factory=list
    )
    instance: Annotated[str, _said("The machine that took the hit.", "a41f9c02")] = ""
    boot: Annotated[str, _said("The process on that machine: new at each start.", "5d2c9e71b3f04a68")] = ""
    seq: Annotated[
        int, _said("Counts the events of one boot from 0: a gap is an event that was not stored.", 41)
    ] = -1
    enrichments: Annotated[
        dict[str, Any],
        _said("What each enricher found out, by its name.", {"campaign": {"source": "newsletter"}}),
    ] = field(default_factory=dict)
    enrich_errors: Annotated[
        dict[str, str],
        _said("Enrichers that failed on this event, and the kind of error.", {"geo": "ValueError"}),
    ] = field(default_factory=dict)

    @property
    def request(self) -> "Request":
        """The hit it came from; raises KeyError once `redact` has dropped it."""
        request: Request = self.__dict__["request"]
        return request


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Event)
# Everything an encoder raises on what JSON cannot hold: a set, a lone surrogate, an int of 30 digits as a
# key, a list that holds itself.
_UNENCODABLE: Final = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)


def encode(event: Event) -> bytes:
    """Encode as one line of JSON (UTF-8, no newline).

    An enrichment that JSON cannot hold is left out with a note in `enrich_errors`: it never costs the event.
    """
    try:
        return _ENCODER.encode(event)
    except _UNENCODABLE:
        for name, result in list(event.enrichments.items()):
            try:
                _ENCODER.encode(result)
            except _UNENCODABLE:
                del event.enrichments[name]
                event.enrich_errors[name] = "not JSON"
        return _ENCODER.encode(event)


def decode(line: bytes | str) -> Event:
    """Decode what `encode` wrote. Fields of a later schema are ignored; raises `msgspec.ValidationError`."""
    return _DECODER.decode(line)


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an encoded event, made from the class above."""
    (schema,), definitions = msgspec.json.schema_components([Event])
    del schema  # a $ref to the one definition below
    body = definitions["Event"]
    body["description"] = "One event of the tracking pixel. Absent fields are omitted."
    body["required"] = [*body["required"], "instance", "boot", "seq"]
    for name in ("instance", "boot", "seq"):
        body["properties"][name].pop("default", None)
    body["properties"]["flags"]["items"]["enum"] = list(FLAGS)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **body}

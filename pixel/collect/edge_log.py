"""Records of Azure Front Door's access log, back into Requests.

Diagnostic settings put them on an event hub, many in a message: `{"records": [{"time": "2026-11-21T08:04:29.1234567Z",
"category": "FrontDoorAccessLog", "properties": {"trackingReference": ..., "requestUri": ..., "socketIp": ...}}]}`.
Any value may be missing, and names have come in other cases.
https://learn.microsoft.com/azure/frontdoor/front-door-diagnostics#access-log
"""

import json
from collections.abc import Iterator, Sequence, Set
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from msgspec import structs

from pixel.collect.parse import EVENT_ID_LIMIT
from pixel.collect.request import Request

MARKS: Final = {
    "PixelOptOut": ("cookie", "pixel_optout=1"),
    "PixelConsentDenied": ("cookie", "pixel_consent=denied"),
    "PixelGpc": ("sec-gpc", "1"),
    "PixelDnt": ("dnt", "1"),
    "PixelPrefetch": ("sec-purpose", "prefetch"),
}
"""Rules of Front Door, each of which matches a header that the log does not hold; and the header that it stands for."""

_REDIRECTS: Final = frozenset(("301", "302", "303", "307", "308"))
_NOTHING: Final = ("", "N/A")
"""What Front Door writes where there is nothing to write."""


def read(message: bytes, paths: Set[str]) -> Iterator[Request | None]:
    """Give a Request for each hit in a message, None for each record that is malformed, nothing for what is no hit.

    No hits are: other logs than the access log, other methods than GET, other paths than `paths` (in lower case), what an
    origin shield was asked on behalf of the edge, which stands there a second time, and a redirect from http to https, after
    which the visitor comes again. What was answered else does not matter: it was sent, as to a pixel that fails.
    """
    for record in _records(message):
        try:
            hit = None if record is None else _hit(record, paths)
        except (ValueError, OverflowError, RecursionError):
            record = None
        if record is None:
            yield None
        elif hit is not None:
            yield hit


class _Properties(msgspec.Struct, rename="camel", gc=False):
    """What is read of an access log, in the names of Front Door Standard. `None`: not there."""

    tracking_reference: Any = None
    http_method: Any = None
    http_status_code: Any = None
    request_uri: Any = None
    user_agent: Any = None
    socket_ip: Any = None
    referer: Any = None
    rules_engine_match_names: Any = None
    is_received_from_client: Any = True  # the classic Front Door has it


class _Record(msgspec.Struct, gc=False):
    properties: _Properties
    time: Any = None
    category: Any = None


class _Message(msgspec.Struct):
    records: list[_Record]


_DECODER: Final = msgspec.json.Decoder(_Message)


def _records(message: bytes) -> Sequence[_Record | None]:
    """Return the records of a message; None for what is none.

    Mostly all names are as expected: then no other value is decoded, which takes a third of the time.
    """
    try:
        records = _DECODER.decode(message).records
    except (ValueError, RecursionError):
        return _any_records(message)
    return records if all(None not in structs.astuple(each.properties) for each in records) else _any_records(message)


def _any_records(message: bytes) -> Sequence[_Record | None]:
    """Do the same for records that lack something, have names in other cases, or are no records."""
    try:
        told = _lower(_decode(message)).get("records")
    except (ValueError, RecursionError):
        return [None]
    return [_any_record(each) for each in told] if isinstance(told, list) else [None]


def _decode(message: bytes) -> Any:
    try:
        return msgspec.json.decode(message)
    except ValueError:
        # What one visitor sent (bytes that are not UTF-8, half a surrogate, a raw tab) must not cost the hits of all others.
        told = json.loads(message.decode(errors="replace"), strict=False)
        return msgspec.json.decode(json.dumps(told, ensure_ascii=False).encode(errors="replace"))


def _any_record(told: Any) -> _Record | None:
    record = _lower(told)
    given = _lower(record.get("properties"))
    given.setdefault("referer", given.get("referrer"))
    given.setdefault("rulesenginematchnames", given.get("matchedrulessetname"))
    known = zip(_Properties.__struct_fields__, _Properties.__struct_encode_fields__, strict=True)
    properties = _Properties(**{field: given[name.lower()] for field, name in known if name.lower() in given})
    return _Record(properties, record.get("time"), record.get("category")) if record else None


def _lower(told: Any) -> dict[str, Any]:
    return {name.lower(): value for name, value in told.items()} if isinstance(told, dict) else {}


def _hit(record: _Record, paths: Set[str]) -> Request | None:
    """Return the hit that a record tells; None when it is none. Raises ValueError, or another, if it is malformed."""
    if _text(record.category).lower() not in ("", "frontdooraccesslog"):
        return None
    properties = record.properties
    target, _, query = _text(properties.request_uri).partition("?")
    method = _text(properties.http_method).upper()
    if not target or not method:
        raise ValueError("an access log has a requestUri and an httpMethod")
    path = "/" + target.partition("://")[2].partition("/")[2] if "://" in target else target
    if method != "GET" or "/" + path.strip("/").lower() not in paths:
        return None
    if _says_no(properties.is_received_from_client) or str(properties.http_status_code) in _REDIRECTS:
        return None
    if not query.isascii():  # one character a byte
        query = query.encode().decode("latin-1")
    headers = {}
    if agent := _text(properties.user_agent):
        headers["user-agent"] = _user_agent(agent)
    if referer := _text(properties.referer):
        headers["referer"] = referer
    if properties.rules_engine_match_names:
        _mark(headers, properties.rules_engine_match_names)
    return Request(
        method,
        path,
        query,
        headers,
        _moment(_text(record.time)),
        _text(properties.socket_ip),  # never clientIp: that is what the visitor wrote into X-Forwarded-For
        reference=_text(properties.tracking_reference)[:EVENT_ID_LIMIT] or None,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) and value not in _NOTHING else ""


def _says_no(value: object) -> bool:
    """Read a boolean, which the log has as such or as a word."""
    return value is False or (isinstance(value, str) and value.lower() == "false")


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text)
    seconds = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if "T" not in text or not 1e9 < seconds < 1 << 33:  # .NET writes the year 1 for a time that it does not know
        raise ValueError("no time of a hit")
    return seconds


def _user_agent(text: str) -> str:
    """Undo the `+` that some of Azure's logs write for a space, where it certainly is one.

    `Mozilla/5.0+(X11;+Linux)` has no space, and a bracket behind a `+`: no program calls itself so. A `+` in any other
    text may be its own (`curl/8.5+git`), and stays. Of `;++http://example.com/bot` the second is the bot's own.
    """
    if " " in text or "+(" not in text:
        return text
    return text.replace("+", " ").replace("  ", " +")


def _mark(headers: dict[str, str], rules: Any) -> None:
    """Add the headers that the matched rules stand for.

    How the log writes rules is not documented: a list or a text, perhaps with the rule set's name before. So a rule
    counts wherever its name stands, in any case of letters: in doubt for what the visitor wants.
    """
    said = (rules if isinstance(rules, str) else msgspec.json.encode(rules).decode()).lower()
    for rule, (name, value) in MARKS.items():
        if rule.lower() in said:
            headers[name] = f"{headers[name]}; {value}" if name in headers else value

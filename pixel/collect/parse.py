"""A Request becomes an Event, or is Rejected: every field that the hit itself can tell."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar

import uuid_utils

from pixel.collect import consent
from pixel.collect.client_ip import ClientIp
from pixel.collect.query import Params, note, parse_query
from pixel.collect.request import Request
from pixel.event import SCHEMA_VERSION, Event
from pixel.outcome import Rejected
from pixel.settings import Settings

_Meaning = TypeVar("_Meaning")

FIELDS: Final = {
    "customerId": "customer_id",
    "visitorId": "visitor_id",
    "recipient": "recipient",
    "product": "product",
    "activity": "activity",
    "url": "page_url",
    "ref": "referrer",
}
"""Parameters that fill a field with what they say. `eventId`, `occurredAt` and `consent` do if they make sense."""

USER_AGENT_LIMIT: Final = 1024  # longer ones cost regex parsers 18-49 ms
URL_LIMIT: Final = 4096  # browsers cut a Referer there
LANGUAGE_LIMIT: Final = 256
EVENT_ID_LIMIT: Final = 128

PURPOSES: Final = ("sec-purpose", "purpose", "x-purpose", "x-moz")  # Chrome, Safari, older Chrome, Firefox
AHEAD: Final = ("prefetch", "prerender", "preview")
"""Words in those headers that say that nobody looks yet."""

_SIGNALS: Final = frozenset(("cookie", "dnt", "sec-gpc", *PURPOSES))

LATE_S: Final = 24 * 3600
TOO_OLD_S: Final = 400 * 24 * 3600
IN_FUTURE_S: Final = 600  # what clocks of honest senders differ by


def parse(request: Request, endpoint: str, settings: Settings, client_ip: ClientIp) -> Event | Rejected:
    """Return the event that the hit tells, with the full address and `request` still in it, or why there is none."""
    headers = request.headers
    flags: list[str] = []
    params = parse_query(request.query, flags)
    for alias, name in settings.aliases.items():
        if alias in params and name not in params:
            params[name] = params.pop(alias)

    consented = None
    signals = not headers.keys().isdisjoint(_SIGNALS)
    if signals or "consent" in params:
        claimed = _consent(params) if "consent" in params else None
        action, consented = consent.privacy(headers, claimed, settings.privacy_signal, flags)
        if action == consent.REJECT:
            return Rejected("opted_out")
        if action == consent.ANONYMISE:
            flags.append("anonymised")

    occurred_at = None
    if "occurredAt" in params:
        moment = _take(params, "occurredAt", _moment)
        if moment is not None:
            if moment < request.received_at - TOO_OLD_S:
                return Rejected("too_old")
            if moment > request.received_at + IN_FUTURE_S:
                return Rejected("in_future")
            if moment < request.received_at - LATE_S:
                flags.append("late")
            occurred_at = timestamp(moment)

    event_id = _take(params, "eventId", _event_id) if "eventId" in params else None
    # Mostly no parameter is empty or repeated: then what fills a field is simply taken out.
    plain = "" not in params.values() and list not in map(type, params.values())
    take: Any = params.pop if plain else _fields(params, flags).get
    referer = _header(headers.get("referer"), URL_LIMIT, flags)
    page_url, referrer = take("url", None), take("ref", None)
    if page_url is not None and len(page_url) > URL_LIMIT:
        page_url = page_url[:URL_LIMIT]
        note("truncated", flags)
    if referrer is not None and len(referrer) > URL_LIMIT:
        referrer = referrer[:URL_LIMIT]
        note("truncated", flags)
    # Only what a browser says of its own page earns trust: anyone can write a `url` parameter.
    host = host_of(referer) or host_of(headers.get("origin"))
    if signals and _fetched_ahead(headers):
        flags.append("prefetch")
    event = Event(
        schema=SCHEMA_VERSION,
        id=event_id or request.reference or str(uuid_utils.uuid7()),
        received_at=timestamp(request.received_at),
        occurred_at=occurred_at,
        endpoint=endpoint,
        source=host or host_of(page_url),
        trust="origin" if settings.is_ours(host) else "anonymous",
        activity=take("activity", "page_view"),
        customer_id=take("customerId", None),
        visitor_id=take("visitorId", None),
        recipient=take("recipient", None),
        product=take("product", None),
        params=params,
        page_url=page_url or referer,
        referrer=referrer,
        user_agent=_header(headers.get("user-agent"), USER_AGENT_LIMIT, flags),
        language=_header(headers.get("accept-language"), LANGUAGE_LIMIT, flags),
        ip=client_ip(request),
        consent=consented,
        flags=flags,
    )
    event.__dict__["request"] = request
    return event


def timestamp(seconds: float) -> str:
    """Write seconds since 1970 as RFC 3339 in UTC with milliseconds."""
    second, millisecond = divmod(int(seconds * 1000), 1000)
    return _second(second) + _MILLISECONDS[millisecond]


_MILLISECONDS: Final = tuple(f".{millisecond:03d}Z" for millisecond in range(1000))


@lru_cache(maxsize=16)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def host_of(url: str | None) -> str | None:
    """Return the host of an absolute URL in lower case, without user, port or brackets, or None."""
    if not url:
        return None
    start = url.find("://") + 3
    if start == 2:
        return None
    end = url.find("/", start)
    host = url[start:] if end < 0 else url[start:end]
    if "?" in host or "#" in host or "@" in host or ":" in host:
        authority = host.partition("?")[0].partition("#")[0].rpartition("@")[2]
        host = authority[1:].partition("]")[0] if authority.startswith("[") else authority.partition(":")[0]
    return host.lower() if 0 < len(host) <= 253 else None


def _fields(params: Params, flags: list[str]) -> dict[str, str]:
    """Move what fills a field out of `params`. What came empty, or more than once, stays there as sent."""
    fields = {}
    for name in FIELDS:
        if name in params:
            value = params[name]
            if isinstance(value, str):
                if value:
                    fields[name] = value
                    del params[name]
            else:
                note("repeated", flags)
                first = next(filter(None, value), None)
                if first is not None:
                    fields[name] = first
    return fields


def _take(params: Params, name: str, read: Callable[[str], _Meaning | None]) -> _Meaning | None:
    """Move a parameter out of `params` if `read` makes sense of it; what makes none stays there as sent."""
    value = params[name]
    if not isinstance(value, str):
        return None
    meaning = read(value)
    if meaning is not None:
        del params[name]
    return meaning


def _consent(params: Params) -> str | None:
    said = params["consent"]
    words = [consent.consent_word(each) for each in ([said] if isinstance(said, str) else said)]
    if None not in words:
        del params["consent"]
    return consent.strongest(words)


def _event_id(text: str) -> str | None:
    return text if 0 < len(text) <= EVENT_ID_LIMIT else None


def _moment(text: str) -> float | None:
    """Read `occurredAt`: seconds or milliseconds since 1970, or RFC 3339 with an offset, to seconds."""
    if text.isascii() and text.isdigit() and len(text) in (10, 13):
        return int(text) / (1000 if len(text) == 13 else 1)
    try:
        # In a query, the `+` of `+01:00` is a space.
        moment = datetime.fromisoformat(text.replace(" ", "+") if text[-6:-5] == " " else text)
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _header(value: str | None, limit: int, flags: list[str]) -> str | None:
    if not value:
        return None
    if len(value) > limit:
        value = value[:limit]
        note("truncated", flags)
    if not value.isascii() and "\ufffd" in value:
        note("invalid_utf8", flags)
    return value


def _fetched_ahead(headers: Mapping[str, str]) -> bool:
    """Say whether the browser fetches before anyone looks.

    https://wicg.github.io/nav-speculation/prefetch.html#sec-purpose-header
    """
    purpose = next(filter(None, map(headers.get, PURPOSES)), "").lower()
    return any(word in purpose for word in AHEAD)

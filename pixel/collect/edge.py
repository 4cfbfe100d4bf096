"""Hits that Azure Front Door answered at its edge: the records of its access log, back into Requests.

Diagnostic settings put them on an event hub, many in a message: `{"records": [{"time": "2026-11-21T08:04:29.1234567Z",
"category": "FrontDoorAccessLog", "properties": {"trackingReference": ..., "requestUri": ..., "socketIp": ...}}]}`.
Any value may be missing, and names have come in other cases.
https://learn.microsoft.com/azure/frontdoor/front-door-diagnostics#access-log
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence, Set
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

import msgspec

from pixel.collect.client_ip import client_ip
from pixel.collect.parse import EVENT_ID_LIMIT
from pixel.collect.request import Request
from pixel.collect.track import Collector, track
from pixel.outcome import Rejected

MARKS: Final = {
    "PixelOptOut": ("cookie", "pixel_optout=1"),
    "PixelConsentDenied": ("cookie", "pixel_consent=denied"),
    "PixelGpc": ("sec-gpc", "1"),
    "PixelDnt": ("dnt", "1"),
    "PixelPrefetch": ("sec-purpose", "prefetch"),
}
"""Rules of Front Door, each of which matches a header that the log does not hold; and the header that it stands for."""

PORTION: Final = 256
"""Hits that are tracked together: a good batch for the hub, and what else waits for the processor waits some 10 ms."""

SETTLED_LIMIT: Final = 100_000

Take = Callable[[Sequence[bytes]], Awaitable[None]]
"""Takes a batch of messages and returns once every hit in them is safe. Raises `UnsafeError` if one is not."""


class UnsafeError(Exception):
    """Hits of a batch could not be stored: whoever brought the batch should bring it again."""


def edge(collector: Collector, paths: Iterable[str]) -> Take:
    """Return what takes batches of messages. `paths` are those of the pixel: all other requests are left out.

    A batch that is brought again gives the same ids. In the same process only what is not settled is sent again:
    after a failure, the references of what was accepted or rejected are kept until the batch is through.
    `failed:internal` is no reason to bring it again: the same fault would hold up all that comes behind it.
    """
    collector = msgspec.structs.replace(collector, client_ip=client_ip("direct"))
    known = frozenset("/" + path.strip("/").lower() for path in paths)
    settled: set[str | None] = set()

    async def take(messages: Sequence[bytes]) -> None:
        found = (each for message in messages for each in read(message, known))
        malformed = 0
        done: list[str | None] = []
        while portion := list(islice(found, PORTION)):
            hits = [each for each in portion if each is not None and each.reference not in settled]
            malformed += portion.count(None)
            outcomes = await track(hits, "edge", collector)
            safe = [hit.reference for hit, said in zip(hits, outcomes, strict=True) if said not in _UNSAFE]
            if len(safe) < len(hits):
                if len(settled) > SETTLED_LIMIT:  # of batches that another instance took over
                    settled.clear()
                settled.update(filter(None, (*done, *safe)))
                raise UnsafeError(
                    f"{len(hits) - len(safe)} of the hits in the edge's log could not be stored, so their batch has to "
                    "come again. /status says what is wrong."
                )
            done += [each.reference for each in portion if each is not None]
        settled.difference_update(done)
        collector.ledger.received += malformed
        for _ in range(malformed):
            collector.ledger.rejection(_MALFORMED)

    return take


_UNSAFE: Final = frozenset(("failed:storage", "failed:no_sink"))
_MALFORMED: Final = Rejected("malformed")
_REDIRECTS: Final = frozenset(("301", "302", "303", "307", "308"))
_NOTHING: Final = ("", "N/A")
"""What Front Door writes where there is nothing to write."""


def read(message: bytes, paths: Set[str]) -> Iterator[Request | None]:
    """Give a Request for each hit in a message, None for each record that is malformed, nothing for what is no hit.

    No hits are: other logs than the access log, other methods than GET, other paths than `paths` (in lower case), what an
    origin shield was asked on behalf of the edge, which stands there a second time, and a redirect from http to https, after
    which the visitor comes again. What was answered else does not matter: it was sent, as to a pixel that fails.
    """
    records = _records(message)
    if not isinstance(records, list):
        yield None
        return
    for record in records:
        try:
            hit = _hit(record, paths)
        except (ValueError, OverflowError, RecursionError):
            yield None
        else:
            if hit is not None:
                yield hit


def _records(message: bytes) -> Any:
    try:
        told = _decode(message)
    except (ValueError, RecursionError):
        return None
    return _lower(told).get("records") if isinstance(told, dict) else None


def _decode(message: bytes) -> Any:
    try:
        return msgspec.json.decode(message)
    except UnicodeDecodeError:  # one visitor's bytes must not cost the hits of all others in the message
        return msgspec.json.decode(message.decode(errors="replace"))


def _hit(record: Any, paths: Set[str]) -> Request | None:
    """Return the hit that a record tells; None when it is none. Raises ValueError, or another, if it is malformed."""
    if not isinstance(record, dict):
        raise ValueError("a record is an object")
    record = _lower(record)
    if _text(record, "category").lower() not in ("", "frontdooraccesslog"):
        return None
    properties = record.get("properties")
    if not isinstance(properties, dict):
        raise ValueError("an access log has properties")
    properties = _lower(properties)
    target, _, query = _text(properties, "requesturi").partition("?")
    if not target:
        raise ValueError("an access log has a requestUri")
    path = "/" + target.partition("://")[2].partition("/")[2] if "://" in target else target
    if "/" + path.strip("/").lower() not in paths or _says_no(properties.get("isreceivedfromclient")):
        return None
    method = _text(properties, "httpmethod").upper()
    if not method:
        raise ValueError("an access log has an httpMethod")
    if method != "GET" or str(properties.get("httpstatuscode")) in _REDIRECTS:
        return None
    if not query.isascii():  # one character a byte
        query = query.encode().decode("latin-1")
    headers = {}
    if agent := _text(properties, "useragent"):
        headers["user-agent"] = _user_agent(agent)
    if referer := _text(properties, "referer") or _text(properties, "referrer"):
        headers["referer"] = referer
    for name in ("rulesenginematchnames", "matchedrulessetname"):
        if rules := properties.get(name):
            _mark(headers, rules)
    return Request(
        method,
        path,
        query,
        headers,
        _moment(_text(record, "time")),
        _text(properties, "socketip"),  # never clientIp: that is what the visitor wrote into X-Forwarded-For
        reference=_text(properties, "trackingreference")[:EVENT_ID_LIMIT] or None,
    )


def _lower(told: dict[str, Any]) -> dict[str, Any]:
    return dict(zip(_lowered(tuple(told)), told.values(), strict=True))


@lru_cache(maxsize=64)  # the records of a log have the same 40 names in the same order
def _lowered(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(str.lower, names))


def _text(told: dict[str, Any], name: str) -> str:
    value = told.get(name)
    return value if isinstance(value, str) and value not in _NOTHING else ""


def _says_no(value: object) -> bool:
    """Read a boolean, which the log has as such or as a word."""
    return value is False or (isinstance(value, str) and value.lower() == "false")


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.timestamp()


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

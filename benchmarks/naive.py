"""The same event as ours, made the way most people would write it: the peer of benchmarks/collect.py.

Standard library only, beside the product's tables of names: urllib.parse, datetime, uuid, ipaddress, http.cookies, re,
dict and json. Nothing is slow on purpose: patterns are compiled once, steps that a hit does not need are skipped, JSON is encoded once. It follows the
default settings (`functions`, `cut`, `anonymise`) and the `campaign` enricher; benchmarks/collect.py checks that both
tell the same of every hit.
"""

import ipaddress
import itertools
import json
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

from enrichers.campaign import NAMES, NETWORKS
from pixel.collect.parse import FIELDS

CONSENT = {"granted": "granted", "1": "granted", "true": "granted", "yes": "granted"} | {
    "denied": "denied",
    "0": "denied",
    "false": "denied",
    "no": "denied",
}

AMP = re.compile(r"^(?:amp;)+")
PORT = re.compile(r"^\[(?P<v6>[^\]]+)\](?::\d+)?$|^(?P<v4>[\d.]+)(?::\d+)?$")
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)

Enrich = Callable[[Mapping[str, Any], str | None], dict[str, Any]]
"""Takes an event and the full address, returns enrichments by name."""

INSTANCE, BOOT = "naive", uuid.uuid4().hex[:16]
_numbers = itertools.count()


def collect(query: str, headers: Mapping[str, str], enrich: Enrich | None = None) -> bytes | None:
    """Return the event of one hit as JSON, or None when it is rejected."""
    now = datetime.now(UTC)
    flags: list[str] = []
    params = read_query(query, flags)

    consent = CONSENT.get(params.pop("consent").lower()) if isinstance(params.get("consent"), str) else None
    if "cookie" in headers:
        cookies = SimpleCookie(headers["cookie"])
        if "pixel_optout" in cookies and cookies["pixel_optout"].value == "1":
            return None
        if "pixel_consent" in cookies:
            kept = CONSENT.get(cookies["pixel_consent"].value.lower())
            consent = "denied" if "denied" in (kept, consent) else kept or consent
    if headers.get("dnt") == "1":
        flags.append("dnt")
    if headers.get("sec-gpc") == "1":
        flags.append("gpc")
    anonymous = consent == "denied" or "dnt" in flags or "gpc" in flags
    if anonymous:
        flags.append("anonymised")

    occurred_at = None
    moment = read_moment(params.get("occurredAt"))
    if moment is not None:
        del params["occurredAt"]
        if not now - timedelta(days=400) <= moment <= now + timedelta(minutes=10):
            return None
        if moment < now - timedelta(days=1):
            flags.append("late")
        occurred_at = rfc3339(moment)

    event: dict[str, Any] = {
        "schema": 1,
        "id": params.pop("eventId", None) or str(uuid.uuid4()),
        "received_at": rfc3339(now),
        "occurred_at": occurred_at,
        "endpoint": "pixel",
        "trust": "anonymous",
        "activity": "page_view",
        "consent": consent,
    }
    for name, field in FIELDS.items():
        value = params.get(name)
        if isinstance(value, list):
            flags.append("repeated")
            event[field] = next(filter(None, value), None)
        elif value:
            event[field] = params.pop(name)

    referer = cut(headers.get("referer"), 4096, flags)
    event["page_url"] = cut(event.get("page_url"), 4096, flags) or referer
    event["source"] = host(referer) or host(headers.get("origin")) or host(event["page_url"])
    event["user_agent"] = cut(headers.get("user-agent"), 1024, flags)
    event["language"] = cut(headers.get("accept-language"), 256, flags)
    event["ip"] = network(headers.get("x-forwarded-for"))
    more = enrich(event, address_of(headers.get("x-forwarded-for"))) if enrich else {}
    purpose = headers.get("sec-purpose") or headers.get("purpose") or headers.get("x-purpose") or headers.get("x-moz")
    if purpose and AHEAD.search(purpose):
        flags.append("prefetch")

    found = campaign(event["page_url"], params)
    event["page_url"] = without_login(event["page_url"])
    event["referrer"] = without_login(event.get("referrer"))
    params = {
        name: without_login(value) if isinstance(value, str) else [without_login(each) for each in value]
        for name, value in params.items()
    }
    if anonymous:
        for field in ("customer_id", "visitor_id", "recipient", "ip", "user_agent"):
            event[field] = None
        params = {}
        event["page_url"] = without_query(event["page_url"])
        event["referrer"] = without_query(event["referrer"])
        if event["language"]:
            first = re.split("[,;-]", event["language"])[0].strip().lower()
            event["language"] = first if 2 <= len(first) <= 3 and first.isalpha() else None
        found = {name: value for name, value in found.items() if name in ("source", "medium", "name", "networks")}

    event["params"] = params
    event["flags"] = flags
    event["enrichments"] = ({"campaign": found} if found else {}) | more
    event = {name: value for name, value in event.items() if value}
    event |= {"instance": INSTANCE, "boot": BOOT, "seq": next(_numbers)}
    return json.dumps(event).encode()


def read_query(query: str, flags: list[str]) -> dict[str, Any]:
    if len(query) > 8192:
        query = query[:8192].rpartition("&")[0]
        flags.append("truncated")
    params: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name.startswith("amp;"):
            name = AMP.sub("", name)
            if "amp_repaired" not in flags:
                flags.append("amp_repaired")
        if "\ufffd" in name + value and "invalid_utf8" not in flags:
            flags.append("invalid_utf8")
        params.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in params.items()}


def read_moment(text: object) -> datetime | None:
    if not isinstance(text, str):
        return None
    try:
        if text.isdecimal() and len(text) in (10, 13):
            return datetime.fromtimestamp(int(text) / (1000 if len(text) == 13 else 1), UTC)
        moment = datetime.fromisoformat(text.replace(" ", "+") if text[-6:-5] == " " else text)
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else None


def rfc3339(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def cut(text: str | None, limit: int, flags: list[str]) -> str | None:
    if text and len(text) > limit:
        text = text[:limit]
        if "truncated" not in flags:
            flags.append("truncated")
    return text or None


def host(url: str | None) -> str | None:
    return urlsplit(url).hostname if url else None


def address_of(forwarded: str | None) -> str | None:
    match = PORT.match(forwarded.split(",")[-1].strip()) if forwarded else None
    return (match["v4"] or match["v6"]) if match else None


def network(forwarded: str | None) -> str | None:
    try:
        address = ipaddress.ip_address(address_of(forwarded) or "")
    except ValueError:
        return None
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def campaign(page_url: str | None, params: Mapping[str, Any]) -> dict[str, Any]:
    tag = read_campaign(params)
    address = urlsplit(page_url or "")
    page = read_campaign(parse_qs(address.query))
    both = page | tag
    if "click_ids" in page and "click_ids" in tag:
        both["click_ids"] = page["click_ids"] | tag["click_ids"]
        both["networks"] = list(dict.fromkeys(NETWORKS[name] for name in both["click_ids"]))
    return both


def read_campaign(given: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: clean(value if isinstance(value, str) else value[0]) for name, value in given.items()}
    result: dict[str, Any] = {}
    for key, names in NAMES.items():
        for name in names:
            if found.get(name):
                result[key] = found[name]
                break
    clicks = {name: value for name, value in found.items() if name in NETWORKS and value}
    if clicks:
        result["click_ids"] = clicks
        result["networks"] = list(dict.fromkeys(NETWORKS[name] for name in clicks))
    return result


def clean(value: str) -> str:
    return value.strip() if value.isprintable() else CONTROLS.sub(" ", value).strip()


def without_login(url: str | None) -> str | None:
    if not url or "@" not in url:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def without_query(url: str | None) -> str | None:
    return urlsplit(url)._replace(query="", fragment="").geturl() if url else url

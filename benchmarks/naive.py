"""The same event as ours, made the way most people would write it: the peer of benchmarks/collect.py.

Standard library only: urllib.parse, datetime, uuid, ipaddress, http.cookies, re, dict and json. Nothing is slow on
purpose: patterns are compiled once, steps that a hit does not need are skipped, JSON is encoded once. It follows the
default settings (`functions`, `cut`, `anonymise`) and the `campaign` enricher; benchmarks/collect.py checks that both
tell the same of every hit.
"""

import ipaddress
import itertools
import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

FIELDS = {
    "customerId": "customer_id",
    "visitorId": "visitor_id",
    "recipient": "recipient",
    "product": "product",
    "activity": "activity",
    "url": "page_url",
    "ref": "referrer",
}
UTM = {
    "utm_source": "source",
    "utm_medium": "medium",
    "utm_campaign": "name",
    "utm_term": "term",
    "utm_content": "content",
    "utm_id": "id",
}
CLICK_IDS = ("gclid", "dclid", "fbclid", "msclkid", "ttclid", "li_fat_id")
CONSENT = {"granted": "granted", "1": "granted", "true": "granted", "yes": "granted"} | {
    "denied": "denied",
    "0": "denied",
    "false": "denied",
    "no": "denied",
}

AMP = re.compile(r"^(?:amp;)+")
PORT = re.compile(r"^\[(?P<v6>[^\]]+)\](?::\d+)?$|^(?P<v4>[\d.]+)(?::\d+)?$")
AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)

INSTANCE, BOOT = "naive", uuid.uuid4().hex[:16]
_numbers = itertools.count()


def collect(query: str, headers: Mapping[str, str]) -> bytes | None:
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
    if "occurredAt" in params:
        moment = datetime.fromisoformat(params.pop("occurredAt"))
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
        found = {name: value for name, value in found.items() if name in ("source", "medium", "name")}

    event["params"] = params
    event["flags"] = flags
    event["enrichments"] = {"campaign": found} if found else None
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
        params.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in params.items()}


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


def network(forwarded: str | None) -> str | None:
    match = PORT.match(forwarded.split(",")[-1].strip()) if forwarded else None
    if match is None:
        return None
    try:
        address = ipaddress.ip_address(match["v4"] or match["v6"])
    except ValueError:
        return None
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def campaign(page_url: str | None, params: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: values[-1] for name, values in parse_qs(urlsplit(page_url).query).items()} if page_url else {}
    for name, value in params.items():
        text = value[0] if isinstance(value, list) else value
        if text:
            found[name] = text
    result: dict[str, Any] = {field: found[name] for name, field in UTM.items() if name in found}
    clicks = {name: found[name] for name in CLICK_IDS if name in found}
    if clicks:
        result["click_ids"] = clicks
    return result


def without_login(url: str | None) -> str | None:
    if not url or "@" not in url:
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def without_query(url: str | None) -> str | None:
    return urlsplit(url)._replace(query="", fragment="").geturl() if url else url

"""What our enrichers find out, found the way most people would: the second half of benchmarks/naive.py.

The same libraries and tables, used as their documentation shows: `user_agents.parse`, `geoip2`'s `city()`, patterns
tried one by one, nothing remembered. It reads no client hints and judges no prefetch, so it does less.
"""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import crawleruseragents
import regex
import user_agents
from geoip2.database import Reader
from geoip2.errors import AddressNotFoundError
from is_bot._patterns import default_patterns

from enrichers._mail_agents import MARKS
from enrichers._referrer_hosts import TABLE, read_table


@cache
def _crawlers() -> list["re.Pattern[str]"]:
    return [re.compile(each["pattern"]) for each in crawleruseragents.CRAWLER_USER_AGENTS_DATA]


@cache
def _is_bot() -> list[Any]:
    return [regex.compile(pattern, regex.IGNORECASE) for pattern in default_patterns]


@cache
def _hosts() -> list[tuple["re.Pattern[str]", Any]]:
    table = read_table(TABLE, [])
    below = [(re.compile(r"(?:.*\.)?" + _pattern(name)), row) for name, row in table.below.items()]
    return [(re.compile(_pattern(name)), row) for name, row in table.exact.items()] + below


def _pattern(host: str) -> str:
    return re.escape(host).replace(r"\{cc\}", "[a-z]{2}")


class NaiveEnrichers:
    """Enriches by one city database; compiles its patterns once, before the clock runs."""

    def __init__(self, database: Path) -> None:
        self._reader = Reader(database)
        _crawlers(), _is_bot(), _hosts()

    def enrich(self, event: Mapping[str, Any], address: str | None) -> dict[str, Any]:
        """Return the enrichments of an event, by name."""
        agent: str | None = event.get("user_agent")
        found = {
            "device": device(agent) if agent else None,
            "bot": bot(agent),
            "mail": mail(event, agent),
            "geo": self.geo(address),
            "referrer": referrer(event),
        }
        return {name: result for name, result in found.items() if result}

    def geo(self, address: str | None) -> dict[str, Any] | None:
        """Look a full address up."""
        if address is None:
            return None
        try:
            city = self._reader.city(address)
        except (AddressNotFoundError, ValueError):
            return None
        return {
            "country": city.country.iso_code,
            "continent": city.continent.code,
            "region": city.subdivisions.most_specific.name,
            "city": city.city.name,
            "time_zone": city.location.time_zone,
        }


def device(agent: str) -> dict[str, Any]:
    """Parse a user agent."""
    parsed = user_agents.parse(agent)
    kinds = (
        ("bot", parsed.is_bot),
        ("tablet", parsed.is_tablet),
        ("mobile", parsed.is_mobile),
        ("desktop", parsed.is_pc),
    )
    known = {
        "browser": parsed.browser.family,
        "browser_version": parsed.browser.version_string,
        "os": parsed.os.family,
        "os_version": parsed.os.version_string,
        "device": parsed.device.family,
        "brand": parsed.device.brand,
        "model": parsed.device.model,
        "type": next((kind for kind, is_it in kinds if is_it), "other"),
    }
    return {name: value for name, value in known.items() if value and value != "Other"}


def bot(agent: str | None) -> dict[str, Any] | None:
    """Try the patterns one by one."""
    reasons = []
    if not agent:
        reasons.append("no_user_agent")
    elif any(mark in agent for mark in MARKS["proxy"]):
        return None
    else:
        if any(pattern.search(agent) for pattern in _crawlers()):
            reasons.append("crawler_user_agents")
        if any(pattern.search(agent) for pattern in _is_bot()):
            reasons.append("is_bot")
    return {"strict": "crawler_user_agents" in reasons, "broad": True, "reasons": reasons} if reasons else None


def mail(event: Mapping[str, Any], agent: str | None) -> dict[str, Any] | None:
    """Tell a proxy from a scanner from a person."""
    if event.get("activity") != "open" and not event.get("recipient"):
        return None
    for kind, marks in MARKS.items():
        for mark, provider in marks.items():
            if agent and mark in agent:
                return {"fetcher": kind, "provider": provider}
    return {"fetcher": "unknown"}


def referrer(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """Compare the referrer's host with each pattern of the table."""
    if not event.get("referrer"):
        return None
    try:
        address = urlsplit(event["referrer"])
        host = (address.hostname or "").removeprefix("www.")
        page = (urlsplit(event.get("page_url") or "").hostname or "").removeprefix("www.")
    except ValueError:
        return None
    if host and host == page:
        return {"medium": "internal", "source": host}
    name = host if address.scheme in ("http", "https") else f"{address.scheme}://{host}"
    for pattern, row in _hosts():
        if pattern.fullmatch(name):
            terms = parse_qs(address.query)
            term = next((terms[each][0] for each in row.terms if each in terms), None)
            return {"medium": row.medium, "source": row.source} | ({"term": term} if term else {})
    return {"medium": "unknown", "source": host}

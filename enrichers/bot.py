"""Whether a machine sent a hit: `strict` if that is as good as certain, `broad` if likely. People have no result.

Patterns: https://github.com/monperrus/crawler-user-agents (strict), https://github.com/omrilotan/isbot (broad), all
matched at once by RE2, in linear time. Result: `strict`, `broad`, `reasons` (of the lists below), `name`, `category`.
"""

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from enrichers._bot_names import CATEGORIES, HEADLESS, NO_NAMES, OWN
from enrichers._kept import NotKept, kept
from enrichers._mail_agents import PROGRAM, PROXY, find_mail_agent
from pixel.event import Event

if TYPE_CHECKING:
    from enrichers._bot_patterns import Crawler, Patterns

after = ("device",)

# They say what kind of machine it was. A name is cut out of the user agent.
anonymous = ("strict", "broad", "reasons", "category")

STRICT: Final = {
    "crawler_user_agents": "A pattern of crawler-user-agents fits the user agent.",
    "device": "The enricher `device` says that it is a bot: ua-parser calls the user agent a spider.",
    "headless": "A browser without a window, by user agent or `Sec-CH-UA`.",
    "signature_agent": "The request says which agent signed it (`Signature-Agent`, Web Bot Auth).",
}
BROAD: Final = {
    "is_bot": "A pattern of is-bot fits the user agent.",
    "no_user_agent": "No user agent.",
    "prefetch": "The browser fetches ahead (flag `prefetch`).",
}

# The longest user agent of Matomo's 35,000 has 419 characters. RE2 takes up to 1 us for a character it has not met
# in this place.
TEXT_LIMIT: Final = 512
NAME_LIMIT: Final = 40
_NO_NAME: Final = re.compile(r"[./]|^com\b")

Result = dict[str, Any]


def enrich(event: Event) -> Result | None:
    """Return the signs that a machine sent this, the same dict for the same signs; None if there are none."""
    device = event.enrichments.get("device")
    spider = device.get("browser", "") if device is not None and device.get("type") == "bot" else None
    headers = event.request.headers
    signs: tuple[str, ...] = ()
    if "sec-ch-ua" in headers and "HeadlessChrome" in headers["sec-ch-ua"]:
        signs += ("headless",)
    if "signature-agent" in headers:
        signs += ("signature_agent",)
    if "prefetch" in event.flags:
        signs += ("prefetch",)
    try:
        if signs or spider is not None:
            return _by_signs(event.user_agent, spider, signs)
        return _by_user_agent(event.user_agent)
    except NotKept as rare:
        result: Result | None = rare.result
        return result


def status() -> dict[str, Any]:
    """Return versions of the lists, and how many patterns are in use once a hit needed them."""
    from importlib.metadata import version  # 15 ms, and only /status asks

    told: dict[str, Any] = {name: version(name) for name in ("crawler-user-agents", "is-bot")}
    if _patterns.cache_info().currsize:
        told |= {"patterns": _patterns().count, "skipped": _patterns().skipped}
    return told


@lru_cache(maxsize=20_000)
def _by_user_agent(user_agent: str | None) -> Result | None:
    """Judge what is most hits: a key of one string is found twice as fast as one of three parts."""
    return kept(_judge(user_agent, None, ()), user_agent)


@lru_cache(maxsize=20_000)
def _by_signs(user_agent: str | None, spider: str | None, signs: tuple[str, ...]) -> Result | None:
    return kept(_judge(user_agent, spider, signs), user_agent)


def _judge(user_agent: str | None, spider: str | None, signs: tuple[str, ...]) -> Result | None:
    agent = find_mail_agent(user_agent)
    if agent is not None and agent.kind == PROXY:
        return None  # a person reads behind it; the enricher `mail` says whose proxy
    text = (user_agent or "")[:TEXT_LIMIT]
    lower = text.lower()
    reasons = set(signs)
    crawlers, broad = _patterns().match(text)
    if crawlers:
        reasons.add("crawler_user_agents")
    if spider is not None:
        reasons.add("device")
    if any(mark in lower for mark in HEADLESS):
        reasons.add("headless")
    if broad:
        reasons.add("is_bot")
    if not text:
        reasons.add("no_user_agent")
    strict = not reasons.isdisjoint(STRICT)
    if agent is not None and agent.kind == PROGRAM and not strict:
        reasons.discard("is_bot")  # it takes any short `Name/1.2` for a bot
    if not reasons:
        return None
    result: Result = {"strict": strict, "broad": True, "reasons": sorted(reasons)}
    name = _name(crawlers, spider, text)
    if name:
        result["name"] = name
    category = "automation" if "headless" in reasons else _category(crawlers, lower)
    if category:
        result["category"] = category
    return result


def _name(crawlers: "list[Crawler]", spider: str | None, text: str) -> str | None:
    """Return what the longest pattern fits, or what ua-parser calls it: one of them, if it reads like a name."""
    candidates = [spider or ""]
    if crawlers:
        found = _compiled(max((crawler.pattern for crawler in crawlers), key=len)).search(text)
        candidates.insert(0, found.group() if found else "")
    for candidate in candidates:
        name = candidate.strip(" /;:,()+-_")
        if 2 <= len(name) <= NAME_LIMIT and name.lower() not in NO_NAMES and not _NO_NAME.search(name):
            return name
    return None


@cache
def _compiled(pattern: str) -> "re.Pattern[str]":
    """Compile a pattern of the list once; `re` itself forgets all but the last 512, and compiling takes 200 us."""
    return re.compile(pattern)


def _category(crawlers: "list[Crawler]", lower: str) -> str | None:
    for mark, category in OWN.items():
        if mark in lower:
            return category
    tags = {tag for crawler in crawlers for tag in crawler.tags}
    return next((category for tag, category in CATEGORIES.items() if tag in tags), None)


@cache
def _patterns() -> "Patterns":
    from enrichers._bot_patterns import Patterns  # 30 to 50 ms once: the first hit does it, not every start

    return Patterns()

"""Who fetched the image of a mail: a person, a proxy for a reader, Apple's privacy protection, a scanner, or unknown.

Only for hits that concern a mail: an open, a hit with a recipient, or a proxy of mails. Result: `fetcher`, `reasons`
(of the list below), `provider` if the user agent names one.
"""

from functools import lru_cache
from typing import Any, Final

from enrichers._kept import NotKept, kept
from enrichers._mail_agents import PROXY, SCANNER, find_mail_agent, mail_agent
from pixel.event import Event

after = ("bot", "geo")

# Each is of a closed list or a company's name, and shared by millions.
anonymous = ("fetcher", "reasons", "provider")

REASONS: Final = {
    "bare_mozilla": "The user agent is `Mozilla/5.0` and no more, as Apple's relays send it.",
    "bot": "The enricher `bot` says `strict`.",
    "browser": "The user agent of a browser, or of a program that shows mails with a browser's engine.",
    "datacentre": "The address is of a datacentre, says the enricher `geo`, and of no network that Apple's relays use.",
    "likely_bot": "The enricher `bot` says `broad`, not `strict`.",
    "mail_program": "The user agent names a mail program.",
    "no_user_agent": "No user agent.",
    "other_network": "`bare_mozilla`, but not from a network that Apple's relays use.",
    "proxy": "The user agent names the image proxy of a mail provider.",
    "recipient_differs": "The signed token is for another recipient than the one in the query.",
    "relay_network": "The address is of a network that Apple's relays use.",
    "scanner": "The user agent names a scanner of mails.",
    "soon": "Within 10 seconds of the issue of the signed token: before most people read.",
}

RELAYS: Final = frozenset((714, 6185, 13335, 20940, 36183, 54113))
"""Apple (two), Cloudflare, Akamai (two), Fastly, who run the relays: https://doi.org/10.1145/3517745.3561426"""

SOON_S: Final = 10

ENGINES: Final = ("AppleWebKit/", "Gecko", "Trident/", "MSIE ", "Presto/")

Result = dict[str, Any]


def enrich(event: Event) -> Result | None:
    """Return who fetched it and why we think so; the same dict for the same evidence. None if it is about no mail."""
    user_agent = event.user_agent
    try:
        agent = mail_agent(user_agent)
    except NotKept as rare:
        agent = rare.result
    if (
        event.recipient is None
        and event.endpoint != "open"
        and event.activity != "open"
        and (agent is None or agent.kind != PROXY)
    ):
        return None
    enrichments = event.enrichments
    bot, geo = enrichments.get("bot"), enrichments.get("geo")
    soon = differs = False
    token = event.request.token
    if token is not None:
        soon = 0 <= event.request.received_at - token.issued_at < SOON_S
        differs = token.recipient is not None and event.recipient is not None and token.recipient != event.recipient
    try:
        return _judged(
            user_agent,
            "" if bot is None else "bot" if bot["strict"] else "likely_bot",
            None if geo is None or "asn" not in geo else geo["asn"] in RELAYS,
            geo is not None and geo.get("datacentre") is True and geo.get("asn") not in RELAYS,
            soon,
            differs,
        )
    except NotKept as rare:
        result: Result = rare.result
        return result


@lru_cache(maxsize=20_000)
def _judged(
    user_agent: str | None, bot: str, relay: bool | None, datacentre: bool, soon: bool, differs: bool
) -> Result:
    return kept(_judge(user_agent, bot, relay, datacentre, soon, differs), user_agent)


def _judge(
    user_agent: str | None, bot: str, relay: bool | None, datacentre: bool, soon: bool, differs: bool
) -> Result:
    """Weigh what is known. A proxy goes before everything, as bot lists claim it and it runs in a datacentre."""
    agent = find_mail_agent(user_agent)
    result: Result
    if agent is not None and agent.kind == PROXY:
        result = _result("mail_proxy", "proxy")
    elif agent is not None and agent.kind == SCANNER:
        result = _result("link_scanner", "scanner")
    elif user_agent == "Mozilla/5.0":
        result = _bare(relay)
    elif bot == "bot":
        result = _result("link_scanner", "bot")
    else:
        result = _reader(user_agent, agent is not None, bot, datacentre, soon)
    if differs:
        result["reasons"].append("recipient_differs")
    if agent is not None:
        result["provider"] = agent.provider
    elif result["fetcher"] == "privacy_prefetch":
        result["provider"] = "Apple"
    return result


def _bare(relay: bool | None) -> Result:
    """Tell Apple's prefetch from a scanner that says as little. Without `geo` the user agent must do."""
    if relay is False:
        return _result("unknown", "bare_mozilla", "other_network")
    return _result("privacy_prefetch", "bare_mozilla", *(["relay_network"] if relay else []))


def _reader(user_agent: str | None, program: bool, bot: str, datacentre: bool, soon: bool) -> Result:
    """Return `human` if a person's program asked and nothing speaks against it."""
    if not user_agent:
        return _result("unknown", "no_user_agent")
    browser = user_agent.startswith(("Mozilla/", "Opera/")) and any(engine in user_agent for engine in ENGINES)
    seems = ["mail_program"] if program else ["browser"] if browser else []
    against = [reason for reason, holds in (("likely_bot", bot), ("datacentre", datacentre), ("soon", soon)) if holds]
    if datacentre and soon and browser and not program:
        return _result("link_scanner", *seems, *against)
    return _result("human" if seems and not against else "unknown", *seems, *against)


def _result(fetcher: str, *reasons: str) -> Result:
    return {"fetcher": fetcher, "reasons": list(reasons)}

"""What may not be stored goes, last: after enrichers have seen it, before any sink does."""

from collections.abc import Mapping, Set
from typing import Any

from pixel.collect.client_ip import network
from pixel.enricher import Anonymous
from pixel.event import Event


def redact(event: Event, ip_rule: str, anonymous: Mapping[str, Anonymous]) -> None:
    """Take out of the event what the visitor's will and the settings forbid.

    `ip_rule` is a value of `PIXEL_IP`. `anonymous` says, for each enricher, what of its result tells nothing
    about a person and stays in an anonymised event.
    """
    event.__dict__.clear()  # the request: full address, cookies
    if event.ip is not None:
        if ip_rule == "cut":
            event.ip = network(event.ip)
        elif ip_rule == "drop":
            event.ip = None
    if event.page_url is not None and "@" in event.page_url:
        event.page_url = _without_login(event.page_url)
    if event.referrer is not None and "@" in event.referrer:
        event.referrer = _without_login(event.referrer)
    for name, value in event.params.items():
        if isinstance(value, str):
            if "@" in value:
                event.params[name] = _without_login(value)
        else:
            event.params[name] = [_without_login(each) for each in value]
    if "anonymised" in event.flags:
        _anonymise(event, anonymous)


def _anonymise(event: Event, anonymous: Mapping[str, Anonymous]) -> None:
    event.customer_id = event.visitor_id = event.recipient = event.ip = event.user_agent = None
    event.params = {}
    event.page_url = _without_query(event.page_url)
    event.referrer = _without_query(event.referrer)
    if event.language is not None:
        event.language = _language(event.language)
    for name, result in list(event.enrichments.items()):
        stays = anonymous.get(name, {})
        kept = {key: value for key, value in result.items() if key in stays and _may_stay(value, stays[key])}
        if kept:
            event.enrichments[name] = kept
        else:
            del event.enrichments[name]


def _may_stay(value: Any, texts: Set[str] | None) -> bool:
    return texts is None or (isinstance(value, str) and value in texts)


def _without_query(url: str | None) -> str | None:
    return url and url.partition("?")[0].partition("#")[0]


def _language(accepted: str) -> str | None:
    """Keep the first language only: the whole list is nearly a fingerprint."""
    first = accepted.partition(",")[0].partition(";")[0].partition("-")[0].strip().lower()
    return first if 2 <= len(first) <= 3 and first.isalpha() else None


def _without_login(url: str) -> str:
    """Take `user:password@` out of what begins as a URL; an `@` in its path or query stays."""
    scheme, found, rest = url.partition("//")
    if not found or (scheme and not scheme.endswith(":")):
        return url
    end = min((at for at in map(rest.find, "/?#\\") if at >= 0), default=len(rest))
    return scheme + found + rest[:end].rpartition("@")[2] + rest[end:]

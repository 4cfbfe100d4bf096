"""Where the visitor came from: medium, source and search term, by the host of `ref` and the table referrer_hosts.csv.

Result: `medium` (search, social, mail, ai, paid, internal, direct or unknown); `source`, the name of the table or the
host; `term`, where a search engine still tells it; `spam` for a host of `REFERRER_SPAM_FILE`.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from enrichers._kept import NotKept, kept
from enrichers._referrer_hosts import TABLE, Hosts, Row, read_spam, read_table, split
from pixel.event import Event

PAID_MEDIA = frozenset(("cpc", "ppc", "cpm", "cpv", "cpa", "cpp", "display", "banner", "retargeting", "remarketing"))
"""Words that campaigns use as `utm_medium` for ads, beside those that start with `paid`."""

FREE = frozenset(("Meta", "Google Merchant Center"))
"""Networks whose click ids are not on ads alone."""

TERM_LIMIT = 256
CODED_TERM_LIMIT = 9 * TERM_LIMIT  # three bytes a character, three characters a byte

# A search term may hold the name of a person.
anonymous = ("medium", "source")
after = ("campaign",)  # whether it was an ad stands in the page's URL

Result = dict[str, Any]

_DIRECT: Result = {"medium": "direct"}
_INTERNAL: Result = {"medium": "internal"}
_PAID: Result = {"medium": "paid"}
_UNKNOWN: Result = {"medium": "unknown"}

_ADDRESS = re.compile(r"\[.*|(?:.*\.)?(?:\d+|0x[0-9a-f]*)")  # https://url.spec.whatwg.org/#ends-in-a-number-checker


class Referrers:
    """The enricher with its table, the sites that are ours, and the list of spam hosts."""

    def __init__(self, sites: str, spam_file: str) -> None:
        self._problems: list[str] = []
        self._table = read_table(TABLE, self._problems)
        self._sites = Hosts()
        for number, site in enumerate(sites.split(","), 1):
            try:
                if site.strip():
                    self._sites.add(site, Row("internal", ""))
            except ValueError as fault:
                self._problems.append(f"Entry {number} of REFERRER_SITES is left out: {fault}.")
        self._spam_file = Path(spam_file) if spam_file else None
        self._spam_seen: tuple[int, int] | None = None
        self._spam_problems: list[str] = []
        self._spam = Hosts()
        self._look_up = lru_cache(maxsize=20_000)(self._remembered)
        self.reload()

    def enrich(self, event: Event) -> Result | None:
        """Return where the visitor came from, or None where the tag could not tell."""
        campaign = event.enrichments.get("campaign")
        paid = campaign is not None and is_paid(campaign)
        referrer, url = event.referrer, event.page_url
        if referrer is None:
            if paid:
                return _PAID
            return _DIRECT if "ref" in event.params else None  # `ref=` is there, and empty
        origin = ""
        if url is not None:
            end = url.find("/", url.find("://") + 3)
            if end > 0:
                origin = url[: end + 1]  # https://shop.example/
                if referrer.startswith(origin):
                    return _INTERNAL
            else:
                origin = url.partition("?")[0]
        try:
            return self._look_up(referrer, origin, paid)
        except NotKept as rare:
            result: Result = rare.result
            return result

    def status(self) -> dict[str, Any]:
        """Say how many hosts are known, and what is wrong with the lists."""
        return {
            "hosts": len(self._table),
            "spam_hosts": len(self._spam),
            "problems": self._problems + self._spam_problems,
        }

    def reload(self) -> None:
        """Read the list of spam hosts if it was replaced. One that cannot be read leaves the last one in use."""
        if self._spam_file is None:
            return
        try:
            now = self._spam_file.stat()
            if (now.st_mtime_ns, now.st_size) == self._spam_seen:
                return
            lines = self._spam_file.read_text("utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as fault:
            self._spam_problems = [f"REFERRER_SPAM_FILE cannot be read: {type(fault).__name__}."]
            self._spam_seen = None
            return
        problems: list[str] = []
        self._spam = read_spam(lines, problems)
        self._spam_problems = problems
        self._spam_seen = (now.st_mtime_ns, now.st_size)
        self._look_up = lru_cache(maxsize=20_000)(self._remembered)

    def _remembered(self, referrer: str, origin: str, paid: bool) -> Result:
        return kept(self._find(referrer, origin, paid), referrer, origin)

    def _find(self, referrer: str, origin: str, paid: bool) -> Result:
        scheme, host = split(referrer)
        if host is None:
            return _PAID if paid else _UNKNOWN
        if scheme in ("http", "https", None):
            if host == split(origin)[1] or self._sites.find(host):
                return _INTERNAL
            row = self._table.find(host)
            known = scheme is not None or referrer.startswith("//")
        else:
            row = self._table.exact.get(f"{scheme}://{host}")
            known = scheme in ("android-app", "ios-app")
        result: Result = {"medium": "paid" if paid else row.medium if row else "unknown"}
        if row:
            result["source"] = row.source
            term = search_term(referrer, row.terms)
            if term:
                result["term"] = term
        elif known and not _ADDRESS.fullmatch(host):
            result["source"] = host
        if self._spam.find(host):
            result["spam"] = True
        return result


def setup(env: Mapping[str, str]) -> Referrers:
    """Read the table and the lists that the settings name."""
    return Referrers(env.get("REFERRER_SITES", ""), env.get("REFERRER_SPAM_FILE", ""))


def is_paid(campaign: Mapping[str, Any]) -> bool:
    """Say whether the campaign is an ad: by a click id that only ads carry, or by the word for its medium.

    Meta's click id comes with every link: https://stackoverflow.com/questions/52847475; that of Google Merchant Center with
    results nobody paid for: https://support.google.com/merchants/answer/15191080
    """
    networks = campaign.get("networks")
    if networks is not None and not FREE.issuperset(networks):
        return True
    medium = campaign.get("medium")
    if medium is None:
        return False
    medium = medium.lower()
    return medium in PAID_MEDIA or medium.startswith("paid")


def search_term(url: str, names: Iterable[str]) -> str | None:
    """Return the search term, in one line. None where it makes no sense or holds a mail address."""
    parts = url.partition("#")[0].partition("?")[2].split("&")
    for name in names:
        for part in parts:
            key, _, value = part.partition("=")
            if key == name and value:
                if len(value) > CODED_TERM_LIMIT:
                    return None
                term = " ".join(unquote_plus(value).split())
                if not term or "\ufffd" in term or "@" in term or "%40" in term or min(term) < " ":
                    return None
                return term[:TERM_LIMIT].rstrip()
    return None

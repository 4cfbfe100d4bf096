"""Which campaign brought the visitor: campaign parameters and ad click ids, from the hit or from its page's URL.

UTM: https://support.google.com/analytics/answer/10917952
Matomo: https://matomo.org/faq/reports/advanced-how-to-manually-build-campaign-tracking-urls
Google's own parameters: https://support.google.com/google-ads/answer/16193746 (`gad_source`, `gad_campaignid`),
https://support.google.com/merchants/answer/15191080 (`srsltid`)
Result: `source`, `medium`, `name`, `term`, `content`, `id`, `group`, `placement`, `source_platform`, `creative_format`,
`marketing_tactic`, as far as given; `click_ids` by parameter name and the `networks` that give them.
"""

import re
from collections.abc import Iterable, Mapping, Set
from typing import Any
from urllib.parse import unquote_plus

from pixel.event import Event

NAMES = {
    "source": ("utm_source", "mtm_source", "pk_source"),
    "medium": ("utm_medium", "mtm_medium", "pk_medium"),
    "name": (
        "utm_campaign",
        "mtm_campaign",
        "mtm_cpn",
        "matomo_campaign",
        "pk_campaign",
        "pk_cpn",
        "piwik_campaign",
    ),
    "term": ("utm_term", "mtm_keyword", "mtm_kwd", "matomo_kwd", "pk_keyword", "pk_kwd", "piwik_kwd"),
    "content": ("utm_content", "mtm_content", "pk_content"),
    "id": ("utm_id", "mtm_cid", "pk_cid", "gad_campaignid", "mc_cid"),  # Google's and Mailchimp's own, by themselves
    "group": ("mtm_group", "pk_group"),
    "placement": ("mtm_placement", "pk_placement"),
    "source_platform": ("utm_source_platform",),
    "creative_format": ("utm_creative_format",),
    "marketing_tactic": ("utm_marketing_tactic",),
}
"""The parameters of each key; the first that is given counts."""

NETWORKS = {
    "gclid": "Google Ads",
    "gbraid": "Google Ads",
    "wbraid": "Google Ads",
    "gad_source": "Google Ads",  # of every ad, so it tells of one where the click id is cut off
    "srsltid": "Google Merchant Center",  # no ad: free listings and other results of a shop that has it on
    "dclid": "Google Marketing Platform",
    "msclkid": "Microsoft Advertising",
    "fbclid": "Meta",  # no "Ads": it comes with a link of a post too
    "ttclid": "TikTok Ads",
    "li_fat_id": "LinkedIn Ads",
    "twclid": "X Ads",
    "ScCid": "Snapchat Ads",
    "sccid": "Snapchat Ads",  # some sites write their URLs small
    "epik": "Pinterest Ads",
    "rdt_cid": "Reddit Ads",
    "qclid": "Quora Ads",
    "yclid": "Yandex Direct",
    "tblci": "Taboola",
    "dicbo": "Outbrain",
    "awc": "Awin",
    "cjevent": "CJ Affiliate",
    "irclickid": "impact.com",
}
"""The click ids and who gives them."""

LIMIT = 500
"""Characters of a value. A longer one is left out: what is cut would be a false one. So is one with a mail address."""

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")

_PLACES = {name: (key, place) for key, names in NAMES.items() for place, name in enumerate(names)}
_PLACES |= dict.fromkeys(NETWORKS, ("click_ids", 0))
_NAMES = frozenset(_PLACES)
_IN_FRAGMENTS = frozenset(name for name in _NAMES if name.startswith(("mtm_", "matomo_", "pk_", "piwik_")))

# A click id leads an ad network back to one person, and mail tools put a subscriber's id into term and content.
anonymous = ("source", "medium", "name", "networks")


def enrich(event: Event) -> dict[str, Any] | None:
    """Return the campaign. What the tag says goes before what the page's URL says."""
    url = event.page_url
    page = _of_page(url) if url is not None and ("?" in url or "#" in url) else None
    if _NAMES.isdisjoint(event.params):
        return page
    tag = _of_tag(event)
    if page is None or tag is None:
        return page or tag
    campaign = page | tag
    if "click_ids" in page and "click_ids" in tag:
        campaign["click_ids"] = page["click_ids"] | tag["click_ids"]
        campaign["networks"] = _networks(campaign["click_ids"])
    return campaign


def _of_page(url: str) -> dict[str, Any] | None:
    address, _, fragment = url.partition("#")
    found = _pairs(address.partition("?")[2], _NAMES)
    if "=" in fragment:  # only Matomo looks for its parameters there
        found += _pairs(fragment.rpartition("?")[2], _IN_FRAGMENTS)
    return _campaign(found) if found else None


def _pairs(query: str, names: Set[str]) -> list[tuple[str, str]]:
    found = []
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in names:
            found.append((name, unquote_plus(value) if "%" in value or "+" in value else value))
    return found


def _of_tag(event: Event) -> dict[str, Any] | None:
    found = []
    for name, value in event.params.items():
        if name in _NAMES:
            found += [(name, value)] if isinstance(value, str) else [(name, each) for each in value]
    return _campaign(found)


def _campaign(found: Iterable[tuple[str, str]]) -> dict[str, Any] | None:
    campaign: dict[str, Any] = {}
    click_ids: dict[str, str] = {}
    places: dict[str, int] = {}
    for name, value in found:
        if not value or len(value) > LIMIT or "@" in value or "%40" in value:
            continue
        value = value.strip() if value.isprintable() else _CONTROLS.sub(" ", value).strip()
        if not value:
            continue
        key, place = _PLACES[name]
        if key == "click_ids":
            click_ids.setdefault(name, value)
        elif key not in places or place < places[key]:
            campaign[key] = value
            places[key] = place
    if click_ids:
        campaign["click_ids"] = click_ids
        campaign["networks"] = _networks(click_ids)
    return campaign or None


def _networks(click_ids: Mapping[str, str]) -> list[str]:
    """Return who gave the ids, each once. Yahoo! JAPAN gives a `yclid` too: `YSS.1000...`; Yandex' is a number."""
    networks: list[str] = []
    for name, value in click_ids.items():
        network = NETWORKS[name] if name != "yclid" or value[0] != "Y" else "Yahoo! JAPAN Ads"
        if network not in networks:
            networks.append(network)
    return networks

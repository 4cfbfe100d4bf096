"""Which campaign brought the visitor: UTM parameters and ad click ids, from the hit or from its page's URL.

UTM: https://support.google.com/analytics/answer/10917952
Result: `source`, `medium`, `name`, `term`, `content`, `id`, as far as given; `click_ids` by parameter name.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from pixel.event import Event

UTM = {
    "utm_source": "source",
    "utm_medium": "medium",
    "utm_campaign": "name",
    "utm_term": "term",
    "utm_content": "content",
    "utm_id": "id",
}
CLICK_IDS = ("gclid", "dclid", "fbclid", "msclkid", "ttclid", "li_fat_id")

_OF_INTEREST = frozenset((*UTM, *CLICK_IDS))

# A click id leads an ad network back to one person, and mail tools put a subscriber's id into term and content.
anonymous = ("source", "medium", "name")


def enrich(event: Event) -> dict[str, Any] | None:
    """Return the campaign. What the tag says goes before what the page's URL says."""
    found: dict[str, str] = {}
    url = event.page_url
    if url is not None and ("utm_" in url or "clid=" in url or "msclkid=" in url or "li_fat_id=" in url):
        found.update(_of_interest(url))
    for name, value in event.params.items():
        if name in _OF_INTEREST:
            text = value if isinstance(value, str) else value[0]
            if text:
                found[name] = text
    if not found:
        return None
    campaign: dict[str, Any] = {key: found[name] for name, key in UTM.items() if name in found}
    click_ids = {name: found[name] for name in CLICK_IDS if name in found}
    if click_ids:
        campaign["click_ids"] = click_ids
    return campaign


def _of_interest(url: str) -> Iterator[tuple[str, str]]:
    query = url.partition("?")[2].partition("#")[0]
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if value and name in _OF_INTEREST:
            yield name, unquote_plus(value)

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

# A click id leads an ad network back to one person.
anonymous = tuple(UTM.values())

_MARKS = ("utm_", "clid", "msclkid", "li_fat_id")


def enrich(event: Event) -> dict[str, Any] | None:
    """Return the campaign. What the tag says goes before what the page's URL says."""
    found: dict[str, str] = {}
    if event.page_url is not None and any(mark in event.page_url for mark in _MARKS):
        found.update(_of_interest(event.page_url))
    for name, value in event.params.items():
        if name in UTM or name in CLICK_IDS:
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
        if value and (name in UTM or name in CLICK_IDS):
            yield name, unquote_plus(value)

"""User-agent client hints: what Chromium browsers say of themselves beside a frozen user agent.

https://wicg.github.io/ua-client-hints/ and, for the headers' syntax, RFC 8941. Nothing here raises: what is not well
formed is left out.
"""

import re
from functools import lru_cache
from typing import Final

import msgspec

HEADERS: Final = (
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-ch-ua-platform-version",
    "sec-ch-ua-model",
    "sec-ch-ua-full-version-list",
    "sec-ch-ua-full-version",
    "sec-ch-ua-form-factors",
)
"""Chromium sends the first three with every hit over https, the others to pages that ask for them."""

NAME_LIMIT: Final = 64  # the longest honest brand or model is half of that
MEMBERS: Final = 8  # of a list are read; browsers send up to four brands
_MEMBER: Final = re.compile(r'\s*"((?:[^"\\]|\\.)*+)"\s*(?:;\s*v\s*=\s*"?([0-9.]*)"?\s*)?(?:,|$)')
_VERSION: Final = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}")


class Hints(msgspec.Struct, frozen=True):
    """Client hints, as far as given: empty means not said.

    `brands` are names and versions without GREASE, the browser's own beside its engine's; `mobile` is `1`, `0` or empty;
    `full_version` is that of the browser, as older Chromiums send it.
    """

    brands: tuple[tuple[str, str], ...] = ()
    mobile: str = ""
    platform: str = ""
    platform_version: str = ""
    model: str = ""
    forms: tuple[str, ...] = ()
    full_version: str = ""


@lru_cache(2_000)
def from_headers(
    brands: str,
    mobile: str,
    platform: str,
    platform_version: str = "",
    model: str = "",
    full_brands: str = "",
    full_version: str = "",
    forms: str = "",
) -> Hints:
    """Read values of `HEADERS`; empty is one that was not sent."""
    return Hints(
        brands=_named(_members(full_brands)) or _named(_members(brands)),
        mobile={"?1": "1", "?0": "0"}.get(mobile.strip(), ""),
        platform=_string(platform),
        platform_version=version(_string(platform_version)),
        model=_string(model),
        forms=tuple(name for name, _ in _members(forms)),
        full_version=version(_string(full_version)),
    )


def from_parameter(text: str) -> Hints:
    """Read the parameter `hints`, as docs/enrichers.md describes it."""
    mobile, platform, platform_version, model, forms, brands = (text + ";;;;;").split(";")[:6]
    named = (brand.rpartition("/") for brand in brands.split(",")[:MEMBERS])
    return Hints(
        brands=_named([(name, number) if slash else (number, "") for name, slash, number in named]),
        mobile=mobile if mobile in ("0", "1") else "",
        platform=plain(platform),
        platform_version=version(platform_version),
        model=plain(model),
        forms=tuple(filter(None, map(plain, forms.split(",")[:MEMBERS]))),
    )


def plain(text: str) -> str:
    """Return a name as it may be stored: printable, one space between words, not long."""
    if len(text) <= NAME_LIMIT and text.isprintable() and "  " not in text:
        return text.strip()
    return " ".join("".join(each if each.isprintable() else " " for each in text[:NAME_LIMIT]).split())


def version(text: str) -> str:
    """Return the version of up to four numbers that the text begins with, or nothing."""
    found = _VERSION.match(text.strip())
    return found[0] if found else ""


def _string(value: str) -> str:
    members = _members(value)
    return members[0][0] if members else plain(value.strip(" \"'"))  # some leave out the quotes


def _members(value: str) -> list[tuple[str, str]]:
    """Read a list of strings, each with its parameter `v`, up to the first mistake."""
    members: list[tuple[str, str]] = []
    position = 0
    while len(members) < MEMBERS and (found := _MEMBER.match(value, position)):
        name = re.sub(r"\\(.)", r"\1", found[1]) if "\\" in found[1] else found[1]
        members.append((plain(name), found[2] or ""))
        position = found.end()
    return members


def _named(brands: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Leave out GREASE: `Not A;Brand`, `Not/A)Brand` and the like, made to be ignored."""
    return tuple(
        (name, version(number))
        for name, number in ((plain(name), number) for name, number in brands)
        if name and "".join(filter(str.isalpha, name)).lower() != "notabrand"
    )

"""Which browser, system and device: `user-agents` on ua-parser's fast resolver, and client hints where they know more.

Result, as far as known: `browser`, `browser_version`, `os`, `os_version`, `device`, `brand`, `model`, `type`.
Client hints come as headers, or as the parameter `hints` that a page's script sends.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from enrichers._client_hints import Hints, from_headers, from_parameter, plain
from enrichers._device_names import BROWSERS, ENGINES, PLATFORMS, SYSTEMS, WIDESPREAD, WINDOWS
from enrichers._kept import NotKept, kept
from pixel.event import Event

if TYPE_CHECKING:
    from enrichers._user_agent import UserAgent

# Millions share each of these; a version or a model narrows a visitor down. Systems and types are of closed lists, while
# a browser may have any name: `JaneDoesBrowser/1.0`.
anonymous = {"browser": WIDESPREAD, "os": None, "type": None}

Device = dict[str, Any]

CACHE_SIZE: Final = 20_000
PARTS_SIZE: Final = 2_000
USER_AGENT_LIMIT: Final = 512  # of 38,000 real ones none is longer; odd ones of 1,024 cost ua-parser 2 ms
HINT_LIMIT: Final = 512

_FROZEN: Final = frozenset((("Windows", "10"), ("macOS", "10.15"), ("macOS", "10.15.7")))
"""Later ones say so too: https://www.chromium.org/updates/ua-reduction/, and Safari and Firefox do the same."""
_FROZEN_ANDROID: Final = "Android 10; K)"
_FROZEN_IOS: Final = ("18.6", "18.7")
_SAFARI_26: Final = re.compile(r"\bVersion/(?:2[6-9]|[3-9][0-9])\b")
"""From Safari 26 on, iOS says one of these: https://webkit.org/blog/17333/webkit-features-in-safari-26-0/"""
_REAL_MODEL: Final = (
    "Mozilla/5.0 (Linux; Android 10; {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36"
)
_NAMED: Final = re.compile(r"\b([A-Z][A-Za-z]{1,30}Browser)/([0-9]{1,9}(?:\.[0-9]{1,9}){0,2})")
"""A browser on another's engine that ua-parser does not know: `MZBrowser/9.4.3`."""
_GENERAL: Final = ("", "Android", "iOS", "Linux", "macOS", "Windows")
"""Where the user agent says none of these (Fedora, Chrome OS, HarmonyOS), it is more exact than a hint of Linux or Android."""


def enrich(event: Event) -> Device | None:
    """Return what is known of browser, system and device; the same dict for the same words."""
    headers = event.request.headers
    get = headers.get
    try:
        if "hints" in event.params:
            said = event.params["hints"]
            hints = said if isinstance(said, str) else said[0]
            if hints.count(";") == 5:
                return _by_parameter(event.user_agent, hints)
        brands = get("sec-ch-ua")
        if brands is None and "sec-ch-ua-platform" not in headers:
            return _by_user_agent(event.user_agent)
        if (
            "sec-ch-ua-platform-version" in headers
            or "sec-ch-ua-full-version-list" in headers
            or "sec-ch-ua-model" in headers
        ):
            return _by_headers(  # written out: half the cost of map(get, HEADERS)
                event.user_agent,
                brands,
                get("sec-ch-ua-mobile"),
                get("sec-ch-ua-platform"),
                get("sec-ch-ua-platform-version"),
                get("sec-ch-ua-model"),
                get("sec-ch-ua-full-version-list"),
                get("sec-ch-ua-full-version"),
                get("sec-ch-ua-form-factors"),
            )
        return _by_headers(event.user_agent, brands, get("sec-ch-ua-mobile"), get("sec-ch-ua-platform"))
    except NotKept as rare:
        device: Device | None = rare.result
        return device


def status() -> dict[str, Any]:
    """Return how well the caches do."""
    caches = [cached.cache_info() for cached in (_by_user_agent, _by_headers, _by_parameter)]
    return {"cache": {name: sum(getattr(cache, name) for cache in caches) for name in ("hits", "misses", "currsize")}}


@lru_cache(CACHE_SIZE)
def _by_user_agent(user_agent: str | None) -> Device | None:
    return _worked_out(user_agent, (), Hints)


@lru_cache(CACHE_SIZE)
def _by_headers(user_agent: str | None, *said: str | None) -> Device | None:
    return _worked_out(user_agent, said, from_headers)


@lru_cache(CACHE_SIZE)
def _by_parameter(user_agent: str | None, said: str) -> Device | None:
    return _worked_out(user_agent, (said,), from_parameter)


def _worked_out(user_agent: str | None, said: tuple[str | None, ...], read: Callable[..., Hints]) -> Device | None:
    hints = read(*((each or "")[:HINT_LIMIT] for each in said))
    text = (user_agent or "")[:USER_AGENT_LIMIT]
    device = _describe(text, hints) if text or hints != Hints() else None
    return kept(device, user_agent, *said)


def _describe(text: str, hints: Hints) -> Device | None:
    from enrichers._device_type import device_type  # 0.2 s the first time

    found = _parsed(text)
    browser, browser_version = _browser(found, hints)
    system, system_version = _system(found, hints)
    device, brand, model = _thing(found)
    if hints.model and system == "Android":
        device, brand, model = _thing(_parsed(_REAL_MODEL.format(hints.model)))
        model = hints.model
    known = {
        "browser": browser,
        "browser_version": browser and browser_version,
        "os": system,
        "os_version": system and system_version,
        "device": device,
        "brand": brand,
        "model": model,
        "type": device_type(found, hints, system, model),
    }
    return {name: plain(value) for name, value in known.items() if value} or None


@lru_cache(PARTS_SIZE)
def _parsed(text: str) -> "UserAgent":
    """Parse a user agent, or remember it: with hints, many visitors differ in these alone."""
    from enrichers._user_agent import UserAgent

    return UserAgent(text)


def _thing(found: "UserAgent") -> tuple[str, str, str]:
    """Return family, brand and model, each empty where ua-parser only says that it does not know."""
    device = found.device
    if found.is_bot or device.family == "Other" or _FROZEN_ANDROID in found.ua_string:
        return "", "", ""
    brand = "" if (device.brand or "").startswith("Generic") else device.brand or ""
    if device.family in (found.browser.family, "HbbTV", "iOS-Device") or device.family.startswith("Generic"):
        return "", brand, ""
    return device.family, brand, device.model or ""


def _browser(found: "UserAgent", hints: Hints) -> tuple[str, str]:
    own, own_version = _own_browser(found)
    brands = [(BROWSERS.get(brand, brand), version) for brand, version in hints.brands]
    if not brands:
        return own, own_version
    name, version = max(brands, key=lambda brand: _rank(brand[0]))
    if _rank(name) < len(ENGINES) == _rank(own):
        return own, own_version
    agrees = _major(own_version) == _major(version) or not version
    if name == own and (not agrees or own_version.count(".") > version.count(".")):
        version = own_version
    if _major(hints.full_version) == _major(version) or not version:
        version = hints.full_version or version
    return name, _significant(version)


def _own_browser(found: "UserAgent") -> tuple[str, str]:
    text: str = found.ua_string
    if text.startswith("Dalvik/"):
        return "", ""  # some app; ua-parser says Android's own browser
    family, version = found.browser.family, found.browser.version_string
    if "Browser/" in text and BROWSERS.get(family, family) in ENGINES and (named := _NAMED.search(text)):
        family, version = named[1], named[2]
    return BROWSERS.get(family, family), _significant(version)


def _rank(browser: str) -> int:
    return ENGINES.index(browser) if browser in ENGINES else len(ENGINES)


def _system(found: "UserAgent", hints: Hints) -> tuple[str, str]:
    name, version = SYSTEMS.get(found.os.family, found.os.family), found.os.version_string
    if found.device.family == "HbbTV" and name not in ("Android", "Linux", "Tizen", "webOS"):
        name, version = "", ""  # ua-parser names the maker
    if name in ("", "iOS") and (found.device.model or "").startswith(("Mac", "iMac", "Power")):
        name, version = "macOS", ""  # `CFNetwork/978.0.7 Darwin/18.7.0 (x86_64)`
    if (name, version) in _FROZEN or _FROZEN_ANDROID in found.ua_string:
        version = ""
    if name == "iOS" and version.startswith(_FROZEN_IOS) and _SAFARI_26.search(found.ua_string):
        version = ""
    platform = SYSTEMS.get(hints.platform, hints.platform)
    if platform not in PLATFORMS or (platform in ("Linux", "Android") and name not in _GENERAL):
        return name, version
    if hints.platform_version:
        return platform, _windows(hints.platform_version) if platform == "Windows" else hints.platform_version
    return platform, version if platform == name else ""


def _windows(platform_version: str) -> str:
    major = int(_major(platform_version))
    return "11" if major >= 13 else "10" if major else WINDOWS.get(platform_version[:3], "")


def _major(version: str) -> str:
    return version.partition(".")[0]


def _significant(version: str) -> str:
    """Cut the zeros that a frozen user agent ends in: `131.0.0` is 131."""
    while version.endswith(".0"):
        version = version[:-2]
    return version

"""What kind of thing a visitor holds or looks at: mobile, tablet, desktop, tv, bot, or other (a console, a watch, a car).

`user_agents` tells phones, tablets and computers apart. Here is what it does not know: televisions, what is none of all
these, tablets whose name says so, and computers outside the three large systems.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

import re2

from enrichers._client_hints import Hints
from enrichers._user_agent import UserAgent

FORMS: Final = {
    "Automotive": "other",
    "Desktop": "desktop",
    "EInk": "tablet",
    "Mobile": "mobile",
    "Tablet": "tablet",
    "Watch": "other",
    "XR": "other",
}
"""`Sec-CH-UA-Form-Factors`, https://wicg.github.io/ua-client-hints/#sec-ch-ua-form-factors"""

MARKS: Final = {
    "tv": r"HbbTV|CE-HTML|NETTV|NetCast|Web0S|webOS\.TV|VIDAA|BRAVIA|Viera/|AQUOS|[Ss]mart-?[Tt]v|SMART-TV|OMI/"
    r"|Roku|CrKey|AppleTV|Apple TV|tvOS|Google ?TV|Android ?TV|\bAFT[A-Z]|BrightSign|\bSTB\b|Large Screen"  # AFT: Fire TV
    r"|(?:^|[^D])TV(?:[^A-Za-z0-9]|$)",  # a word that ends so: `(lite) TV Safari`, `MiTV-AXSO2`; phones have `DTV`
    "set-top": r"^(?:Mozilla|Opera)/.*Linux (?:mips|sh4|armv)",
    "computer": r"X11|Macintosh|Mac_PowerPC|Chromebook|CrOS|Linux (?:x86_64|i[3-6]86|amd64)|Haiku|AmigaOS",
    "other": r"PlayStation|PLAYSTATION|Nintendo|Xbox|\bWatch|watchOS|QtCarBrowser|Tesla/|Sonos|\bEcho/|\bAEO[A-Z]{2}\b"
    r"|OculusBrowser",
    "tablet": r"iPad|Tablet(?:[^ ]| [^P]|$)|/apad\b",
    "phone": r"\bMobile\b|\bPhone\b|\bMIDP|J2ME|SAMSUNG-[SG]|\(?Nokia|^SonyEricsson|^LG-|^MOT-|UP\.Browser|Obigo|OBIGO"
    r"|IEMobile|Windows CE|; Lumia",
}
"""Marks in user agents."""

MODELS: Final = {
    # The last: it begins with the size of a screen in inches, such as `43U700GR`, `HTY-32FHD06B`, `65LEX-8262`.
    "tv": r"(?i)\bbox|box\b|\bstick\b|dongle|\bshell\b|uhd|led[-_ ]?[2-8][0-9]|(?:^|[^a-z0-9])[48]k(?:[^a-z0-9]|$)"
    r"|^(?:[a-z]+[-_ ]|[a-z]*tv)?(?:2[48]|3[29]|4[0-39]|5[058]|65|7[05]|8[56])[a-z]{1,4}[-_]?[0-9]",
    # The last line: Samsung, Kindle Fire, Huawei without a telephone.
    "tablet": r"[Tt][Aa][Bb]|Pad(?:[^a-zF]|$)|PAD|^MID[0-9-]|^Nexus (?:7|9|10)\b|^(?:Lenovo )?TB-?[0-9X]"
    r"|^SM-[PTX][0-9]|^GT-P[0-9]|^KF[A-Z]{3}|-W[0-9]{2}$",
}
"""What models are called that run Android and are no phones."""

DESKTOP_SYSTEMS: Final = frozenset((
    "Arch Linux", "CentOS", "Chrome OS", "Debian", "Fedora", "FreeBSD", "Gentoo", "Kubuntu", "Linux Mint", "macOS",
    "NetBSD", "OpenBSD", "Red Hat", "Slackware", "Solaris", "SUSE", "Ubuntu", "Windows",
))  # fmt: skip


def device_type(found: UserAgent, hints: Hints, system: str, model: str) -> str | None:
    """Return the type, or None if nothing tells. `system` and `model` are what is known in the end, or empty."""
    if found.is_bot:
        return "bot"
    marks = _marks(found.ua_string)
    if "other" in marks:
        return "other"
    if "tv" in marks or ("set-top" in marks and system != "Android" and not marks & {"computer", "tablet"}):
        return "tv"
    for form in hints.forms:
        if form in FORMS:
            return FORMS[form]
    if system == "Android":
        return _android(found.ua_string, marks, hints.mobile, model)
    if "tablet" in marks:
        return "tablet"
    if hints.mobile == "1" or (found.is_mobile and system != "macOS"):
        return "mobile"
    if system in DESKTOP_SYSTEMS and not found.is_tablet:
        return "mobile" if "phone" in marks else "desktop"
    if found.is_tablet:
        return "tablet"
    if found.is_pc or "computer" in marks:
        return "desktop"
    return "mobile" if "phone" in marks else None


def _android(text: str, marks: frozenset[str], mobile: str, model: str) -> str:
    named = _models(model) if model else frozenset[str]()
    if "tv" in named:
        return "tv"
    if "Chromebook" in text or "CrOS" in text:
        return "desktop"
    if "tablet" in marks or "tablet" in named:
        return "tablet"
    if mobile or "AppleWebKit" in text:
        # Browsers on tablets leave out `Mobile`: https://developer.chrome.com/docs/multidevice/user-agent
        return "mobile" if mobile == "1" or "phone" in marks else "tablet"
    return "mobile"  # an app's own user agent says nothing; most that run Android are phones


def _search(patterns: Mapping[str, str]) -> Callable[[str], frozenset[str]]:
    """Return a function that says which patterns, by name, are found in a text: one pass, however many."""
    together = re2.Set.SearchSet()
    for pattern in patterns.values():
        together.Add(pattern)
    together.Compile()
    names = tuple(patterns)
    return lru_cache(2_000)(lambda text: frozenset([names[found] for found in together.Match(text) or ()]))


_marks = _search(MARKS)
_models = _search(MODELS)

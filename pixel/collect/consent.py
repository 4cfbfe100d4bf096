"""What the visitor wants: opt-out, consent, Do Not Track and Global Privacy Control.

Opt-out is the strongest: nothing is kept but a count. A `denied` consent is treated as a privacy signal that no
setting ignores, because it is the site's own banner that says so. `DNT: 1` and `Sec-GPC: 1` follow the setting.
https://w3c.github.io/gpc/, https://www.w3.org/TR/tracking-dnt/
"""

from collections.abc import Iterable, Mapping

ANONYMISE, RECORD, REJECT = "anonymise", "record", "reject"
RULES = (ANONYMISE, RECORD, REJECT)
"""Values of `PIXEL_PRIVACY_SIGNAL`."""

CONSENT_WORDS = {
    "granted": "granted",
    "1": "granted",
    "true": "granted",
    "yes": "granted",
    "denied": "denied",
    "0": "denied",
    "false": "denied",
    "no": "denied",
}


def consent_word(text: str) -> str | None:
    """Return `granted` or `denied` for the words that consent banners send, else None."""
    return CONSENT_WORDS.get(text.strip().lower())


def strongest(words: Iterable[str | None]) -> str | None:
    """Return `denied` if any word says so, else `granted` if any does."""
    said = set(words)
    return "denied" if "denied" in said else "granted" if "granted" in said else None


def signalled(headers: Mapping[str, str]) -> bool:
    """Say whether the browser asks for privacy."""
    return _is_one(headers.get("dnt")) or _is_one(headers.get("sec-gpc"))


def privacy(headers: Mapping[str, str], claimed: str | None, rule: str, flags: list[str]) -> tuple[str, str | None]:
    """Return what to do (`record`, `anonymise` or `reject`) and the consent (`granted`, `denied` or None).

    `claimed` is the `consent` parameter as a word. Of several that contradict each other, the one that denies wins.
    """
    cookie = headers.get("cookie", "")
    consent = claimed
    if "pixel_" in cookie:
        # A comma is where a server joined two Cookie headers; RFC 9113 8.2.3 lets browsers send many.
        pairs = [part.strip().partition("=")[::2] for part in cookie.replace(",", ";").split(";")]
        if ("pixel_optout", "1") in pairs:
            return REJECT, None
        consent = strongest([claimed, *(consent_word(value) for name, value in pairs if name == "pixel_consent")])
    asked = False
    if _is_one(headers.get("dnt")):
        flags.append("dnt")
        asked = True
    if _is_one(headers.get("sec-gpc")):
        flags.append("gpc")
        asked = True
    if consent == "denied":
        return (ANONYMISE if rule == RECORD else rule), consent
    return (rule if asked else RECORD), consent


def _is_one(value: str | None) -> bool:
    """Read a header that says `1`, or `1, 1` when it came twice."""
    return value is not None and (value == "1" or "1" in value.replace(" ", "").split(","))

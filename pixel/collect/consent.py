"""What the visitor wants: opt-out, consent, Do Not Track and Global Privacy Control.

Opt-out is the strongest: nothing is kept but a count. A `denied` consent is treated as a privacy signal that no
setting ignores, because it is the site's own banner that says so. `DNT: 1` and `Sec-GPC: 1` follow the setting.
https://w3c.github.io/gpc/, https://www.w3.org/TR/tracking-dnt/
"""

from collections.abc import Mapping

ANONYMISE, RECORD, REJECT = "anonymise", "record", "reject"
RULES = (ANONYMISE, RECORD, REJECT)
"""Values of `PIXEL_PRIVACY_SIGNAL`."""

_WORDS = {"granted": "granted", "1": "granted", "true": "granted", "yes": "granted"} | {
    "denied": "denied",
    "0": "denied",
    "false": "denied",
    "no": "denied",
}


def consent_word(text: str) -> str | None:
    """Return `granted` or `denied` for the words that consent banners send, else None."""
    return _WORDS.get(text.lower())


def privacy(headers: Mapping[str, str], claimed: str | None, rule: str, flags: list[str]) -> tuple[str, str | None]:
    """Return what to do (`record`, `anonymise` or `reject`) and the consent (`granted`, `denied` or None).

    `claimed` is the `consent` parameter as a word. A cookie that says otherwise wins only when it denies.
    """
    cookie = headers.get("cookie", "")
    consent = claimed
    if "pixel_" in cookie:
        cookies = dict(part.strip().partition("=")[::2] for part in cookie.split(";"))
        if cookies.get("pixel_optout") == "1":
            return REJECT, None
        kept = consent_word(cookies.get("pixel_consent", ""))
        consent = "denied" if "denied" in (kept, claimed) else kept or claimed
    signalled = False
    if headers.get("dnt") == "1":
        flags.append("dnt")
        signalled = True
    if headers.get("sec-gpc") == "1":
        flags.append("gpc")
        signalled = True
    if consent == "denied":
        return (ANONYMISE if rule == RECORD else rule), consent
    return (rule if signalled else RECORD), consent

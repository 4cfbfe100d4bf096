"""The raw query, taken apart by the WHATWG rules for application/x-www-form-urlencoded.

https://url.spec.whatwg.org/#concept-urlencoded-parser. Hosts and frameworks hand out a parsed query too, but
they drop empty values, join repeats by commas, or raise on a broken escape.
"""

import re
from urllib.parse import unquote_to_bytes

LIMIT = 8192
"""Bytes of query that are read; GET requests beyond it are mostly accidents or attacks."""

_AMP = re.compile("&(?:amp;)+")

Params = dict[str, str | list[str]]


def parse_query(query: str, flags: list[str]) -> Params:
    """Return the parameters in the order sent; a name that came more than once has a list.

    `query` holds one character a byte (`Request.query`). Over `LIMIT` the parameters that fit whole are kept:
    half a customer id would be a false one. What was noticed is added to `flags`.
    """
    if len(query) > LIMIT:
        end = query.rfind("&", 0, LIMIT + 1) + 1
        # A refusal counts wherever it stands.
        consents = [part for part in query[end:].split("&") if part.startswith("consent=") and len(part) < 32]
        query = "&".join((query[:end], *consents[-8:]))
        flags.append("truncated")
    if "&amp;" in query:  # <img src="/pix?a=1&amp;amp;b=2"> in hand-made mails, or a program that escapes twice
        query = _AMP.sub("&", query)
        flags.append("amp_repaired")
    coded = "%" in query or "+" in query or not query.isascii()
    params: Params = {}
    for part in query.split("&"):
        if not part:
            continue
        name, _, value = part.partition("=")
        if coded:
            if "%" in value or "+" in value or not value.isascii():
                value = _decode(value, flags)
            if "%" in name or "+" in name or not name.isascii():
                name = _decode(name, flags)
        if name not in params:
            params[name] = value
        else:
            earlier = params[name]
            if isinstance(earlier, list):
                earlier.append(value)
            else:
                params[name] = [earlier, value]
    return params


def _decode(text: str, flags: list[str]) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" in text:
        # A page's URL is nearly all of what is escaped in real hits, and these are its escapes. None of the
        # characters they stand for is a `%` or a hex digit, so no new escape can come into being here.
        text = text.replace("%2F", "/").replace("%3A", ":").replace("%3D", "=").replace("%26", "&")
        text = text.replace("%3F", "?").replace("%20", " ")
        if "%" in text:
            return _utf8(unquote_to_bytes(text.encode("latin-1")), flags)
    if not text.isascii():
        return _utf8(text.encode("latin-1"), flags)
    return text


def _utf8(raw: bytes, flags: list[str]) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        note("invalid_utf8", flags)
        return raw.decode(errors="replace")


def note(flag: str, flags: list[str]) -> None:
    """Add a flag, once."""
    if flag not in flags:
        flags.append(flag)

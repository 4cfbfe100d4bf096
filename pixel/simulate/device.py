"""Device: what a browser or app sends of itself."""

from typing import Final

import msgspec


class Device(msgspec.Struct, frozen=True):
    """A browser or app on some machine; `kind` is browser, app, tv or console.

    `client_hints` are the `sec-ch-ua` headers, sent over https only. `hints` is what the script's parameter of that
    name says, percent-escaped; empty where the browser tells scripts nothing. `delegated` are the hints that a page
    must ask for.
    """

    kind: str
    user_agent: str
    accept: str
    client_hints: dict[str, str] = {}
    delegated: dict[str, str] = {}
    hints: str = ""
    fetch_metadata: bool = True


CHROMIUM_ACCEPT: Final = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
FIREFOX_ACCEPT: Final = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
SAFARI_ACCEPT: Final = (
    "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,"
    "image/*;q=0.8,*/*;q=0.5"
)

"""Response: what goes back to a visitor, free of any server; and the pixel's own, one for each outcome."""

from functools import lru_cache
from typing import Final

import msgspec

GIF: Final = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff"  # 1x1, two colours
    b"!\xf9\x04\x01\x00\x00\x00\x00"  # colour 0 is transparent
    b",\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"  # one pixel of colour 0
)
"""A transparent 1x1 image, 43 bytes. https://www.w3.org/Graphics/GIF/spec-gif89a.txt"""

Headers = tuple[tuple[str, str], ...]


class Response(msgspec.Struct, frozen=True, eq=False):
    """A whole response. Servers add Content-Length and Date."""

    status: int
    headers: Headers
    body: bytes = b""


IMAGE_HEADERS: Final[Headers] = (
    ("Content-Type", "image/gif"),
    ("Cache-Control", "no-store"),  # each view is a hit
    ("Cross-Origin-Resource-Policy", "cross-origin"),  # pages with COEP: require-corp can embed it
)

CORS_HEADERS: Final[Headers] = (
    ("Access-Control-Allow-Origin", "*"),  # fetch() may read the outcome; nothing here is secret
    ("Access-Control-Expose-Headers", "X-Pixel-Outcome"),
)

HEAD: Final = Response(200, IMAGE_HEADERS, GIF)

PREFLIGHT: Final = Response(
    204,
    (
        ("Access-Control-Allow-Origin", "*"),
        ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
        ("Access-Control-Allow-Headers", "*"),
        ("Access-Control-Max-Age", "86400"),
    ),
)


@lru_cache(maxsize=64)  # one for each outcome, of which there is a closed list
def image(outcome: str, cors: bool) -> Response:
    """Return the image with the outcome in `X-Pixel-Outcome`. A failure is ours, so its status is 503.

    `cors`: a script fetched it, and sent an Origin; an `<img>` does not.
    """
    status = 503 if outcome.startswith("failed:") else 200
    headers = (*IMAGE_HEADERS, ("X-Pixel-Outcome", outcome), *(CORS_HEADERS if cors else ()))
    return Response(status, headers, GIF)

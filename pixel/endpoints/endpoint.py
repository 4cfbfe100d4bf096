"""Endpoint: a row of the table that both servers bind; and the two shapes that most answers have."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from pixel.collect.request import Request
from pixel.collect.response import Response

Handle = Callable[[Request], Awaitable[Response]]
Answer = Callable[[Sequence[Request]], Awaitable[Sequence[Response]]]
READ = ("GET", "HEAD")


class Endpoint(msgspec.Struct, frozen=True):
    """One path. `name` is its name in the Functions host; a server drops the body of an answer to HEAD.

    `answer`, where a GET is a hit: takes hits that came together; its answers are images that are made once.
    """

    name: str
    path: str
    methods: tuple[str, ...]
    handle: Handle
    answer: Answer | None = None


def is_local_name(host: str) -> bool:
    """Say whether a Host header, with or without a port, is a name that a machine has for itself."""
    names = ("localhost", "127.0.0.1", "[::1]")
    return host in names or host.rpartition(":")[0] in names


def as_json(value: Any, status: int = 200) -> Response:
    """Answer with indented JSON, never cached."""
    return Response(status, (("Content-Type", "application/json"), *_PRIVATE), indented(value))


def indented(value: Any) -> bytes:
    """Write JSON for people."""
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"


def as_page(html: str, status: int = 200) -> Response:
    """Answer with a page that may run and load nothing but what stands in it and comes from its own host."""
    inline = " ".join(map(_hash, re.findall(r"<script>(.*?)</script>", html, re.DOTALL))) or "'none'"
    style = " ".join(map(_hash, re.findall(r"<style>(.*?)</style>", html, re.DOTALL))) or "'none'"
    policy = (
        f"default-src 'none'; script-src {inline}; style-src {style}; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Content-Security-Policy", policy), *_PRIVATE)
    return Response(status, headers, html.encode())


def _hash(inline: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"


_PRIVATE = (
    ("Cache-Control", "no-store"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)

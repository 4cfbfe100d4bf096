"""/status: the settings in force, what runs, what does not and why, and the ledger."""

import hmac
from collections.abc import Mapping
from typing import Any

from pixel import __version__
from pixel.collect.enrich import Enrichers
from pixel.collect.query import parse_query
from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.collect.track import Collector
from pixel.endpoints.endpoint import READ, Endpoint, as_json


def endpoint(collector: Collector, enrichers: Enrichers) -> Endpoint:
    """Return the row of `/status`: 200, 503 when something is wrong, 401 without the key where one is set."""

    async def handle(request: Request) -> Response:
        if not may_see(request, collector.settings.status_key):
            return as_json({"problem": "This needs the key of PIXEL_STATUS_KEY: as X-Pixel-Key, or ?key=KEY."}, 401)
        told = status(collector, enrichers)
        return as_json(told, 503 if told["problems"] else 200)

    return Endpoint("status", "/status", READ, handle)


def may_see(request: Request, key: str) -> bool:
    """Say whether a request may see figures: no key is set, or it has it."""
    if not key:
        return True
    offered = request.headers.get("x-pixel-key") or parse_query(request.query, []).get("key", "")
    return hmac.compare_digest(str(offered).encode(), key.encode())


def status(collector: Collector, enrichers: Enrichers) -> dict[str, Any]:
    """Return the state of the pixel as JSON values; no secrets among them."""
    settings = collector.settings
    problems = list(settings.problems)
    if collector.sink.problem is not None:
        problems.append(collector.sink.problem)
    problems += enrichers.problems
    return {
        "version": __version__,
        "problems": problems,
        "settings": {
            "PIXEL_CLIENT_IP": settings.client_ip,
            "PIXEL_IP": settings.ip,
            "PIXEL_PRIVACY_SIGNAL": settings.privacy_signal,
            "PIXEL_PATH": settings.path,
            "PIXEL_ALIASES": settings.aliases,
            "PIXEL_ORIGINS": sorted(settings.origins),
        },
        "sink": type(collector.sink).__name__,
        "enrichers": {
            "running": {each.name: _ask(each.status) for each in enrichers.running},
            "disabled": enrichers.disabled,
        },
        "ledger": collector.ledger.snapshot(),
    }


def _ask(question: Any) -> Mapping[str, Any]:
    answer: Mapping[str, Any] = question() if question else {}
    return answer

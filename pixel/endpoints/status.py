"""/status: the settings in force, what runs, what does not and why, and the ledger."""

import hmac
import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from pixel import __version__
from pixel.collect.enrich import Enrichers
from pixel.collect.query import parse_query
from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.collect.track import Collector
from pixel.endpoints.endpoint import READ, Endpoint, as_json
from pixel.enricher import Enricher
from pixel.log import log_fault

_log = logging.getLogger("pixel.status")


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
            "PIXEL_CAPTURE_DIR": settings.capture_dir,
            "PIXEL_PATH": settings.path,
            "PIXEL_CLIENT_IP": settings.client_ip,
            "PIXEL_FRONT_DOOR_ID": _is_set(settings.front_door_id),
            "PIXEL_IP": settings.ip,
            "PIXEL_PRIVACY_SIGNAL": settings.privacy_signal,
            "PIXEL_ALIASES": settings.aliases,
            "PIXEL_ORIGINS": sorted(settings.origins),
            "PIXEL_ENRICHERS": settings.enrichers,
            "PIXEL_STATUS_KEY": _is_set(settings.status_key),
        },
        "sink": type(collector.sink).__name__,
        "enrichers": {
            "running": {each.name: _ask(each, problems) for each in enrichers.running},
            "disabled": enrichers.disabled,
            "failures": {each.name: each.failures.count for each in enrichers.running if each.failures.count},
            "notes": enrichers.notes,
        },
        "ledger": collector.ledger.snapshot(),
    }


def _is_set(secret: str) -> str:
    return "(set)" if secret else ""


def _ask(enricher: Enricher, problems: list[str]) -> Mapping[str, Any]:
    if enricher.status is None:
        return {}
    try:
        answer = enricher.status()
        msgspec.json.encode(answer)
        problems += map(str, answer.get("problems", ()))
    except Exception as fault:  # noqa: BLE001 - an enricher that cannot tell how it is never costs the page
        log_fault(_log, f"the status() of enricher {enricher.name} failed", fault)
        problems.append(f"The status() of enricher {enricher.name} failed: {type(fault).__name__}.")
        return {}
    return answer

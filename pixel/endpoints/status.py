"""/status: the settings in force, what runs, what does not and why, and the ledger."""

import asyncio
import hmac
import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from pixel import __build__, __version__
from pixel.collect.enrich import Enrichers
from pixel.collect.query import parse_query
from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.collect.track import Collector
from pixel.deliver.backlog import Backlog
from pixel.deliver.deliveries import summary
from pixel.endpoints.endpoint import READ, Endpoint, as_json
from pixel.enricher import Enricher
from pixel.hub import HubSettings
from pixel.ledger_store import LedgerWriter
from pixel.ledger_today import Today
from pixel.log import log_fault
from pixel.store import without_secret

_log = logging.getLogger("pixel.status")


def endpoint(
    collector: Collector,
    enrichers: Enrichers,
    writer: LedgerWriter | None = None,
    today: Today | None = None,
    backlog: Backlog | None = None,
) -> Endpoint:
    """Return the row of `/status`: 200, 503 when something is wrong, 401 without the key where one is set.

    With a store, `writer` writes this process's ledger to it, `today` reads those of all instances, and `backlog` what they spilled.
    """

    async def handle(request: Request) -> Response:
        if not may_see(request, collector.settings.status_key):
            return as_json({"problem": "This needs the key of PIXEL_STATUS_KEY: as X-Pixel-Key, or ?key=KEY."}, 401)
        told = status(collector, enrichers, writer)
        if today is not None and backlog is not None:
            (told["today"], unread), (told["spill"], unlisted) = await asyncio.gather(today.ask(), backlog.ask())
            told["problems"] += [problem for problem in (unread, unlisted) if problem]
        return as_json(told, 503 if told["problems"] else 200)

    return Endpoint("status", "/status", READ, handle)


def may_see(request: Request, key: str) -> bool:
    """Say whether a request may see figures: no key is set, or it has it."""
    if not key:
        return True
    offered = request.headers.get("x-pixel-key") or parse_query(request.query, []).get("key", "")
    return hmac.compare_digest(str(offered).encode(), key.encode())


def status(collector: Collector, enrichers: Enrichers, writer: LedgerWriter | None = None) -> dict[str, Any]:
    """Return the state of the pixel as JSON values; no secrets among them."""
    settings = collector.settings
    problems = list(settings.problems)
    problems += [each for each in (collector.sink.problem, collector.sink.trouble) if each is not None]
    problems += enrichers.problems
    problems += [writer.problem] if writer and writer.problem else []
    return {
        "version": __version__,
        "build": __build__,
        "problems": problems,
        "settings": {
            "PIXEL_CAPTURE_DIR": settings.capture_dir,
            "EVENT_HUB": _hub(settings.hub),
            "EDGE_HUB": _edge(settings.edge),
            "PIXEL_STORE": without_secret(settings.store),
            "PIXEL_STORE_CONTAINER": settings.store_container,
            "PIXEL_STORE_CLIENT_ID": settings.store_client_id,
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
        "deliveries": summary(collector.sink.deliveries) if collector.sink.deliveries else None,
    }


def _hub(hub: HubSettings | None) -> dict[str, Any] | None:
    if hub is None:
        return None
    return {
        "name": hub.name,
        "connection": _is_set(hub.connection),
        "namespace": hub.namespace,
        "transport": "websockets" if hub.websockets else "amqp",
        "packing": "ndjson" if hub.packed else "none",
        "order_by": hub.order_by,
    }


def _edge(hub: HubSettings | None) -> dict[str, Any] | None:
    if hub is None:
        return None
    return {"name": hub.name, "connection": _is_set(hub.connection), "namespace": hub.namespace}


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

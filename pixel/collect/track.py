"""The way of a hit, whole: parse, enrich, redact, number, send. Read this page and you know the product."""

import logging
from collections.abc import Callable, Mapping, Set

import msgspec

from pixel.collect.client_ip import ClientIp
from pixel.collect.enrich import enrich
from pixel.collect.parse import parse
from pixel.collect.redact import redact
from pixel.collect.request import Request
from pixel.deliver.sink import Sink
from pixel.enricher import Enricher
from pixel.event import Event
from pixel.ledger import Ledger
from pixel.log import log_fault
from pixel.outcome import Rejected
from pixel.settings import Settings

_log = logging.getLogger("pixel.track")

Watch = Callable[[Request, Event | None, str], None]
"""Is told of each hit: the request, what is stored of it (None: nothing), the outcome. For the live page."""


class Collector(msgspec.Struct, frozen=True):
    """All that a hit meets on its way."""

    settings: Settings
    client_ip: ClientIp
    enrichers: tuple[Enricher, ...]
    anonymous: Mapping[str, Set[str]]
    sink: Sink
    ledger: Ledger
    watch: Watch | None = None


async def track(request: Request, endpoint: str, collector: Collector) -> str:
    """Take one hit all the way; return its outcome when it is safe, or known not to be. Never raises."""
    ledger = collector.ledger
    ledger.received += 1
    event = None
    try:
        parsed = parse(request, endpoint, collector.settings, collector.client_ip)
        if isinstance(parsed, Rejected):
            outcome = ledger.rejection(parsed)
        else:
            event = parsed
            enrich(event, collector.enrichers)
            redact(event, collector.settings.ip, collector.anonymous)
            ledger.number(event)
            [delivery] = await collector.sink.send([event])
            outcome = ledger.delivery(delivery)
    except Exception as fault:  # noqa: BLE001 - the image always comes back
        event = None  # perhaps not redacted yet
        log_fault(_log, "a hit failed", fault)
        outcome = ledger.delivery("failed:internal")
    if collector.watch is not None:
        try:
            collector.watch(request, event, outcome)
        except Exception as fault:  # noqa: BLE001 - who looks on never costs a hit
            log_fault(_log, "the watcher failed", fault)
    return outcome

"""The composition root: settings, enrichers, sink and ledger become tables of endpoints, timers and hubs."""

import asyncio
import inspect
import logging
import secrets
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import ModuleType

import msgspec

import enrichers as enricher_package
from pixel import metrics
from pixel.collect.client_ip import client_ip
from pixel.collect.edge import Take, edge
from pixel.collect.enrich import Enrichers, load
from pixel.collect.track import Collector, Watch
from pixel.deliver.backlog import Backlog
from pixel.deliver.hub_sink import EventHubSink, open_hub
from pixel.deliver.replay import Sender, replay
from pixel.deliver.sink import NoSink, Sink
from pixel.deliver.spill import Spill
from pixel.endpoints import event_schema, health, home, pix, status, whoami
from pixel.endpoints.endpoint import Endpoint
from pixel.ledger import Ledger
from pixel.ledger_store import EVERY_S, LedgerWriter
from pixel.ledger_today import Today
from pixel.log import log_fault
from pixel.settings import Settings, read_settings
from pixel.store import Store, StoreError, open_store

RELOAD_S = 60.0
REPLAY_S = 60.0

_log = logging.getLogger("pixel.timers")


class Timer(msgspec.Struct, frozen=True):
    """Something that each process does beside its hits, at each multiple of `every_s` seconds by the clock.

    A coroutine function runs in the event loop, which must not wait for it; any other in a thread.
    """

    name: str
    every_s: float
    run: Callable[[], Awaitable[None] | None]


class HubTrigger(msgspec.Struct, frozen=True):
    """A hub whose messages the Functions host brings. `connection` is the prefix of the settings that lead to it."""

    name: str
    connection: str
    hub: str
    take: Take


class App(msgspec.Struct, frozen=True):
    """What an adapter binds to its server. `closing` is what a server that is told to stop awaits, in order."""

    endpoints: tuple[Endpoint, ...]
    timers: tuple[Timer, ...]
    collector: Collector
    enrichers: Enrichers
    hubs: tuple[HubTrigger, ...] = ()
    closing: tuple[Callable[[], Awaitable[None]], ...] = ()


def build(
    environ: Mapping[str, str],
    *,
    watch: Watch | None = None,
    sink: Sink | None = None,
    package: ModuleType = enricher_package,
) -> App:
    """Build the app from the environment. Never raises on bad settings: see `App.collector.settings.problems`.

    `watch` is told of each hit; `sink` and `package` replace the configured sink and the enrichers, for tests.
    """
    settings, store = _open_store(read_settings(environ))
    enrichers = load(package, settings.enrichers, environ)
    address = client_ip(settings.client_ip, settings.front_door_id)
    instance = _instance(environ, settings.on_azure)
    sink = sink or _sink(settings, store, instance)
    collector = Collector(
        settings=settings,
        client_ip=address,
        enrichers=enrichers.running,
        anonymous={each.name: each.anonymous for each in enrichers.running},
        sink=sink,
        ledger=Ledger(instance, secrets.token_hex(8)),
        watch=watch,
    )
    deliveries = collector.sink.deliveries
    if metrics.is_configured(environ):
        metrics.observe(collector.ledger, deliveries)
    writer = LedgerWriter(store, collector.ledger, deliveries) if store else None
    today, backlog = (Today(store), Backlog(store)) if store else (None, None)
    pixels = pix.endpoints(collector, settings.path)
    endpoints = (
        *pixels,
        status.endpoint(collector, enrichers, writer, today, backlog),
        health.endpoint(collector.sink),
        whoami.endpoint(settings, address),
        event_schema.endpoint(),
        home.endpoint(collector, enrichers, writer),
    )
    hubs: tuple[HubTrigger, ...] = ()
    if settings.edge is not None:
        take = edge(collector, [each.path for each in pixels])
        hubs = (HubTrigger("edge", "EDGE_HUB", settings.edge.name, take),)
    timers = [
        Timer(f"reload_{each.name}", RELOAD_S, each.reload) for each in enrichers.running if each.reload is not None
    ]
    if store is not None and isinstance(sink, EventHubSink):
        timers.append(replay_timer(store, sink))
    closing: list[Callable[[], Awaitable[None]]] = [sink.close] if isinstance(sink, EventHubSink) else []
    if store and writer and today and backlog:
        timers.append(Timer("ledger", EVERY_S, writer.each_minute))
        closing += (writer.write, today.close, backlog.close, store.close)
    return App(endpoints, tuple(timers), collector, enrichers, hubs, tuple(closing))


async def run_timers(timers: tuple[Timer, ...]) -> None:
    """Run each timer until cancelled. One that fails is logged and comes again."""

    async def keep(timer: Timer) -> None:
        while True:
            await asyncio.sleep(timer.every_s - time.time() % timer.every_s)
            try:
                if inspect.iscoroutinefunction(timer.run):
                    await timer.run()
                else:
                    await asyncio.to_thread(timer.run)
            except Exception as fault:  # noqa: BLE001 - one bad reload does not end all reloads
                log_fault(_log, f"timer {timer.name} failed", fault)

    await asyncio.gather(*map(keep, timers))


def replay_timer(store: Store, sender: Sender) -> Timer:
    """Return the timer that sends on what is spilled, about once a minute: each process draws a period of its own."""

    async def run() -> None:
        try:
            told = await replay(store, sender)
        except StoreError as fault:
            _log.warning("replay: %s", fault)
            return
        if told.files or told.events or told.problem:
            _log.log(logging.WARNING if told.problem or told.aside or told.torn else logging.INFO, "replay: %s", told)

    return Timer("replay", REPLAY_S * (0.8 + secrets.randbelow(400) / 1000), run)


def _open_store(settings: Settings) -> tuple[Settings, Store | None]:
    try:
        store = (
            open_store(settings.store, settings.store_container, settings.store_client_id) if settings.store else None
        )
    except StoreError as unusable:  # a folder, on Windows
        return msgspec.structs.replace(settings, problems=(*settings.problems, str(unusable))), None
    return settings, store


def _sink(settings: Settings, store: Store | None, instance: str) -> Sink:
    if settings.hub is not None:
        return open_hub(settings.hub, None if store is None else Spill(store, instance))
    if settings.capture_dir:
        try:
            # Imported here: on Azure there is nothing to capture to, and Windows has no flock.
            from pixel.deliver.capture_file import CaptureFileSink
        except ImportError:
            return NoSink(
                "Capture files need flock, which this system has not: every hit fails. On Windows, use WSL."
            )
        return CaptureFileSink(Path(settings.capture_dir))
    return NoSink()


def _instance(environ: Mapping[str, str], on_azure: bool) -> str:
    """Name the machine: on Azure by what the platform gives, shortened; else by its host name."""
    name = environ.get("WEBSITE_INSTANCE_ID") or environ.get("CONTAINER_NAME") if on_azure else socket.gethostname()
    return (name or "")[:16]

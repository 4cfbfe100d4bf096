"""Serve the pixel on this machine, without Azure: `serve`, on 127.0.0.1 and PORT (7071)."""

import argparse
import asyncio
import logging
import os
import socket
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from time import time

import uvicorn

from pixel.app import App, build
from pixel.collect.enrich import warm_up
from pixel.collect.parse import parse
from pixel.collect.request import Request
from pixel.endpoints.status import status
from pixel.event import Event
from pixel.log import OncePerMinute
from pixel.serve.asgi import asgi
from pixel.serve.live import Live
from pixel.serve.protocol import protocol
from pixel.settings import Settings
from pixel.store import StoreError, Unreachable, open_store

DEFAULTS = {"PIXEL_CAPTURE_DIR": "data/capture", "PIXEL_CLIENT_IP": "direct", "PORT": "7071"}
"""What a laptop needs, where the environment says nothing."""


def run(arguments: list[str]) -> int:
    """Serve until interrupted. Bad settings stop the start, each with a line."""
    argparse.ArgumentParser("python -m pixel serve", description=__doc__).parse_args(arguments)
    given = {name: value for name, value in os.environ.items() if value}
    environ = DEFAULTS | {name: value for name, value in given.items() if not name.startswith("EDGE_HUB")}
    # Behind a proxy every request comes from this machine, so what is for this machine alone would be for everyone.
    live = Live() if environ["PIXEL_CLIENT_IP"] == "direct" else None
    app = build(environ, watch=live.watch if live else None)
    listener = None
    problems = _problems(app, environ)
    wrong = _wrong_with_store(app.collector.settings)
    if wrong is not None and not isinstance(wrong, Unreachable):
        problems.append(f"PIXEL_STORE cannot be used: {wrong}")
    if not problems:
        try:
            listener = socket.create_server(("127.0.0.1", int(environ["PORT"])), backlog=2048)
        except OSError as taken:
            problems.append(
                f"PORT {environ['PORT']} is not free ({os.strerror(taken.errno or 0)}): PORT=8080 make run takes another."
            )
    if listener is None:
        for problem in problems:
            if not problem.startswith("Until then"):
                print(f"setting: {problem}", file=sys.stderr)
        print("The settings are in docs/settings.md. Nothing was started.", file=sys.stderr)
        return 2
    config = uvicorn.Config(
        asgi(app, live),
        access_log=False,  # an access log would hold addresses and parameters
        log_level="warning",
        http=protocol(app.endpoints),
        server_header=False,
        proxy_headers=False,  # which header to trust is PIXEL_CLIENT_IP's business
        ws="none",
    )
    logging.getLogger("uvicorn.error").addFilter(OncePerMinute())
    for sentence in (*status(app.collector, app.enrichers)["problems"], *app.enrichers.notes):
        print(sentence, file=sys.stderr)
    if len(given) > len(environ.keys() & given.keys()):
        print("EDGE_HUB is left alone: only the Functions host reads the edge's log (docs/edge.md).", file=sys.stderr)
    if wrong is not None:
        print(f"PIXEL_STORE cannot be used now, and is tried again: {wrong}", file=sys.stderr)
    _warm_up(app)
    at = f"http://127.0.0.1:{environ['PORT']}"
    settings = app.collector.settings
    events = f".venv/bin/python -m pixel read {settings.capture_dir}"
    if settings.hub is not None:
        events = "go to Event Hubs" + (", and what it will not take to PIXEL_STORE" if settings.store else "")
    _Server(config, at, settings.path or "/pix", events, live).run([listener])
    return 0


def _warm_up(app: App) -> None:
    """Let enrichers load their tables (0.2 s) now, and not when the first visitor waits."""
    agent = {
        "user-agent": "Mozilla/5.0 (Linux; Android 14; SM-S908B) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36"
    }
    hit = parse(Request("GET", "/pix", "", agent, time()), "pixel", app.collector.settings, app.collector.client_ip)
    if isinstance(hit, Event):
        warm_up(hit, app.enrichers.running)


def _problems(app: App, environ: Mapping[str, str]) -> list[str]:
    """Return what keeps the pixel from starting here, a sentence each. On Azure it starts all the same."""
    settings, disabled = app.collector.settings, app.enrichers.disabled
    problems = list(settings.problems)
    problems += [
        f"PIXEL_ENRICHERS names {name}, which does not run: {disabled[name]}."
        for name in settings.enrichers
        if name in disabled
    ]
    if not environ["PORT"].isdecimal() or not 0 < int(environ["PORT"]) < 65536:
        problems.append("PORT must be a number from 1 to 65535.")
    if settings.hub is not None:
        return problems
    try:
        Path(settings.capture_dir).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=settings.capture_dir).close()
    except OSError as unusable:
        problems.append(f"PIXEL_CAPTURE_DIR is no folder that can be written to ({unusable.strerror}).")
    return problems


def _wrong_with_store(settings: Settings) -> StoreError | None:
    """Say why the store cannot be written, now and not when it is first needed."""

    async def check() -> None:
        # Another one than the app's, which belongs to the server's event loop.
        store = open_store(settings.store, settings.store_container, settings.store_client_id)
        try:
            await store.check()
        finally:
            await store.close()

    try:
        if settings.store:
            asyncio.run(check())
    except StoreError as wrong:
        return wrong
    return None


class _Server(uvicorn.Server):
    """Says where it serves once it does, and ends the live streams when it stops."""

    def __init__(self, config: uvicorn.Config, at: str, path: str, events: str, live: Live | None) -> None:
        super().__init__(config)
        self._at = at
        self._path = path
        self._events = events
        self._live = live

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            at = self._at
            print(
                f"The pixel is served at {at}\n\n"
                f'  the tag   <img src="{at}{self._path}?customerId=123&amp;product=ac12" width="1" height="1" alt=""\n            referrerpolicy="no-referrer-when-downgrade">\n'
                + (f"  live      {at}/live\n" if self._live else "")
                + f"  events    {self._events}\n\n"
                "Ctrl-C stops it.",
                flush=True,
            )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._live is not None:
            self._live.stop()
        await super().shutdown(sockets)

"""Serve the pixel on this machine, without Azure: `serve`, on 127.0.0.1 and PORT (7071)."""

import argparse
import logging
import os
import socket
import sys

import uvicorn

from pixel.app import build
from pixel.log import OncePerMinute
from pixel.serve.asgi import asgi
from pixel.serve.live import Live
from pixel.serve.protocol import protocol

DEFAULTS = {"PIXEL_CAPTURE_DIR": "data/capture", "PIXEL_CLIENT_IP": "direct", "PORT": "7071"}
"""What a laptop needs, where the environment says nothing."""


def run(arguments: list[str]) -> int:
    """Serve until interrupted. Bad settings stop the start, each with a line."""
    argparse.ArgumentParser("python -m pixel serve", description=__doc__).parse_args(arguments)
    environ = DEFAULTS | {name: value for name, value in os.environ.items() if value}
    live = Live()
    app = build(environ, watch=live.watch)
    problems = list(app.collector.settings.problems)
    if not environ["PORT"].isdecimal() or not 0 < int(environ["PORT"]) < 65536:
        problems.append("PORT must be a number from 1 to 65535.")
    if problems:
        for problem in problems:
            print(f"setting: {problem}", file=sys.stderr)
        print("The settings are in docs/settings.md. Nothing was started.", file=sys.stderr)
        return 2
    config = uvicorn.Config(
        asgi(app, live),
        host="127.0.0.1",
        port=int(environ["PORT"]),
        access_log=False,  # an access log would hold addresses and parameters
        log_level="warning",
        http=protocol(
            {endpoint.path.encode(): endpoint for endpoint in app.endpoints if endpoint.name.startswith("pix")}
        ),
        server_header=False,
        proxy_headers=False,  # which header to trust is PIXEL_CLIENT_IP's business
        ws="none",
    )
    logging.getLogger("uvicorn.error").addFilter(OncePerMinute())
    _Server(config, app.collector.settings.path or "/pix", environ["PIXEL_CAPTURE_DIR"], live).run()
    return 0


class _Server(uvicorn.Server):
    """Says where it serves once it does, and ends the live streams when it stops."""

    def __init__(self, config: uvicorn.Config, path: str, folder: str, live: Live) -> None:
        super().__init__(config)
        self._path = path
        self._folder = folder
        self._live = live

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            at = f"http://{self.config.host}:{self.config.port}"
            print(
                f"The pixel is served at {at}\n\n"
                f'  the tag   <img src="{at}{self._path}?customerId=123&amp;product=ac12" width="1" height="1" alt=""\n            referrerpolicy="no-referrer-when-downgrade">\n'
                f"  live      {at}/live\n"
                f"  events    .venv/bin/python -m pixel read {self._folder}\n\n"
                "Ctrl-C stops it.",
                flush=True,
            )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.stop()
        await super().shutdown(sockets)

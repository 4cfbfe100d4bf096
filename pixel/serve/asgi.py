"""The endpoint table as a raw ASGI app.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from functools import lru_cache
from time import time
from typing import Any

from pixel.app import App, run_timers
from pixel.collect.request import Request
from pixel.collect.response import GIF, Response
from pixel.serve.live import EVENTS_PATH, Live

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]

_NOT_FOUND = Response(404, (("Content-Type", "text/plain"),), b"There is nothing here. See / for what is.\n")
_LIVE_PATHS = ("live", EVENTS_PATH.strip("/"))
_NO_LIVE = Response(
    404,
    (("Content-Type", "text/plain"),),
    b"The live page is off here. It shows hits to this machine alone, and behind a proxy, which PIXEL_CLIENT_IP says "
    b"there is, every request\ncomes from this machine: anyone would see them. `make run` with PIXEL_CLIENT_IP=direct "
    b"has it.\n",
)


def asgi(app: App, live: Live | None = None) -> Asgi:
    """Return the ASGI app of the endpoints, of the live page if there is one, and of the timers."""
    table = {endpoint.path: endpoint for endpoint in (*app.endpoints, *(live.endpoints() if live else ()))}
    # The Functions host finds a path in any case of letters, and with a `/` behind it.
    lower = {path.lower(): endpoint for path, endpoint in table.items()}

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path = scope["path"]
            endpoint = table.get(path) or lower.get("/" + path.strip("/").lower())
            client = scope["client"]
            request = Request(
                scope["method"],
                path,
                scope["query_string"].decode("latin-1"),
                decode_headers(scope["headers"]),
                time(),
                client[0] if client else "",
            )
            if live is not None and path == EVENTS_PATH:
                await live.stream(request, receive, send)
                return
            if endpoint is None:
                response = _NO_LIVE if path.strip("/").lower() in _LIVE_PATHS else _NOT_FOUND
            elif request.method in endpoint.methods:
                response = await endpoint.handle(request)
            else:
                response = _not_allowed(endpoint.methods)
            start, body = _ready(response) if response.body is GIF else _messages(response)
            await send(start)
            await send(body)
        elif scope["type"] == "lifespan":
            await _lifespan(app, receive, send)

    return serve


def decode_headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return raw headers as `Request.headers`."""
    try:
        headers = {name.lower().decode(): value.decode() for name, value in raw}
        if len(headers) == len(raw):
            return headers
    except UnicodeDecodeError:
        pass
    headers = {}
    for raw_name, raw_value in raw:
        name, value = raw_name.lower().decode("latin-1"), raw_value.decode(errors="replace")
        if name in headers:  # RFC 9113 8.2.3 for cookies, RFC 9110 5.3 for all others
            headers[name] += ("; " if name == "cookie" else ", ") + value
        else:
            headers[name] = value
    return headers


def _messages(response: Response) -> tuple[Message, Message]:
    headers = [(name.lower().encode(), value.encode()) for name, value in response.headers]
    if response.status != 204:
        headers.append((b"content-length", b"%d" % len(response.body)))
    return (
        {"type": "http.response.start", "status": response.status, "headers": headers},
        {"type": "http.response.body", "body": response.body},
    )


_ready = lru_cache(maxsize=64)(_messages)  # images are made once, pages each time


@lru_cache
def _not_allowed(methods: tuple[str, ...]) -> Response:
    return Response(405, (("Allow", ", ".join(methods)), ("Content-Type", "text/plain")), b"Not with this method.\n")


async def _lifespan(app: App, receive: Receive, send: Send) -> None:
    timers: asyncio.Future[None] | None = None
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            if app.timers:
                timers = asyncio.ensure_future(run_timers(app.timers))
            await send({"type": "lifespan.startup.complete"})
        else:
            if timers is not None:
                timers.cancel()
                await asyncio.wait({timers})
            for close in app.closing:
                await close()
            await send({"type": "lifespan.shutdown.complete"})
            return

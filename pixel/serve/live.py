"""/live: each hit as it lands, for whoever writes a tag. Only where no proxy stands before us, to this machine."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from string import Template
from typing import Any

import msgspec

from pixel.collect.consent import signalled
from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.endpoints.endpoint import READ, Endpoint, as_page, is_local_name
from pixel.event import FLAGS, Event
from pixel.outcome import FAILURES, REASONS

EVENTS_PATH = "/live/events"
KEPT = 100
"""Hits that a page opened later still shows."""

QUEUED = 1000
"""Hits that wait for a slow page; beyond it the oldest are dropped for that page."""


class Live:
    """Keeps the last hits and hands new ones to every open page, as server-sent events.

    https://html.spec.whatwg.org/multipage/server-sent-events.html
    """

    def __init__(self) -> None:
        self._last: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._pages: set[asyncio.Queue[bytes]] = set()
        self._stopped = asyncio.Event()

    def watch(self, request: Request, event: Event | None, outcome: str) -> None:
        """Take note of a hit."""
        # Of the request no more than this is kept: no header, no address.
        hit = {"outcome": outcome, "path": request.path, "at": request.received_at, "event": event}
        if event is None and outcome != "rejected:opted_out" and not signalled(request.headers):
            hit["query"] = request.query[:2000]
        self._last.append(hit)
        if self._pages:
            message = _message(hit)
            for page in self._pages:
                if page.full():
                    page.get_nowait()
                page.put_nowait(message)

    def stop(self) -> None:
        """End all streams, so that the server can stop."""
        self._stopped.set()

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the row of `/live`."""
        page = Template(Path(__file__).with_name("live.html").read_text("utf-8"))
        words = {"flags": FLAGS, "reasons": REASONS, "failures": FAILURES}
        response = as_page(page.safe_substitute(words=msgspec.json.encode(words).decode().replace("<", "\\u003c")))

        async def handle(request: Request) -> Response:
            return response if _is_local(request) else _ELSEWHERE

        return (Endpoint("live", "/live", READ, handle),)

    async def stream(
        self,
        request: Request,
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        """Send the last hits, then each new one, until the page is closed."""
        local = _is_local(request)
        headers = [
            (b"content-type", b"text/event-stream" if local else b"text/plain"),
            (b"cache-control", b"no-store"),
        ]
        await send({"type": "http.response.start", "status": 200 if local else 403, "headers": headers})
        if not local:
            await send({"type": "http.response.body", "body": _ELSEWHERE.body})
            return
        queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUED)
        for hit in self._last:
            queue.put_nowait(_message(hit))
        self._pages.add(queue)
        ends = [asyncio.ensure_future(_closed(receive)), asyncio.ensure_future(self._stopped.wait())]
        try:
            await send({"type": "http.response.body", "body": b"retry: 1000\n\n", "more_body": True})
            while not any(end.done() for end in ends):
                waiting = asyncio.ensure_future(queue.get())
                await asyncio.wait([waiting, *ends], return_when=asyncio.FIRST_COMPLETED)
                if waiting.done():
                    await send({"type": "http.response.body", "body": waiting.result(), "more_body": True})
                else:
                    waiting.cancel()
            await send({"type": "http.response.body", "body": b""})
        finally:
            self._pages.discard(queue)
            for end in ends:
                end.cancel()


_ELSEWHERE = Response(
    403,
    (("Content-Type", "text/plain"),),
    b"Live hits are shown on the machine itself, by the name localhost, only.\n",
)


def _is_local(request: Request) -> bool:
    """Say whether this machine asks, by its own name, and through no proxy.

    A page of anybody's, whose name was made to resolve to 127.0.0.1, could read the hits of this machine
    (DNS rebinding); its requests carry that name.
    """
    proxied = request.headers.keys() & {"x-forwarded-for", "forwarded", "via", "x-real-ip"}
    return is_local_name(request.headers.get("host", "")) and not proxied


async def _closed(receive: Callable[[], Awaitable[MutableMapping[str, Any]]]) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _message(hit: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(hit) + b"\n\n"

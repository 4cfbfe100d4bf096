"""A shorter way for hits through uvicorn: those of a turn of the event loop share a task, and each is one write.

uvicorn takes a protocol class of one's own (`http=`); everything but a plain GET of the pixel goes its usual way.
Measured by `make bench`; leans on the internals of the uvicorn that requirements-cli.txt pins.
"""

import asyncio
from collections.abc import Iterable
from functools import lru_cache
from http import HTTPStatus
from time import time

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.endpoints.endpoint import Answer, Endpoint
from pixel.serve.asgi import decode_headers


class _Nobody:
    """Stands where uvicorn keeps the event that wakes a reader of the body: a hit has none."""

    def set(self) -> None:
        pass


class _Hit:
    """What uvicorn's protocol asks of a request in progress, for one that has no body."""

    __slots__ = ("disconnected", "keep_alive", "more_body", "response_complete")
    message_event = _Nobody()

    def __init__(self, keep_alive: bool) -> None:
        self.disconnected = False
        self.keep_alive = keep_alive
        self.more_body = False
        self.response_complete = False


def protocol(endpoints: Iterable[Endpoint]) -> type[HttpToolsProtocol]:
    """Return the protocol class that answers hits itself."""
    paths = {each.path.encode(): (each.path, each.answer) for each in endpoints if each.answer is not None}

    class HitProtocol(HttpToolsProtocol):
        def on_message_begin(self) -> None:
            self.url = b""
            self.headers = []

        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers.append((name, value))

        def on_headers_complete(self) -> None:
            path, _, query = self.url.partition(b"?")
            if (
                path not in paths
                or self.parser.get_method() != b"GET"
                or self.parser.should_upgrade()
                or (self.cycle is not None and not self.cycle.response_complete)  # pipelined
                or b"#" in query
            ):
                self._go_the_usual_way()
                return
            headers = decode_headers(self.headers)
            if "content-length" in headers or "transfer-encoding" in headers or "expect" in headers:
                self._go_the_usual_way()
                return
            peer = self.client[0] if self.client else ""
            name, answer = paths[path]
            request = Request("GET", name, query.decode("latin-1"), headers, time(), peer)
            keep_alive = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
            hit = _Hit(keep_alive)
            self.cycle = hit  # type: ignore[assignment]
            together = gathered.get(answer)
            if together is None:
                together = gathered[answer] = []
                task = self.loop.create_task(_answer(answer))  # begins after all that is ready to run now
                self.tasks.add(task)  # the server waits for these when it stops
                task.add_done_callback(self.tasks.discard)
            together.append((self, request, hit))

        def _go_the_usual_way(self) -> None:
            url, headers = self.url, self.headers
            super().on_message_begin()
            super().on_url(url)
            for name, value in headers:
                super().on_header(name, value)
            super().on_headers_complete()

        # One timer a connection, which looks how long there was nothing to do, instead of a new one for each answer.

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._heard_at = self.loop.time()
            super().connection_made(transport)  # type: ignore[arg-type]

        def connection_lost(self, exc: Exception | None) -> None:
            if self.timeout_keep_alive_task is not None:
                self.timeout_keep_alive_task.cancel()
            super().connection_lost(exc)

        def _unset_keepalive_if_required(self) -> None:
            self._heard_at = self.loop.time()

        def on_response_complete(self) -> None:
            if self.pipeline or self.timeout_keep_alive_task is None:
                super().on_response_complete()
            else:
                self.server_state.total_requests += 1
                self.flow.resume_reading()

        def timeout_keep_alive_handler(self) -> None:
            self.timeout_keep_alive_task = None
            left = self._heard_at + self.timeout_keep_alive - self.loop.time()
            in_progress = self.cycle is not None and not self.cycle.response_complete
            if left <= 0 and not in_progress:
                super().timeout_keep_alive_handler()
            elif not self.transport.is_closing():
                again = self.timeout_keep_alive if in_progress else left
                self.timeout_keep_alive_task = self.loop.call_later(again, self.timeout_keep_alive_handler)

        def on_message_complete(self) -> None:
            cycle: object = self.cycle
            if not isinstance(cycle, _Hit):
                super().on_message_complete()

        def eof_received(self) -> bool | None:  # type: ignore[override]
            """Keep the connection open for the answer of a client that has said all it has to say."""
            cycle: object = self.cycle
            if isinstance(cycle, _Hit) and not cycle.response_complete:
                cycle.keep_alive = False
                return True
            return super().eof_received()

        def write(self, response: Response, hit: _Hit) -> None:
            hit.response_complete = True
            if hit.disconnected or self.transport.is_closing():
                return
            status, rest = _wire(response)
            date = _lines(tuple(self.server_state.default_headers))
            if hit.keep_alive:
                self.transport.write(status + date + rest)
            else:  # the client wants it, has closed its half, or the server stops
                self.transport.write(status + date + b"connection: close\r\n" + rest)
                self.transport.close()
            self.on_response_complete()

        async def write_once_drained(self, response: Response, hit: _Hit) -> None:
            await self.flow.drain()
            self.write(response, hit)

    # Hits that came in this turn of the event loop, by what will answer them once it is over.
    gathered: dict[Answer, list[tuple[HitProtocol, Request, _Hit]]] = {}

    async def _answer(answer: Answer) -> None:
        together = gathered.pop(answer)
        responses = await answer([request for _, request, _ in together])
        slow = []
        for (connection, _, hit), response in zip(together, responses, strict=True):
            if connection.flow.write_paused and not hit.disconnected:
                slow.append(connection.write_once_drained(response, hit))
            else:
                connection.write(response, hit)
        if slow:
            await asyncio.gather(*slow)

    return HitProtocol


@lru_cache(maxsize=4)  # the Date header, new each second
def _lines(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    return b"".join(name + b": " + value + b"\r\n" for name, value in headers)


@lru_cache(maxsize=64)
def _wire(response: Response) -> tuple[bytes, bytes]:
    status = f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}\r\n"
    headers = "".join(f"{name.lower()}: {value}\r\n" for name, value in response.headers)
    rest = f"{headers}content-length: {len(response.body)}\r\n\r\n"
    return status.encode(), rest.encode() + response.body

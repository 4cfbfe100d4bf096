"""Hits that come in one turn of the event loop go together; no turn waits for another."""

import asyncio
from contextlib import asynccontextmanager, suppress

import pytest
import uvicorn
from uvicorn.server import ServerState

from pixel.app import build
from pixel.serve.asgi import asgi
from pixel.serve.protocol import protocol

run = pytest.importorskip("uvloop").run  # which `serve` runs on, and which minds more than asyncio's own loop
HIT = b"GET /pix?customerId=%d HTTP/1.1\r\nHost: x\r\n\r\n"
LAST = b"GET /pix?customerId=%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class Sends:
    """A sink that notes who came together, and lets each send wait for leave."""

    problem = None
    deliveries = None
    trouble = None

    def __init__(self):
        self.customers = []
        self.sends = 0
        self.came = asyncio.Event()
        self.leave = asyncio.Event()
        self.leave.set()

    async def send(self, events):
        self.sends += 1
        self.customers += [event.customer_id for event in events]
        self.came.set()
        await self.leave.wait()
        return ["sent"] * len(events)


@asynccontextmanager
async def serving(sink):
    app = build({"PIXEL_ENRICHERS": "campaign"}, sink=sink)
    config = uvicorn.Config(asgi(app), http=protocol(app.endpoints))
    config.load()
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: config.http_protocol_class(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    writers = []

    async def connect():
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writers.append(writer)
        return reader, writer

    async with server:
        yield connect
        for writer in writers:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


def test_hits_of_a_turn_are_sent_together_and_each_gets_its_answer():
    async def story():
        sink = Sends()
        async with serving(sink) as connect:
            connections = [await connect() for _ in range(8)]
            for number, (_, writer) in enumerate(connections):
                writer.write(LAST % number)
            answers = [await reader.read() for reader, _ in connections]
        assert all(answer.count(b"x-pixel-outcome: accepted") == answer.count(b"GIF89a") == 1 for answer in answers)
        assert sorted(sink.customers) == [str(number) for number in range(8)]
        assert sink.sends < 8

    run(story())


def test_a_turn_that_waits_for_its_sink_holds_up_no_other():
    async def story():
        sink = Sends()
        async with serving(sink) as connect:
            slow, slow_writer = await connect()
            quick, quick_writer = await connect()
            sink.leave.clear()
            slow_writer.write(LAST % 1)
            await sink.came.wait()
            waiting, sink.leave = sink.leave, asyncio.Event()
            sink.leave.set()
            quick_writer.write(LAST % 2)
            assert b"GIF89a" in await quick.read()
            waiting.set()
            assert b"GIF89a" in await slow.read()

    run(story())


def test_a_visitor_who_leaves_early_costs_the_others_nothing():
    async def story():
        sink = Sends()
        async with serving(sink) as connect:
            (_, gone), (stays, writer) = await connect(), await connect()
            sink.leave.clear()
            gone.write(HIT % 1)
            writer.write(LAST % 2)
            await sink.came.wait()
            gone.transport.abort()
            await asyncio.sleep(0.01)
            sink.leave.set()
            assert b"GIF89a" in await stays.read()

    run(story())


def test_a_visitor_who_breaks_the_protocol_costs_the_others_nothing():
    async def story():
        sink = Sends()
        async with serving(sink) as connect:
            (_, rude), (stays, writer) = await connect(), await connect()
            sink.leave.clear()
            rude.write(HIT % 1 + HIT % 2 + b"\0\0 this is no HTTP\r\n\r\n")  # answered 400 and closed at once
            writer.write(LAST % 3)
            await sink.came.wait()
            await asyncio.sleep(0.05)
            sink.leave.set()
            async with asyncio.timeout(5):
                assert b"GIF89a" in await stays.read()

    run(story())

"""The command line: the peer as a process.

Its first two lines say where it is: EVENT_HUB=<connection string> and EVENT_HUB_CONTROL=<url> (see control.py).
"""

import argparse
import asyncio
import os
import signal
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.eventhubs.broker import MAX_MESSAGE, RETAIN, Broker
from tests.eventhubs.capturing import MAX_BYTES, WINDOW_S, Capture, Put, into_folder
from tests.eventhubs.control import Control
from tests.eventhubs.server import Server

HOST = "127.0.0.1"
KEY_NAME, KEY = "local", "no-secret"
"""Sign the tokens of clients; everybody may know them, since nobody but this machine can connect."""


def main(arguments: Sequence[str] | None = None, put: Put | None = None) -> None:
    """Run until told to stop. `put` takes capture files too, beside the folder: into a Blob container, say."""
    asyncio.run(_run(_arguments(arguments), put))


async def _run(asked: argparse.Namespace, put: Put | None) -> None:
    """Serve both ports, and capture, until SIGINT, SIGTERM or the end of standard input."""
    told_to_stop = _listen_for_the_end(asked.while_stdin_is_open)
    broker = Broker(
        dict(asked.hub or [("pixel", 4)]),
        {KEY_NAME: KEY},
        retain=asked.retain,
        max_message=asked.max_message,
        seed=asked.seed,
    )
    puts = [into_folder(asked.capture)] if asked.capture else []
    puts += [put] if put else []
    capture = Capture(broker.hubs.values(), puts, asked.capture_seconds, asked.capture_bytes) if puts else None
    server = Server(broker, HOST, asked.port, _tls(asked.tls_cert, asked.tls_key) if asked.tls_cert else None)
    try:
        await server.open()
        control = await asyncio.start_server(Control(broker, server, capture).serve, HOST, asked.control_port)
    except OSError as taken:
        sys.exit(f"{taken.strerror or taken}: choose another with --port or --control-port (0: a free one)")

    host = "localhost" if asked.tls_cert else HOST
    parts = [f"Endpoint=sb://{host}:{server.port}", f"SharedAccessKeyName={KEY_NAME}", f"SharedAccessKey={KEY}"]
    parts += [] if asked.tls_cert else ["UseDevelopmentEmulator=true"]  # which has no TLS
    print("EVENT_HUB=" + ";".join(parts))
    print(f"EVENT_HUB_CONTROL=http://{HOST}:{control.sockets[0].getsockname()[1]}", flush=True)

    async with asyncio.TaskGroup() as group:  # which ends all when a place for files raises
        writing = group.create_task(capture.write()) if capture else None
        await told_to_stop.wait()
        server.close()
        control.close()
        if capture and writing:
            await capture.flush()
            writing.cancel()


def _listen_for_the_end(while_stdin_is_open: bool) -> asyncio.Event:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, told.set)
    if while_stdin_is_open:

        def look() -> None:
            if not os.read(sys.stdin.fileno(), 1024):
                loop.remove_reader(sys.stdin.fileno())
                told.set()

        loop.add_reader(sys.stdin.fileno(), look)
    return told


def _tls(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.eventhubs", description="An Event Hubs peer on loopback.")
    add = parser.add_argument
    add("--port", type=int, default=5672, help="of AMQP; 0: a free one")
    add("--control-port", type=int, default=5673, help="of HTTP; 0: a free one")
    add("--hub", action="append", type=_hub, metavar="NAME:PARTITIONS", help="default: pixel:4; may be repeated")
    add("--retain", type=int, default=RETAIN, help="events a partition keeps, at least")
    add("--max-message", type=int, default=MAX_MESSAGE, metavar="BYTES", help="a client may send at once")
    add("--seed", type=int, default=0, help="of the chance in faults")
    add("--capture", type=Path, metavar="FOLDER", help="write what is stored as Event Hubs Capture does")
    add("--capture-seconds", type=float, default=WINDOW_S, help="a file covers")
    add("--capture-bytes", type=int, default=MAX_BYTES, help="a file has, about")
    add("--tls-cert", type=Path, metavar="PEM", help="speak TLS; a client then needs custom_endpoint_address")
    add("--tls-key", type=Path, metavar="PEM")
    add("--while-stdin-is-open", action="store_true", help="stop when standard input ends: with whoever started it")
    return parser.parse_args(arguments)


def _hub(text: str) -> tuple[str, int]:
    name, _, partitions = text.partition(":")
    return name, int(partitions or 4)

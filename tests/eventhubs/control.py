"""HTTP on loopback, to cause faults and to see what is stored.

GET    /stats                                      what was counted, and what each partition holds
GET    /events?hub=H&partition=P&from=N&max=M      stored events
POST   /faults   {"on": "send", "action": "reject", "count": 2}      see faults.py
DELETE /faults
POST   /detach   ends all links to hubs, as the service does to idle ones
POST   /away     refuses connections, and drops those there are; POST /back ends it. What is stored stays
POST   /capture  ends all windows of Capture now
"""

import asyncio
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import msgspec

from tests.eventhubs import message
from tests.eventhubs.broker import Broker, Partition, Stats
from tests.eventhubs.capturing import Capture
from tests.eventhubs.faults import Rule
from tests.eventhubs.server import Server

PAGE: Final = 1000
"""Events an answer has unless `max` says otherwise."""


class Held(msgspec.Struct, frozen=True):
    """What a partition holds: the number of its first event, and the next to give."""

    first: int
    next: int


class Report(msgspec.Struct, frozen=True):
    """The answer to /stats. `hubs` is by hub, then by partition."""

    counted: Stats
    hubs: dict[str, dict[str, Held]]


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as /events shows it; `body` is base64 in JSON."""

    partition: str
    sequence: int
    enqueued_ms: int
    partition_key: str | None
    properties: dict[str, Any]
    body: bytes


class NotUnderstood(Exception):  # noqa: N818 - what happened to the request
    """The request asks for nothing we have; the message says what to do."""


class Control:
    """Answers requests, one a connection."""

    def __init__(self, broker: Broker, server: Server, capture: Capture | None) -> None:
        self._broker = broker
        self._server = server
        self._capture = capture

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request, answer it, hang up."""
        try:
            request, *headers = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            sizes = [line.partition(":")[2] for line in headers if line.lower().startswith("content-length:")]
            body = await reader.readexactly(int(sizes[0])) if sizes else b""
            method, target, _ = request.split(" ")
            status, said = "200 OK", await self._answer(method, target, body)
        except (NotUnderstood, msgspec.ValidationError, msgspec.DecodeError, ValueError, KeyError) as error:
            status, said = "400 Bad Request", {"error": f"{type(error).__name__}: {error}"}
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
            return
        answer = msgspec.json.encode(said, enc_hook=_plain)
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + answer)
        writer.close()

    async def _answer(self, method: str, target: str, body: bytes) -> Any:
        url = urlsplit(target)
        match method, url.path:
            case "GET", "/stats":
                return self._report()
            case "GET", "/events":
                return self._events(dict(parse_qsl(url.query)))
            case "POST", "/faults":
                self._broker.faults.rules.append(msgspec.json.decode(body, type=Rule))
            case "DELETE", "/faults":
                self._broker.faults.rules.clear()
            case "POST", "/detach":
                self._server.detach_all()
            case "POST", "/away":
                self._server.close()
            case "POST", "/back":
                await self._server.open()
            case "POST", "/capture":
                if self._capture is None:
                    raise NotUnderstood("nothing is captured: start the peer with --capture FOLDER")
                await self._capture.flush()
            case _:
                raise NotUnderstood(f"{method} {url.path} is not known. Known are:\n{__doc__}")
        return {}

    def _report(self) -> Report:
        held = {
            hub.name: {each.name: Held(each.first_sequence, each.next_sequence) for each in hub.partitions}
            for hub in self._broker.hubs.values()
        }
        return Report(self._broker.stats, held)

    def _events(self, asked: dict[str, str]) -> list[StoredEvent]:
        hub = self._broker.hub(asked["hub"])
        partition = hub.partition(asked.get("partition", "0")) if hub is not None else None
        if partition is None:
            raise NotUnderstood(f"there is no partition {asked.get('partition', '0')} of a hub {asked['hub']}")
        first = max(0, int(asked.get("from", 0)) - partition.first_sequence)
        return _shown(partition, first, first + int(asked.get("max", PAGE)))


def _shown(partition: Partition, start: int, end: int) -> list[StoredEvent]:
    shown = []
    for event in partition.events[start:end]:
        whole = message.read(event.raw)
        properties = {_text(name): value for name, value in whole.application_properties.items()}
        shown.append(
            StoredEvent(
                partition.name, event.sequence, event.enqueued_ms, event.partition_key, properties, whole.body
            )
        )
    return shown


def _text(name: str | bytes) -> str:
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)


def _plain(value: Any) -> Any:
    """Make JSON of AMQP's types: numbers stay numbers."""
    return int(value) if isinstance(value, int) else str(value)

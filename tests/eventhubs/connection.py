"""One client's connection: bytes become frames, and frames go to their session."""

import asyncio
from typing import Final, cast

from tests.eventhubs import attach
from tests.eventhubs.broker import Broker
from tests.eventhubs.faults import Rule
from tests.eventhubs.performatives import (
    AMQP_FRAME,
    AMQP_HEADER,
    HEAD,
    HEARTBEAT,
    SASL_FRAME,
    SASL_HEADER,
    Attach,
    Begin,
    Close,
    Detach,
    End,
    Flow,
    Open,
    Performative,
    SaslInit,
    SaslMechanisms,
    SaslOutcome,
    Transfer,
    error,
    frame,
    read,
)
from tests.eventhubs.session import Outgoing, Session
from tests.eventhubs.tokens import Tokens
from tests.eventhubs.values import Array, Malformed, Symbol, Ubyte, Uint, Ushort

MAX_FRAME: Final = 65536
_IDLE_MS: Final = 240_000
_MECHANISMS: Final = Array(Symbol(name) for name in ("MSSBCBS", "ANONYMOUS"))


class Connection(asyncio.Protocol):
    """What every connection has: SASL (anyone may come in; tokens are put later), sessions by channel, a heartbeat."""

    def __init__(self, broker: Broker, connections: "set[Connection]") -> None:
        self.broker = broker
        self.tokens = Tokens()
        self.max_frame = 512
        """Bytes of the largest frame that the client takes."""
        self.paused = False
        self.sessions: dict[int, Session] = {}
        self._connections = connections
        self._transport: asyncio.Transport
        self._unread = bytearray()
        self._expects_header = True
        self._heartbeat: asyncio.TimerHandle | None = None
        self._closed = False
        self._silent = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the connection, unless a fault ends it here."""
        self._transport = cast("asyncio.Transport", transport)
        self._connections.add(self)
        self.broker.stats.connections += 1
        self.broker.stats.open_connections += 1
        if rule := self.broker.faults.take("connect"):
            self._silent = True
            self.strike(rule)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of all that belongs to it."""
        self._closed = True
        self._connections.discard(self)
        self.broker.stats.open_connections -= 1
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        for session in self.sessions.values():
            session.release()

    def pause_writing(self) -> None:
        """Stop sending events: the client does not keep up."""
        self.paused = True

    def resume_writing(self) -> None:
        """Go on sending events."""
        self.paused = False
        for session in self.sessions.values():
            for link in session.links.values():
                if isinstance(link, Outgoing):
                    link.granted()

    def data_received(self, data: bytes) -> None:
        """Take as many whole frames as there are."""
        if self._silent:
            return
        self._unread += data
        try:
            while not self._closed and self._take_one():
                pass
        except Malformed as broken:
            self.close("amqp:decode-error", str(broken))

    def write(self, channel: int, performative: Performative, payload: bytes = b"", kind: int = AMQP_FRAME) -> None:
        """Send a frame, unless the connection is gone."""
        if not self._closed:
            self._transport.write(frame(channel, performative, payload, kind))

    def close(self, condition: str | None = None, description: str | None = None) -> None:
        """End the connection with a word."""
        if not self._closed:
            self.write(0, Close(error(condition, description) if condition else None))
            self._closed = True
            self._transport.close()

    def drop(self) -> None:
        """End the connection without a word."""
        self._closed = True
        self._transport.abort()

    def strike(self, rule: Rule) -> bool:
        """Do what a fault does to a connection; say whether it is of that kind."""
        if rule.action == "drop":
            self.drop()
        elif rule.action == "close":
            self.close(*rule.error)
        return rule.action in ("drop", "close", "stall")

    def _take_one(self) -> bool:
        unread = self._unread
        if len(unread) < HEAD.size:  # a protocol header has the same size
            return False
        if self._expects_header:
            header = bytes(unread[: HEAD.size])
            del unread[: HEAD.size]
            self._greet(header)
            return True
        size, body_at, _, channel = HEAD.unpack_from(unread)
        if size < HEAD.size or size > MAX_FRAME:
            raise Malformed(f"a frame of {size} bytes; {MAX_FRAME} is the most")
        if len(unread) < size:
            return False
        body = bytes(unread[body_at * 4 : size])
        del unread[:size]
        if body:  # else a heartbeat
            self._route(channel, *read(body))
        return True

    def _greet(self, header: bytes) -> None:
        if header == SASL_HEADER:
            self._transport.write(SASL_HEADER)
            self.write(0, SaslMechanisms(_MECHANISMS), kind=SASL_FRAME)
        else:
            self._transport.write(AMQP_HEADER)
            if header != AMQP_HEADER:
                self._transport.close()
        self._expects_header = False

    def _route(self, channel: int, performative: Performative, payload: bytes) -> None:
        match performative:
            case SaslInit():
                self.write(0, SaslOutcome(Ubyte(0)), kind=SASL_FRAME)
                self._expects_header = True
            case Open():
                self._open(performative)
            case Begin():
                self.sessions[channel] = Session(self, channel, performative, attach.bind)
            case Close():
                self.close()
            case _ if channel not in self.sessions:
                pass  # azure-eventhub detaches after it has ended the session
            case Transfer():
                self.sessions[channel].transfer(performative, payload)
            case Flow():
                self.sessions[channel].flow(performative)
            case Attach():
                self.sessions[channel].attach(performative)
            case Detach():
                self.sessions[channel].detach(performative)
            case End():
                self.sessions.pop(channel).end()
            case _:
                pass  # dispositions: all we send is settled

    def _open(self, asked: Open) -> None:
        self.max_frame = min(asked.max_frame_size, MAX_FRAME)
        if (rule := self.broker.faults.take("open")) and self.strike(rule):
            return
        self.write(0, Open("eventhubs-peer", None, Uint(MAX_FRAME), Ushort(4999), Uint(_IDLE_MS)))
        if asked.idle_time_out:
            self._beat(asked.idle_time_out / 2000)

    def _beat(self, every_s: float) -> None:
        """Keep a client that waits from taking us for dead."""
        if not self._closed:
            self._transport.write(HEARTBEAT)
            self._heartbeat = asyncio.get_running_loop().call_later(every_s, self._beat, every_s)

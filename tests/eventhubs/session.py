"""Links in a session: attached, given credit, filled with deliveries, detached.

A link has one direction. `Incoming`: the client sends, we grant credit. `Outgoing`: the client grants, we send.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.eventhubs.performatives import (
    ACCEPTED,
    Attach,
    Begin,
    Detach,
    Disposition,
    End,
    Flow,
    Performative,
    Transfer,
    address,
    error,
    rejected,
    source,
    target,
)
from tests.eventhubs.values import Described, Uint, Ulong, Ushort

if TYPE_CHECKING:
    from tests.eventhubs.connection import Connection

_WINDOW: Final = 5000
_CREDIT: Final = 300
_ANY: Final = 0x7FFFFFFF
_ROOM_FOR_TRANSFER: Final = 64
"""Bytes of a frame that its head and the transfer before the payload may take."""


class Delivery(NamedTuple):
    """A whole message that came in, and what an answer needs."""

    id: int
    format: int
    settled: bool
    payload: bytes


class Link:
    """What both directions have: a handle, the same on both sides, and an end."""

    def __init__(self, session: "Session", attach: Attach) -> None:
        self.session = session
        self.handle = attach.handle
        self.credit = 0
        self.count = 0
        """Deliveries so far, by the sender's count."""
        self.closed = False

    def detach(self, condition: str | None = None, description: str | None = None) -> None:
        """End the link, with an error or without."""
        if not self.closed:
            self.release()
            self.session.write(Detach(self.handle, True, error(condition, description) if condition else None))

    def release(self) -> None:
        """Let go of all that knows the link."""
        self.closed = True


class Incoming(Link):
    """A link on which the client sends."""

    def __init__(self, session: "Session", attach: Attach) -> None:
        super().__init__(session, attach)
        self.count = attach.initial_delivery_count or 0
        self._first: Transfer | None = None
        self._parts: list[bytes] = []

    def receive(self, transfer: Transfer, payload: bytes) -> None:
        """Take a part of a delivery; hand the delivery on when it is whole."""
        first = self._first = self._first or transfer
        self._parts.append(payload)
        if transfer.more:
            return
        whole, self._first, self._parts = b"".join(self._parts), None, []
        self.count += 1
        self.credit -= 1
        settled = bool(first.settled or transfer.settled)
        self.deliver(Delivery(first.delivery_id or 0, first.message_format or 0, settled, whole))

    def deliver(self, delivery: Delivery) -> None:
        """Do what is to be done with a delivery."""
        raise NotImplementedError

    def accept(self, delivery: Delivery) -> None:
        """Answer that a delivery is safe."""
        self._settle(delivery, ACCEPTED)

    def reject(self, delivery: Delivery, condition: str, description: str) -> None:
        """Answer that a delivery is refused."""
        self._settle(delivery, rejected(condition, description))

    def _settle(self, delivery: Delivery, state: Described) -> None:
        if not delivery.settled and not self.closed:
            self.session.write(Disposition(True, Uint(delivery.id), Uint(delivery.id), True, state))


class Outgoing(Link):
    """A link on which the client receives."""

    def granted(self) -> None:
        """Use the credit that came in."""

    def send(self, payload: bytes) -> None:
        """Send a message, settled, in as many frames as it needs."""
        session = self.session
        delivery, session.next_outgoing = session.next_outgoing, session.next_outgoing + 1
        self.credit -= 1
        self.count += 1
        room = session.connection.max_frame - _ROOM_FOR_TRANSFER
        for start in range(0, len(payload), room):
            more = start + room < len(payload)
            tag = delivery.to_bytes(4, "big")
            session.write(
                Transfer(self.handle, Uint(delivery), tag, Uint(0), True, more), payload[start : start + room]
            )


class Refusal(NamedTuple):
    """Why a link may not be: an AMQP condition, and a sentence."""

    condition: str
    description: str


Bind = Callable[["Session", Attach], Link | Refusal | None]
"""Finds what a link is for; None: the attach is not answered at all."""


class Session:
    """The links of one channel of a connection."""

    def __init__(self, connection: "Connection", channel: int, begin: Begin, bind: Bind) -> None:
        self.connection = connection
        self.links: dict[int, Link] = {}
        self.next_outgoing = 1
        self._channel = channel
        self._bind = bind
        self._next_incoming = int(begin.next_outgoing_id)
        self._window = _WINDOW
        self.write(Begin(Ushort(channel), Uint(self.next_outgoing), Uint(_WINDOW), Uint(_ANY), Uint(255)))

    def write(self, performative: Performative, payload: bytes = b"") -> None:
        """Send a frame on this channel."""
        self.connection.write(self._channel, performative, payload)

    def attach(self, attach: Attach) -> None:
        """Answer an attach. A refusal is an attach with no terminus, then a detach with the error: as the service does."""
        link = self._bind(self, attach)
        if link is None:
            return
        refused = isinstance(link, Refusal)
        client_receives = attach.role
        # Only addresses travel back: the filters of a source may be of any type.
        addresses = source(address(attach.source)), target(address(attach.target))
        self.write(
            Attach(
                attach.name,
                attach.handle,
                not client_receives,
                attach.snd_settle_mode,
                attach.rcv_settle_mode,
                None if refused and client_receives else addresses[0],
                None if refused and not client_receives else addresses[1],
                initial_delivery_count=Uint(0) if client_receives else None,
                max_message_size=Ulong(self.connection.broker.max_message),
            )
        )
        if isinstance(link, Refusal):
            self.write(Detach(attach.handle, True, error(*link)))
            return
        self.links[attach.handle] = link
        if isinstance(link, Incoming):
            self._grant(link)

    def detach(self, detach: Detach) -> None:
        """Answer a detach; one that answers ours needs no answer."""
        link = self.links.pop(detach.handle, None)
        if link is not None:
            link.detach()

    def flow(self, flow: Flow) -> None:
        """Take the credit that a client grants."""
        link = self.links.get(flow.handle) if flow.handle is not None else None
        if isinstance(link, Outgoing):
            link.credit = (flow.delivery_count or 0) + (flow.link_credit or 0) - link.count
            link.granted()

    def transfer(self, transfer: Transfer, payload: bytes) -> None:
        """Hand a transfer to its link, and see to it that the client may send on."""
        self._window -= 1
        self._next_incoming += 1
        link = self.links.get(transfer.handle)
        if not isinstance(link, Incoming) or link.closed:
            return
        link.receive(transfer, payload)
        if not link.closed and (link.credit < _CREDIT // 3 or self._window < _WINDOW // 3):
            self._grant(link)

    def end(self) -> None:
        """Answer the end of the session."""
        self.release()
        self.write(End())

    def release(self) -> None:
        """Let go of all links."""
        for link in self.links.values():
            link.release()

    def _grant(self, link: Incoming) -> None:
        link.credit, self._window = _CREDIT, _WINDOW
        self.write(
            Flow(
                Uint(self._next_incoming),
                Uint(_WINDOW),
                Uint(self.next_outgoing),
                Uint(_ANY),
                link.handle,
                Uint(link.count),
                Uint(_CREDIT),
            )
        )

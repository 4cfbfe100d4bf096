"""A batch over a link that the SDK opened: its frames, and what became of it.

`send_batch` spends more than half of its CPU on what is the same each time: five layers, and a frame that is described
field by field, twice. Here the frame is written as bytes. All else stays the SDK's: connection, token, link, credit, and
reading. What of its inside is touched stands in this file, and tests over a real link notice a change.
"""

import asyncio
import struct
import time
from collections.abc import Sequence
from typing import Any, Final

# A transfer (AMQP 1.0, 2.7.5): described list of six: handle, delivery id, delivery tag, format, settled, more.
_PERFORMATIVE: Final = struct.Struct(">3sBBBBIBIBBIBIBB")
# A frame (2.3): its size, where its body begins in words of four bytes, its type, its channel.
_FRAME: Final = struct.Struct(">IBBH")
_HEAD: Final = _FRAME.size + _PERFORMATIVE.size
_LONG_DATA_TWICE: Final = struct.Struct(">4sI4sI")
_TRUE, _FALSE = 0x41, 0x42
_BATCH: Final = 0x80013700
"""The format of a message that is a batch: its data sections are messages."""


class Rejected(Exception):  # noqa: N818 - a finding about a batch
    """The hub did not take a batch, and says why; the link is as good as before."""


class _Delivery:
    """What the link keeps of a batch until it is settled."""

    sent = True
    timeout = None

    def __init__(self, number: int) -> None:
        self.frame = {"delivery_id": number}
        self.is_settled = False
        self.outcome: dict[str, Any] = {}

    async def on_settled(self, reason: object, outcome: Any) -> None:
        del reason
        self.is_settled, self.outcome = True, outcome or {}


async def is_ready(producer: Any) -> bool:
    """Say whether the link takes a whole batch now; if not, `send_batch` sees to that. Raises what broke the link."""
    client = producer._handler
    if not producer.running or not await client.client_ready_async():  # renews the token too
        return False
    return bool(client._link.current_link_credit > 0 and client._session.remote_incoming_window > 0)


async def transfer(producer: Any, bodies: Sequence[bytes]) -> None:
    """Send events as one batch; return when the hub has stored it. Raises `Rejected`, or what broke the link."""
    client = producer._handler
    link, session, connection = client._link, client._session, client._connection
    delivery = _Delivery(session.next_outgoing_id)
    link._pending_deliveries.append(delivery)
    session.next_outgoing_id += 1
    session.remote_incoming_window -= 1
    link.delivery_count += 1
    link.current_link_credit -= 1
    number = delivery.frame["delivery_id"]
    for frame in frames(bodies, session.channel, link.handle, number, connection._remote_max_frame_size):
        await connection._transport.write(frame)
    connection._last_frame_sent_time = time.time()
    task = asyncio.current_task()
    while not delivery.is_settled:
        if task is not None and task.cancelling():  # `wait_for` of Python 3.11 may have swallowed it, in `listen`
            raise asyncio.CancelledError
        if not connection._can_read():  # `listen` would return at once, for ever
            raise ConnectionError("the connection was closed")
        await connection.listen(wait=client._socket_timeout)
    if "accepted" not in delivery.outcome:
        link.get_state()  # raises what broke it
        raise Rejected(str(delivery.outcome))


def end_keep_alive(client: Any) -> None:
    """End the task that keeps a client's links alive: its `close` would wait for it, mostly a second."""
    for producer in client._producers.values():
        handler = producer and producer._handler
        if handler and handler._keep_alive_thread:
            handler._keep_alive_thread.cancel()
            handler._keep_alive_thread = None


def frames(bodies: Sequence[bytes], channel: int, handle: int, number: int, max_frame: int) -> list[bytes]:
    """Return the frames of a batch, none of more than `max_frame` bytes."""
    message = _message(bodies)
    size = sum(map(len, message))
    most = max_frame - _HEAD
    if size <= most:
        return [b"".join((_head(size, channel, handle, number, _FALSE), *message))]
    whole = memoryview(b"".join(message))
    parts = [whole[start : start + most] for start in range(0, size, most)]
    more = [_TRUE] * (len(parts) - 1) + [_FALSE]
    return [_head(len(part), channel, handle, number, each) + part for part, each in zip(parts, more, strict=True)]


def _head(size: int, channel: int, handle: int, number: int, more: int) -> bytes:
    return _FRAME.pack(_HEAD + size, 2, 0, channel) + _PERFORMATIVE.pack(
        b"\0S\x14", 0xC0, 24, 6, 0x70, handle, 0x70, number, 0xA0, 4, number, 0x70, _BATCH, _FALSE, more
    )


def _message(bodies: Sequence[bytes]) -> list[bytes]:
    """Return the pieces of a batch of events that are a body and nothing else: data sections in data sections (3.2.6)."""
    pieces: list[bytes] = []
    for body in bodies:
        length = len(body)
        if length < 256:
            head = _data(length)
            pieces += (_data(len(head) + length), head, body)
        else:  # as above, at once
            pieces += (_LONG_DATA_TWICE.pack(b"\0Su\xb0", length + 8, b"\0Su\xb0", length), body)
    return pieces


def _data(length: int) -> bytes:
    # A described type (0x00, smallulong 0x53, descriptor 0x75: data) of a binary, short (0xa0) or long (0xb0).
    return struct.pack(">4sB", b"\0Su\xa0", length) if length < 256 else struct.pack(">4sI", b"\0Su\xb0", length)

"""What the two ends of a connection say to each other: performatives, and the frames that carry them.

Fields stand in the standard's order; None is "not said". Every list goes out in full: azure-eventhub reads fields by
position and fails with IndexError where trailing nulls were left off, which the standard would allow.
https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-transport-v1.0-os.html
"""

import struct
from typing import Any, ClassVar, Final

import msgspec

from tests.eventhubs.values import Array, Described, Malformed, Symbol, Ubyte, Uint, Ulong, Ushort, decode, encode

AMQP_HEADER: Final = b"AMQP\x00\x01\x00\x00"
SASL_HEADER: Final = b"AMQP\x03\x01\x00\x00"
AMQP_FRAME, SASL_FRAME = 0, 1
HEAD: Final = struct.Struct(">IBBH")
"""A frame's head: its size, where its body starts in words of 4 bytes, its type, its channel."""

ACCEPTED: Final = Described(Ulong(0x24), [])


class Open(msgspec.Struct):
    CODE: ClassVar = 0x10
    container_id: str
    hostname: str | None = None
    max_frame_size: Uint = Uint(0xFFFFFFFF)
    channel_max: Ushort = Ushort(0xFFFF)
    idle_time_out: Uint | None = None
    """Milliseconds of silence after which the one who says it hangs up."""
    outgoing_locales: Any = None
    incoming_locales: Any = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: Any = None


class Begin(msgspec.Struct):
    CODE: ClassVar = 0x11
    remote_channel: Ushort | None = None
    next_outgoing_id: Uint = Uint(0)
    incoming_window: Uint = Uint(0)
    outgoing_window: Uint = Uint(0)
    handle_max: Uint = Uint(0xFFFFFFFF)
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: Any = None


class Attach(msgspec.Struct):
    CODE: ClassVar = 0x12
    name: str
    handle: Uint
    role: bool
    """True: who says it receives."""
    snd_settle_mode: Ubyte = Ubyte(2)
    rcv_settle_mode: Ubyte = Ubyte(0)
    source: Described | None = None
    target: Described | None = None
    unsettled: Any = None
    incomplete_unsettled: bool | None = None
    initial_delivery_count: Uint | None = None
    max_message_size: Ulong | None = None
    offered_capabilities: Any = None
    desired_capabilities: Any = None
    properties: Any = None


class Flow(msgspec.Struct):
    CODE: ClassVar = 0x13
    next_incoming_id: Uint | None = None
    incoming_window: Uint = Uint(0)
    next_outgoing_id: Uint = Uint(0)
    outgoing_window: Uint = Uint(0)
    handle: Uint | None = None
    delivery_count: Uint | None = None
    link_credit: Uint | None = None
    available: Uint | None = None
    drain: bool = False
    echo: bool = False
    properties: Any = None


class Transfer(msgspec.Struct):
    CODE: ClassVar = 0x14
    handle: Uint
    delivery_id: Uint | None = None
    delivery_tag: bytes | None = None
    message_format: Uint | None = None
    settled: bool | None = None
    more: bool = False
    rcv_settle_mode: Ubyte | None = None
    state: Any = None
    resume: bool = False
    aborted: bool = False
    batchable: bool = False


class Disposition(msgspec.Struct):
    CODE: ClassVar = 0x15
    role: bool
    first: Uint
    last: Uint | None = None
    settled: bool = False
    state: Any = None
    batchable: bool = False


class Detach(msgspec.Struct):
    CODE: ClassVar = 0x16
    handle: Uint
    closed: bool = False
    error: Described | None = None


class End(msgspec.Struct):
    CODE: ClassVar = 0x17
    error: Described | None = None


class Close(msgspec.Struct):
    CODE: ClassVar = 0x18
    error: Described | None = None


class SaslMechanisms(msgspec.Struct):
    CODE: ClassVar = 0x40
    mechanisms: Array


class SaslInit(msgspec.Struct):
    CODE: ClassVar = 0x41
    mechanism: Symbol
    initial_response: bytes | None = None
    hostname: str | None = None


class SaslOutcome(msgspec.Struct):
    CODE: ClassVar = 0x44
    code: Ubyte
    additional_data: bytes | None = None


Performative = (
    Open
    | Begin
    | Attach
    | Flow
    | Transfer
    | Disposition
    | Detach
    | End
    | Close
    | SaslMechanisms
    | SaslInit
    | SaslOutcome
)
_KINDS: Final[dict[int, type[Any]]] = {kind.CODE: kind for kind in Performative.__args__}


def read(body: bytes) -> tuple[Performative, bytes]:
    """Return what a frame says, and the payload behind it. Raises `Malformed`."""
    described, end = decode(body)
    kind = _KINDS.get(described.descriptor) if isinstance(described, Described) else None
    if kind is None or not isinstance(described.value, list):
        raise Malformed(f"a frame that holds no performative: {body[:8].hex()}")
    # A null stands for the default, and fields at the end may be left off.
    said = zip(kind.__struct_fields__, described.value, strict=False)
    try:
        return kind(**{name: value for name, value in said if value is not None}), body[end:]
    except TypeError as error:
        raise Malformed(str(error)) from None


def frame(channel: int, performative: Performative, payload: bytes = b"", kind: int = AMQP_FRAME) -> bytes:
    """Return the bytes of a frame."""
    fields = list(msgspec.structs.astuple(performative))
    body = encode(Described(Ulong(performative.CODE), fields)) + payload
    return HEAD.pack(HEAD.size + len(body), 2, kind, channel) + body


HEARTBEAT: Final = HEAD.pack(HEAD.size, 2, AMQP_FRAME, 0)


def error(condition: str, description: str | None = None) -> Described:
    """Return an error as dispositions, detaches and closes carry it."""
    return Described(Ulong(0x1D), [Symbol(condition), description, None])


def rejected(condition: str, description: str) -> Described:
    """Return the state of a delivery that is refused."""
    return Described(Ulong(0x25), [error(condition, description)])


def source(address: str | None) -> Described:
    """Return where a link's messages come from."""
    return Described(Ulong(0x28), [address] + [None] * 10)


def target(address: str | None) -> Described:
    """Return where a link's messages go."""
    return Described(Ulong(0x29), [address] + [None] * 6)


def address(terminus: Described | None) -> str | None:
    """Return the address of a source or target, if it has one."""
    return terminus.value[0] if terminus is not None and terminus.value else None

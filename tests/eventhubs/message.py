"""A message is a row of sections: annotations, properties, a body. Taken apart here, and put together.

https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-messaging-v1.0-os.html
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec

from tests.eventhubs.values import Described, Malformed, Symbol, Ulong, decode, encode

BATCH_FORMAT: Final = 0x80013700
"""The message format of a batch: each of its data sections is a whole message of its own."""

HEADER, DELIVERY_ANNOTATIONS, ANNOTATIONS, PROPERTIES, APPLICATION_PROPERTIES, DATA, VALUE = (
    0x70, 0x71, 0x72, 0x73, 0x74, 0x75, 0x77,
)  # fmt: skip
_MADE_OF: Final = {ANNOTATIONS: dict, PROPERTIES: list, APPLICATION_PROPERTIES: dict, DATA: bytes}
_DATA_STARTS: Final = b"\x00\x53" + bytes((DATA,))


class Message(msgspec.Struct):
    """A message taken apart. `properties` are the standard's thirteen, in order: message-id, user-id, to ..."""

    annotations: dict[str, Any] = msgspec.field(default_factory=dict)
    properties: list[Any] = msgspec.field(default_factory=list)
    application_properties: dict[str, Any] = msgspec.field(default_factory=dict)
    body: bytes = b""
    """The data sections, joined."""
    value: Any = None
    """The value section: requests have one where events have data."""


def read(raw: bytes) -> Message:
    """Take a message apart. Raises `Malformed`."""
    message = Message()
    for code, value, _ in _sections(raw):
        if code == ANNOTATIONS:
            message.annotations = value
        elif code == PROPERTIES:
            message.properties = value
        elif code == APPLICATION_PROPERTIES:
            message.application_properties = value
        elif code == DATA:
            message.body += value
        elif code == VALUE:
            message.value = value
    return message


def take_batch_apart(raw: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Return the annotations of a batch and its messages, each still encoded. Raises `Malformed`."""
    annotations: dict[str, Any] = {}
    messages, at = [], 0
    while at < len(raw):
        if raw.startswith(_DATA_STARTS, at):  # the one that a batch has hundreds of
            message, at = decode(raw, at + len(_DATA_STARTS))
            messages.append(message)
        else:
            code, value, at = _section_at(raw, at)
            if code == ANNOTATIONS:
                annotations = value
    if not all(type(message) is bytes for message in messages):
        raise Malformed("a batch that holds something else than messages")
    return annotations, messages


def annotated(raw: bytes, annotations: Mapping[str, Any]) -> bytes:
    """Return the message with `annotations` beside its own."""
    own: dict[str, Any] = {}
    rest = []
    for code, value, encoded in _sections(raw):
        if code == ANNOTATIONS:
            own = value
        elif code not in (HEADER, DELIVERY_ANNOTATIONS):
            rest.append(encoded)
    both = {Symbol(name): value for name, value in {**own, **annotations}.items()}
    return _section(ANNOTATIONS, both) + b"".join(rest)


def reply(message_id: Any, application_properties: Mapping[str, Any], value: Any) -> bytes:
    """Return the answer to the request with this message id."""
    properties = [None] * 13
    properties[5] = message_id  # correlation-id
    return (
        _section(PROPERTIES, properties)
        + _section(APPLICATION_PROPERTIES, dict(application_properties))
        + _section(VALUE, value)
    )


def _sections(raw: bytes) -> Iterator[tuple[int, Any, bytes]]:
    at = 0
    while at < len(raw):
        start = at
        code, value, at = _section_at(raw, at)
        yield code, value, raw[start:at]


def _section_at(raw: bytes, at: int) -> tuple[int, Any, int]:
    section, end = decode(raw, at)
    if not isinstance(section, Described) or type(section.descriptor) is not Ulong:
        raise Malformed("a message holds something that is no section")
    if not isinstance(section.value, _MADE_OF.get(section.descriptor, object)):
        raise Malformed(f"section 0x{section.descriptor:02x} of a message holds {type(section.value).__name__}")
    return section.descriptor, section.value, end


def _section(code: int, value: Any) -> bytes:
    return encode(Described(Ulong(code), value))

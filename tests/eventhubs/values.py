"""AMQP 1.0 values as bytes, both ways. Python's types stand for most of AMQP's, small classes for the rest.

https://docs.oasis-open.org/amqp/core/v1.0/os/amqp-core-types-v1.0-os.html
"""

import struct
import uuid
from collections.abc import Callable
from typing import Any, Final, NamedTuple


class Malformed(ValueError):  # noqa: N818 - what the bytes are
    """Bytes that are not what AMQP says they should be."""


class Symbol(str):
    """A name from a closed vocabulary, ASCII."""

    __slots__ = ()


class Ubyte(int): ...


class Ushort(int): ...


class Uint(int): ...


class Ulong(int): ...


class Byte(int): ...


class Short(int): ...


class Int(int): ...


class Timestamp(int):
    """Milliseconds since 1970."""


class Array(list[Any]):
    """Values of one type; written when they are `str` or `Symbol`."""


class Described(NamedTuple):
    """A value that says what it is: performatives, sections of a message, errors, filters."""

    descriptor: Any
    value: Any


# A plain int is AMQP's long, a float its double.
_NUMBERS: Final[dict[int, tuple[struct.Struct, Callable[[Any], Any]]]] = {
    code: (struct.Struct(form), kind)
    for code, form, kind in (
        (0x50, ">B", Ubyte),
        (0x51, ">b", Byte),
        (0x52, ">B", Uint),
        (0x53, ">B", Ulong),
        (0x54, ">b", Int),
        (0x55, ">b", int),
        (0x56, ">B", bool),
        (0x60, ">H", Ushort),
        (0x61, ">h", Short),
        (0x70, ">I", Uint),
        (0x71, ">i", Int),
        (0x72, ">f", float),
        (0x73, ">I", chr),
        (0x80, ">Q", Ulong),
        (0x81, ">q", int),
        (0x82, ">d", float),
        (0x83, ">q", Timestamp),
        (0x98, "16s", lambda raw: uuid.UUID(bytes=raw)),
    )
}
_CONSTANTS: Final = {0x40: None, 0x41: True, 0x42: False, 0x43: Uint(0), 0x44: Ulong(0)}
_U32: Final = struct.Struct(">I")
_DESCRIBED, _EMPTY_LIST, _WIDE = 0x00, 0x45, 0x10


def decode(raw: bytes, at: int = 0) -> tuple[Any, int]:
    """Return the value that starts at `at`, and where it ends. Raises `Malformed`."""
    try:
        return _decode(raw, at)
    except (IndexError, struct.error, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Malformed(f"no AMQP value at byte {at}: {error}") from None


def _decode(raw: bytes, at: int) -> tuple[Any, int]:
    return _decode_as(raw[at], raw, at + 1)


def _decode_as(code: int, raw: bytes, at: int) -> tuple[Any, int]:
    if code in _NUMBERS:
        form, kind = _NUMBERS[code]
        return kind(form.unpack_from(raw, at)[0]), at + form.size
    if code in _CONSTANTS:
        return _CONSTANTS[code], at
    if code == _DESCRIBED:
        descriptor, at = _decode(raw, at)
        value, at = _decode(raw, at)
        return Described(descriptor, value), at
    if code == _EMPTY_LIST:
        return [], at
    if code < 0xA0:
        raise Malformed(f"AMQP type 0x{code:02x} at byte {at - 1} is unknown")
    size, at = _size(code, raw, at)
    end = at + size
    if end > len(raw):
        raise Malformed(f"{end - len(raw)} bytes are missing at the end of a value")
    match code & ~_WIDE:
        case 0xA0:
            return raw[at:end], end
        case 0xA1:
            return raw[at:end].decode(), end
        case 0xA3:
            return Symbol(raw[at:end].decode("ascii")), end
        case 0xC0:
            count, at = _size(code, raw, at)
            return _items(count, raw, at), end
        case 0xC1:
            count, at = _size(code, raw, at)
            items = _items(count, raw, at)
            return dict(zip(items[::2], items[1::2], strict=False)), end
        case 0xE0:
            count, at = _size(code, raw, at)
            if count > size:
                raise Malformed(f"an array of {count} values in {size} bytes")
            return _elements(count, raw, at), end
    raise Malformed(f"AMQP type 0x{code:02x} at byte {at} is unknown")


def _size(code: int, raw: bytes, at: int) -> tuple[int, int]:
    return (_U32.unpack_from(raw, at)[0], at + 4) if code & _WIDE else (raw[at], at + 1)


def _items(count: int, raw: bytes, at: int) -> list[Any]:
    items = []
    for _ in range(count):
        item, at = _decode(raw, at)
        items.append(item)
    return items


def _elements(count: int, raw: bytes, at: int) -> Array:
    elements, code = Array(), raw[at]
    at += 1
    for _ in range(count):
        element, at = _decode_as(code, raw, at)
        elements.append(element)
    return elements


def encode(value: Any) -> bytes:
    """Return the bytes of a value. Raises `TypeError` when AMQP has no such type."""
    encoder = _ENCODERS.get(type(value))
    if encoder is None:
        raise TypeError(f"AMQP has no type for {type(value).__name__}")
    return encoder(value)


def _number(form: str, code: int, small: int | None = None, zero: int | None = None) -> Callable[[int], bytes]:
    """Return an encoder: in full by `code`, in one byte by `small` where it fits, in none by `zero`."""
    packed, low, high = struct.Struct(form), -128 if form.islower() else 0, 127 if form.islower() else 255

    def encoded(number: int) -> bytes:
        if number == 0 and zero is not None:
            return bytes((zero,))
        if small is not None and low <= number <= high:
            return bytes((small, number & 0xFF))
        return bytes((code,)) + packed.pack(number)

    return encoded


def _variable(code: int, raw: bytes) -> bytes:
    return bytes((code, len(raw))) + raw if len(raw) < 256 else bytes((code | _WIDE,)) + _U32.pack(len(raw)) + raw


def _compound(code: int, count: int, raw: bytes) -> bytes:
    if len(raw) < 255 and count < 256:
        return bytes((code, len(raw) + 1, count)) + raw
    return bytes((code | _WIDE,)) + _U32.pack(len(raw) + 4) + _U32.pack(count) + raw


def _list(items: list[Any]) -> bytes:
    return _compound(0xC0, len(items), b"".join(map(encode, items))) if items else bytes((_EMPTY_LIST,))


def _map(items: dict[Any, Any]) -> bytes:
    return _compound(0xC1, len(items) * 2, b"".join(encode(key) + encode(value) for key, value in items.items()))


def _array(elements: Array) -> bytes:
    code = 0xB3 if all(type(element) is Symbol for element in elements) else 0xB1
    raw = b"".join(_U32.pack(len(each)) + each for each in (element.encode() for element in elements))
    return _compound(0xE0, len(elements), bytes((code,)) + raw)


_ENCODERS: Final[dict[type, Callable[[Any], bytes]]] = {
    type(None): lambda _: b"\x40",
    bool: lambda yes: b"\x41" if yes else b"\x42",
    Ubyte: _number(">B", 0x50),
    Ushort: _number(">H", 0x60),
    Uint: _number(">I", 0x70, 0x52, 0x43),
    Ulong: _number(">Q", 0x80, 0x53, 0x44),
    Byte: _number(">b", 0x51),
    Short: _number(">h", 0x61),
    Int: _number(">i", 0x71, 0x54),
    int: _number(">q", 0x81, 0x55),
    Timestamp: _number(">q", 0x83),
    float: lambda number: b"\x82" + struct.pack(">d", number),
    bytes: lambda raw: _variable(0xA0, raw),
    str: lambda text: _variable(0xA1, text.encode()),
    Symbol: lambda name: _variable(0xA3, name.encode("ascii")),
    uuid.UUID: lambda value: b"\x98" + value.bytes,
    list: _list,
    dict: _map,
    Array: _array,
    Described: lambda described: b"\x00" + encode(described.descriptor) + encode(described.value),
}

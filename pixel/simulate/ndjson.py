"""Simulated hits as lines of JSON, and back."""

from typing import Any, Final

import msgspec

from pixel.collect.request import Request, Token
from pixel.simulate.hit import Hit


class _Line(msgspec.Struct, omit_defaults=True):
    """A request with the names of `Request`, and the labels of `Hit` beside it."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    peer: str
    received_at: float
    labels: dict[str, Any]
    token: Token | None = None


_LABELS: Final = tuple(name for name in Hit.__struct_fields__ if name != "request")
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(_Line)


def encode(hit: Hit) -> bytes:
    """Encode as one line, without its newline. Bytes of the query stay one character each."""
    sent = hit.request
    labels = {name: getattr(hit, name) for name in _LABELS}
    return _ENCODER.encode(
        _Line(sent.method, sent.path, sent.query, sent.headers, sent.peer, sent.received_at, labels, sent.token)
    )


def decode(line: bytes | str) -> Hit:
    """Decode what `encode` wrote; raises `msgspec.ValidationError` for what it did not."""
    read = _DECODER.decode(line)
    request = Request(read.method, read.path, read.query, read.headers, read.received_at, read.peer, token=read.token)
    return msgspec.convert({"request": request, **read.labels}, Hit)

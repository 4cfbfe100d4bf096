"""Many events in one message, a line each: `EVENT_HUB_PACKING=ndjson`. Every reader of ours splits them again."""

from collections.abc import Sequence
from typing import Final

PACKED_BYTES: Final = 60_000
"""Of events in one EventData, where several share one."""


def pack(bodies: Sequence[bytes]) -> list[bytes]:
    """Join events by newlines, up to `PACKED_BYTES` together; a larger one stands alone."""
    if sum(map(len, bodies)) + len(bodies) <= PACKED_BYTES:
        return [b"\n".join(bodies)] if bodies else []
    packed: list[bytes] = []
    some: list[bytes] = []
    size = 0
    for body in bodies:
        if some and size + len(body) > PACKED_BYTES:
            packed.append(b"\n".join(some))
            some, size = [], 0
        some.append(body)
        size += len(body) + 1
    if some:
        packed.append(b"\n".join(some))
    return packed

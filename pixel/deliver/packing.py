"""Many events in one message, a line each: `EVENT_HUB_PACKING=ndjson`. Every reader of ours splits them again."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

PACKED_BYTES: Final = 60_000
"""Of events in one EventData, where several share one."""


def pack(bodies: Sequence[bytes]) -> list[bytes]:
    """Join events by newlines, up to `PACKED_BYTES` together; a larger one stands alone."""
    packed: list[bytes] = []
    ends = [0, *accumulate(len(body) + 1 for body in bodies)]
    start = 0
    while start < len(bodies):
        end = max(bisect_right(ends, ends[start] + PACKED_BYTES + 1) - 1, start + 1)
        packed.append(b"\n".join(bodies[start:end]))
        start = end
    return packed

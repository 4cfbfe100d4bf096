"""Deliveries: what a sink measures of its way to Event Hubs. All of it adds up, over minutes and over instances."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import Any, Final

import msgspec

_STEPS: Final = (1.0, 1.2, 1.5, 1.8, 2.2, 2.7, 3.3, 3.9, 4.7, 5.6, 6.8, 8.2)
BOUNDS_MS: Final = (*(step * 10**power for power in range(5) for step in _STEPS), 100_000.0)
"""Upper ends of the buckets of latency, 1 ms to 100 s; what takes longer counts as 100 s."""
_NAMES: Final = tuple(f"{bound:g}" if bound < 10_000 else str(round(bound)) for bound in BOUNDS_MS)


class Deliveries(msgspec.Struct):
    """Counts from the start of the process on. `bytes` are of events as sent, without the protocol around them."""

    events: int = 0
    bytes: int = 0
    batches: int = 0
    attempts: int = 0
    duplicates: int = msgspec.field(default=0, name="duplicates_possible")
    latency_ms: dict[str, int] = msgspec.field(default_factory=dict)
    """Batches by the time they took: the upper end of a bucket, in ms, and how many were in it."""

    def attempt(self) -> None:
        """Count one try to send a batch."""
        self.attempts += 1

    def batch(self, events: int, bytes: int, seconds: float) -> None:  # noqa: A002 - it is what the field is called
        """Count a batch that was acknowledged, `seconds` after it was first tried."""
        self.events += events
        self.bytes += bytes
        self.batches += 1
        bucket = _NAMES[min(bisect_left(BOUNDS_MS, seconds * 1000), len(_NAMES) - 1)]
        self.latency_ms[bucket] = self.latency_ms.get(bucket, 0) + 1

    def duplicate(self, events: int) -> None:
        """Count events that are sent again although the try before may have stored them."""
        self.duplicates += events


def percentile(latency_ms: Mapping[str, int], share: float) -> float | None:
    """Return within how many ms this share (0 to 1) of batches was acknowledged: the end of a bucket, at most a quarter too much."""
    wanted, so_far = share * sum(latency_ms.values()), 0
    for bound, batches in sorted((float(name), count) for name, count in latency_ms.items() if count > 0):
        so_far += batches
        if so_far >= wanted:
            return bound
    return None


def summary(deliveries: Deliveries) -> dict[str, Any]:
    """Return the counts as JSON values, with percentiles in place of buckets."""
    told = msgspec.to_builtins(deliveries)
    buckets = told.pop("latency_ms")
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {**told, "latency_ms": {name: percentile(buckets, share) for name, share in shares.items()}}

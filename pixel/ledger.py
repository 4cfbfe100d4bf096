"""The ledger: every event has exactly one outcome, and these are the counts.

received = accepted + rejected + failed (+ those still in flight); accepted = sent + spilled.
"""

from collections import Counter
from typing import Any

from pixel.event import Event
from pixel.outcome import Rejected


class Ledger:
    """Counts the events of one boot (one process) of one instance (one machine), and numbers them."""

    def __init__(self, instance: str, boot: str) -> None:
        self.instance = instance
        self.boot = boot
        self.received = 0
        self.sent = 0
        self.spilled = 0
        self.rejected: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self._seq = 0

    def number(self, event: Event) -> None:
        """Give an event that is about to be stored its place, so that a gap shows where the events are kept."""
        event.instance = self.instance
        event.boot = self.boot
        event.seq = self._seq
        self._seq += 1

    def rejection(self, rejected: Rejected) -> str:
        """Count a rejected event and return its outcome."""
        self.rejected[rejected.reason] += 1
        return f"rejected:{rejected.reason}"

    def delivery(self, delivery: str) -> str:
        """Count what a sink said of an event (`sent`, `spilled` or `failed:<reason>`) and return its outcome."""
        if delivery == "sent":
            self.sent += 1
            return "accepted"
        if delivery == "spilled":
            self.spilled += 1
            return "accepted"
        self.failed[delivery.removeprefix("failed:")] += 1
        return delivery

    @property
    def accepted(self) -> int:
        """Events that are safe."""
        return self.sent + self.spilled

    def snapshot(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        decided = self.accepted + self.rejected.total() + self.failed.total()
        return {
            "instance": self.instance,
            "boot": self.boot,
            "received": self.received,
            "accepted": self.accepted,
            "sent": self.sent,
            "spilled": self.spilled,
            "rejected": dict(self.rejected),
            "failed": dict(self.failed),
            "in_flight": self.received - decided,
        }


class Deliveries:
    """What a sink measures of its deliveries."""

    def __init__(self) -> None:
        self.events = self.bytes = self.batches = self.attempts = self.duplicates = 0

    def batch(self, events: int, size: int, seconds: float) -> None:
        """Count a batch that was acknowledged."""
        self.events += events
        self.bytes += size
        self.batches += 1

    def attempt(self) -> None:
        """Count an attempt to send a batch."""
        self.attempts += 1

    def duplicate(self, events: int) -> None:
        """Count events that are sent again though the hub may have them."""
        self.duplicates += events

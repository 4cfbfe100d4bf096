"""The ledger: every event has exactly one outcome, and these are the counts.

received = accepted + rejected + failed (+ those still in flight); accepted = sent + spilled.
"""

from collections import Counter
from typing import Any, Final, TypeVar

import msgspec

from pixel.deliver.deliveries import Deliveries
from pixel.event import Event
from pixel.outcome import Rejected

LISTED: Final = 1000
"""Runs of numbers of failed events that are remembered until they are written; more are only counted."""

_Struct = TypeVar("_Struct", bound=msgspec.Struct)


class Counts(msgspec.Struct):
    """Counts of any number of minutes and processes; `plus` and `minus` work on them."""

    received: int = 0
    accepted: int = 0
    sent: int = 0
    spilled: int = 0
    rejected: dict[str, int] = msgspec.field(default_factory=dict)
    failed: dict[str, int] = msgspec.field(default_factory=dict)
    failed_unlisted: int = 0
    """Numbered events that failed and whose numbers are not listed, since there were too many."""
    deliveries: Deliveries = msgspec.field(default_factory=Deliveries)


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
        self.next_seq = 0
        self.failed_unlisted = 0
        self._failed_seqs: list[list[int]] = []

    def number(self, event: Event) -> None:
        """Give an event that is about to be stored its place, so that a gap shows where the events are kept."""
        event.instance = self.instance
        event.boot = self.boot
        event.seq = self.next_seq
        self.next_seq += 1

    def rejection(self, rejected: Rejected) -> str:
        """Count a rejected event and return its outcome."""
        self.rejected[rejected.reason] += 1
        return f"rejected:{rejected.reason}"

    def delivery(self, delivery: str, seq: int = -1) -> str:
        """Count what a sink said of an event (`sent`, `spilled` or `failed:<reason>`) and return its outcome.

        `seq` is the event's number, -1 when it has none: of failed ones it is remembered.
        """
        if delivery == "sent":
            self.sent += 1
            return "accepted"
        if delivery == "spilled":
            self.spilled += 1
            return "accepted"
        self.failed[delivery.removeprefix("failed:")] += 1
        if seq >= 0:
            self._remember_failed(seq)
        return delivery

    @property
    def accepted(self) -> int:
        """Events that are safe."""
        return self.sent + self.spilled

    @property
    def in_flight(self) -> int:
        """Events whose outcome is not known yet."""
        return self.received - self.accepted - self.rejected.total() - self.failed.total()

    def snapshot(self) -> dict[str, Any]:
        """Return the counts as JSON values."""
        return {
            "instance": self.instance,
            "boot": self.boot,
            "received": self.received,
            "accepted": self.accepted,
            "sent": self.sent,
            "spilled": self.spilled,
            "rejected": dict(self.rejected),
            "failed": dict(self.failed),
            "in_flight": self.in_flight,
        }

    def counts(self, deliveries: Deliveries | None) -> Counts:
        """Return a copy of the counts, and of what a sink measured."""
        return Counts(
            received=self.received,
            accepted=self.accepted,
            sent=self.sent,
            spilled=self.spilled,
            rejected=dict(self.rejected),
            failed=dict(self.failed),
            failed_unlisted=self.failed_unlisted,
            deliveries=plus(Deliveries(), deliveries) if deliveries else Deliveries(),
        )

    def take_failed(self) -> list[list[int]]:
        """Return the numbers of events that failed since the last call: first and last of each run."""
        taken, self._failed_seqs = self._failed_seqs, []
        return taken

    def give_back_failed(self, taken: list[list[int]]) -> None:
        """Remember again what was taken and could not be written."""
        self._failed_seqs[:0] = taken

    def _remember_failed(self, seq: int) -> None:
        runs = self._failed_seqs
        if runs and runs[-1][1] == seq - 1:
            runs[-1][1] = seq
        elif len(runs) < LISTED:
            runs.append([seq, seq])
        else:
            self.failed_unlisted += 1


def plus(one: _Struct, other: _Struct) -> _Struct:
    """Return the sum of two `Counts` (or `Deliveries`)."""
    return _combine(one, other, 1)


def minus(one: _Struct, other: _Struct) -> _Struct:
    """Return the difference of two `Counts`; what is nothing in a mapping is left out."""
    return _combine(one, other, -1)


def _combine(one: _Struct, other: _Struct, sign: int) -> _Struct:
    combined: dict[str, Any] = {}
    for name in one.__struct_fields__:
        ours, theirs = getattr(one, name), getattr(other, name)
        if isinstance(ours, int):
            combined[name] = ours + sign * theirs
        elif isinstance(ours, dict):
            both = {key: ours.get(key, 0) + sign * theirs.get(key, 0) for key in ours | theirs}
            combined[name] = {key: count for key, count in both.items() if count}
        else:
            combined[name] = _combine(ours, theirs, sign)
    return type(one)(**combined)

"""Events that wait for a batch, in the groups that they came in."""

import asyncio
from collections import deque
from collections.abc import Sequence, Set
from typing import Final

import msgspec

WAITING_BYTES: Final = 16 << 20
"""What may be in memory, waiting or under way."""


class Group(msgspec.Struct, eq=False, gc=False):
    """Events that came together. `size` is in bytes, with what AMQP adds; `came` in seconds of the loop's clock."""

    bodies: Sequence[bytes]
    size: int
    key: str | None
    came: float
    may_spill: bool
    outcome: asyncio.Future[str]


class Waiting:
    """Groups in the order in which they came."""

    def __init__(self) -> None:
        self._groups: deque[Group] = deque()
        self._bytes = 0

    def oldest(self) -> float | None:
        """Return when the first came; None when none waits."""
        return self._groups[0].came if self._groups else None

    def add(self, group: Group) -> bool:
        """Take one in, unless there would be more than `WAITING_BYTES`. Its bytes count until it is settled."""
        if self._bytes + group.size > WAITING_BYTES:
            return False
        self._bytes += group.size
        self._groups.append(group)
        return True

    def next_batch(self, max_bytes: int, busy: Set[str]) -> list[Group]:
        """Take out those that wait for the key of the first, in their order, as many as a batch holds.

        Those with a key in `busy` wait on: a batch of theirs is under way, and must not be overtaken.
        """
        batch: list[Group] = []
        left: list[Group] = []
        size = 0
        key = None
        groups = self._groups
        while groups:
            group = groups.popleft()
            if group.outcome.done():  # whoever sent it was cancelled
                self._bytes -= group.size
            elif group.key in busy or (group.key != key and batch):
                left.append(group)
            elif size + group.size > max_bytes and batch:
                left.append(group)
                break
            else:
                batch.append(group)
                size += group.size
                key = group.key
        groups.extendleft(reversed(left))
        return batch

    def settle(self, groups: Sequence[Group], outcome: str) -> None:
        """Tell the outcome to those who do not know one yet, and free their bytes."""
        for group in groups:
            self._bytes -= group.size
            group.size = 0
            if not group.outcome.done():
                group.outcome.set_result(outcome)

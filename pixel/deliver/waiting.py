"""Events that wait to be sent, in the batches that they will go in."""

import asyncio
from collections import deque
from collections.abc import Sequence, Set
from typing import Final

import msgspec

WAITING_BYTES: Final = 16 << 20
"""What may be in memory, waiting or under way."""


class Batch(msgspec.Struct, eq=False):
    """Events that go together. `size` is in bytes, with what AMQP adds; `came`: when the first did, by the loop's clock."""

    key: str | None
    may_spill: bool
    came: float
    size: int = 0
    bodies: list[bytes] = []
    outcomes: list[asyncio.Future[str]] = []
    """One of each that sent some: it ends with the outcome."""


class Waiting:
    """Batches in the order in which their first events came. Each grows until it is full or taken out."""

    def __init__(self) -> None:
        self._batches: deque[Batch] = deque()
        self._growing: dict[tuple[str | None, bool], Batch] = {}
        self._bytes = 0

    def oldest(self) -> float | None:
        """Return when the first event came; None when none waits."""
        return self._batches[0].came if self._batches else None

    def add(
        self, bodies: Sequence[bytes], size: int, key: str | None, may_spill: bool, max_bytes: int
    ) -> asyncio.Future[str] | None:
        """Take events in, that count until they are settled; None when there would be more than `WAITING_BYTES`."""
        if self._bytes + size > WAITING_BYTES:
            return None
        loop = asyncio.get_running_loop()
        batch = self._growing.get((key, may_spill))
        if batch is None or batch.size + size > max_bytes:
            batch = self._growing[key, may_spill] = Batch(key, may_spill, loop.time())
            self._batches.append(batch)
        outcome: asyncio.Future[str] = loop.create_future()
        batch.outcomes.append(outcome)
        batch.bodies += bodies
        batch.size += size
        self._bytes += size
        return outcome

    def next_batch(self, busy: Set[str]) -> Batch | None:
        """Take out the first whose key is not in `busy`: of those a batch is under way, and must not be overtaken."""
        for batch in self._batches:
            if batch.key not in busy:
                self._batches.remove(batch)
                if self._growing.get((batch.key, batch.may_spill)) is batch:
                    del self._growing[batch.key, batch.may_spill]
                return batch
        return None

    def settle(self, batch: Batch, outcome: str) -> None:
        """Tell the outcome to those who do not know one yet, and free the bytes."""
        self._bytes -= batch.size
        batch.size = 0
        for each in batch.outcomes:
            if not each.done():
                each.set_result(outcome)

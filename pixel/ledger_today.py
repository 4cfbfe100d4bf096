"""The ledger of today, over all instances: the sum of the rows in the store, for `/status`."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from pixel.deliver.deliveries import summary
from pixel.ledger import Counts, plus
from pixel.ledger_store import Row, read_rows
from pixel.store import Store, StoreError

FRESH_S: Final = 5.0
"""A sum is told again for so long."""
WITHIN_S: Final = 5.0
"""Who asks waits no longer. The reading goes on, for the next who asks."""


class Today:
    """Reads on where it stopped, so that each row is read once by each process that is asked."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._date = ""
        self._files: dict[str, _File] = {}
        self._read_at = 0.0
        self._problem: str | None = None
        self._reading: asyncio.Task[None] | None = None

    async def ask(self) -> tuple[dict[str, Any], str | None]:
        """Return the sum as JSON values, and why it may not be whole: a sentence, or None. Never raises."""
        if self._reading is None and not 0 <= self._clock() - self._read_at < FRESH_S:
            self._reading = asyncio.create_task(self._read())
        reading = self._reading
        if reading is not None and not (await asyncio.wait({reading}, timeout=WITHIN_S))[0]:
            return self._sum(), f"The ledger could not be read within {WITHIN_S:g} s."
        return self._sum(), self._problem

    async def close(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def _read(self) -> None:
        try:
            date = f"{datetime.fromtimestamp(self._clock(), UTC):%Y-%m-%d}"
            if date != self._date:
                self._date, self._files = date, {}
            for entry in await self._store.names(f"ledger/{date}/"):
                file = self._files.setdefault(entry.name, _File())
                if entry.size > file.end:
                    async for end, rows in read_rows(self._store, entry.name, file.end):
                        file.end = end
                        for row in rows:
                            file.add(row)
            self._problem = None
        except StoreError as fault:
            self._problem = f"The ledger could not be read: {fault}"
        finally:
            self._read_at = self._clock()
            self._reading = None

    def _sum(self) -> dict[str, Any]:
        total, instances, boots, until = Counts(), set(), 0, ""
        for file in self._files.values():
            total = plus(total, file.settled)
            boots += len(file.last)
            for row in file.last.values():
                total = plus(total, row.counts)
                instances.add(row.instance)
                until = max(until, row.until)
        told = msgspec.to_builtins(total)
        told["deliveries"] = summary(total.deliveries) if total.deliveries.attempts else None
        return {"date": self._date, "until": until or None, "instances": len(instances), "boots": boots, **told}


class _File:
    """The sum of one file's rows. The last row of each boot may still be replaced by a greater one of its number."""

    def __init__(self) -> None:
        self.end = 0
        self.settled = Counts()
        self.last: dict[str, Row] = {}

    def add(self, row: Row) -> None:
        last = self.last.get(row.boot)
        if last is None:
            self.last[row.boot] = row
        elif row.row > last.row:
            self.settled = plus(self.settled, last.counts)
            self.last[row.boot] = row
        elif row.row == last.row and row.replaces(last):
            self.last[row.boot] = row

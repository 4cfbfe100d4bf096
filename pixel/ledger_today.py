"""The ledger of today, over all instances: the sum of the rows in the store, for `/status`."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from pixel.deliver.deliveries import summary
from pixel.ledger import Counts, plus
from pixel.ledger_store import Row, read_rows
from pixel.on_demand import OnDemand
from pixel.store import Store

FRESH_S: Final = 5.0
"""A sum is told again for so long."""


class Today:
    """Reads on where it stopped, so that each row is read once by each process that is asked."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._date = ""
        self._files: dict[str, _File] = {}
        self._reading = OnDemand("The ledger", self._read, FRESH_S, clock)
        self.close = self._reading.close

    async def ask(self) -> tuple[dict[str, Any], str | None]:
        """Return the sum as JSON values, and why it may not be whole: a sentence, or None. Never raises."""
        problem = await self._reading.ask()
        return self._sum(), problem

    async def _read(self) -> None:
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

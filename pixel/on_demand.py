"""What is read from the store for those who ask, such as `/status`: in the background, and not too often."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from pixel.store import StoreError

WITHIN_S: Final = 5.0
"""Who asks waits no longer. The reading goes on, for the next who asks."""


class OnDemand:
    """Reads when somebody asks, unless it was read within the last `fresh_s`. `what` begins a sentence; `read` raises `StoreError`."""

    def __init__(
        self, what: str, read: Callable[[], Awaitable[None]], fresh_s: float, clock: Callable[[], float]
    ) -> None:
        self._what = what
        self._read = read
        self._fresh_s = fresh_s
        self._clock = clock
        self._read_at = 0.0
        self._problem: str | None = None
        self._reading: asyncio.Task[None] | None = None

    async def ask(self) -> str | None:
        """Return once it was read, with why it may not be whole: a sentence, or None. Never raises."""
        if self._reading is None and not 0 <= self._clock() - self._read_at < self._fresh_s:
            self._reading = asyncio.create_task(self._run())
        reading = self._reading
        if reading is not None and not (await asyncio.wait({reading}, timeout=WITHIN_S))[0]:
            return f"{self._what} could not be read within {WITHIN_S:g} s."
        return self._problem

    async def close(self) -> None:
        """Stop reading."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait({self._reading})

    async def _run(self) -> None:
        problem: str | None = f"{self._what} could not be read: the log says why."
        try:
            await self._read()
            problem = None
        except StoreError as fault:
            problem = f"{self._what} could not be read: {fault}"
        finally:
            self._problem, self._read_at, self._reading = problem, self._clock(), None

"""What waits in the store to be sent on, over all instances, and what a replay sent on last: for `/status`.

The latter stands in `replay/last.json`, whoever did it.
"""

import contextlib
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from pixel.deliver.spill import spilled_files
from pixel.on_demand import OnDemand
from pixel.store import Missing, Store, StoreError

FRESH_S: Final = 60.0
"""The store is listed no more often by a process, and only when somebody asks."""


_LAST: Final = "replay/last.json"


class LastReplay(msgspec.Struct, frozen=True):
    """When it ended (RFC 3339, UTC), how many files it emptied, how many events were acknowledged."""

    at: str
    files: int
    events: int


class Backlog:
    """Lists what is spilled when it is asked."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock
        self._found: dict[str, Any] | None = None
        self._reading = OnDemand("The spill", self._read, FRESH_S, clock)
        self.close = self._reading.close

    async def ask(self) -> tuple[dict[str, Any] | None, str | None]:
        """Return what was found as JSON values (None: nothing yet), and why it may be old: a sentence, or None. Never raises."""
        problem = await self._reading.ask()
        return self._found, problem

    async def _read(self) -> None:
        at = self._clock()
        files = await spilled_files(self._store)
        last = await _last_replay(self._store)
        self._found = {
            "at": _moment(at),
            "files": len(files),
            "bytes": sum(file.size for file in files),
            "oldest": _moment(files[0].minute) if files else None,
            "set_aside": len(await self._store.names("poison/")),
            "last_replay": last and msgspec.to_builtins(last),
        }


async def note_replay(store: Store, files: int, events: int, at: float) -> None:
    """Remember a replay that sent something on and ended `at` (seconds since 1970). Never raises: it is for people only."""
    with contextlib.suppress(StoreError):
        await store.write(_LAST, msgspec.json.encode(LastReplay(_moment(at), files, events)))


async def _last_replay(store: Store) -> LastReplay | None:
    try:
        return msgspec.json.decode(await store.read(_LAST), type=LastReplay)
    except (Missing, msgspec.MsgspecError):
        return None


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"

"""The way out for events that a hub does not take in time: the spill, or failure, told either way."""

import logging
import time
from collections.abc import Sequence
from typing import Final

from pixel.deliver.spill import TOO_LARGE, Spill
from pixel.log import OncePerMinute
from pixel.store import StoreError

PROBLEM_S: Final = 30.0
"""How long a failure is told as a problem: a probe that keeps hits away from us must find us well again."""

_log = logging.getLogger("pixel.event_hub")
_log.addFilter(OncePerMinute())


class WayOut:
    """Takes what is left over. `trouble` is a sentence while events are spilled."""

    def __init__(self, spill: Spill | None) -> None:
        self.trouble: str | None = None
        self._spill = spill
        self._failure = ""
        self._failed_at = -PROBLEM_S

    @property
    def problem(self) -> str | None:
        """Why events cannot be stored, a sentence, for half a minute after the last that could not."""
        return self._failure if time.monotonic() - self._failed_at < PROBLEM_S else None

    async def take(self, bodies: Sequence[bytes], reason: str, may_spill: bool) -> str:
        """Return `spilled`, `failed:storage`, or `refused:<reason>` for what must not be spilled."""
        if not may_spill:
            return f"refused:{reason}"
        _log.warning("Event Hubs does not take events in time: %s", reason)
        if self._spill is None:
            _log.error("hits fail: Event Hubs takes no events, and there is no store")
            return self._fail(
                f"Event Hubs did not take the last events ({reason}), and no PIXEL_STORE is there to spill to."
            )
        try:
            await self._spill.spill(bodies, reason)
        except StoreError as fault:
            _log.error("hits fail: neither Event Hubs nor the store takes events")  # an alert looks for errors
            return self._fail(f"Event Hubs did not take the last events ({reason}), nor did the store. {fault}")
        if reason != TOO_LARGE:
            self.trouble = f"Event Hubs does not take events in time ({reason}): they are spilled."
        return "spilled"

    def is_over(self) -> None:
        """Take note that the hub takes events."""
        if self.trouble is not None:
            _log.warning("Event Hubs takes events again")
        self.trouble = None

    def _fail(self, sentence: str) -> str:
        self._failure, self._failed_at = f"{sentence} Hits fail.", time.monotonic()
        self.trouble = None
        return "failed:storage"

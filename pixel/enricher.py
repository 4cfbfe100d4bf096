"""Enricher: what a file in `enrichers/` becomes once it is found. Guide: docs/enrichers.md."""

import time
from collections.abc import Callable, Mapping, Set
from typing import Any

import msgspec

from pixel.event import Event

Enrich = Callable[[Event], Mapping[str, Any] | None]
"""Read the event, return what was found out (JSON values), or None.

It never changes the event nor another's result, which belongs to other visitors too, and never does I/O.
"""

Anonymous = Mapping[str, Set[str] | None]
"""The keys of a result that may stay in an anonymised event, each with the texts that may, or None for all values."""


class Failures(msgspec.Struct):
    """How often an enricher failed on a hit since the start, and with what kind of error the last time."""

    count: int = 0
    kind: str = ""
    at: float = 0.0

    def note(self, fault: Exception) -> None:
        """Count one."""
        self.count += 1
        self.kind = type(fault).__name__
        self.at = time.monotonic()

    @property
    def recent(self) -> bool:
        """Whether the last one is less than a minute ago."""
        return self.count > 0 and time.monotonic() - self.at < 60.0


class Enricher(msgspec.Struct, frozen=True):
    """One enricher, ready to run. Of its result nothing stays when a visitor asked for privacy, but what `anonymous` says."""

    name: str
    enrich: Enrich
    anonymous: Anonymous = {}
    status: Callable[[], Mapping[str, Any]] | None = None
    reload: Callable[[], None] | None = None
    failures: Failures = msgspec.field(default_factory=Failures)

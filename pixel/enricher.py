"""Enricher: what a file in `enrichers/` becomes once it is found. Guide: docs/enrichers.md."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pixel.event import Event

Enrich = Callable[[Event], Mapping[str, Any] | None]
"""Read the event, return what was found out (JSON values), or None. Never changes the event, never does I/O."""


class Enricher(msgspec.Struct, frozen=True):
    """One enricher, ready to run.

    `anonymous` names the keys of its result that may stay when a visitor asked for privacy; by default none.
    """

    name: str
    enrich: Enrich
    anonymous: frozenset[str] = frozenset()
    status: Callable[[], Mapping[str, Any]] | None = None
    reload: Callable[[], None] | None = None

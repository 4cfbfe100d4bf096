"""Sink: where events become durable. One verb; a sink for tests, and one for a pixel that has none."""

from collections.abc import Sequence
from typing import Protocol

from pixel.deliver.deliveries import Deliveries
from pixel.event import Event

NO_SINK = "No sink is configured: every hit fails. Set EVENT_HUB, or PIXEL_CAPTURE_DIR on a machine of your own."


class Sink(Protocol):
    """Takes events and says of each what became of it, once that is certain."""

    @property
    def problem(self) -> str | None:
        """Why events cannot be stored now, a sentence for people; None when they can."""
        ...

    @property
    def trouble(self) -> str | None:
        """What is not as it should be though events are stored, a sentence; None if nothing."""
        ...

    @property
    def deliveries(self) -> Deliveries | None:
        """What it measures of its deliveries, if it does."""
        ...

    async def send(self, events: Sequence[Event]) -> Sequence[str]:
        """Return, in order, `sent`, `spilled` or `failed:<reason>` (a key of `FAILURES`) for each event."""
        ...


class MemorySink:
    """Keeps events in a list. For tests."""

    problem: str | None = None
    trouble: str | None = None
    deliveries: Deliveries | None = None

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def send(self, events: Sequence[Event]) -> Sequence[str]:
        """Keep the events; all are `sent`."""
        self.events += events
        return ["sent"] * len(events)


class NoSink:
    """Takes nothing: an event without a place to go has failed, and everybody is told."""

    trouble: str | None = None
    deliveries: Deliveries | None = None

    def __init__(self, problem: str = NO_SINK) -> None:
        self.problem: str | None = problem

    async def send(self, events: Sequence[Event]) -> Sequence[str]:
        """Return `failed:no_sink` for each event."""
        return ["failed:no_sink"] * len(events)

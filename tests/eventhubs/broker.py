"""Hubs, their partitions, and the events these keep, in memory."""

import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tests.eventhubs.faults import Faults
from tests.eventhubs.message import annotated
from tests.eventhubs.values import Timestamp

RETAIN: Final = 1_000_000
MAX_MESSAGE: Final = 1 << 20


class Event(msgspec.Struct, frozen=True):
    """A stored event. `raw` is the message as it was sent, still encoded."""

    sequence: int
    offset: int
    enqueued_ms: int
    partition_key: str | None
    raw: bytes

    def delivered(self) -> bytes:
        """Return the message as a consumer gets it: with what the service noted about it."""
        noted: dict[str, Any] = {
            "x-opt-sequence-number": self.sequence,
            "x-opt-offset": str(self.offset),
            "x-opt-enqueued-time": Timestamp(self.enqueued_ms),
        }
        if self.partition_key is not None:
            noted["x-opt-partition-key"] = self.partition_key
        return annotated(self.raw, noted)


class Partition:
    """A log: events are appended, numbered from 0, and read from any place. Keeps the last `retain`, or some more."""

    def __init__(self, name: str, retain: int) -> None:
        self.name = name
        self.events: list[Event] = []
        self.next_sequence = 0
        self.next_offset = 0
        self.last_enqueued_ms = 0
        self.watchers: list[Callable[[list[Event]], None]] = []
        """Are given what was appended, at once."""
        self._retain = retain

    @property
    def first_sequence(self) -> int:
        """The number of the oldest event that is kept."""
        return self.events[0].sequence if self.events else self.next_sequence

    def append(self, messages: list[bytes], partition_key: str | None) -> None:
        """Store encoded messages as the next events."""
        now, appended = int(time.time() * 1000), []
        for raw in messages:
            appended.append(Event(self.next_sequence, self.next_offset, now, partition_key, raw))
            self.next_sequence += 1
            self.next_offset += len(raw)
        self.last_enqueued_ms = now
        self.events += appended
        for watcher in tuple(self.watchers):
            watcher(appended)
        if len(self.events) > self._retain * 2:
            self.events = self.events[len(self.events) - self._retain :]


class Hub:
    """An event hub. `created_ms` is since 1970."""

    def __init__(self, name: str, partitions: int, retain: int = RETAIN) -> None:
        self.name = name
        self.created_ms = int(time.time() * 1000)
        self.partitions = [Partition(str(number), retain) for number in range(partitions)]
        self._turn = 0

    def pick(self, partition_key: str | None) -> Partition:
        """Return where an event goes: by its key, always the same, else one after the other.

        The service hashes keys in another way, so there the same key means another partition.
        """
        if partition_key:
            return self.partitions[zlib.crc32(partition_key.encode()) % len(self.partitions)]
        self._turn = (self._turn + 1) % len(self.partitions)
        return self.partitions[self._turn]

    def partition(self, name: str) -> Partition | None:
        """Return the partition of that name, if there is one."""
        return next((partition for partition in self.partitions if partition.name == name), None)


class Stats(msgspec.Struct):
    """What was counted since the start."""

    connections: int = 0
    open_connections: int = 0
    attaches: int = 0
    tokens: int = 0
    """Tokens that were put, also those refused."""
    batches: int = 0
    """Messages that were stored; one may hold many events."""
    events: int = 0
    bytes: int = 0
    """Of the messages, as they came over AMQP."""
    delivered: int = 0
    """Events that consumers got."""
    faults: dict[str, int] = msgspec.field(default_factory=dict)
    """How often each fault struck: `send:reject`, `send:drop:after` ..."""


class Broker:
    """A namespace: hubs by name, the keys that open them, the faults on order."""

    def __init__(
        self,
        hubs: Mapping[str, int],
        keys: Mapping[str, str],
        *,
        retain: int = RETAIN,
        max_message: int = MAX_MESSAGE,
        seed: int = 0,
    ) -> None:
        self.hubs = {name.lower(): Hub(name, partitions, retain) for name, partitions in hubs.items()}
        self.keys = dict(keys)
        self.max_message = max_message
        self.faults = Faults(seed)
        self.stats = Stats(faults=self.faults.fired)

    def hub(self, name: str) -> Hub | None:
        """Return the hub of that name, in any case of letters, if there is one."""
        return self.hubs.get(name.lower())

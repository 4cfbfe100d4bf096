"""A client receives the events of a partition, from the place that it asks for."""

import re
from typing import Final

from tests.eventhubs.broker import Event, Partition
from tests.eventhubs.performatives import Attach
from tests.eventhubs.session import Outgoing, Session
from tests.eventhubs.values import Described, Malformed

_SELECTOR: Final = "apache.org:selector-filter:string"
_EXPRESSION: Final = re.compile(r"amqp\.annotation\.(x-opt-[\w-]+) (>=?) '([^']*)'")
_KNOWN_AS: Final = {
    "x-opt-offset": "offset",
    "x-opt-sequence-number": "sequence",
    "x-opt-enqueued-time": "enqueued_ms",
}


class Subscriber(Outgoing):
    """Sends what is stored and what comes in, as long as there is credit."""

    def __init__(self, session: Session, attach: Attach, partition: Partition) -> None:
        super().__init__(session, attach)
        self._partition = partition
        self._next = _start(partition, attach.source)
        partition.watchers.append(self._appended)

    def granted(self) -> None:
        """Send on."""
        partition, connection = self._partition, self.session.connection
        self._next = max(self._next, partition.first_sequence)  # what is no longer kept is skipped
        while self.credit > 0 and self._next < partition.next_sequence and not connection.paused and not self.closed:
            self.send(partition.events[self._next - partition.first_sequence].delivered())
            self._next += 1
            connection.broker.stats.delivered += 1

    def release(self) -> None:
        """Watch no more."""
        super().release()
        if self._appended in self._partition.watchers:
            self._partition.watchers.remove(self._appended)

    def _appended(self, _: list[Event]) -> None:
        self.granted()


def _start(partition: Partition, source: Described | None) -> int:
    """Return the number of the first event to send, by a filter such as `amqp.annotation.x-opt-offset > '100'`."""
    filters = source.value[7] if source is not None and len(source.value) > 7 else None
    selector = (filters or {}).get(_SELECTOR)
    if selector is None:
        return partition.first_sequence
    expression = selector.value if isinstance(selector, Described) else selector
    if isinstance(expression, bytes):
        expression = expression.decode("utf-8", "replace")
    asked = _EXPRESSION.fullmatch(expression)
    if asked is None or asked[1] not in _KNOWN_AS:
        raise Malformed(f"a filter that is not understood: {expression}")
    name, comparison, bound = asked.groups()
    if bound == "@latest":
        return partition.next_sequence
    if not re.fullmatch(r"-?\d+", bound):
        raise Malformed(f"a filter that compares with no number: {expression}")
    after = int(bound) - (comparison == ">=")
    return next(
        (event.sequence for event in partition.events if getattr(event, _KNOWN_AS[name]) > after),
        partition.next_sequence,
    )

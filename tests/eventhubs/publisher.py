"""A client sends events to a hub, or to one of its partitions."""

import asyncio

from tests.eventhubs import message
from tests.eventhubs.broker import Hub, Partition
from tests.eventhubs.faults import Rule
from tests.eventhubs.performatives import Attach
from tests.eventhubs.session import Delivery, Incoming, Session


class Publisher(Incoming):
    """Stores what comes in, then says so; unless a fault has it otherwise."""

    def __init__(self, session: Session, attach: Attach, hub: Hub, partition: Partition | None) -> None:
        super().__init__(session, attach)
        self._broker = session.connection.broker
        self._hub = hub
        self._partition = partition

    def deliver(self, delivery: Delivery) -> None:
        """Store the events of one message."""
        size, limit = len(delivery.payload), self._broker.max_message
        if size > limit:
            self.detach(
                "amqp:link:message-size-exceeded",
                f"The received message (size: {size} bytes) exceeds the limit ({limit} bytes) allowed on the link.",
            )
            return
        if delivery.format == message.BATCH_FORMAT:
            annotations, messages = message.take_batch_apart(delivery.payload)
        else:
            annotations, messages = message.read(delivery.payload).annotations, [delivery.payload]
        key = annotations.get("x-opt-partition-key")
        partition = self._partition or self._hub.pick(key)

        rule = self._broker.faults.take("send", self._hub.name, partition.name)
        if rule is not None and rule.when == "before" and self._strike(rule, delivery):
            return
        partition.append(messages, key)
        stats = self._broker.stats
        stats.batches += 1
        stats.events += len(messages)
        stats.bytes += size
        if rule is not None and rule.when == "after" and self._strike(rule, delivery):
            return
        if rule is not None and rule.action == "delay":
            asyncio.get_running_loop().call_later(rule.ms / 1000, self.accept, delivery)
        else:
            self.accept(delivery)

    def _strike(self, rule: Rule, delivery: Delivery) -> bool:
        """Say whether the fault took the place of an answer."""
        if rule.action == "reject":
            self.reject(delivery, *rule.error)
        elif rule.action == "detach":
            self.detach(*rule.error)
        else:
            return self.session.connection.strike(rule)
        return True

"""A client asks: $cbs takes tokens, $management tells what hubs and partitions there are.

A request comes in on one link and is answered on another of the same session.
https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-protocol-guide#claims-based-authorization
"""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from tests.eventhubs import message
from tests.eventhubs.broker import Broker, Hub, Partition
from tests.eventhubs.faults import On
from tests.eventhubs.performatives import Attach
from tests.eventhubs.session import Delivery, Incoming, Outgoing, Session
from tests.eventhubs.tokens import Refused, Tokens, expiry
from tests.eventhubs.values import Array, Int, Timestamp

NODES: Final[dict[str, On]] = {"$cbs": "cbs", "$management": "management"}
"""The addresses that answer requests, and what faults call them."""

Answer = tuple[int, str, Any]
"""An HTTP status, a sentence, and what was asked for."""


class Replies(Outgoing):
    """The link on which a node answers."""

    def __init__(self, session: Session, attach: Attach, node: str) -> None:
        super().__init__(session, attach)
        self.node = node


class Requests(Incoming):
    """The link on which a node is asked."""

    def __init__(self, session: Session, attach: Attach, node: str) -> None:
        super().__init__(session, attach)
        self._node = node

    def deliver(self, delivery: Delivery) -> None:
        """Answer one request."""
        connection = self.session.connection
        request = message.read(delivery.payload)
        self.accept(delivery)
        rule = connection.broker.faults.take(NODES[self._node])
        if rule is not None and connection.strike(rule):
            return
        if rule is not None and rule.action == "reject":
            answer: Answer = (rule.status, rule.description, {})
        elif self._node == "$cbs":
            answer = _put_token(request, connection.broker, connection.tokens)
        else:
            answer = _read(request.application_properties, connection.broker)
        if rule is not None and rule.action == "delay":
            asyncio.get_running_loop().call_later(rule.ms / 1000, self._reply, request, answer)
        else:
            self._reply(request, answer)

    def _reply(self, request: message.Message, answer: Answer) -> None:
        status, description, value = answer
        # $cbs is asked with hyphens, $management in camel case; both are served.
        said = {
            "status-code": Int(status),
            "status-description": description,
            "statusCode": Int(status),
            "statusDescription": description,
        }
        asked_by = request.properties[0] if request.properties else None
        for link in self.session.links.values():
            if isinstance(link, Replies) and link.node == self._node and not link.closed:
                link.send(message.reply(asked_by, said, value))
                return


def _put_token(request: message.Message, broker: Broker, tokens: Tokens) -> Answer:
    broker.stats.tokens += 1
    asked = request.application_properties
    token = request.value.decode() if isinstance(request.value, bytes) else str(request.value)
    try:
        tokens.grant(asked.get("name", ""), expiry(asked.get("type", ""), token, broker.keys))
    except Refused as refused:
        return 401, str(refused), {}
    return 202, "Accepted", {}


def _read(asked: Mapping[str, Any], broker: Broker) -> Answer:
    name = str(asked.get("name", ""))
    hub = broker.hub(name)
    if hub is None or asked.get("operation") != "READ":
        return 404, f"The messaging entity '{name}' could not be found.", {}
    if asked.get("type") == "com.microsoft:eventhub":
        return 200, "OK", _about_hub(hub)
    partition = hub.partition(str(asked.get("partition")))
    if partition is None:
        return 404, f"The messaging entity '{name}' has no partition '{asked.get('partition')}'.", {}
    return 200, "OK", _about_partition(hub, partition)


def _about_hub(hub: Hub) -> dict[str, Any]:
    return {
        "name": hub.name,
        "type": "com.microsoft:eventhub",
        "created_at": Timestamp(hub.created_ms),
        "partition_count": Int(len(hub.partitions)),
        "partition_ids": Array(partition.name for partition in hub.partitions),
    }


def _about_partition(hub: Hub, partition: Partition) -> dict[str, Any]:
    return {
        "name": hub.name,
        "type": "com.microsoft:partition",
        "partition": partition.name,
        "begin_sequence_number": partition.first_sequence,
        "last_enqueued_sequence_number": partition.next_sequence - 1,
        "last_enqueued_offset": str(partition.events[-1].offset if partition.events else -1),
        "last_enqueued_time_utc": Timestamp(partition.last_enqueued_ms),
        "is_partition_empty": not partition.events,
    }

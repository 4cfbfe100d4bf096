"""An address becomes a link to what is behind it, if the client may.

$cbs, $management                               requests
HUB, HUB/Partitions/N                           a client sends
HUB/ConsumerGroups/GROUP/Partitions/N           a client receives; every group sees all
"""

from urllib.parse import urlsplit

from tests.eventhubs.broker import Hub, Partition
from tests.eventhubs.performatives import Attach, address
from tests.eventhubs.publisher import Publisher
from tests.eventhubs.requests import NODES, Replies, Requests
from tests.eventhubs.session import Link, Refusal, Session
from tests.eventhubs.subscriber import Subscriber


def bind(session: Session, attach: Attach) -> Link | Refusal | None:
    """Return the link that is asked for, or why it may not be; None when a fault leaves the client without an answer."""
    connection = session.connection
    client_receives = attach.role
    path = _path(address(attach.source if client_receives else attach.target) or "")
    if path in NODES:
        return Replies(session, attach, path) if client_receives else Requests(session, attach, path)

    connection.broker.stats.attaches += 1
    name, *steps = path.split("/")
    hub = connection.broker.hub(name)
    if hub is None:
        return _not_found(path)
    if not connection.tokens.cover(path):
        claim = "Listen" if client_receives else "Send"
        return Refusal(
            "amqp:unauthorized-access",
            f"Unauthorized access. '{claim}' claim(s) are required to perform this operation. Resource: '{path}'.",
        )
    if rule := connection.broker.faults.take("attach", hub.name):
        return None if connection.strike(rule) else Refusal(*rule.error)

    partition = _partition(hub, steps)
    if isinstance(partition, Refusal):
        return partition
    if not client_receives:
        return Publisher(session, attach, hub, partition)
    return Subscriber(session, attach, partition) if partition is not None else _not_found(path)


def _path(url: str) -> str:
    return (urlsplit(url).path if "://" in url else url).strip("/")


def _partition(hub: Hub, steps: list[str]) -> Partition | Refusal | None:
    """Return the partition that the steps after a hub's name end in, or None if they name none."""
    if len(steps) < 2 or steps[-2].lower() != "partitions":
        return None
    return hub.partition(steps[-1]) or Refusal(
        "com.microsoft:argument-out-of-range", f"The specified partition is invalid for an EventHub: {steps[-1]}."
    )


def _not_found(path: str) -> Refusal:
    return Refusal("amqp:not-found", f"The messaging entity '{path}' could not be found.")

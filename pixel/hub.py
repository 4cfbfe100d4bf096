"""Which Event Hub events go to, and how to reach it: the settings that begin with `EVENT_HUB`.

Names and double underscores are the convention of Azure Functions for connections by identity:
https://learn.microsoft.com/azure/azure-functions/functions-reference#configure-an-identity-based-connection
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

import msgspec

PACKINGS: Final = ("none", "ndjson")
TRANSPORTS: Final = ("amqp", "websockets")
ORDERS: Final = ("", "customer_id", "visitor_id", "recipient", "product", "source")


class HubSettings(msgspec.Struct, frozen=True):
    """Which hub, and how to reach it: by `connection`, a connection string, else the identity opens `namespace`."""

    name: str
    connection: str = ""
    namespace: str = ""
    credential: str = ""
    client_id: str = ""
    websockets: bool = False
    packed: bool = False
    order_by: str = ""


def read_hub(text: Mapping[str, str], one_of: Callable[..., str], problems: list[str]) -> HubSettings | None:
    """Check the settings of `EVENT_HUB`; None when there is no hub, or none that is usable, which `problems` then says.

    `one_of` checks a setting that has a list of words. No sentence repeats a value: a connection string holds a key.
    """
    connection, namespace = text["EVENT_HUB"], text["EVENT_HUB__fullyQualifiedNamespace"]
    said = len(problems)
    hub = HubSettings(
        name=text["EVENT_HUB_NAME"],
        connection=connection,
        namespace="" if connection else namespace,
        credential=text["EVENT_HUB__credential"].lower(),
        client_id=text["EVENT_HUB__clientId"],
        websockets=one_of("EVENT_HUB_TRANSPORT", *TRANSPORTS) == "websockets",
        packed=one_of("EVENT_HUB_PACKING", *PACKINGS) == "ndjson",
        order_by=one_of("EVENT_HUB_ORDER_BY", *ORDERS),
    )
    if not connection and not namespace:
        return None
    parts = {
        name.strip().lower() for name, _, value in (part.partition("=") for part in connection.split(";")) if value
    }
    if connection and not ("endpoint" in parts and parts & {"sharedaccesskey", "sharedaccesssignature"}):
        problems.append(
            "EVENT_HUB is no whole connection string: copy it from the namespace, Shared access policies."
        )
    if namespace and not connection and not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", namespace):
        problems.append("EVENT_HUB__fullyQualifiedNamespace is a host name, such as acme.servicebus.windows.net.")
    if not hub.name and "entitypath" not in parts:
        problems.append("EVENT_HUB_NAME must name the hub: the connection string has no EntityPath.")
    if hub.credential not in ("", "managedidentity"):
        problems.append("EVENT_HUB__credential is managedidentity, or empty.")
    if len(problems) > said:
        problems.append("Until then no event is sent to Event Hubs.")
        return None
    return hub

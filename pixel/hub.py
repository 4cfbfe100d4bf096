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
    said = len(problems)
    parts = {
        name.strip().lower(): value
        for name, _, value in (part.partition("=") for part in connection.split(";"))
        if value
    }
    if not connection and not namespace:
        if hub.name:
            problems.append("EVENT_HUB_NAME is set, and neither EVENT_HUB nor EVENT_HUB__fullyQualifiedNamespace.")
    elif connection and namespace:
        problems.append("EVENT_HUB and EVENT_HUB__fullyQualifiedNamespace are both set: leave one of them out.")
    if connection and not ("endpoint" in parts and parts.keys() & {"sharedaccesskey", "sharedaccesssignature"}):
        problems.append(
            "EVENT_HUB is no whole connection string: copy it from the namespace, Shared access policies."
        )
    if namespace and not connection and not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", namespace):
        problems.append("EVENT_HUB__fullyQualifiedNamespace is a host name, such as acme.servicebus.windows.net.")
    if (connection or namespace) and not hub.name and "entitypath" not in parts:
        problems.append("EVENT_HUB_NAME must name the hub: the connection string has no EntityPath.")
    # https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsofteventhub
    if hub.name and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,254}[A-Za-z0-9])?", hub.name):
        problems.append("EVENT_HUB_NAME is the hub's name alone: letters, digits and . _ - between them.")
    elif hub.name and parts.get("entitypath", hub.name).lower() != hub.name.lower():
        problems.append("EVENT_HUB_NAME and the EntityPath of EVENT_HUB name two hubs: leave one of them out.")
    if hub.credential not in ("", "managedidentity"):
        problems.append("EVENT_HUB__credential is managedidentity, or empty.")
    if len(problems) > said:
        problems.append("Until then no event is sent to Event Hubs.")
        return None
    return hub if connection or namespace else None

"""Which Event Hub events go to, and which the edge's log comes from: settings that begin with `EVENT_HUB`, `EDGE_HUB`.

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
    words = {
        "websockets": one_of("EVENT_HUB_TRANSPORT", *TRANSPORTS) == "websockets",
        "packed": one_of("EVENT_HUB_PACKING", *PACKINGS) == "ndjson",
        "order_by": one_of("EVENT_HUB_ORDER_BY", *ORDERS),
    }
    said = len(problems)
    hub = _reach("EVENT_HUB", text, text["EVENT_HUB_NAME"], problems)
    if len(problems) > said:
        problems.append("Until then no event is sent to Event Hubs.")
        return None
    return hub and msgspec.structs.replace(hub, **words)


def read_edge(text: Mapping[str, str], environ: Mapping[str, str], problems: list[str]) -> HubSettings | None:
    """Check the settings of `EDGE_HUB`, as `read_hub`; None when there is no such hub, or none that is usable.

    What is not usable may not reach the Functions host: a trigger that it cannot start keeps all else from starting.
    """
    said = len(problems)
    hub = _reach("EDGE_HUB", text, text["EDGE_HUB_NAME"], problems)
    kept = any(name.startswith("AzureWebJobsStorage") and value for name, value in environ.items())
    if hub is not None and not kept:
        problems.append("EDGE_HUB needs AzureWebJobsStorage: there the Functions host keeps how far it has read.")
    if len(problems) > said:
        problems.append("Until then the edge's log is not read.")
        return None
    return hub


_KEYS: Final = ({"sharedaccesskeyname", "sharedaccesskey"}, {"sharedaccesssignature"})


def _reach(prefix: str, text: Mapping[str, str], name: str, problems: list[str]) -> HubSettings | None:
    """Check how a hub is reached, by the settings whose names begin with `prefix`."""
    connection, namespace = text[prefix], text[f"{prefix}__fullyQualifiedNamespace"]
    credential = text[f"{prefix}__credential"].lower()
    parts = {
        name.strip().lower(): value
        for name, _, value in (part.partition("=") for part in connection.split(";"))
        if value
    }
    if not connection and not namespace:
        if name:
            problems.append(f"{prefix}_NAME is set, and neither {prefix} nor {prefix}__fullyQualifiedNamespace.")
    elif connection and namespace:
        problems.append(f"{prefix} and {prefix}__fullyQualifiedNamespace are both set: leave one of them out.")
    # What .NET's parser refuses would keep the Functions host from starting: a name without a value, half a key, both kinds.
    # https://github.com/Azure/azure-sdk-for-net/blob/main/sdk/eventhub/Azure.Messaging.EventHubs/src/EventHubsConnectionStringProperties.cs
    empty = any(part.strip() and not part.partition("=")[2].strip() for part in connection.split(";"))
    keys = parts.keys() & {"sharedaccesskeyname", "sharedaccesskey", "sharedaccesssignature"}
    if connection and (empty or "endpoint" not in parts or keys not in _KEYS):
        problems.append(
            f"{prefix} is no whole connection string: copy it from the namespace, Shared access policies."
        )
    if namespace and not connection and not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", namespace):
        problems.append(f"{prefix}__fullyQualifiedNamespace is a host name, such as acme.servicebus.windows.net.")
    if (connection or namespace) and not name and "entitypath" not in parts:
        problems.append(
            f"{prefix}_NAME must name the hub{': the connection string has no EntityPath' * bool(connection)}."
        )
    # https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules#microsofteventhub
    hub = name or parts.get("entitypath", "")
    if hub and not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,254}[A-Za-z0-9])?", hub):
        where = f"{prefix}_NAME" if name else f"The EntityPath of {prefix}"
        problems.append(f"{where} is the hub's name alone: letters, digits and . _ - between them.")
    elif name and parts.get("entitypath", name).lower() != name.lower():
        problems.append(f"{prefix}_NAME and the EntityPath of {prefix} name two hubs: leave one of them out.")
    if credential not in ("", "managedidentity"):
        problems.append(f"{prefix}__credential is managedidentity, or empty.")
    if not connection and not namespace:
        return None
    return HubSettings(
        name=hub,
        connection=connection,
        namespace="" if connection else namespace,
        credential=credential,
        client_id=text[f"{prefix}__clientId"],
    )

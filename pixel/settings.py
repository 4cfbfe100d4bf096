"""Every setting of pixel/, read once from the environment and validated. Guide: docs/settings.md."""

import difflib
import re
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from pixel import store
from pixel.collect import client_ip, consent
from pixel.hub import HubSettings, read_edge, read_hub


class Setting(NamedTuple):
    """One setting: its default as text, and a sentence for people."""

    default: str
    about: str


SETTINGS: Final = {
    "PIXEL_CAPTURE_DIR": Setting(
        "", "Folder that events are captured to, on a machine of your own. `make run` uses `data/capture`."
    ),
    "EVENT_HUB": Setting(
        "", "Event Hubs that events are sent to: a connection string. On Azure better an identity, by the next three."
    ),
    "EVENT_HUB__fullyQualifiedNamespace": Setting(
        "", "The namespace that the pixel's identity may send to, such as `acme.servicebus.windows.net`."
    ),
    "EVENT_HUB__credential": Setting(
        "", "`managedidentity` on Azure; empty tries all that `az login` and others offer."
    ),
    "EVENT_HUB__clientId": Setting("", "Client id of a user-assigned managed identity."),
    "EVENT_HUB_NAME": Setting("", "The hub, where the connection string has no `EntityPath`."),
    "EVENT_HUB_TRANSPORT": Setting(
        "amqp", "`amqp` (port 5671), or `websockets` (port 443) where a firewall lets nothing else through."
    ),
    "EVENT_HUB_PACKING": Setting(
        "none",
        "`ndjson` puts many events, a line each, into one message, up to 60 KB: fewer messages to pay for and to read; readers have to split.",
    ),
    "EVENT_HUB_ORDER_BY": Setting(
        "",
        "A field, such as `customer_id`: events with the same value keep their order, in one partition. Empty is best: "
        "each batch then goes to any partition that is up.",
    ),
    "EDGE_HUB": Setting("", "Event Hubs that Front Door's log comes to: a connection string, or by the next three."),
    "EDGE_HUB__fullyQualifiedNamespace": Setting("", "The namespace that the pixel's identity may receive from."),
    "EDGE_HUB__credential": Setting("", "`managedidentity` on Azure; empty tries what `az login` and others offer."),
    "EDGE_HUB__clientId": Setting("", "Client id of a user-assigned managed identity."),
    "EDGE_HUB_NAME": Setting("", "The hub of that log, where the connection string has no `EntityPath`."),
    "PIXEL_STORE": Setting(
        "",
        "Where spilled events, the ledger and reports are kept: a folder, the https URL of a Blob container that the "
        "pixel's identity may open, or a storage connection string.",
    ),
    "PIXEL_STORE_CONTAINER": Setting("pixel", "The container, when `PIXEL_STORE` is a connection string."),
    "PIXEL_STORE_CLIENT_ID": Setting(
        "", "Client id of the user-assigned managed identity that opens a container's URL; empty for any other."
    ),
    "PIXEL_CAPTURE_STORE": Setting(
        "",
        "Where Event Hubs Capture puts its files, for commands that read them: a folder, the https URL of a Blob container, "
        "or a storage connection string. The pixel itself does not use it.",
    ),
    "PIXEL_CAPTURE_STORE_CONTAINER": Setting(
        "capture", "The container, when `PIXEL_CAPTURE_STORE` is a connection string."
    ),
    "PIXEL_PATH": Setting(
        "",
        "One more path that answers as `/pix`, such as `/img/spacer.gif`: ad blockers know the usual names.",
    ),
    "PIXEL_CLIENT_IP": Setting(
        "functions",
        "What stands before the pixel and tells the client's address: `functions`, `app_gateway`, `front_door`, "
        "`direct`, or the number of proxies you trust. `make run` uses `direct`.",
    ),
    "PIXEL_FRONT_DOOR_ID": Setting("", "Your Front Door's id (the X-Azure-FDID header it sends), for `front_door`."),
    "PIXEL_IP": Setting(
        "cut",
        "What is stored of the client's address: `cut` (its /24 or /48 network; /40 for 6to4, whose next bits are an IPv4 address), `drop` (nothing) or `full`.",
    ),
    "PIXEL_PRIVACY_SIGNAL": Setting(
        "anonymise",
        "What `DNT: 1` and `Sec-GPC: 1` do: `anonymise` the event, `record` it as any other, or `reject` it.",
    ),
    "PIXEL_ALIASES": Setting(
        "",
        "Other names for parameters, as legacy senders use them: `userid=customerId,thirdpartyname=source`.",
    ),
    "PIXEL_ORIGINS": Setting(
        "",
        "Hosts of your own sites, whose pages get trust `origin`: `www.example.com,*.example.org`.",
    ),
    "PIXEL_ENRICHERS": Setting("", "Names of the enrichers that run, with commas between; empty for all."),
    "PIXEL_STATUS_KEY": Setting(
        "", "A key that `/status` and the figures on `/` then require, as `X-Pixel-Key: KEY` or `?key=KEY`."
    ),
}

TAKEN: Final = frozenset(("pix", "pix.gif", "status", "health", "whoami", "event.schema.json", "live"))
"""First parts of paths that `PIXEL_PATH` cannot have."""

IP_RULES: Final = ("cut", "drop", "full")


class Settings(msgspec.Struct, frozen=True):
    """The settings, checked. `problems` are sentences, one for each setting that was not usable."""

    capture_dir: str
    hub: HubSettings | None
    edge: HubSettings | None
    store: str
    store_container: str
    store_client_id: str
    path: str
    client_ip: str
    front_door_id: str
    ip: str
    privacy_signal: str
    aliases: dict[str, str]
    origins: frozenset[str]
    enrichers: tuple[str, ...]
    status_key: str
    on_azure: bool
    problems: tuple[str, ...]

    def is_ours(self, host: str | None) -> bool:
        """Say whether `host` is one of `PIXEL_ORIGINS`."""
        if not host or not self.origins:
            return False
        return host in self.origins or any(
            host.endswith(origin[1:]) for origin in self.origins if origin.startswith("*.")
        )


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings. Never raises: what is not usable gets its default and a line in `problems`.

    An exception here would take the whole Function App down, image included; so `/status` shows the problems
    there, and `python -m pixel serve` refuses to start.
    """
    problems: list[str] = []
    text = {name: environ.get(name, "").strip() or setting.default for name, setting in SETTINGS.items()}
    for name in environ:
        if name.startswith(("PIXEL_", "EVENT_HUB", "EDGE_HUB")) and name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, 1, cutoff=0.8)
            problems.append(f"{name} is not a setting." + (f" Did you mean {near[0]}?" if near else ""))

    def one_of(name: str, *allowed: str) -> str:
        if text[name] in allowed:
            return text[name]
        default = SETTINGS[name].default
        problems.append(
            f"{name} must be one of {', '.join(filter(None, allowed))}; until then it is {default or 'empty'}."
        )
        return default

    preset = text["PIXEL_CLIENT_IP"]
    if preset not in client_ip.PRESETS and not re.fullmatch("[1-9]", preset):
        problems.append(
            f"PIXEL_CLIENT_IP must be one of {', '.join(client_ip.PRESETS)} or a number of proxies from 1 to 9; "
            "until then no address is recorded."
        )
        preset = "direct"
    if preset == "front_door" and not text["PIXEL_FRONT_DOOR_ID"]:
        problems.append("PIXEL_CLIENT_IP is front_door, which needs PIXEL_FRONT_DOOR_ID: without it, anyone could "
                        "forge an address. Until then the front end's view counts.")  # fmt: skip
    # Set by App Service and by Flex Consumption, and by neither `func start` nor a plain process.
    # https://github.com/Azure/azure-functions-host/blob/dev/src/WebJobs.Script/Environment/EnvironmentExtensions.cs
    on_azure = bool(
        environ.get("WEBSITE_INSTANCE_ID") or (environ.get("CONTAINER_NAME") and environ.get("WEBSITE_SITE_NAME"))
    )
    capture_dir = text["PIXEL_CAPTURE_DIR"]
    if on_azure and capture_dir:
        problems.append(
            "PIXEL_CAPTURE_DIR is a folder of one instance on Azure and vanishes with it, so nothing is stored there."
        )
        capture_dir = ""
    where = text["PIXEL_STORE"]
    unusable = store.problem(where, text["PIXEL_STORE_CONTAINER"])
    if on_azure and store.is_folder(where):
        unusable = "PIXEL_STORE is a folder of one instance on Azure and vanishes with it: name a Blob container."
    if unusable:
        problems.append(f"{unusable} Until then there is no store.")
        where = ""
    return Settings(
        capture_dir=capture_dir,
        hub=read_hub(text, one_of, problems),
        edge=read_edge(text, environ, problems),
        store=where,
        store_container=text["PIXEL_STORE_CONTAINER"],
        store_client_id=text["PIXEL_STORE_CLIENT_ID"],
        path=_path(text["PIXEL_PATH"], problems),
        client_ip=preset,
        front_door_id=text["PIXEL_FRONT_DOOR_ID"],
        ip=one_of("PIXEL_IP", *IP_RULES),
        privacy_signal=one_of("PIXEL_PRIVACY_SIGNAL", *consent.RULES),
        aliases=_aliases(text["PIXEL_ALIASES"], problems),
        origins=_origins(text["PIXEL_ORIGINS"], problems),
        enrichers=tuple(_items(text["PIXEL_ENRICHERS"])),
        status_key=text["PIXEL_STATUS_KEY"],
        on_azure=on_azure,
        problems=tuple(problems),
    )


def _items(text: str) -> list[str]:
    return [item.strip() for item in text.split(",") if item.strip()]


def _path(text: str, problems: list[str]) -> str:
    path = text.strip("/")
    if not re.fullmatch(r"([A-Za-z0-9_-][A-Za-z0-9._~-]*(/(?!$)|$))*", path):
        problems.append("PIXEL_PATH takes letters, digits and . _ ~ - / only.")
        return ""
    # The host refuses routes that begin with its own words: `administrator.gif` as much as `admin/x`.
    if path.lower().split("/")[0] in TAKEN or path.lower().startswith(("admin", "runtime")):
        problems.append("PIXEL_PATH is a path that something else answers at.")
        return ""
    return "/" + path if path else ""


def _aliases(text: str, problems: list[str]) -> dict[str, str]:
    aliases = {}
    for item in _items(text):
        alias, equals, name = (part.strip() for part in item.partition("="))
        if alias and equals and name and alias != name:
            aliases[alias] = name
        else:
            problems.append("PIXEL_ALIASES is a list like userid=customerId,prod=product; one item is not.")
    return aliases


def _origins(text: str, problems: list[str]) -> frozenset[str]:
    hosts = set()
    for item in _items(text):
        host = item.lower().removeprefix("https://").removeprefix("http://").rstrip("/")
        if re.fullmatch(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?", host):
            hosts.add(host.partition(":")[0])
        else:
            problems.append("PIXEL_ORIGINS is a list of hosts like www.example.com,*.example.org; one item is none.")
    return frozenset(hosts)

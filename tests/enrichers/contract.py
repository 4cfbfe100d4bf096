"""What every enricher must keep. `breaches` returns a sentence for each promise that a module breaks."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType

import msgspec

from pixel.collect.client_ip import client_ip
from pixel.collect.parse import parse
from pixel.collect.request import Request
from pixel.event import Event, encode
from pixel.settings import read_settings

ROOT = Path(__file__).parent.parent.parent
ADDRESS = "203.0.113.77"

HOSTILE = [
    "",
    "\0",
    "%",
    "é\ufffd",
    "\ud7ff",
    "x" * 1000,
    "'\"<>\\",
    "://",
    "?&=#",
    "[::1",
    "٣",
    "a" * 300 + "!" * 300,
]
QUERIES = [
    "",
    "customerId=1&product=a&activity=purchase",
    "utm_source=a&utm_source=b&utm_campaign=&gclid=x&gclid=",
    "url=https%3A%2F%2Fshop.example%2F%3Futm_source%3D%25ff%26gclid%3D%26utm_source&ref=https://www.google.com/search?q=%",
    "a=%ff&=&&;;&%zz=%00&utm_source=%00",
    "&".join(f"utm_source={n}" for n in range(500)),
]


def hits() -> Iterator[Request]:
    """Ordinary and hostile hits."""
    names = ("user-agent", "referer", "accept-language", "cookie", "sec-ch-ua", "sec-ch-ua-platform", "accept", "via")
    for query in QUERIES:
        yield Request("GET", "/pix", query, {"x-forwarded-for": ADDRESS}, 1_795_248_000.0)
    for text in HOSTILE:
        headers = {**dict.fromkeys(names, text), "x-forwarded-for": ADDRESS}
        yield Request("GET", "/pix", "a=1", headers, 1_795_248_000.0)
        page = {"x-forwarded-for": ADDRESS, "referer": f"https://shop.example/?utm_source={text}&gclid={text}"}
        yield Request("GET", "/pix", "", page, 1_795_248_000.0)
    yield Request("GET", "/pix", "", {}, 1_795_248_000.0)


class Documented(Mapping[str, str]):
    """An environment that notes which names are asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def breaches(name: str, module: ModuleType) -> list[str]:
    """Return what the module breaks, a sentence each; none if it keeps the contract."""
    environment = Documented()
    broken: set[str] = set()
    if hasattr(module, "setup"):
        try:
            made = module.setup(environment)
            enrich = getattr(made, "enrich", made)
        except Exception as error:
            return [f"setup raises {type(error).__name__} when nothing is set"]
    else:
        enrich = module.enrich
    example = json.loads((ROOT / "local.settings.json.example").read_text("utf-8"))["Values"]
    guide = (ROOT / "docs/enrichers.md").read_text("utf-8")
    for setting in environment.asked:
        if not setting.startswith(f"{name.upper()}_"):
            broken.add(f"the setting {setting} does not start with {name.upper()}_")
        if setting not in example:
            broken.add(f"the setting {setting} is not in local.settings.json.example")
        if f"`{setting}`" not in guide:
            broken.add(f"the setting {setting} is not in docs/enrichers.md, in backticks")
    for request in hits():
        event = parse(request, "pixel", read_settings({}), client_ip("functions"))
        assert isinstance(event, Event)
        before, headers = encode(event), dict(request.headers)
        try:
            result = enrich(event)
        except Exception as error:
            broken.add(f"it raises {type(error).__name__} on a hit")
            continue
        if encode(event) != before or request.headers != headers or event.__dict__.keys() != {"request"}:
            broken.add("it changes the event")
        if result is None:
            continue
        try:
            text = msgspec.json.encode(result).decode()
        except (TypeError, ValueError, RecursionError, msgspec.MsgspecError):
            broken.add("it returns what JSON cannot hold")
            continue
        if not isinstance(json.loads(text), dict):
            broken.add("it returns no mapping")
        if ADDRESS in text:
            broken.add("it returns the full address")
    return sorted(broken)

"""What every enricher must keep. `breaches` returns a sentence for each promise that a module breaks."""

import copy
import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

import msgspec
import pytest

import enrichers
from enrichers._client_hints import HEADERS as CLIENT_HINTS
from pixel.collect.client_ip import client_ip
from pixel.collect.enrich import load
from pixel.collect.parse import parse
from pixel.collect.request import Request, Token
from pixel.enricher import Enricher
from pixel.event import Event
from pixel.settings import read_settings

ROOT = Path(__file__).parent.parent.parent
NOW = 1_795_248_000.0
ADDRESS = "203.0.113.77"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"

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
    ";;;;;",
    "a" * 300 + "!" * 300,
]
QUERIES = [
    "",
    "customerId=1&product=a&activity=purchase",
    "utm_source=a&utm_source=b&utm_campaign=&gclid=x&gclid=",
    "url=https%3A%2F%2Fshop.example%2F%3Futm_source%3D%25ff%26gclid%3D%26utm_source&ref=https://www.google.com/search?q=%",
    "ref=https://www.google.com/search?q=red+shoes&activity=open&recipient=r1",
    "ref=&recipient=r1&hints=0;Windows;15.0.0;;Desktop;Chromium/131.0.6778.86&colour=red&colour=blue",
    "a=%ff&=&&;;&%zz=%00&utm_source=%00",
    "&".join(f"utm_source={n}" for n in range(500)),
]
HEADERS = (
    "user-agent",
    "referer",
    "accept-language",
    "cookie",
    "accept",
    "via",
    "signature-agent",
    *CLIENT_HINTS,
)
PARAMETERS = ("ref", "url", "recipient", "hints", "customerId", "product", "utm_source", "gclid", "mtm_campaign")


def hits() -> Iterator[Request]:
    """Ordinary and hostile hits."""
    address = {"x-forwarded-for": ADDRESS}
    for query in QUERIES:
        yield Request("GET", "/pix", query, dict(address), NOW)
        for user_agent in (CHROME, GOOGLEBOT, GMAIL):
            yield Request("GET", "/pix", query, {**address, "user-agent": user_agent}, NOW)
    for text in HOSTILE:
        coded = quote(text, safe="")
        every = f"activity=open&{'&'.join(f'{name}={coded}' for name in PARAMETERS)}"
        links = f"activity=open&recipient=r1&ref=https://s.example/{coded}%3Fq={coded}&url=https://s.example/%3Fgclid={coded}"
        yield Request("GET", "/pix", "a=1", {**dict.fromkeys(HEADERS, text), **address}, NOW)
        yield Request("GET", "/pix", every, {**dict.fromkeys(HEADERS, text), **address}, NOW, token=Token(NOW, text))
        yield Request("GET", "/pix", every + "&" + every, {"user-agent": CHROME, **address}, NOW)
        yield Request("GET", "/pix", links + f"&hints={coded};{coded};{coded};{coded};{coded};{coded}", address, NOW)
        page = {**address, "referer": f"https://shop.example/?utm_source={text}&gclid={text}"}
        yield Request("GET", "/pix", "", page, NOW)
    for token in (Token(NOW - 1, "r1"), Token(NOW - 1, "r2"), Token(NOW + 900), Token(0.0)):
        yield Request(
            "GET", "/pix", "activity=open&recipient=r1", {"user-agent": CHROME, **address}, NOW, token=token
        )
    yield Request("GET", "/pix", "", {}, NOW)


class Documented(Mapping[str, str]):
    """An environment that notes which names are asked for, and whether somebody goes through all of them."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        self.searched = False

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        self.searched = True
        return iter(())

    def __len__(self) -> int:
        self.searched = True
        return 0


@contextmanager
def watched(module: ModuleType) -> Iterator[Documented]:
    """Note what the module, or another file of enrichers, reads of `os.environ`, past the `env` it is given."""
    noted = Documented()
    get, go_through = os._Environ.__getitem__, os._Environ.__iter__

    def is_ours() -> bool:
        frame = sys._getframe(2)
        while frame.f_back and frame.f_globals["__name__"] in ("os", "collections.abc", "_collections_abc"):
            frame = frame.f_back
        name = frame.f_globals["__name__"]
        return frame.f_globals is vars(module) or name.startswith("enrichers.")

    def noting_get(self: Any, name: Any) -> Any:
        if is_ours():
            noted.asked.add(str(name))
        return get(self, name)

    def noting_go_through(self: Any) -> Any:
        noted.searched |= is_ours()
        return go_through(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os._Environ, "__getitem__", noting_get)
        patch.setattr(os._Environ, "__iter__", noting_go_through)
        yield noted


def made(module: ModuleType, environment: Mapping[str, str]) -> Callable[[Event], Any]:
    """Set a module up as the pixel does; return its function."""
    made = module.setup(environment) if hasattr(module, "setup") else module
    function: Callable[[Event], Any] = getattr(made, "enrich", made)
    return function


def behind(module: ModuleType) -> tuple[Enricher, ...]:
    """Return the enrichers that a module wants to run after, and those that these want, in order."""
    wanted: set[str] = set()
    asked = list(getattr(module, "after", ()))
    while asked:
        name = asked.pop()
        if name not in wanted and importlib.util.find_spec(f"enrichers.{name}"):
            wanted.add(name)
            asked += getattr(importlib.import_module(f"enrichers.{name}"), "after", ())
    return load(enrichers, sorted(wanted), {}).running if wanted else ()


def an_event(before: Sequence[Enricher], request: Request) -> Event:
    """Return the event of a hit with the results of those before: copies, as the caches are everybody's."""
    event = parse(request, "pixel", read_settings({}), client_ip("functions"))
    assert isinstance(event, Event)
    for each in before:
        result = each.enrich(event)
        if result:
            event.enrichments[each.name] = copy.deepcopy(result)
    return event


def breaches(name: str, module: ModuleType) -> list[str]:
    """Return what the module breaks, a sentence each; none if it keeps the contract."""
    environment = Documented()
    broken: set[str] = set()
    before = behind(module)
    with watched(module) as around:
        try:
            enrich = made(module, environment)
        except Exception as error:
            return [f"setup raises {type(error).__name__} when nothing is set"]
        for request in hits():
            broken |= _breaches_on(request, enrich, before)
    if environment.searched or around.searched:
        broken.add("it goes through all settings instead of naming its own")
    example = json.loads((ROOT / "local.settings.json.example").read_text("utf-8"))["Values"]
    guide = (ROOT / "docs/enrichers.md").read_text("utf-8")
    for setting in environment.asked | around.asked:
        if not setting.startswith(f"{name.upper()}_"):
            broken.add(f"the setting {setting} does not start with {name.upper()}_")
        if setting not in example:
            broken.add(f"the setting {setting} is not in local.settings.json.example")
        if f"`{setting}`" not in guide:
            broken.add(f"the setting {setting} is not in docs/enrichers.md, in backticks")
    return sorted(broken)


def _breaches_on(request: Request, enrich: Callable[[Event], Any], before: Sequence[Enricher]) -> set[str]:
    broken: set[str] = set()
    event = an_event(before, request)
    was, sent = copy.deepcopy(event), copy.deepcopy(request)
    try:
        result = enrich(event)
        first = copy.deepcopy(result)
        enrich(event)
    except Exception as error:
        return {f"it raises {type(error).__name__} on a hit"}
    if any(event.enrichments.get(name) != result for name, result in was.enrichments.items()):
        broken.add("it changes another enricher's result")
    elif event != was or event.__dict__ != {"request": sent}:
        broken.add("it changes the event")
    if result is None:
        return broken
    if not _same(result, first):
        broken.add("it changes a result that it gave before")
    try:
        text = msgspec.json.encode(result).decode()
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return broken | {"it returns what JSON cannot hold"}
    if not isinstance(result, Mapping):
        broken.add("it returns no mapping")
    elif not _keys_are_text(result):
        broken.add("it returns a key that is no text")
    if ADDRESS in text:
        broken.add("it returns the full address")
    return broken


def _same(result: Any, first: Any) -> bool:
    try:
        return msgspec.json.encode(result) == msgspec.json.encode(first)
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return True  # that is a breach of its own


def _keys_are_text(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(isinstance(key, str) and _keys_are_text(each) for key, each in value.items())
    return all(map(_keys_are_text, value)) if isinstance(value, (list, tuple)) else True

"""How often `device` is right, on the fixtures of Matomo's Device Detector, beside `user-agents` alone.

The fixtures come with the wheel `device_detector`: user agents of all kinds of devices, rarer ones over-represented, and
what people found them to be. A case is asked the whole way of a hit: a request is parsed and enriched.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import msgspec
import user_agents
import yaml_rs

from benchmarks.result import Bound, Failed, Result
from enrichers import device
from enrichers._device_names import BROWSERS, SYSTEMS
from enrichers._user_agent import UserAgent
from pixel.collect.client_ip import client_ip
from pixel.collect.parse import parse
from pixel.collect.request import Request
from pixel.event import Event
from pixel.settings import read_settings

PEER: Final = "user-agents alone"

SAME_NAME: Final = {
    "CCleaner": "CCleaner Browser",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Webview": "Android WebView",
    "DuckDuckGo Privacy Browser": "DuckDuckGo",
    "Firefox Mobile": "Firefox",
    "Firefox Mobile iOS": "Firefox",
    "Huawei Browser Mobile": "Huawei Browser",
    "IE Mobile": "Internet Explorer",
    "Microsoft Edge": "Edge",
    "Mobile Safari": "Safari",
    "Mobile Silk": "Amazon Silk",
    "Opera Mobile": "Opera",
    "Samsung Browser": "Samsung Internet",
    "Chromium OS": "Chrome OS",
    "GNU/Linux": "Linux",
    "Mac": "macOS",
}
"""What the fixtures call it, and what we do; case and spaces do not count. Fire OS is not Android here, nor Chromium Chrome."""

TYPES: Final = {
    "smartphone": "mobile",
    "phablet": "mobile",
    "feature phone": "mobile",
    "tablet": "tablet",
    "desktop": "desktop",
    "tv": "tv",
}
"""Kinds of device in the fixtures, and our type. What is none of these is `other`, and has no promise."""

_PARAMETER: Final = ("mobile", "platform", "platformVersion", "model", "formFactors", "fullVersionList")
_SETTINGS: Final = read_settings({})
_ADDRESS: Final = client_ip("functions")


class Case(msgspec.Struct, frozen=True):
    """A hit, and what is known of its sender; empty is not stated."""

    file: str
    user_agent: str
    headers: dict[str, str]
    query: str
    browser: str
    os: str
    type: str


def run() -> list[Result]:
    cases = list(human_cases())
    hinted = [case for case in cases if case.file == "clienthints"]
    answers = {id(case): answer(case) for case in cases}
    alone = {id(case): answer_alone(case) for case in cases}

    def share(name: str, asked: Iterable[Case], what: str, promise: Bound | None = None, note: str = "") -> Result:
        return _share(name, list(asked), what, answers, alone, promise, note)

    def of_type(kind: str) -> Iterator[Case]:
        return (case for case in cases if case.type == kind)

    return [
        share("os, client hints", hinted, "os", Bound("ours", 90, at_least=True)),
        share("browser, client hints", hinted, "browser", Bound("ours", 90, at_least=True)),
        share("type, client hints", hinted, "type"),
        share("type, phones", of_type("mobile"), "type", Bound("ours", 95, at_least=True)),
        share("type, tablets", of_type("tablet"), "type", Bound("ours", 80, at_least=True)),
        share("type, desktops", of_type("desktop"), "type", Bound("ours", 58, at_least=True)),
        share("type, televisions", of_type("tv"), "type", Bound("ours", 27, at_least=True)),
        share("os, all people", cases, "os"),
        share(
            "browser, all people",
            cases,
            "browser",
            note="; they count an app that says only `Dalvik` as Android Browser",
        ),
        _same_as_peer(cases),
    ]


def human_cases() -> Iterator[Case]:
    """Return the cases that are people. A kind of device without a type of ours has the type `other`."""
    spec = find_spec("device_detector")
    if spec is None or spec.origin is None:
        raise Failed("device_detector is not installed")
    for path in sorted((Path(spec.origin).parent / "tests/fixtures/upstream").glob("*.yml")):
        if path.stem != "bots":
            fixtures: list[Any] = list(yaml_rs.loads(path.read_text("utf-8")))
            for fixture in fixtures:
                if "bot" not in fixture:
                    yield _case(path.stem.rstrip("-0123456789"), fixture)


def answer(case: Case) -> Mapping[str, str]:
    """Return what the enricher says."""
    request = Request("GET", "/pix", case.query, {**case.headers, "user-agent": case.user_agent}, 1_795_248_000.0)
    event = parse(request, "pixel", _SETTINGS, _ADDRESS)
    assert isinstance(event, Event)
    return device.enrich(event) or {}


def answer_alone(case: Case) -> Mapping[str, str]:
    """Return what `user-agents` says, in our words. It knows no televisions: neither phone, tablet nor PC counts as one."""
    found = UserAgent(case.user_agent[:1024])
    kind = "tablet" if found.is_tablet else "mobile" if found.is_mobile else "desktop" if found.is_pc else "tv"
    return {
        "browser": BROWSERS.get(found.browser.family, found.browser.family),
        "os": SYSTEMS.get(found.os.family, found.os.family),
        "type": "bot" if found.is_bot else kind,
    }


def _case(file: str, fixture: Mapping[str, Any]) -> Case:
    stated = fixture.get("headers") or {}
    headers = {name.lower(): value for name, value in stated.items() if isinstance(value, str)}
    in_script = {name: value for name, value in stated.items() if name in ("brands", *_PARAMETER)}
    client, system, thing = (fixture.get(name) or {} for name in ("client", "os", "device"))
    kind = thing.get("type") or ""
    return Case(
        file=file,
        user_agent=fixture["user_agent"] or "",
        headers={name: value for name, value in headers.items() if name.startswith("sec-ch-")},
        query="hints=" + quote(_parameter(in_script)) if in_script else "",
        browser=_spelt(client.get("name")) if isinstance(client, dict) and client.get("type") == "browser" else "",
        os=_spelt(system.get("name")) if isinstance(system, dict) else "",
        type=TYPES.get(kind, "other") if kind else "",
    )


def _parameter(hints: Mapping[str, Any]) -> str:
    """Write the parameter `hints` as the script of docs/enrichers.md does."""
    brands = hints.get("fullVersionList") or hints.get("brands") or []
    parts = [
        {"true": "1", "1": "1", "false": "0", "0": "0"}.get(str(hints.get("mobile")).lower(), ""),
        *(str(hints.get(name) or "") for name in ("platform", "platformVersion", "model")),
        ",".join(hints.get("formFactors") or []),
        ",".join(f"{brand['brand']}/{brand['version']}".replace(",", " ") for brand in brands),
    ]
    return ";".join(part.replace(";", " ") for part in parts)


def _letters(name: str) -> str:
    return name.lower().replace(" ", "")


def _spelt(name: object) -> str:
    return SAME_NAME.get(name, name) if isinstance(name, str) else ""


def _share(
    name: str,
    cases: list[Case],
    what: str,
    answers: Mapping[int, Mapping[str, str]],
    alone: Mapping[int, Mapping[str, str]],
    promise: Bound | None,
    note: str,
) -> Result:
    asked = [case for case in cases if getattr(case, what)]

    def right(case: Case, said: Mapping[str, str]) -> bool:
        return _letters(said.get(what, "")) == _letters(getattr(case, what))

    wrong = [case for case in asked if not right(case, answers[id(case)])]
    misses: dict[tuple[str, str], list[str]] = {}
    for case in wrong:
        misses.setdefault((getattr(case, what), answers[id(case)].get(what, "")), []).append(case.user_agent)
    return Result(
        name=name,
        unit="%",
        ours=100 * (1 - len(wrong) / len(asked)),
        peer=100 * sum(right(case, alone[id(case)]) for case in asked) / len(asked),
        peer_is=PEER,
        promises=(promise,) if promise else (),
        notes=(f"{len(asked):,} cases{note}",),
        details={
            "cases": len(asked),
            "misses": [
                {"is": true, "said": said, "times": len(examples), "example": examples[0]}
                for (true, said), examples in sorted(misses.items(), key=lambda miss: -len(miss[1]))
            ],
        },
    )


def _same_as_peer(cases: list[Case]) -> Result:
    """Check that our way to `user-agents` finds the families that its own finds, on every 50th."""
    some = cases[::50]
    same: Counter[bool] = Counter()
    for case in some:
        text = case.user_agent[:1024]
        own, ours = user_agents.parse(text), UserAgent(text)
        same[(own.browser.family, own.os.family, own.device.family) == (
            ours.browser.family, ours.os.family, ours.device.family,
        )] += 1  # fmt: skip
    return Result(
        name="families as user_agents.parse",
        unit="%",
        ours=100 * same[True] / len(some),
        promises=(Bound("ours", 99, at_least=True),),
        notes=(f"{len(some):,} cases, every 50th",),
        details={"cases": len(some)},
    )

"""How often `bot` is right: recall on Matomo's bots, false positives on its people, each the whole way of a hit.

The fixtures come with the wheel `device_detector`. Our lists are other people's, who may have looked at them. Each user
agent (with its client hints) counts once, rare devices as much as common ones. People are all fixtures of devices and
browsers, and the apps on them. Apart are the files of programs that fetch without anybody looking (feed readers, podcast
clients, media players), and `unknown`, of which nobody knows. Mail proxies are among Matomo's bots, and by decision none
of ours: they count as missed.

crawler-user-agents' own samples are found by its own patterns: that figure says only that none was lost on the way.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

import yaml_rs
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

import enrichers
from benchmarks.accuracy_devices import human_cases
from benchmarks.result import Bound, Failed, Result
from pixel.collect.client_ip import client_ip
from pixel.collect.enrich import enrich, load
from pixel.collect.parse import parse
from pixel.collect.request import Request
from pixel.event import Event
from pixel.settings import read_settings

APART: Final = ("feed_reader", "mediaplayer", "podcasting", "unknown")

_SETTINGS: Final = read_settings({})
_ADDRESS: Final = client_ip("functions")


class Answer(NamedTuple):
    """What was said of one hit: `bot` is empty when the enricher said nothing."""

    file: str
    user_agent: str
    bot: Mapping[str, Any]
    mail: Mapping[str, Any]


def run() -> list[Result]:
    bots = _ask(("bots", user_agent, {}, "") for user_agent in _bots())
    cases = _ask((case.file, case.user_agent, case.headers, case.query) for case in human_cases())
    people = [answer for answer in cases if answer.file not in APART]
    apart = [answer for answer in cases if answer.file in APART]
    samples = _ask(
        ("samples", text, {}, "") for entry in CRAWLER_USER_AGENTS_DATA for text in entry.get("instances", ())
    )
    proxies = sum(answer.mail.get("fetcher") == "mail_proxy" for answer in bots)
    missed = f"{proxies} of them are mail proxies, and missed on purpose"
    return [
        _recall("bots found, strict", bots, "strict", Bound("ours", 70, at_least=True), missed),
        _recall("bots found, broad", bots, "broad", Bound("ours", 95, at_least=True), missed),
        _false("people taken for bots, strict", people, "strict", Bound("ours", 0.3)),
        _false("people taken for bots, broad", people, "broad", Bound("ours", 1.5)),
        _false("programs on their own, strict", apart, "strict"),
        _false("programs on their own, broad", apart, "broad"),
        _recall("own samples, strict", samples, "strict", note="crawler-user-agents finds these by construction"),
        _recall("own samples, broad", samples, "broad"),
    ]


def _bots() -> list[str]:
    spec = find_spec("device_detector")
    if spec is None or spec.origin is None:
        raise Failed("device_detector is not installed")
    path = Path(spec.origin).parent / "tests/fixtures/upstream/bots.yml"
    return [fixture["user_agent"] for fixture in list[Any](yaml_rs.loads(path.read_text("utf-8")))]


def _ask(hits: Iterable[tuple[str, str, dict[str, str], str]]) -> list[Answer]:
    """Send each different hit the whole way through the enrichers that tell machines."""
    running = load(enrichers, ("device", "bot", "mail"), {}).running
    answers: dict[tuple[object, ...], Answer] = {}
    for file, user_agent, headers, query in hits:
        key = (user_agent, query, *sorted(headers.items()))
        if key in answers:
            continue
        request = Request("GET", "/pix", query, {**headers, "user-agent": user_agent}, 1_795_248_000.0)
        event = parse(request, "pixel", _SETTINGS, _ADDRESS)
        assert isinstance(event, Event)
        enrich([event], running)
        if event.enrich_errors:
            raise Failed(f"enrichers failed: {event.enrich_errors}")
        told = event.enrichments
        answers[key] = Answer(file, user_agent, told.get("bot", {}), told.get("mail", {}))
    return list(answers.values())


def _recall(name: str, answers: list[Answer], flag: str, promise: Bound | None = None, note: str = "") -> Result:
    found = [answer for answer in answers if answer.bot.get(flag)]
    missed = [answer for answer in answers if not answer.bot.get(flag)]
    reasons = Counter(reason for answer in found for reason in answer.bot["reasons"])
    why = ", ".join(f"{reason} {times}" for reason, times in reasons.most_common())
    return _result(name, answers, found, missed, "person", promise, (note, f"by {why}"))


def _false(name: str, answers: list[Answer], flag: str, promise: Bound | None = None) -> Result:
    wrong = [answer for answer in answers if answer.bot.get(flag)]
    of, files = Counter(answer.file for answer in wrong), Counter(answer.file for answer in answers)
    where = ", ".join(f"{file} {of[file]} of {files[file]:,}" for file in sorted(files))
    return _result(name, answers, wrong, wrong, "bot", promise, (where,))


def _result(
    name: str,
    answers: list[Answer],
    counted: list[Answer],
    wrong: list[Answer],
    said: str,
    promise: Bound | None,
    notes: tuple[str, ...],
) -> Result:
    misses = Counter((answer.file, ", ".join(answer.bot.get("reasons", ()))) for answer in wrong)
    examples = {(answer.file, ", ".join(answer.bot.get("reasons", ()))): answer.user_agent for answer in wrong}
    return Result(
        name=name,
        unit="%",
        ours=100 * len(counted) / len(answers),
        promises=(promise,) if promise else (),
        notes=(f"{len(counted):,} of {len(answers):,}", *filter(None, notes)),
        details={
            "cases": len(answers),
            "misses": [
                {
                    "is": file,
                    "said": f"{said} ({why})" if why else said,
                    "times": times,
                    "example": examples[file, why],
                }
                for (file, why), times in misses.most_common()
            ],
        },
    )

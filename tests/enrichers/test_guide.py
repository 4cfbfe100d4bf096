"""docs/enrichers.md lists every field that an enricher we ship adds, with its type; nothing else, and nothing less."""

import json
import re
import subprocess
import sys
import types
from urllib.parse import quote

import pytest

from pixel.app import build
from pixel.collect.enrich import enrich
from pixel.collect.parse import parse
from pixel.collect.request import Request
from pixel.event import Event
from pixel.simulate.traffic import traffic
from tests.enrichers import geo_databases as made
from tests.enrichers.contract import ROOT
from tests.enrichers.test_contract import SHIPPED
from tests.events import an_event

TYPES = {str: "string", bool: "boolean", int: "number", float: "number", list: "list", dict: "object"}
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.+) \| `(.+)` \|$")


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Each enricher's fields with the types that were seen, over simulated hits and a few of our own."""
    folder = tmp_path_factory.mktemp("tables")
    made.write_city(folder / "city.mmdb")
    made.write_asn(folder / "asn.mmdb")
    folder.joinpath("spam.txt").write_text("spam.example\n")
    environ = {"GEO_DATABASES": str(folder), "REFERRER_SPAM_FILE": str(folder / "spam.txt")}
    collector = build(environ).collector
    parameters = ("utm_term", "utm_content", "utm_id", "mtm_group", "mtm_placement")
    ga4 = ("utm_source_platform", "utm_creative_format", "utm_marketing_tactic")
    campaigns = "&".join(f"{name}=x" for name in (*parameters, *ga4))
    extra = [
        (f"gclid=x&{campaigns}", {"x-forwarded-for": "81.2.69.160"}),
        ("ref=" + quote("https://spam.example/"), {"x-forwarded-for": "10.0.0.1"}),
        ("ref=" + quote("https://duckduckgo.com/?q=red+shoes"), {"x-forwarded-for": "52.1.2.3"}),
    ]
    requests = [Request("GET", "/pix", query, headers, 1_795_248_000.0) for query, headers in extra]
    seen = {name: {} for name in SHIPPED}
    for request in [*(hit.request for hit in traffic(count=6000)), *requests]:
        event = parse(request, "pixel", collector.settings, collector.client_ip)
        if isinstance(event, Event):
            enrich([event], collector.enrichers)
            assert event.enrich_errors == {}
            note(event, seen)
    return seen


def note(event, seen):
    """Add the types of an event's fields. An enricher that is not shipped, but somebody's own, needs no section."""
    for name in event.enrichments.keys() & seen.keys():
        for field, value in event.enrichments[name].items():
            seen[name].setdefault(field, set()).add(TYPES[type(value)])


def test_an_enricher_of_your_own_needs_no_section():
    seen = {"bot": {}}
    note(an_event(enrichments={"bot": {"strict": True}, "daytime": {"part": "night"}}), seen)
    assert seen == {"bot": {"strict": {"boolean"}}}


def listed(name):
    """The rows of the first table of an enricher's section: field, type, source, example."""
    section = (ROOT / "docs/enrichers.md").read_text("utf-8").partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    table = section.partition("| Field | Type | Source | Example |\n")[2].partition("\n\n")[0]
    return [ROW.match(line).groups() for line in table.splitlines()[1:]]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_guide_lists_every_field_with_its_type(name, found):
    assert {field: {kind} for field, kind, _, _ in listed(name)} == found[name]


@pytest.mark.parametrize("name", SHIPPED)
def test_an_example_is_of_the_type_that_stands_beside_it(name):
    for field, kind, _, example in listed(name):
        value = example if kind == "string" else json.loads(example)
        assert TYPES[type(value)] == kind, field


def blocks(fence):
    """The code of the guide, by the name of the file that the text before it says last."""
    first, *rest = (ROOT / "docs/enrichers.md").read_text("utf-8").split(f"```{fence}\n")
    codes = [each.partition("```\n") for each in rest]
    names = [
        re.findall(r"`((?:tests/)?enrichers/\w+\.py)`", text)[-1]
        for text in (first, *(after for _, _, after in codes[:-1]))
    ]
    return dict(zip(names, (code for code, _, _ in codes), strict=True))


FILES = blocks("python") | blocks("py")


def test_the_guide_has_two_enrichers_and_a_test():
    assert list(FILES) == ["enrichers/daytime.py", "enrichers/vip.py", "tests/enrichers/test_daytime.py"]


def tool(*arguments, code=None):
    line = [sys.executable, "-m", *arguments]
    ran = subprocess.run(line, input=code, capture_output=True, text=True, cwd=ROOT, check=False, timeout=120)
    return ran.stdout + ran.stderr if ran.returncode else ""


@pytest.mark.parametrize("path", FILES)
def test_the_code_of_the_guide_passes_our_own_lint(path):
    assert tool("ruff", "check", "--no-cache", "--stdin-filename", path, "-", code=FILES[path]) == ""
    assert tool("ruff", "format", "--diff", "--no-cache", "--stdin-filename", path, "-", code=FILES[path]) == ""


@pytest.mark.parametrize("path", [path for path in FILES if path.startswith("enrichers/")])
def test_the_code_of_the_guide_passes_our_own_types(path, tmp_path):
    (tmp_path / "example.py").write_text(FILES[path], "utf-8")
    assert tool("mypy", "--config-file", "pyproject.toml", str(tmp_path / "example.py")) == ""


def test_the_test_of_the_guide_passes(monkeypatch):
    daytime = types.ModuleType("enrichers.daytime")
    exec(FILES["enrichers/daytime.py"], vars(daytime))
    monkeypatch.setitem(sys.modules, "enrichers.daytime", daytime)
    monkeypatch.setattr("enrichers.daytime", daytime, raising=False)
    written = types.ModuleType("test_daytime")
    exec(FILES["tests/enrichers/test_daytime.py"], vars(written))
    tests = [test for name, test in vars(written).items() if name.startswith("test_")]
    assert len(tests) == 3
    for test in tests:
        test()

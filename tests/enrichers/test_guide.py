"""docs/enrichers.md lists every field that an enricher we ship adds, with its type; nothing else, and nothing less."""

import json
import re
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
    campaigns = "&".join(f"{name}=x" for name in ("utm_term", "utm_content", "utm_id", "mtm_group", "mtm_placement"))
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
            for name, result in event.enrichments.items():
                for field, value in result.items():
                    seen[name].setdefault(field, set()).add(TYPES[type(value)])
    return seen


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

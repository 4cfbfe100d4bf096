"""host.json and its explanation."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def lines(told, path=""):
    """Each value with the path to it."""
    if isinstance(told, dict):
        for name, inner in told.items():
            yield from lines(inner, f"{path}.{name}" if path else name)
    else:
        yield path, told


def test_every_line_of_host_json_has_a_row_with_its_value_and_the_other_way_round():
    host = json.loads((ROOT / "host.json").read_text("utf-8"))
    guide = (ROOT / "docs/host.md").read_text("utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \| (.+) \|$", guide, re.MULTILINE)
    assert [(path, json.loads(value)) for path, value, _ in rows] == list(lines(host))
    assert all(len(why) > 20 for _, _, why in rows)


def test_no_query_is_logged():
    insights = json.loads((ROOT / "host.json").read_text("utf-8"))["logging"]["applicationInsights"]
    assert insights["enableQueryStringTracing"] is False
    assert insights["httpAutoCollectionOptions"]["enableHttpTriggerExtendedInfoCollection"] is False

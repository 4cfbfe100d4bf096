"""`python -m pixel capacity` as people type it, and docs/cost.md, which shows what it prints."""

import ast
import html.parser
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from benchmarks import delivery, shipped, worker
from pixel.capacity import cpu as measured
from pixel.capacity.cpu import SHIPPED as MEASURED
from pixel.capacity.cpu import read_cpu, stated
from pixel.capacity.edge import RECORD_BYTES
from pixel.capacity.functions import ANSWER_BYTES
from pixel.capacity.load import EVENT_BYTES, Load
from pixel.capacity.page import COLOURS, WIDTH
from pixel.capacity.plan import Model
from pixel.capacity.prices import SHIPPED, read_prices
from pixel.capacity.turning import figure, turns
from pixel.commands.capacity import RATES, run
from tests.front_door import ROOT, clean_environment

PRICES = read_prices()
MODEL = Model(PRICES, read_cpu())


def pixel(*arguments):
    line = [sys.executable, "-m", "pixel", *map(str, arguments)]
    return subprocess.run(line, capture_output=True, text=True, cwd=ROOT, env=clean_environment())


def lines(text):
    return [line.rstrip() for line in text.splitlines()]


def test_the_size_of_an_event_is_that_of_simulated_ones(tmp_path):
    ran = pixel("simulate", "--count", 1000, "--capture", tmp_path)
    assert ran.returncode == 0, ran.stderr
    sizes = [len(line) for line in pixel("read", tmp_path).stdout.encode().splitlines()]
    assert sum(sizes) / len(sizes) == pytest.approx(EVENT_BYTES, rel=0.05)


@pytest.mark.parametrize("arguments", shipped.SHOWN)
def test_the_guide_shows_what_the_command_prints(arguments):
    ran = pixel("capacity", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    guide = "\n".join(lines((ROOT / "docs/cost.md").read_text("utf-8")))
    assert "\n".join(lines(ran.stdout)) in guide, "bring docs/cost.md up to date: python -m benchmarks.shipped"


def test_a_command_brings_the_guide_and_the_shipped_figures_up_to_date(tmp_path):
    guide = (ROOT / "docs/cost.md").read_text("utf-8")
    assert shipped.shown(guide.replace("a million hits      ", "old ")) == guide
    bench = json.loads(MEASURED.read_text("utf-8"))
    own = tmp_path / "bench.json"
    further = {"name": "collect a hit", "unit": "us", "ours": 1.0, "notes": []}
    own.write_text(json.dumps({**bench, "results": [further, *bench["results"]], "failed": {}}), "utf-8")
    assert json.loads(shipped.figures(own)) == bench
    own.write_text(
        json.dumps({**bench, "results": [each for each in bench["results"] if "edge" not in each["name"]]}), "utf-8"
    )
    with pytest.raises(ValueError, match="has no 'edge, take a record of its log': run `make bench`"):
        shipped.figures(own)


def test_the_guide_says_what_the_model_does():
    guide = re.sub(r"\s+", " ", (ROOT / "docs/cost.md").read_text("utf-8"))
    strict = Model(PRICES, read_cpu(), strictly=True)
    cpu = read_cpu()
    at_ten, at_thousand = MODEL.best(Load(10)), MODEL.best(Load(1_000))
    twice = Model(PRICES, stated(cpu, 2 * cpu.of(packed=False)))
    more = twice.best(Load(1_000)).million - at_thousand.million
    cheaper = {turn.what: turn for turn in turns(strict, Load(1))}["edge costs less"]
    points = {turn.what: figure(turn.rate) for turn in turns(MODEL, Load(1)) if turn.rate}
    said = (
        f"**10 a second cost {at_ten.million:.2f} dollars a million**",
        f"logs at less than 5 % of it ({at_ten.parts['logs'] / at_ten.month:.1%})".replace("%)", " %)"),
        f"always ready`: {100 * (at_thousand.parts['GB-seconds'] + at_thousand.parts['always ready']) / at_thousand.load.hits * 1e6:.0f} cents",
        f"10 hits a second cost {strict.best(Load(10)).million:.2f} dollars a million instead of {at_ten.million:.2f}",
        f"between {cheaper.rate:.0f} and {cheaper.until:.0f} a second edge is cheaper",
        f"Twice the CPU adds {100 * more:.0f} cents to a million at 1,000 a second",
        f"from {points['one throughput unit is not enough, plain']} to {points['one throughput unit is not enough, packed']} hits a second",
        f"it ends at about {points['one app is full (quota of cores)']} hits a second",
        f"reads the log takes {cpu.of(packed=False) / cpu.of(packed=False, edge=True):.0f} times as many hits",
        f"It ends at {points['edge: its log needs more than one Standard namespace, which main.bicep cannot make']} hits a second",
        f"{ANSWER_BYTES / 1e3:g} KB an answer",
        f"exporting Front Door's log, which costs by GB (no price was found; about {RECORD_BYTES / 1e3:g} GB a million hits)",
    )
    missing = [each for each in said if each not in guide]
    assert not missing, "docs/cost.md should say: " + "; ".join(missing)
    assert twice.best(Load(10)).million == pytest.approx(at_ten.million, abs=0.001)


@pytest.mark.parametrize("arguments", [(), ("--hits-per-second", "250", "--strictly", "--memory", "512")])
def test_json_holds_the_same(arguments):
    ran = pixel("capacity", "--json", *arguments)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert [rate["load"]["rate"] for rate in told["rates"]] == ([250] if arguments else list(RATES))
    for rate in told["rates"]:
        assert sum(rate["parts"].values()) == pytest.approx(rate["month"])
        assert (rate["edge"] is None) == (rate["load"]["rate"] > 16_000)
        if rate["edge"]:
            assert sum(rate["edge"]["parts"].values()) == pytest.approx(rate["edge"]["month"])
            assert rate["edge"]["settings"]["maximumThroughputUnits"] >= rate["edge"]["log"]["units"]
        assert not arguments or rate["functions"]["memory_mb"] == 512


def test_a_page_is_one_file_with_a_chart_in_it(tmp_path):
    page = tmp_path / "new" / "cost.html"
    ran = pixel("capacity", "--page", page)
    assert (ran.returncode, ran.stdout) == (0, f"Written to {page}.\n")
    text = page.read_text("utf-8")
    html.parser.HTMLParser().feed(text)
    assert not re.search(r"(?:src|href)=|url\(|@import|<script", text)
    chart = ElementTree.fromstring(re.search("<svg.*</svg>", text, re.DOTALL)[0])
    numbers = [
        float(each) for line in chart.iter("polyline") for each in re.split("[ ,]", line.get("points")) if each
    ]
    assert len(numbers) > 500
    assert all(0 <= number <= 1000 for number in numbers)
    ends = {
        line.get("class"): float(line.get("points").split()[-1].split(",")[0])
        for line in list(chart.iter("polyline"))[: len(COLOURS) + 2]
    }
    assert ends["edge"] < ends["all"] == WIDTH


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--hits-per-second", "0"), "'0' is no number from 0.001 to 10,000,000"),
        (("--hits-per-second", "-1"), "'-1' is no number"),
        (("--hits-per-second", "nan"), "'nan' is no number"),
        (("--hits-per-second", "inf"), "'inf' is no number"),
        (("--hits-per-second", "1e400"), "'1e400' is no number"),
        (("--hits-per-second", "ten"), "'ten' is no number"),
        (("--event-bytes", "1"), "is no number from 100 to 1,000,000"),
        (("--months-kept", "1e9"), "is no number"),
        (("--memory", "4096"), "invalid choice: 4096"),
        (("--cpu-us", "0"), "is no number"),
        (("--prices", "nowhere.toml"), "nowhere.toml: No such file or directory"),
        (("--prices", "README.md"), "README.md is no file of prices such as prices.toml: "),
        (("--prices", "docs/live.png"), "docs/live.png is no file of prices"),
        (("--bench", "nowhere.json"), "nowhere.json: No such file or directory"),
        (("--bench", "README.md"), "README.md is no build/bench.json: "),
        (("--page", "README.md/x.html"), "README.md/x.html: File exists"),
        (("--page", "x.html", "--json"), "not allowed with"),
    ],
)
def test_what_cannot_be_used_is_told_in_a_line(arguments, said, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    try:
        code = run(list(arguments))
    except SystemExit as end:  # argparse
        code = end.code
    printed = capsys.readouterr()
    assert (code, printed.out) == (2, "")
    assert said in printed.err.splitlines()[-1]


def test_what_each_of_several_deployments_needs_is_told(capsys):
    assert run(["--hits-per-second", "1e6", "--cpu-us", "870"]) == 0
    printed = capsys.readouterr().out
    assert "7 deployments share the hits; " in printed
    assert "A hub needs 136 partitions, and main.bicep takes 32: change it." in printed  # 950 by 7


def test_prices_of_ones_own_are_taken_and_checked(tmp_path):
    own = tmp_path / "own.toml"
    shipped = SHIPPED.read_text("utf-8")
    own.write_text(
        shipped.replace('currency = "USD"', 'currency = "EUR"').replace("price = 0.10", "price = 0.20"), "utf-8"
    )
    assert read_prices(own).standard_capture_hour.price == 0.2
    own.write_text(shipped.replace("[standard_capture_hour]", "[standard_capture]"), "utf-8")
    with pytest.raises(ValueError, match="standard_capture"):
        read_prices(own)
    own.write_text(shipped.replace("price = 0.10", "price = -1"), "utf-8")
    with pytest.raises(ValueError, match=">= 0"):
        read_prices(own)


def test_cpu_is_taken_from_what_make_bench_writes(tmp_path):
    bench = json.loads(MEASURED.read_text("utf-8"))
    own = tmp_path / "bench.json"
    edge = next(each for each in bench["results"] if each["name"] == measured.EDGE)
    memory = {"name": "edge, into memory", "unit": "us", "ours": 1.0, "notes": ["of a record"]}
    bench["results"] = [memory, *bench["results"]]
    edge["ours"] = 80.0
    own.write_text(json.dumps(bench), "utf-8")
    assert (read_cpu(own).edge, read_cpu(own).edge_measured) == (80.0, True)
    assert read_cpu(own).hit == read_cpu().hit
    bench["results"].remove(edge)
    own.write_text(json.dumps(bench), "utf-8")
    for cpu in (read_cpu(own), stated(read_cpu(own), 100.0)):
        assert not cpu.edge_measured
        assert cpu.told.endswith(" (edge: 100 us a record, not measured)")
    bench["results"] = bench["results"][:1]
    own.write_text(json.dumps(bench), "utf-8")
    with pytest.raises(ValueError, match="has no 'call a function"):
        read_cpu(own)


def results_named_in(source):
    """Names of results in a benchmark, as patterns: `name=` of a Result, and what _result() of worker.py is given."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Result", "_result"):
            for named in [*node.args[:1], *(each.value for each in node.keywords if each.arg == "name")]:
                parts = named.values if isinstance(named, ast.JoinedStr) else [named]
                words = [re.escape(each.value) if isinstance(each, ast.Constant) else r"\w+" for each in parts]
                yield "".join(words)


def test_the_results_that_are_read_are_those_that_benchmarks_write():
    files = (ROOT / "benchmarks").glob("*.py")
    names = [name for file in files for name in results_named_in(file.read_text("utf-8")) if name != r"\w+"]
    assert len(names) > 8
    for name in (measured.WORKER, measured.PLAIN, measured.PACKED, measured.EDGE):
        assert [each for each in names if re.fullmatch(each, name)] != [], name
    assert 8 in delivery.SENDERS
    assert worker.TOGETHER == 32

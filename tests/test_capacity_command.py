"""`python -m pixel capacity` as people type it, and docs/cost.md, which shows what it prints."""

import html.parser
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from pixel.capacity.cpu import SHIPPED as MEASURED
from pixel.capacity.cpu import read_cpu, stated
from pixel.capacity.load import EVENT_BYTES, Load
from pixel.capacity.plan import Model
from pixel.capacity.prices import SHIPPED, read_prices
from pixel.capacity.turning import turns
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


@pytest.mark.parametrize("arguments", [(), ("--hits-per-second", 10)])
def test_the_guide_shows_what_the_command_prints(arguments):
    ran = pixel("capacity", *arguments)
    assert (ran.returncode, ran.stderr) == (0, "")
    guide = lines((ROOT / "docs/cost.md").read_text("utf-8"))
    first = guide.index(lines(ran.stdout)[0])
    assert guide[first : first + len(lines(ran.stdout))] == lines(ran.stdout)


def test_the_guide_says_what_the_model_does():
    guide = re.sub(r"\s+", " ", (ROOT / "docs/cost.md").read_text("utf-8"))
    strict = Model(PRICES, read_cpu(), strictly=True)
    cpu = read_cpu()
    at_ten, at_thousand = MODEL.best(Load(10)), MODEL.best(Load(1_000))
    twice = Model(PRICES, stated(cpu, 2 * cpu.of(packed=False)))
    more = twice.best(Load(1_000)).million - at_thousand.million
    cheaper = {turn.what: turn for turn in turns(strict, Load(1))}["edge costs less"]
    for said in (
        f"**10 a second cost {at_ten.million:.2f} dollars a million**",
        f"logs at less than 5 % of it ({at_ten.parts['logs'] / at_ten.month:.1%})".replace("%)", " %)"),
        f"always ready`: {100 * (at_thousand.parts['GB-seconds'] + at_thousand.parts['always ready']) / at_thousand.load.hits * 1e6:.0f} cents",
        f"10 hits a second cost {strict.best(Load(10)).million:.2f} dollars a million instead of {at_ten.million:.2f}",
        f"between {cheaper.rate:.0f} and {cheaper.until:.0f} a second edge is cheaper",
        f"Twice the CPU adds {100 * more:.0f} cents to a million at 1,000 a second",
    ):
        assert said in guide
    assert twice.best(Load(10)).million == pytest.approx(at_ten.million, abs=0.001)


@pytest.mark.parametrize("arguments", [(), ("--hits-per-second", "250", "--strictly", "--memory", "512")])
def test_json_holds_the_same(arguments):
    ran = pixel("capacity", "--json", *arguments)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert [rate["load"]["rate"] for rate in told["rates"]] == ([250] if arguments else list(RATES))
    for rate in told["rates"]:
        assert sum(rate["parts"].values()) == pytest.approx(rate["month"])
        assert sum(rate["edge"]["parts"].values()) == pytest.approx(rate["edge"]["month"])
        assert not arguments or rate["functions"]["memory_mb"] == 512


def test_a_page_is_one_file_with_a_chart_in_it(tmp_path):
    page = tmp_path / "cost.html"
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
        (("--page", "nowhere/x.html"), "nowhere/x.html: No such file or directory"),
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
    bench["results"].append({"name": "edge record", "unit": "us", "ours": 80.0, "notes": ["of a record"]})
    own.write_text(json.dumps(bench), "utf-8")
    assert read_cpu(own).edge == 80.0
    assert read_cpu(own).hit == read_cpu().hit
    bench["results"] = bench["results"][:1]
    own.write_text(json.dumps(bench), "utf-8")
    with pytest.raises(ValueError, match="has no 'call a function"):
        read_cpu(own)

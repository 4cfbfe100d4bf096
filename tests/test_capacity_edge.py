"""Edge mode in `capacity`: what its log needs, and where it ends."""

import re

import pytest

from pixel.capacity.cpu import read_cpu
from pixel.capacity.edge import RECORD_BYTES
from pixel.capacity.functions import ANSWER_BYTES
from pixel.capacity.load import Load
from pixel.capacity.plan import Model
from pixel.capacity.prices import read_prices
from pixel.capacity.turning import turns
from pixel.commands.capacity import run
from tests.front_door import ROOT

PRICES = read_prices()
MODEL = Model(PRICES, read_cpu())


@pytest.mark.parametrize(
    ("rate", "units", "partitions"),
    [
        (0.1, 1, 4),
        (500, 1, 4),
        (501, 2, 4),
        (799, 2, 4),
        (801, 2, 4),
        (1_001, 3, 4),
        (15_000, 30, 30),
        (16_000, 32, 32),
    ],
)
def test_edge_mode_is_given_the_units_and_partitions_that_its_log_needs(rate, units, partitions):
    plan = MODEL.best(Load(rate), edge=True)
    assert plan.can_be_made
    assert max(plan.log.units, plan.hubs.units) == units
    assert plan.settings()["maximumThroughputUnits"] == max(units, min(2 * plan.hubs.units, 40))
    assert plan.settings()["partitions"] == partitions
    assert plan.settings()["throughputUnits"] == plan.hubs.units <= units


def test_edge_mode_ends_where_one_standard_namespace_does_which_is_all_that_bicep_makes():
    bicep = (ROOT / "infra/bicep/modules/edge_hub.bicep").read_text("utf-8")
    assert len(re.findall(r"^resource \w+ 'Microsoft.EventHub/namespaces@", bicep, re.MULTILINE)) == 1
    assert "sku: { name: 'Standard', tier: 'Standard'," in bicep
    assert "partitionCount: partitions\n" in bicep
    for rate in (16_001, 1e5, 1e6, 1e7):
        assert not MODEL.best(Load(rate), edge=True).can_be_made
        assert MODEL.best(Load(rate)).can_be_made
    point = next(turn for turn in turns(MODEL, Load(1)) if turn.what.startswith("edge: its log needs more than one"))
    assert point.rate == pytest.approx(16_000, rel=0.001)
    assert (point.until, point.limit, point.edge) == (None, True, True)


@pytest.mark.parametrize(
    ("rate", "said", "column"),
    [
        (10, "Edge mode (enableEdge) needs partitions 4, maximumThroughputUnits 1.", True),
        (501, "Edge mode (enableEdge) needs partitions 4, maximumThroughputUnits 2.", True),
        (16_000, "Edge mode (enableEdge) needs partitions 32, maximumThroughputUnits 32.", True),
        (16_001, "Edge mode: its log needs more than one Standard namespace, which main.bicep cannot make.", False),
        (1e6, "Edge mode: its log needs more than one Standard namespace, which main.bicep cannot make.", False),
    ],
)
def test_what_edge_mode_needs_is_told_and_what_bicep_cannot_make_has_no_price(rate, said, column, capsys):
    assert run(["--hits-per-second", str(rate)]) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert said in printed
    assert ("front door" in "\n".join(printed)) == column
    assert next(line for line in printed if line.startswith("all ")).endswith("-") != column


def test_events_too_large_for_the_partitions_of_bicep_are_no_error_in_edge_mode(capsys):
    assert run(["--hits-per-second", "1000", "--event-bytes", "100000"]) == 0
    assert "Edge mode (enableEdge) needs maximumThroughputUnits 2." in [
        line.rstrip() for line in capsys.readouterr().out.splitlines()
    ]


def test_the_guide_to_edge_mode_has_the_same_figures():
    guide = (ROOT / "docs/edge.md").read_text("utf-8")
    a_million = PRICES.front_door_gb.of(ANSWER_BYTES / 1e3)
    assert f"an answer is {ANSWER_BYTES / 1e3:g} KB " in guide
    assert f"): {a_million:.2f} for a million" in guide
    assert f"a million hits have about {RECORD_BYTES / 1e3:g} (a guess)" in guide
    assert "one for 500 hits a second, and 16,000 at most" in guide

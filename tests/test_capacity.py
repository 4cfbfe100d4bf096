"""The model of `capacity`: it adds up, keeps Azure's limits, uses what is free, and knows what Bicep deploys."""

import itertools
import math
import random
import re

import msgspec
import pytest

from pixel import capture
from pixel.capacity import functions, hubs, storage
from pixel.capacity.cpu import read_cpu
from pixel.capacity.load import MONTHS_KEPT, SECONDS, Load
from pixel.capacity.plan import MOST_PARTITIONS, NEARLY, PARTS, Model
from pixel.capacity.prices import Price, read_prices
from pixel.capacity.turning import HIGHEST, LOWEST, figure, turns, where
from pixel.commands.capacity import RATES
from tests.events import an_event
from tests.front_door import ROOT

PRICES = read_prices()
MODEL = Model(PRICES, read_cpu())
MANY_RATES = [10 ** (step / 4) for step in range(-8, 26)]


def everything(model=MODEL, rates=RATES):
    return [model.best(Load(rate), edge=edge) for rate in rates for edge in (False, True)]


def test_every_price_has_a_unit_a_page_and_a_day():
    priced = {name: price for name, price in msgspec.structs.asdict(PRICES).items() if isinstance(price, Price)}
    assert len(priced) == len(PRICES.__struct_fields__) - 3
    for name, price in priced.items():
        assert price.price > 0, name
        assert price.read <= PRICES.date, name


def test_the_parts_of_a_bill_are_all_of_it():
    for plan in everything():
        assert tuple(plan.parts) == PARTS
        assert min(plan.parts.values()) >= 0
        assert sum(plan.parts.values()) == pytest.approx(plan.month)
        assert plan.million * plan.load.hits / 1e6 == pytest.approx(plan.month)
        inner = {**plan.functions.parts, **plan.hubs.parts, **plan.storage.parts}
        inner |= {"log hub": plan.log.dollars} if plan.log else {}
        assert inner.items() <= plan.parts.items()


def test_at_ten_hits_a_second_a_million_cost_less_than_six_dollars_and_logs_less_than_a_twentieth():
    plan = MODEL.best(Load(10))
    assert plan.million < 6
    assert plan.parts["logs"] / plan.month < 0.05


@pytest.mark.parametrize("edge", [False, True])
def test_more_hits_cost_more_in_all_and_up_to_a_thousand_a_second_less_each(edge):
    plans = [MODEL.best(Load(rate), edge=edge) for rate in MANY_RATES]
    for less, more in itertools.pairwise(plans):
        assert more.month * NEARLY >= less.month
        assert (
            more.functions.instances * more.functions.memory_mb >= less.functions.instances * less.functions.memory_mb
        )
        if more.load.rate <= 1_000:
            assert more.million <= less.million * NEARLY


@pytest.mark.parametrize(
    ("dearer", "than"),
    [
        (Load(50, event_bytes=2_000), Load(50)),
        (Load(5_000, event_bytes=2_000), Load(5_000)),
        (Load(50, months_kept=24), Load(50)),
        (Load(50, months_kept=1), Load(50, months_kept=0.5)),
    ],
)
def test_larger_events_and_longer_keeping_cost_more(dearer, than):
    assert MODEL.best(dearer).month > MODEL.best(than).month


def test_no_limit_of_azure_is_passed():
    for plan in everything(rates=MANY_RATES):
        app, hub = plan.functions, plan.hubs
        tier = next(each for each in hubs.TIERS if each.name == hub.tier)
        assert app.instances <= functions.INSTANCES * app.apps
        assert app.instances * functions.CORES[app.memory_mb] <= functions.QUOTA_CORES * app.apps
        assert app.always_ready <= min(app.instances, functions.MOST_READY * app.apps)
        assert hub.units in tier.sizes
        assert hub.partitions <= tier.partitions
        sent = plan.load.rate * plan.load.event_bytes
        assert sent <= hub.units * hub.namespaces * tier.bytes_a_second
        assert sent <= hub.partitions * hub.namespaces * hubs.PARTITION_BYTES
        assert plan.load.rate / hub.events_a_message <= hub.units * hub.namespaces * tier.messages_a_second
        assert hub.events_a_message * plan.load.event_bytes <= max(hubs.PACKED_BYTES, plan.load.event_bytes)


def test_a_unit_is_full_by_messages_or_by_bytes_whichever_comes_first():
    tier = hubs.STANDARD
    assert hubs.size(tier, 0.79e6, 790) == (1, 1, 4)
    assert hubs.size(tier, 0.1e6, 810)[0] == 2
    assert hubs.size(tier, 0.81e6, 10)[0] == 2
    assert hubs.size(tier, 1e6, 32_010)[:2] == (21, 2)
    assert hubs.size(hubs.PREMIUM, 9e6, 1e9)[0] == 4  # three cannot be bought


def test_packing_needs_company_and_ends_at_its_size():
    assert hubs.events_a_message(0.1, 720) == pytest.approx(1, abs=0.01)
    assert hubs.events_a_message(500, 720) == pytest.approx(6, abs=0.1)
    assert hubs.events_a_message(1e6, 720) == hubs.PACKED_BYTES / 720
    assert hubs.events_a_message(1e6, 1e5) == 1


def test_what_is_free_is_used():
    few = MODEL.best(Load(0.001))
    assert {part: few.parts[part] for part in ("executions", "GB-seconds", "traffic out")} == {
        "executions": 0,
        "GB-seconds": 0,
        "traffic out": 0,
    }
    assert few.parts["logs"] == storage.ALERTS * PRICES.log_alert.price
    assert PRICES.functions_gb_second.of(100_001) == pytest.approx(PRICES.functions_gb_second.price)


@pytest.mark.parametrize("rate", [0.05, 0.5, 2, 8])
def test_the_active_time_is_that_of_hits_that_come_by_chance(rate):
    draw = random.Random(7)
    at = end = active = periods = 0.0
    for _ in range(50_000):
        at += draw.expovariate(rate)
        if at > end:
            end = at
        active += at + functions.MINIMUM_S - end
        end = at + functions.MINIMUM_S
    assert functions.active_share(rate) == pytest.approx(active / at, rel=0.02)
    at = end = 0.0
    for _ in range(50_000):
        at += draw.expovariate(rate)
        periods += at > end
        end = at + functions.ANSWER_S
    assert functions.active_share(rate, strictly=True) == pytest.approx(periods / at, rel=0.03)


def test_the_strict_reading_of_the_minimum_never_costs_less_and_changes_nothing_for_the_busy():
    strict = Model(PRICES, read_cpu(), strictly=True)
    for rate in MANY_RATES:
        assert strict.best(Load(rate)).month * NEARLY >= MODEL.best(Load(rate)).month
    assert strict.best(Load(1_000)).million == pytest.approx(MODEL.best(Load(1_000)).million, rel=0.01)


def test_each_turning_point_holds_from_its_rate_on_and_not_before():
    for holds in (lambda rate: rate > 7, lambda rate: 3 < rate < 4000, lambda rate: 1 < rate < 2 or rate > 50):
        begins, ends = where(holds)
        assert holds(begins * 1.001)
        assert not holds(begins / 1.001)
        assert ends is None or (holds(ends / 1.001) and not holds(ends * 1.001))
    assert where(lambda rate: rate > 1e9) == (None, None)
    assert where(lambda rate: rate > 0) == (LOWEST, None)
    assert where(lambda rate: rate > HIGHEST * 0.99)[1] is None


def test_turning_points_follow_prices_and_come_in_order():
    usual = {turn.what: turn for turn in turns(MODEL, Load(1))}
    assert usual["edge costs less"].rate is None
    assert usual["one Standard namespace is full, plain"].rate == pytest.approx(32_000, rel=0.001)
    rates = [turn.rate or math.inf for turn in usual.values()]
    assert rates == sorted(rates)
    nothing = msgspec.structs.replace(PRICES.front_door_requests, price=0.0)
    cheap = msgspec.structs.replace(PRICES, front_door_requests=nothing)
    saves = {turn.what: turn for turn in turns(Model(cheap, read_cpu()), Load(1))}["edge costs less"]
    assert 1 < saves.rate < saves.until <= 16_000 * 1.001


def test_figures_are_written_as_people_write_them():
    assert [figure(rate) for rate in (0.1, 0.93012, 10, 575.2, 143_172.4, 1e6)] == [
        "0.1",
        "0.93",
        "10",
        "575",
        "143,000",
        "1,000,000",
    ]


def test_the_constants_are_those_of_bicep():
    main = (ROOT / "infra/bicep/main.bicep").read_text("utf-8")
    hub = (ROOT / "infra/bicep/modules/hub.bicep").read_text("utf-8")
    data = (ROOT / "infra/bicep/modules/storage_data.bicep").read_text("utf-8")
    alerts = (ROOT / "infra/bicep/modules/alerts.bicep").read_text("utf-8")
    kept = int(re.search(r"param retentionDays int = (\d+)", main)[1])
    assert kept / 30.4 == pytest.approx(MONTHS_KEPT, abs=0.1)
    assert f"param httpConcurrency int = {functions.LEAST_CONCURRENCY}\n" in main
    assert f"param maximumInstances int = {functions.LEAST_MAXIMUM}\n" in main
    assert f"param partitions int = {hubs.LEAST_PARTITIONS}\n" in main
    assert f"intervalInSeconds: {storage.WINDOW_S:.0f}\n" in hub
    assert f"sizeLimitInBytes: {storage.FILE_BYTES:.0f}\n" in hub
    assert f"coolAfterDays = {30 * storage.HOT_MONTHS:.0f}\n" in data
    assert alerts.count("query: loadTextContent(") == storage.ALERTS
    assert re.search(rf"@allowed\({re.escape(str(list(functions.CORES)))}\)\nparam instanceMemoryMB", main)


def test_settings_are_parameters_of_bicep_within_their_bounds():
    main = (ROOT / "infra/bicep/main.bicep").read_text("utf-8")
    for plan in everything(rates=MANY_RATES):
        rate = plan.load.rate
        for name, value in plan.settings().items():
            if name == "settings.EVENT_HUB_PACKING":
                assert "param settings object" in main
                continue
            declared = re.search(rf"((?:@.*\n)+)param {name} int", main)[1]
            least = int((re.search(r"@minValue\((\d+)\)", declared) or ["", "0"])[1])
            most = int((re.search(r"@maxValue\((\d+)\)", declared) or ["", "4096"])[1])
            assert least <= value <= most, (rate, name, value)
        assert ("partitions" in plan.settings()) == (plan.partitions <= MOST_PARTITIONS)
        assert plan.partitions * plan.deployments >= plan.hubs.partitions * plan.hubs.namespaces
        assert plan.settings().get("throughputUnits", 1) <= plan.settings().get("maximumThroughputUnits", 1)


def test_the_size_of_a_captured_record_is_that_of_our_own_files():
    body = msgspec.json.encode(an_event(user_agent="x" * 500))
    added = len(capture.block([body] * 64, 1_000_000, 1_795_248_000, bytes(16))) / 64 - len(body)
    assert added == pytest.approx(hubs.AVRO_BYTES, abs=15)  # numbers grow by digits


def test_a_month_has_730_hours():
    assert Load(1).hits == SECONDS == 730 * 3600

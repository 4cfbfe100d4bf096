"""Say what to set and what it costs: `capacity`, at five rates, or `--hits-per-second N`, in detail.

A model, not a bill: list prices from a dated file, CPU that `make bench` measured, Azure's published limits, and guesses
that pixel/capacity/ names one by one. docs/cost.md explains it. Dollars are a month's of 730 hours at a steady rate.
"""

import argparse
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from pixel.capacity import cpu, prices
from pixel.capacity.functions import CORES, QUOTA_CORES
from pixel.capacity.load import EVENT_BYTES, MONTHS_KEPT, Load
from pixel.capacity.page import page
from pixel.capacity.plan import MOST_PARTITIONS, PARTS, Model, Plan
from pixel.capacity.turning import Turn, figure, turns
from pixel.terminal import print_table

RATES: Final = (0.1, 10.0, 1_000.0, 100_000.0, 1_000_000.0)


def run(arguments: list[str]) -> int:
    """Print a table, a plan, JSON, or write a page; return 2 when a file cannot be used."""
    asked = _parser().parse_args(arguments)
    try:
        measured = cpu.read_cpu(asked.bench)
        charged = prices.read_prices(asked.prices)
    except ValueError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    if asked.cpu_us:
        measured = cpu.stated(measured, asked.cpu_us)
    model = Model(charged, measured, (asked.memory,) if asked.memory else tuple(CORES), asked.strictly)
    load = Load(asked.hits_per_second or RATES[1], asked.event_bytes, asked.months_kept)
    rates = (asked.hits_per_second,) if asked.hits_per_second else RATES
    plans = [_plans(model, msgspec.structs.replace(load, rate=rate)) for rate in rates]
    if asked.page:
        return _write_page(asked.page, page(model, load, [best for best, _ in plans], turns(model, load)))
    if asked.json:
        print(msgspec.json.encode(_json(model, plans, turns(model, load))).decode())
    elif asked.hits_per_second:
        _print_detail(model, *plans[0], turns(model, load))
    else:
        _print_rates(model, plans)
    return 0


def _write_page(path: Path, text: str) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as unwritable:
        print(f"{path}: {unwritable.strerror}", file=sys.stderr)
        return 2
    print(f"Written to {path}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m pixel capacity", description=__doc__)
    parser.add_argument("--hits-per-second", type=_number(1e-3, 1e7), metavar="N", help="one rate, in detail")
    parser.add_argument(
        "--event-bytes", type=_number(100, 1e6), default=EVENT_BYTES, metavar="N", help="of an event (%(default)g)"
    )
    parser.add_argument(
        "--months-kept",
        type=_number(0.03, 120),
        default=MONTHS_KEPT,
        metavar="N",
        help="how long events are (%(default)g)",
    )
    parser.add_argument("--memory", type=int, choices=sorted(CORES), help="of an instance, in MB (the better one)")
    parser.add_argument(
        "--cpu-us",
        type=_number(1, 1e6),
        metavar="N",
        help="microseconds of CPU a hit takes on Azure, instead of what was measured and guessed",
    )
    parser.add_argument(
        "--bench", type=Path, default=cpu.SHIPPED, metavar="FILE", help="a build/bench.json (one that is shipped)"
    )
    parser.add_argument(
        "--prices", type=Path, default=prices.SHIPPED, metavar="FILE", help="prices (pixel/capacity/prices.toml)"
    )
    parser.add_argument(
        "--strictly", action="store_true", help="bill a second for each hit that overlaps no other (docs/cost.md)"
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="for programs")
    output.add_argument("--page", type=Path, metavar="FILE", help="write a page with a chart (HTML)")
    return parser


def _number(least: float, most: float) -> Callable[[str], float]:
    def number(text: str) -> float:
        try:
            value = float(text.replace(",", ""))  # as we print them
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text[:40]!r} is no number from {least:g} to {most:,.0f}")
        return value

    return number


Plans = tuple[Plan, Plan | None]
"""At one rate: the best, and that of edge mode if main.bicep can make it."""


def _plans(model: Model, load: Load) -> Plans:
    edge = model.best(load, edge=True)
    return model.best(load), edge if edge.can_be_made else None


def _json(model: Model, plans: list[Plans], points: list[Turn]) -> dict[str, Any]:
    def told(plan: Plan) -> dict[str, Any]:
        return {
            "month": plan.month,
            "million": plan.million,
            "parts": plan.parts,
            "deployments": plan.deployments,
            "settings": plan.settings(),
            "functions": plan.functions,
            "log": plan.log,
            "hubs": plan.hubs,
            "storage": plan.storage,
        }

    return {
        "prices": {"date": model.prices.date, "currency": model.prices.currency, "region": model.prices.region},
        "cpu": model.cpu,
        "cpu_us_a_hit": model.cpu.of(packed=False),
        "rates": [{"load": best.load, **told(best), "edge": told(edge) if edge else None} for best, edge in plans],
        "turning_points": points,
    }


def _print_rates(model: Model, plans: list[Plans]) -> None:
    best = [plan for plan, _ in plans]

    def words(values: list[str]) -> list[str]:
        return [value.rjust(10) for value in values]

    def dollars(values: list[float]) -> list[str]:
        return words([f"{value:,.3f}" for value in values])

    rows: list[list[str]] = [
        ["instances", *words([f"{plan.functions.instances:,}" for plan in best])],
        ["  of MB", *words([f"{plan.functions.memory_mb:,}" for plan in best])],
        ["Event Hubs", *words([plan.hubs.tier for plan in best])],
        ["  units", *words([f"{plan.hubs.units * plan.hubs.namespaces:,}" for plan in best])],
        ["  partitions", *words([f"{plan.hubs.partitions * plan.hubs.namespaces:,}" for plan in best])],
        ["  messages", *words(["packed" if plan.hubs.packed else "plain" for plan in best])],
        ["deployments", *words([f"{plan.deployments:,}" for plan in best])],
        [""],
        *([part, *dollars([plan.parts[part] / plan.load.hits * 1e6 for plan in best])] for part in _parts(best)),
        ["a million hits", *dollars([plan.million for plan in best])],
        ["a month", *words([f"{plan.month:,.0f}" for plan in best])],
        [""],
        ["edge, a million", *words([f"{edge.million:,.3f}" if edge else "-" for _, edge in plans])],
    ]
    heads = [f"{figure(plan.load.rate)}/s".rjust(10) for plan in best]
    print_table(["", *heads], [row + [""] * (len(heads) + 1 - len(row)) for row in rows])
    print(f"\n{_basis(model)}\nOne rate in detail: --hits-per-second N.")


def _print_detail(model: Model, plan: Plan, edge: Plan | None, points: list[Turn]) -> None:
    functions, hub, load = plan.functions, plan.hubs, plan.load
    print(
        f"{load.rate:,.10g} hits a second, {load.hits / 1e6:,.10g} million a month, {load.event_bytes:,g} bytes an event: "
        f"{plan.month:,.0f} {model.prices.currency} a month,\n{plan.million:,.2f} a million, if they come steadily. "
        "Ask with the mean rate for the bill, with that of the busiest minute for what to set.\n"
    )
    print_table(["Set", "to"], [(name, str(value)) for name, value in plan.settings().items()])
    how = f"packed, {hub.events_a_message:.1f} events a message" if hub.packed else "an event a message"
    print(f"\nInstances: {functions.instances:,}, active for {min(functions.active, 1):.0%} of the time.")
    print(f"Event Hubs: {hub.tier}, {hub.unit}: {hub.units * hub.namespaces:,}, {how}.")
    plain, packed = (model.best(load, packed=way).million for way in (False, True))
    print(
        f"A million hits: {plain:,.3f} plain, {packed:,.3f} packed (EVENT_HUB_PACKING=ndjson: readers split lines)."
    )
    print("\n".join([*_advice(plan), _edge_advice(edge), ""]))
    per = 1e6 / load.hits
    parts = _parts([plan, edge] if edge else [plan])
    rows = [(part, plan.parts[part], f"{edge.parts[part] * per:,.3f}" if edge else "-") for part in parts]
    rows.append(("all", plan.month, f"{edge.million:,.3f}" if edge else "-"))
    print_table(
        [model.prices.currency, "    a month", "a million", " share", "edge, a million"],
        [
            (part, f"{month:11,.2f}", f"{month * per:9,.3f}", f"{month / plan.month:6.1%}", f"{instead:>15}")
            for part, month, instead in rows
        ],
    )
    print()
    print_table(
        ["Hits a second", "from which on"],
        [((figure(turn.rate) if turn.rate else "never").rjust(13), _told(turn)) for turn in points],
    )
    print()
    ahead = [turn for turn in points if turn.limit and not turn.edge]
    first = next((turn for turn in ahead if turn.rate and turn.rate > load.rate), None)
    if first and first.rate:
        print(f"The next limit: {first.what}, at {figure(first.rate)} hits a second.")
    print(_basis(model))


def _told(turn: Turn) -> str:
    return f"{turn.what} (up to {figure(turn.until)})" if turn.until else turn.what


def _advice(plan: Plan) -> list[str]:
    told = []
    cores = plan.functions.instances * CORES[plan.functions.memory_mb]
    if plan.deployments > 1:
        told.append(f"{plan.deployments} deployments share the hits; each has a hub, a region or a quota of its own.")
    if cores > QUOTA_CORES:
        told.append(
            f"All instances have {cores:,.0f} cores; a region's quota is {QUOTA_CORES:,.0f} until it is raised."
        )
    if plan.hubs.tier != "Standard":
        told.append(f"main.bicep makes Standard only: bring a {plan.hubs.tier} namespace (existingNamespaceId).")
    if plan.partitions > MOST_PARTITIONS:
        told.append(f"A hub needs {plan.partitions} partitions, and main.bicep takes {MOST_PARTITIONS}: change it.")
    return told


def _edge_advice(edge: Plan | None) -> str:
    if not edge:
        return "Edge mode: its log needs more than one Standard namespace, which main.bicep cannot make."
    units = max(edge.log.units if edge.log else 0, int(edge.settings().get("throughputUnits", 0)))
    partitions = f"partitions {edge.partitions}, " * (edge.partitions <= MOST_PARTITIONS)
    return f"Edge mode (enableEdge) needs {partitions}maximumThroughputUnits {units}."


def _parts(plans: list[Plan]) -> list[str]:
    return [part for part in PARTS if any(plan.parts[part] for plan in plans)]


def _basis(model: Model) -> str:
    return (
        f"List prices of {model.prices.region}, {model.prices.currency}, {model.prices.date}; "
        f"{model.cpu.of(packed=False):,.0f} us of CPU a hit: {model.cpu.told}.\nA model, held against no bill."
    )

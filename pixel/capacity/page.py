"""The page of `capacity --page FILE`: dollars per million hits over the rate, by part, on logarithmic scales; and a table."""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final

import msgspec

from pixel.capacity.load import Load
from pixel.capacity.plan import PARTS, Model, Plan
from pixel.capacity.turning import Turn, figure

RATES: Final = (-1.0, 6.0)
DOLLARS: Final = (-3.0, 3.0)
"""What the chart spans, as powers of ten."""
WIDTH, HEIGHT = 760, 440
COLOURS: Final = dict(
    zip(
        (part for part in PARTS if part not in ("front door", "log hub")),
        ("#4e79a7", "#f28e2b", "#edc948", "#9c755f", "#e15759", "#b07aa1", "#76b7b2", "#59a14f", "#8c8c8c"),
        strict=True,
    )
)

STYLE: Final = """
:root{--ink:#1c1e21;--soft:#6a7076;--line:#e3e6e8;--paper:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8ea;--soft:#9aa0a6;--line:#33373b;--paper:#16181a}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:960px;margin:2.5rem auto;padding:0 1rem}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}p{color:var(--soft);margin:.3rem 0 1rem}
svg{width:100%;height:auto}text{font:12px system-ui,sans-serif;fill:var(--soft)}.grid{stroke:var(--line)}
polyline{fill:none;stroke-width:1.8;stroke-linejoin:round}.all{stroke:var(--ink);stroke-width:3}.edge{stroke:var(--ink);stroke-dasharray:5 4}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}th,td{padding:.25rem .8rem .25rem 0;text-align:right;border-bottom:1px solid var(--line)}
th:first-child,td:first-child{text-align:left}thead th{color:var(--soft);font-weight:500}.scroll{overflow-x:auto}
""".strip()


def page(model: Model, load: Load, plans: Sequence[Plan], points: Iterable[Turn]) -> str:
    """Return a page in HTML that needs nothing else: a chart for all rates, a table of `plans`, the turning points."""
    rates = [10 ** (RATES[0] + step / 10) for step in range(round((RATES[1] - RATES[0]) * 10) + 1)]
    loads = [msgspec.structs.replace(load, rate=rate) for rate in rates]
    best = [model.best(each) for each in loads]
    edge = [plan for plan in (model.best(each, edge=True) for each in loads) if plan.can_be_made]
    lines = {part: [plan.parts[part] / plan.load.hits * 1e6 for plan in best] for part in COLOURS}
    ends = {"all": best[-1].million, "edge": edge[-1].million} | {part: line[-1] for part, line in lines.items()}
    basis = (
        f"{model.prices.currency}, list prices of {model.prices.region}, {model.prices.date}; CPU: {model.cpu.told}"
    )
    drawn = [
        *_grid(),
        *(_line(rates, line, f'stroke="{COLOURS[part]}"') for part, line in lines.items()),
        _line([plan.load.rate for plan in edge], [plan.million for plan in edge], 'class="edge"'),
        _line(rates, [plan.million for plan in best], 'class="all"'),
        *_labels(ends),
    ]
    return f"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>What a million hits cost</title>
<style>{STYLE}</style>
<h1>What a million hits cost</h1>
<p>By hits a second. {escape(basis)}.<br>A model, held against no bill.</p>
<svg viewBox="0 0 {WIDTH + 190} {HEIGHT + 50}" role="img" aria-label="Cost of a million hits by rate and part">{"".join(drawn)}</svg>
<h2>{model.prices.currency} per million hits</h2>
<div class="scroll">{_table(plans)}</div>
<h2>Where the ways part</h2>
<div class="scroll">{_turns(points)}</div>
</html>
"""


def _x(rate: float) -> float:
    return 60 + (math.log10(rate) - RATES[0]) / (RATES[1] - RATES[0]) * (WIDTH - 60)


def _y(dollars: float) -> float:
    power = min(max(math.log10(max(dollars, 1e-9)), DOLLARS[0]), DOLLARS[1])
    return 10 + (DOLLARS[1] - power) / (DOLLARS[1] - DOLLARS[0]) * (HEIGHT - 10)


def _grid() -> list[str]:
    across = [10**power for power in range(round(DOLLARS[0]), round(DOLLARS[1]) + 1)]
    down = [10**power for power in range(round(RATES[0]), round(RATES[1]) + 1)]
    return [
        *(f'<path class="grid" d="M60 {_y(each):.1f}H{WIDTH}"/>' for each in across),
        *(f'<text x="52" y="{_y(each) + 4:.1f}" text-anchor="end">{each:,g}</text>' for each in across),
        *(f'<path class="grid" d="M{_x(each):.1f} 10V{HEIGHT}"/>' for each in down),
        *(f'<text x="{_x(each):.1f}" y="{HEIGHT + 20}" text-anchor="middle">{figure(each)}</text>' for each in down),
        f'<text x="{WIDTH / 2}" y="{HEIGHT + 42}" text-anchor="middle">hits a second</text>',
    ]


def _line(rates: Sequence[float], dollars: Sequence[float], style: str) -> str:
    points = " ".join(
        f"{_x(rate):.1f},{_y(each):.1f}"
        for rate, each in zip(rates, dollars, strict=True)
        if each >= 10 ** DOLLARS[0]
    )
    return f'<polyline {style} points="{points}"/>'


def _labels(ends: dict[str, float]) -> list[str]:
    """Write each line's name beside its end, apart from each other."""
    named, free = [], HEIGHT + 15.0
    for name, dollars in sorted(ends.items(), key=lambda each: each[1]):
        free = min(_y(dollars) + 4, free - 15)
        style = f'stroke="{COLOURS[name]}"' if name in COLOURS else f'class="{name}"'
        mark = f'<polyline {style} points="{WIDTH + 6},{free - 4:.1f} {WIDTH + 24},{free - 4:.1f}"/>'
        told = f"{dollars:,.3f}" if dollars else "in units"
        named.append(f'{mark}<text x="{WIDTH + 30}" y="{free:.1f}">{name} {told}</text>')
    return named


def _rows(rows: Iterable[Sequence[str]], cell: Callable[[str], str]) -> str:
    return "".join(f"<tr>{''.join(map(cell, row))}</tr>" for row in rows)


def _td(text: str) -> str:
    return f"<td>{escape(text)}"


def _table(plans: Sequence[Plan]) -> str:
    heads = _rows([["", *(f"{figure(plan.load.rate)}/s" for plan in plans)]], lambda text: f"<th>{text}")
    rows = [[part, *(f"{plan.parts[part] / plan.load.hits * 1e6:,.3f}" for plan in plans)] for part in COLOURS]
    rows += [
        ["all", *(f"{plan.million:,.3f}" for plan in plans)],
        ["a month", *(f"{plan.month:,.0f}" for plan in plans)],
    ]
    return f"<table><thead>{heads}</thead>{_rows(rows, _td)}</table>"


def _turns(points: Iterable[Turn]) -> str:
    rows = [
        (
            turn.what,
            ("from " + figure(turn.rate) if turn.rate else "never")
            + (" to " + figure(turn.until) if turn.until else "")
            + (" hits a second" if turn.rate else ""),
        )
        for turn in points
    ]
    return f"<table>{_rows(rows, _td)}</table>"

"""At which rate another way becomes right: found in the model by bisection, not written down."""

import functools
import itertools
import math
from collections.abc import Callable
from typing import Final

import msgspec

from pixel.capacity.hubs import DEDICATED, PREMIUM, STANDARD, Hubs, Tier
from pixel.capacity.load import Load
from pixel.capacity.plan import Model, Plan

LOWEST: Final = 0.01
HIGHEST: Final = 1e7
"""Hits a second between which turning points are looked for."""
STEPS: Final = 20
"""Of the first, coarse search, in each power of ten."""


class Turn(msgspec.Struct, frozen=True):
    """`what` holds from `rate` hits a second on, up to `until` (None: to the end); it never does when `rate` is None.

    `limit`: something is then full. `edge`: it is about edge mode only.
    """

    what: str
    rate: float | None
    until: float | None
    limit: bool
    edge: bool


def figure(rate: float) -> str:
    """Write a rate in three digits, as people do."""
    rounded = float(f"{rate:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"


def where(holds: Callable[[float], bool]) -> tuple[float | None, float | None]:
    """Return between which rates something holds; of several stretches the widest, for bills go up in steps."""
    count = round(STEPS * math.log10(HIGHEST / LOWEST))
    rates = [LOWEST * 10 ** (step / STEPS) for step in range(count + 1)]
    said = [holds(rate) for rate in rates]
    stretches, first = [], 0
    for is_so, group in itertools.groupby(said):
        last = first + len(list(group)) - 1
        if is_so:
            stretches.append((first, last))
        first = last + 1
    if not stretches:
        return None, None
    first, last = max(stretches, key=lambda each: each[1] - each[0])
    begins = _border(holds, rates[first - 1], rates[first]) if first else LOWEST
    ends = _border(holds, rates[last + 1], rates[last]) if last < count else None
    return begins, ends


def _border(holds: Callable[[float], bool], no: float, yes: float) -> float:
    while abs(math.log(yes / no)) > 1e-4:
        middle = math.sqrt(no * yes)
        no, yes = (no, middle) if holds(middle) else (middle, yes)
    return yes


def turns(model: Model, load: Load) -> list[Turn]:
    """Return where the ways part, for events as in `load`: the lowest rate first, and last what never happens."""

    @functools.cache  # many ask for the same plans
    def best(
        rate: float,
        *,
        memory: int | None = None,
        tier: Tier | None = None,
        packed: bool | None = None,
        edge: bool = False,
    ) -> Plan:
        some = msgspec.structs.replace(load, rate=rate)
        return model.best(some, memory=memory, tier=tier, packed=packed, edge=edge)

    def turn(what: str, holds: Callable[[float], bool], *, limit: bool = False, edge: bool = False) -> Turn:
        return Turn(what, *where(holds), limit, edge)

    def edge_saves(rate: float) -> bool:
        edge = best(rate, edge=True)
        return edge.can_be_made and edge.month < best(rate).month

    def standard(rate: float, *, packed: bool) -> Hubs:
        return best(rate, tier=STANDARD, packed=packed).hubs

    def saves(tier: Tier, *, packed: bool) -> Callable[[float], bool]:
        return lambda rate: best(rate, tier=tier, packed=False).hubs.dollars < standard(rate, packed=packed).dollars

    def needs_more_than_one(memory: int) -> Callable[[float], bool]:
        return lambda rate: best(rate, memory=memory).functions.instances > 1

    found = [
        turn("an always ready instance costs less than none", lambda rate: best(rate).functions.always_ready > 0),
        *(turn(f"one instance of {memory} MB is not enough", needs_more_than_one(memory)) for memory in model.memories),
        turn("one throughput unit is not enough, plain", lambda rate: standard(rate, packed=False).units > 1),
        turn("one throughput unit is not enough, packed", lambda rate: standard(rate, packed=True).units > 1),
        turn("one Standard namespace is full, plain", lambda rate: standard(rate, packed=False).namespaces > 1, limit=True),
        turn("one Standard namespace is full, packed", lambda rate: standard(rate, packed=True).namespaces > 1, limit=True),
        turn("Premium costs less than Standard, plain", saves(PREMIUM, packed=False)),
        turn("Premium costs less than Standard, packed", saves(PREMIUM, packed=True)),
        turn("Dedicated costs less than Standard, plain", saves(DEDICATED, packed=False)),
        turn("Dedicated costs less than Standard, packed", saves(DEDICATED, packed=True)),
        turn("one app is full (quota of cores)", lambda rate: best(rate).functions.apps > 1, limit=True),
        turn("edge costs less", edge_saves, edge=True),
        turn("edge: its log needs more than one Standard namespace, which main.bicep cannot make", lambda rate: not best(rate, edge=True).can_be_made, limit=True, edge=True),
    ]  # fmt: skip
    return sorted(found, key=lambda turn: turn.rate or math.inf)

"""The traffic of a pixel: visits of all kinds, drawn by their shares, mixed and given in the order of time."""

from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from typing import Final

from pixel.simulate.bots import crawl
from pixel.simulate.chance import Chance, Weights
from pixel.simulate.hit import Hit
from pixel.simulate.hostile import probe
from pixel.simulate.mail import mailing
from pixel.simulate.people import People
from pixel.simulate.systems import feed
from pixel.simulate.web import visit

SEED: Final = 20261121
COUNT: Final = 10_000
CUSTOMERS: Final = 50_000
PRODUCTS: Final = 500
START: Final = 1_795_132_800.0
"""2026-11-20T00:00:00Z."""
PER_DAY: Final = 10_000

SHARES: Final = {"web": 0.73, "mail": 0.11, "bot": 0.08, "feed": 0.06, "hostile": 0.01, "duplicate": 0.01}
"""Which part of all hits is of which kind."""

_HITS: Final = {"web": 3.15, "mail": 10.7, "bot": 2.65, "feed": 3.45, "hostile": 2.0}
"""How many hits one visit of a kind has on average."""

_HOURS: Final = (2, 1, 1, 1, 1, 2, 4, 6, 8, 9, 9, 9, 10, 9, 9, 8, 8, 8, 9, 10, 10, 9, 6, 4)
"""How busy each hour is, in UTC."""

KINDS: Final = tuple(SHARES)


def traffic(
    *,
    seed: int = SEED,
    count: int = COUNT,
    customers: int = CUSTOMERS,
    products: int = PRODUCTS,
    start: float = START,
    per_day: float = PER_DAY,
    only: Sequence[str] = KINDS,
) -> Iterator[Hit]:
    """Give `count` hits in the order of `received_at`, from `start` (seconds since 1970) on; the same for a seed.

    `only` are the kinds wanted. Duplicates repeat hits of web and feed, with the same query, later.
    """
    chance = Chance(seed)
    people = People(chance, customers)
    visits: dict[str, Callable[[float], list[Hit]]] = {
        "web": lambda at: visit(chance, people, products, at),
        "mail": lambda at: mailing(chance, people, at),
        "bot": lambda at: crawl(chance, at),
        "feed": lambda at: feed(chance, customers, products, at),
        "hostile": lambda at: probe(chance, at),
    }
    wanted = [kind for kind in visits if kind in only] or ["web", "feed"]
    repeats = 0.024 if "duplicate" in only else 0.0
    kinds = Weights({kind: SHARES[kind] / _HITS[kind] for kind in wanted})
    hits_a_visit = sum(SHARES[kind] for kind in wanted) / kinds.total
    pause = 86_400 / per_day * hits_a_visit * sum(_HOURS) / 24
    waiting: list[tuple[float, int, Hit]] = []
    at, number, given = float(start), 0, 0
    while True:
        for hit in visits[chance.weigh(kinds)](at):
            number += 1
            heappush(waiting, (hit.request.received_at, number, hit))
            if repeats and "eventId=" in hit.request.query and hit.kind != "hostile" and chance.random() < repeats:
                again = _again(chance, hit)
                number += 1
                heappush(waiting, (again.request.received_at, number, again))
        at += chance.wait(pause / _HOURS[int(at % 86_400) // 3600])
        while waiting and waiting[0][0] <= at:
            _, _, hit = heappop(waiting)
            if hit.kind in only:
                if given == count:
                    return
                given += 1
                yield hit


def _again(chance: Chance, hit: Hit) -> Hit:
    """Return the hit as its sender repeats it, after a lost answer or from a queue."""
    first = hit.request
    later = 1 + chance.wait(60) if chance.random() < 0.8 else 600 + chance.wait(3600)
    request = type(first)(first.method, first.path, first.query, first.headers, first.received_at + later, first.peer)
    return Hit(request, "duplicate", hit.agent, hit.human, hit.customer, hit.session, hit.outcome)

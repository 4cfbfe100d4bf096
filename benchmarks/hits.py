"""The hits of the benchmarks: simulated traffic (docs/simulate.md), the same in every run."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final, NamedTuple

from pixel.simulate.hit import Hit as Simulated
from pixel.simulate.traffic import traffic

COUNT: Final = 2000
TARGET_LIMIT: Final = 4000
"""Characters of a target that every server in these benchmarks takes."""


class Hit(NamedTuple):
    """One GET: the target in two parts, and headers by lower-case name in the order sent."""

    path: str
    query: str
    headers: dict[str, str]

    @property
    def target(self) -> str:
        """The path and the query as they stand in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


def stream(count: int) -> Iterator[Hit]:
    """Give the first hits of the traffic, of all kinds."""
    return map(_hit, traffic(count=count))


@cache
def hits() -> tuple[Hit, ...]:
    """Return 2,000 hits that the pixel accepts and any server takes as they are; every fifth, for variety."""
    wanted = (
        _hit(each)
        for each in traffic(count=10 * COUNT)
        if each.outcome == "accepted" and each.kind != "hostile" and _is_plain(each)
    )
    return tuple(islice(wanted, 0, 5 * COUNT, 5))


def _hit(simulated: Simulated) -> Hit:
    request = simulated.request
    return Hit(request.path, request.query, request.headers)


def _is_plain(simulated: Simulated) -> bool:
    """Say whether the target can stand in a request line (RFC 3986), and fits."""
    query = simulated.request.query
    return (
        len(query) < TARGET_LIMIT and query.isascii() and query.isprintable() and not set(' "<>\\^`{|}') & set(query)
    )

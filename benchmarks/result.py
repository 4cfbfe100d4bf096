"""Result: what a benchmark found beside what was promised; and how results are printed."""

from collections.abc import Sequence
from typing import Any

import msgspec


class Bound(msgspec.Struct, frozen=True):
    """A limit on one figure of a result: `of` is `ours` or `ratio`, `limit` in that figure's own unit.

    A guide is a bound that `make bench` tells of but does not fail for.
    """

    of: str
    limit: float
    at_least: bool = False
    guide: bool = False

    def holds(self, value: float) -> bool:
        """Say whether a figure is within the bound."""
        return value >= self.limit if self.at_least else value <= self.limit


class Result(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line of the table: a figure of ours beside that of a peer, both in `unit`.

    `ratio` is stated in words by `ratio_of`, such as `naive/ours`. `notes` are sentences printed under the table;
    `details` are further figures, for build/bench.json.
    """

    name: str
    unit: str
    ours: float
    peer: float | None = None
    peer_is: str = ""
    ratio: float | None = None
    ratio_of: str = ""
    promise: Bound | None = None
    aim: Bound | None = None
    notes: tuple[str, ...] = ()
    details: dict[str, Any] = {}

    def holds(self, bound: Bound | None) -> bool:
        """Say whether a bound on this result holds; one that is not there does."""
        if bound is None:
            return True
        value = self.ours if bound.of == "ours" else self.ratio
        return value is not None and bound.holds(value)

    @property
    def verdict(self) -> str:
        """Say `kept` or `missed`, and `aim reached` or `aim missed`, as far as there is a promise and an aim."""
        words = []
        if self.promise is not None:
            words.append("kept" if self.holds(self.promise) else "over the guide" if self.promise.guide else "MISSED")
        if self.aim is not None:
            words.append("aim reached" if self.holds(self.aim) else "aim missed")
        return ", ".join(words) or "-"

    @property
    def broken(self) -> bool:
        """Say whether a promise, not only a guide or an aim, is missed."""
        return self.promise is not None and not self.promise.guide and not self.holds(self.promise)


class Failed(Exception):  # noqa: N818 - a finding, like a failed test
    """A benchmark could not measure, or found that what it measured is not right."""


class Skipped(Exception):  # noqa: N818 - the same
    """A benchmark needs something that is not here; the message says what, and how to get it."""


def table(results: Sequence[Result], what: str = "CPU of") -> str:
    """Lay out results as text: a line each, then their notes. `what` heads the column of names."""
    head = (what, "ours", "peer", "ratio", "promise", "aim", "verdict")
    rows = [head, *map(_row, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    for result in results:
        lines += [f"  {result.name}: {note}" for note in result.notes]
    return "\n".join(lines)


def _row(result: Result) -> tuple[str, ...]:
    peer = "-" if result.peer is None else f"{result.peer:.1f} {result.unit} {result.peer_is}"
    ratio = "-" if result.ratio is None else f"{result.ratio:.2f} {result.ratio_of}"
    promise, aim = (_bound(bound, result.unit) for bound in (result.promise, result.aim))
    return (result.name, f"{result.ours:.1f} {result.unit}", peer, ratio, promise, aim, result.verdict)


def _bound(bound: Bound | None, unit: str) -> str:
    if bound is None:
        return "-"
    figure = f"{bound.limit:g} {unit}" if bound.of == "ours" else f"{bound.limit:g}"
    return f"{'guide ' if bound.guide else ''}{'>=' if bound.at_least else '<='} {figure}"

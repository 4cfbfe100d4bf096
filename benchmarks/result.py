"""Result: what a benchmark found beside what was promised; and how results are printed."""

from collections.abc import Sequence
from typing import Any

import msgspec


class Bound(msgspec.Struct, frozen=True):
    """A limit on one figure of a result: `of` is `ours` or `ratio`, `limit` in that figure's own unit."""

    of: str
    limit: float
    at_least: bool = False

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
    promises: tuple[Bound, ...] = ()
    aims: tuple[Bound, ...] = ()
    notes: tuple[str, ...] = ()
    details: dict[str, Any] = {}

    def missed(self, bounds: tuple[Bound, ...]) -> list[Bound]:
        """Return the bounds that do not hold."""
        values = {"ours": self.ours, "ratio": self.ratio}
        return [bound for bound in bounds if (value := values[bound.of]) is None or not bound.holds(value)]

    @property
    def verdict(self) -> str:
        """Say `kept` or `MISSED`, and `aim reached` or `aim missed`, with what was missed if not all was."""
        words = []
        for bounds, good, bad in ((self.promises, "kept", "MISSED"), (self.aims, "aim reached", "aim missed")):
            missed = self.missed(bounds)
            some = f" {_bounds(missed, self.unit)}" if len(bounds) > 1 else ""
            if bounds:
                words.append(bad + some if missed else good)
        return ", ".join(words) or "-"

    @property
    def broken(self) -> bool:
        """Say whether a promise, not only an aim, is missed."""
        return bool(self.missed(self.promises))


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
    bounds = (_bounds(each, result.unit) or "-" for each in (result.promises, result.aims))
    return (result.name, f"{result.ours:.1f} {result.unit}", peer, ratio, *bounds, result.verdict)


def _bounds(bounds: Sequence[Bound], unit: str) -> str:
    return " and ".join(
        f"{'>=' if each.at_least else '<='} {each.limit:g}{f' {unit}' if each.of == 'ours' else ''}"
        for each in bounds
    )

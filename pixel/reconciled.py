"""What a reconcile found: of each process the numbers that its rows name, and where each of them is."""

from collections.abc import Callable

import msgspec

from pixel.ledger import Counts
from pixel.number_set import NumberSet


class Period(msgspec.Struct, frozen=True):
    """Minutes in UTC, such as `2026-11-21T08:00`, from `begin` until before `end`; all that there is by default."""

    begin: str = ""
    end: str = "9999"

    def has(self, moment: str) -> bool:
        """Say whether a time in RFC 3339, UTC, lies within."""
        return self.begin <= moment[:16] < self.end


class Process(msgspec.Struct, eq=False):
    """One boot of one instance: what its rows say, and what was found of it. `numbered` are the numbers in rows of the period."""

    instance: str
    boot: str
    counts: Counts = msgspec.field(default_factory=Counts)
    rows: int = 0
    minutes: list[tuple[int, str]] = []
    """The last number of each row, and its minute."""
    numbered: NumberSet = msgspec.field(default_factory=NumberSet)
    first: int = 0
    last: int = -1
    failed: NumberSet = msgspec.field(default_factory=NumberSet)
    failed_unlisted: int = 0
    in_flight: int = 0
    """At the end of its last row, and ever since: if it was killed then, nobody knows what became of these."""
    counted_to: int = -1
    """The last number in any row."""
    captured: NumberSet = msgspec.field(default_factory=NumberSet)
    kept: NumberSet = msgspec.field(default_factory=NumberSet)
    """What is in the spill, or was set aside by a replay."""

    @property
    def stored(self) -> NumberSet:
        """All that was found."""
        return self.captured | self.kept

    @property
    def gaps(self) -> NumberSet:
        """Numbers of rows that are neither stored nor known to have failed."""
        return self.numbered - self.stored - self.failed

    @property
    def undecided(self) -> int:
        """How many of the gaps need not be accepted events: failed and not listed, or in flight when it was killed."""
        return min(len(self.gaps), self.failed_unlisted + self.in_flight)

    @property
    def missing(self) -> int:
        """How many accepted events are stored nowhere."""
        return len(self.gaps) - self.undecided

    @property
    def unaccounted(self) -> NumberSet:
        """Numbers after the last row that are not stored, though greater ones are."""
        later = list((self.stored - self.numbered).runs())
        between = NumberSet()
        if later:
            between.add_run(max(self.counted_to + 1, 0 if self.rows else later[0][0]), later[-1][1])
        return between - self.stored - self.failed


class Result(msgspec.Struct, eq=False):
    """What was found, over all processes."""

    processes: dict[tuple[str, str], Process] = {}
    counts: Counts = msgspec.field(default_factory=Counts)
    rows: int = 0
    twice: int = 0
    """Events found in Capture again, by their number."""
    same_id: int = 0
    """Events of other numbers with an id that was there before: senders choose ids."""
    foreign: int = 0
    """Records that are no events of a pixel."""
    files: int = 0
    """Capture files of the period, and `found_files` of any time."""
    found_files: int = 0
    unreadable: list[str] = []

    @property
    def seen(self) -> list[Process]:
        """Processes of which there is a row or an event in the period."""
        return [process for process in self.processes.values() if process.rows or process.stored]

    def total(self, count: Callable[[Process], int]) -> int:
        """Sum over all processes."""
        return sum(map(count, self.processes.values()))

    @property
    def missing(self) -> int:
        """How many accepted events are stored nowhere."""
        return self.total(lambda process: process.missing)

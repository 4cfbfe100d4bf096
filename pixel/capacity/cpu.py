"""The CPU that a hit takes: what `make bench` measured, and a guess for what only Azure has."""

from pathlib import Path
from typing import Final

import msgspec

SHIPPED: Final = Path(__file__).with_name("measured.json")

WORKER: Final = "call a function, 32 at a time"
PLAIN: Final = "deliver an event, plain, 8 at once"
PACKED: Final = "deliver an event, packed, 8 at once"
EDGE: Final = "edge, take a record of its log"
"""Names of results in build/bench.json."""

HOST_US: Final = 500.0
"""CPU of the Functions host for a call: HTTP in, the message to the worker and back. A guess: there is no Azure here."""
EDGE_US: Final = 100.0
"""CPU to take a record of Front Door's log, when it is not among the results: what we promise, 10,000 a CPU-second."""


class Cpu(msgspec.Struct, frozen=True):
    """Microseconds of CPU: of a hit before it is delivered, of its delivery, and of a record of the edge."""

    hit: float
    plain: float
    packed: float
    edge: float
    source: str
    edge_measured: bool

    @property
    def told(self) -> str:
        """Say where the figures come from."""
        return self.source + ("" if self.edge_measured else f" (edge: {EDGE_US:g} us a record, not measured)")

    def of(self, *, packed: bool, edge: bool = False) -> float:
        """Return what a hit takes in all."""
        return (self.edge if edge else self.hit) + (self.packed if packed else self.plain)


class Measured(msgspec.Struct):
    """A result of a benchmark."""

    name: str
    unit: str
    ours: float


class Bench(msgspec.Struct):
    """What is read of build/bench.json, and all that measured.json has."""

    date: str
    machine: dict[str, str | int | float]
    results: list[Measured]


def read_bench(path: Path) -> Bench:
    """Read what `make bench` wrote. Raises `ValueError`, a sentence, when it cannot be read or lacks a figure of a hit."""
    try:
        bench = msgspec.json.decode(path.read_bytes(), type=Bench)
    except OSError as unreadable:
        raise ValueError(f"{path}: {unreadable.strerror}") from None
    except ValueError as wrong:
        raise ValueError(f"{path} is no build/bench.json: {wrong}") from None
    bench.results = [
        each
        for each in bench.results
        if each.name in (WORKER, PLAIN, PACKED, EDGE) and each.unit == "us" and each.ours > 0
    ]
    names = [each.name for each in bench.results]
    if missing := [name for name in (WORKER, PLAIN, PACKED) if name not in names]:
        raise ValueError(
            f"{path} has no {missing[0]!r}: run `make bench` on Python 3.13, without names of benchmarks"
        )
    return bench


def read_cpu(path: Path = SHIPPED) -> Cpu:
    """Read what `make bench` wrote. Raises `ValueError` as `read_bench` does; a record of the edge may be missing."""
    bench = read_bench(path)
    results, machine = {each.name: each.ours for each in bench.results}, bench.machine
    return Cpu(
        hit=HOST_US + results[WORKER],
        plain=results[PLAIN],
        packed=results[PACKED],
        edge=results.get(EDGE, EDGE_US),
        source=f"{machine.get('cpu')}, Python {machine.get('python')}, {bench.date[:10]}",
        edge_measured=EDGE in results,
    )


def stated(cpu: Cpu, hit_us: float) -> Cpu:
    """Return the same with what somebody measured on Azure for a hit, delivery and host in it."""
    return Cpu(
        hit_us, plain=0.0, packed=0.0, edge=cpu.edge + cpu.plain, source="as stated", edge_measured=cpu.edge_measured
    )

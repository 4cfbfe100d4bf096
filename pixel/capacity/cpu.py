"""The CPU that a hit takes: what `make bench` measured, and a guess for what only Azure has."""

from pathlib import Path
from typing import Final

import msgspec

SHIPPED: Final = Path(__file__).with_name("measured.json")

WORKER: Final = "call a function, 32 at a time"
PLAIN: Final = "deliver an event, plain, 8 at once"
PACKED: Final = "deliver an event, packed, 8 at once"
EDGE: Final = "edge"
"""Names of results in build/bench.json; of `EDGE`, how it begins."""

HOST_US: Final = 500.0
"""CPU of the Functions host for a call: HTTP in, the message to the worker and back. A guess: there is no Azure here."""
EDGE_US: Final = 100.0
"""CPU to take a record of Front Door's log, where it was not measured: what we promise is 10,000 a CPU-second."""


class Cpu(msgspec.Struct, frozen=True):
    """Microseconds of CPU: of a hit before it is delivered, of its delivery, and of a record of the edge."""

    hit: float
    plain: float
    packed: float
    edge: float
    source: str

    def of(self, *, packed: bool, edge: bool = False) -> float:
        """Return what a hit takes in all."""
        return (self.edge if edge else self.hit) + (self.packed if packed else self.plain)


class _Result(msgspec.Struct):
    name: str
    unit: str
    ours: float


class _Bench(msgspec.Struct):
    date: str
    machine: dict[str, str | int | float]
    results: list[_Result]


def read_cpu(path: Path = SHIPPED) -> Cpu:
    """Read what `make bench` wrote. Raises `ValueError`, a sentence, when it lacks a figure."""
    try:
        bench = msgspec.json.decode(path.read_bytes(), type=_Bench)
    except OSError as unreadable:
        raise ValueError(f"{path}: {unreadable.strerror}") from None
    except ValueError as wrong:
        raise ValueError(f"{path} is no build/bench.json: {wrong}") from None
    results = {each.name: each.ours for each in bench.results if each.unit == "us" and each.ours > 0}
    if missing := [name for name in (WORKER, PLAIN, PACKED) if name not in results]:
        raise ValueError(
            f"{path} has no {missing[0]!r}: run `make bench` on Python 3.13, without names of benchmarks"
        )
    machine = bench.machine
    return Cpu(
        hit=HOST_US + results[WORKER],
        plain=results[PLAIN],
        packed=results[PACKED],
        edge=next((us for name, us in results.items() if name.startswith(EDGE)), EDGE_US),
        source=f"{machine.get('cpu')}, Python {machine.get('python')}, {bench.date[:10]}",
    )


def stated(cpu: Cpu, hit_us: float) -> Cpu:
    """Return the same with what somebody measured on Azure for a hit, delivery and host in it."""
    return Cpu(hit=hit_us, plain=0.0, packed=0.0, edge=cpu.edge + cpu.plain, source="as stated")

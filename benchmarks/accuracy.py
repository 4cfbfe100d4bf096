"""`make accuracy`: how often enrichers are right, on collections that others made. Exits 1 when a promise is missed.

`--misses` lists the most frequent mistakes of each measure, `--names` which names count as the same.
"""

import argparse
from collections.abc import Iterable, Sequence

from benchmarks import accuracy_bots, accuracy_devices
from benchmarks.result import Result, table

MISSES_SHOWN = 20


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=__doc__)
    options.add_argument("--misses", action="store_true", help="list the most frequent mistakes")
    options.add_argument("--names", action="store_true", help="list which names count as the same")
    wanted = options.parse_args(arguments)
    if wanted.names:
        for theirs, ours in sorted({**accuracy_devices.SAME_NAME, **accuracy_devices.TYPES}.items()):
            print(f"{theirs} = {ours}")
        return 0
    results = [*accuracy_devices.run(), *accuracy_bots.run()]
    print(table(results, "Right in"))
    if wanted.misses:
        print_misses(results)
    return int(any(result.broken for result in results))


def print_misses(results: Iterable[Result]) -> None:
    """Print what `details["misses"]` of results hold: dicts of `is`, `said`, `times` and `example`."""
    for result in results:
        misses = result.details.get("misses", [])
        if misses:
            print(f"\n{result.name}: {sum(miss['times'] for miss in misses)} mistakes, the most frequent")
        for miss in misses[:MISSES_SHOWN]:
            print(f"{miss['times']:6}  {miss['is']}, said {miss['said'] or 'nothing'}: {miss['example']}")


if __name__ == "__main__":
    raise SystemExit(main())

"""`python -m benchmarks [NAME...]`: measure, print a table, write build/bench.json with what was measured.

The exit code is 1 when a promise is missed or a benchmark fails; a missed aim, or a benchmark that is
skipped for want of a program, is only told.
"""

import argparse
import importlib
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from typing import Final

import msgspec

from benchmarks.result import Failed, Result, Skipped, table
from benchmarks.surroundings import ROOT, machine

NAMES: Final = ("collect", "edge", "delivery", "served", "worker", "start")
"""The benchmarks, each in the file of its name, in the order in which they run."""

RESULTS: Final = ROOT / "build" / "bench.json"


def main(arguments: list[str]) -> int:
    """Run benchmarks; return the exit code."""
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one or more of {', '.join(NAMES)}; none for all")
    names: list[str] = parser.parse_args(arguments).names
    if unknown := [name for name in names if name not in NAMES]:
        parser.error(f"there is no {unknown[0]}; there are {', '.join(NAMES)}")
    where = machine()
    print(f"{where['cpu']}, {where['cores']} cores, Python {where['python']}, load {where['load_1m']}\n", flush=True)
    results: list[Result] = []
    skipped, failed = {}, {}
    for name in [name for name in NAMES if not names or name in names]:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"{name:8} {(module.__doc__ or '').partition(chr(10))[0]}", flush=True)
        started = time.monotonic()
        try:
            results += module.run()
            said = f"measured in {time.monotonic() - started:.0f} s"
        except Skipped as why:
            skipped[name] = str(why)
            said = f"skipped: {why}"
        except (Failed, OSError, subprocess.SubprocessError) as fault:
            failed[name] = f"{type(fault).__name__}: {fault}"
            said = f"FAILED: {failed[name]}"
        print(f"{CLEAR}         {said}", flush=True)
    if results:
        print("\n" + table(results))
    written = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": where,
        "results": [{**msgspec.to_builtins(result), "verdict": result.verdict} for result in results],
        "skipped": skipped,
        "failed": failed,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(msgspec.json.format(msgspec.json.encode(written), indent=2) + b"\n")
    print(f"\nWritten to {RESULTS.relative_to(ROOT)}.")
    return 1 if failed or any(result.broken for result in results) else 0


CLEAR: Final = "\r\033[K" if sys.stderr.isatty() and sys.stdout.isatty() else ""
"""Takes the progress line away."""

if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that servers are ended and folders removed
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

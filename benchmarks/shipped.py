"""`python -m benchmarks.shipped [build/bench.json]`: ship its figures with `capacity`, and show in docs/cost.md what that prints.

It copies the results that the model reads into pixel/capacity/measured.json. Without a file it only brings the guide's two
blocks up to date. Sentences of the guide that state figures are yours to mend: tests/test_capacity_command.py names them.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.surroundings import ROOT
from pixel.capacity import cpu

GUIDE: Final = ROOT / "docs" / "cost.md"
SHOWN: Final[tuple[tuple[str, ...], ...]] = ((), ("--hits-per-second", "10"))
"""Arguments of `capacity`, a block each, in order. Such a block is fenced and names no language."""
BLOCK: Final = re.compile(r"^(```\w*\n)(.*?)(^```\n)", re.MULTILINE | re.DOTALL)


def figures(path: Path) -> bytes:
    """Return what measured.json becomes. Raises `ValueError`, a sentence, when a figure is missing."""
    bench = cpu.read_bench(path)
    if cpu.EDGE not in [each.name for each in bench.results]:
        raise ValueError(f"{path} has no {cpu.EDGE!r}: run `make bench` without names of benchmarks")
    bench.results = [msgspec.structs.replace(each, ours=round(each.ours, 1)) for each in bench.results]
    return msgspec.json.format(msgspec.json.encode(bench), indent=2) + b"\n"


def shown(guide: str) -> str:
    """Return the guide with what `capacity` prints now."""
    printed = iter(SHOWN)

    def block(found: re.Match[str]) -> str:
        if found[1] != "```\n":
            return found[0]
        line, environment = (
            [sys.executable, "-m", "pixel", "capacity", *next(printed)],
            {**os.environ, "COLUMNS": "80"},
        )
        ran = subprocess.run(line, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=environment, check=True)
        return found[1] + "".join(f"{row.rstrip()}\n" for row in ran.stdout.splitlines()) + found[3]

    return BLOCK.sub(block, guide)


if __name__ == "__main__":
    parser = argparse.ArgumentParser("python -m benchmarks.shipped", description=__doc__)
    parser.add_argument("bench", nargs="?", type=Path, metavar="FILE", help="what `make bench` wrote")
    if bench := parser.parse_args().bench:
        try:
            cpu.SHIPPED.write_bytes(figures(bench))
        except ValueError as wrong:
            sys.exit(str(wrong))
    GUIDE.write_text(shown(GUIDE.read_text("utf-8")), "utf-8")

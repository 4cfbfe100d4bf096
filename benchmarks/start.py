"""CPU of importing function_app in a fresh process: what a cold start waits for, beside `import azure.functions`.

In milliseconds of `time.process_time` (user and system, all threads) from before the import to behind it; Python's
own start is not in it and is told in the note. The median of five processes each, in turn, with .pyc files written
by a run before. Settings: a capture folder, nothing else.
"""

import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.result import Bound, Failed, Result
from benchmarks.surroundings import ROOT, environment, progress

PROCESSES = 5

_CODE = """
import time
before = time.process_time()
import {module}
print(before * 1e3, (time.process_time() - before) * 1e3)
"""


def run() -> list[Result]:
    """Import both in turn."""
    with tempfile.TemporaryDirectory(prefix="pixel-bench-") as folder:
        env = environment(PIXEL_CAPTURE_DIR=str(Path(folder) / "capture"))
        for module in ("function_app", "azure.functions"):
            _import(module, env)
        ours, theirs, python = [], [], []
        for number in range(PROCESSES):
            progress(f"process {number + 1} of {PROCESSES}")
            before, taken = _import("function_app", env)
            ours.append(taken)
            python.append(before)
            theirs.append(_import("azure.functions", env)[1])
    ours_ms, theirs_ms = statistics.median(ours), statistics.median(theirs)
    return [
        Result(
            name="import function_app",
            unit="ms",
            ours=ours_ms,
            peer=theirs_ms,
            peer_is="azure.functions",
            ratio=ours_ms / theirs_ms,
            ratio_of="ours/azure",
            promises=(Bound("ours", 400),),
            notes=(
                f"azure.functions is imported by it; Python's own start, {statistics.median(python):.0f} ms, is not in it",
            ),
            details={"processes_ms": ours, "azure_processes_ms": theirs, "python_ms": python},
        )
    ]


def _import(module: str, env: dict[str, str]) -> tuple[float, float]:
    """Return milliseconds of CPU of a new process before the import, and of the import."""
    done = subprocess.run(
        [sys.executable, "-c", _CODE.format(module=module)],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise Failed(f"import {module} failed:\n{done.stderr[-2000:]}")
    before, taken = map(float, done.stdout.split())
    return before, taken

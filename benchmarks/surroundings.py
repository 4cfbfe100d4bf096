"""What a benchmark runs in: the machine, the repository, and an environment in which no setting of ours stands."""

import os
import platform
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
"""The repository."""

_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


def environment(**settings: str) -> dict[str, str]:
    """Return an environment with these settings and no others of the pixel's."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ} | settings


def cores() -> list[int]:
    """Return the numbers of the cores that this process may use; empty where the system does not tell."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def machine() -> dict[str, str | int | float]:
    """Return what figures depend on: CPU model, usable cores, Python, and the load before anything ran."""
    return {
        "cpu": _cpu_model(),
        "cores": len(cores()) or os.cpu_count() or 1,
        "python": platform.python_version(),
        "load_1m": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else -1.0,
    }


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def progress(what: str) -> None:
    """Tell on standard error what goes on: in place on a terminal, else not at all."""
    if sys.stderr.isatty():
        print(f"\r\033[K  {what}", end="", file=sys.stderr, flush=True)

"""Processes that a benchmark starts: on one core, in a group of their own, always killed; and their CPU time."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.result import Failed


@contextlib.contextmanager
def running(
    command: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path, core: int | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in the background, its output in a file; end it and all its children at the end.

    `core` keeps it on one core, so that server and load generator never take turns on the same one.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=prepared(core),
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()  # nginx's master then waits for its worker, which nobody would otherwise
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(3)
        kill(process)


def prepared(core: int | None) -> Callable[[], None]:
    """Return what a child calls before it starts: it ends when we do, even when we are killed, and stays on a core.

    PR_SET_PDEATHSIG: https://man7.org/linux/man-pages/man2/PR_SET_PDEATHSIG.2const.html
    """
    prctl = ctypes.CDLL(None).prctl

    def prepare() -> None:
        prctl(1, signal.SIGTERM)
        if core is not None:
            os.sched_setaffinity(0, {core})

    return prepare


def kill(process: "subprocess.Popen[bytes]") -> None:
    """End a process and its group at once, as a crash would."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def cpu_seconds(root: int) -> float:
    """Return the user and system time of a process and its living descendants so far, and of its dead children.

    From /proc/PID/stat, fields 14 to 17: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    """
    fields = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it ended meanwhile
                # The name, field 2, may hold spaces and brackets.
                fields[int(entry.name)] = (entry / "stat").read_text("utf-8").rpartition(")")[2].split()
    if root not in fields:
        raise Failed("a server ended while it was measured")
    family, grown = {root}, True
    while grown:
        children = {pid for pid, stat in fields.items() if int(stat[1]) in family}
        grown = not children <= family
        family |= children
    return sum(int(ticks) for pid in family for ticks in fields[pid][11:15]) / os.sysconf("SC_CLK_TCK")


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on at this moment, all different."""
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(socket.socket()) for _ in range(count)]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return [listener.getsockname()[1] for listener in listeners]


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path, limit_s: float = 20) -> None:
    """Return once somebody listens on the port; raise `Failed` with the end of the log when nobody does."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise Failed(f"{process.args!r} does not listen:\n{tail(log)}")


def tail(log: Path) -> str:
    """Return the end of what a process wrote."""
    return log.read_text("utf-8", "replace")[-2000:]

"""CPU per call of function_app.py in Microsoft's worker library, beside the smallest function app there can be.

In microseconds of `time.process_time`, one call after the other and 32 at a time. Ours does all its work and writes
each event to a capture file; the trivial app returns the same image with the same headers. Each runs in a process of
its own (benchmarks/worker_calls.py), in many short alternating rounds; the median round counts.

tests/worker.py plays the host, and both pay for it in the figures. It takes the place of the gRPC and protobuf that
both pay for on Azure; the notes have the figures without it, and so without either.
"""

import contextlib
import importlib.util
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from benchmarks.process import kill
from benchmarks.result import Bound, Failed, Result, Skipped
from benchmarks.surroundings import ROOT, environment, progress

TOGETHER = 32
ROUNDS = 40
LIMIT_S = 180
"""After so long both processes are killed, whatever they do."""

TRIVIAL = """
import logging

import azure.functions as func

for name in ("azure_functions_worker", "azure_functions_runtime", "azure.functions", "proxy_worker"):
    logging.getLogger(name).setLevel(logging.WARNING)

GIF = {gif!r}
HEADERS = {headers!r}
app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.function_name("pix")
@app.route("pix", methods=("GET", "HEAD", "OPTIONS"))
async def pix(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(GIF, status_code=200, headers=HEADERS)


@app.function_name("pix_gif")
@app.route("pix.gif", methods=("GET", "HEAD", "OPTIONS"))
async def pix_gif(req: func.HttpRequest) -> func.HttpResponse:
    return func.HttpResponse(GIF, status_code=200, headers=HEADERS)
"""

HOST = '{"version": "2.0", "extensions": {"http": {"routePrefix": ""}}}'


class Calls(msgspec.Struct, frozen=True):
    """CPU microseconds a call, one call after the other and 32 at a time; and of the harness alone in each.

    `log_lines` is how many INFO lines a call would send to the host: the real worker sets the root logger to INFO.
    """

    one: float
    together: float
    harness_one: float
    harness_together: float
    log_lines: float


def run() -> list[Result]:
    """Measure both apps in turn."""
    if not importlib.util.find_spec("azure_functions_runtime"):
        raise Skipped(
            "it needs azure-functions-runtime, Microsoft's worker as a library, which exists for Python 3.13 and later; "
            f"this is Python {platform.python_version()}"
        )
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixel-bench-")))
        ours = stack.enter_context(_worker(ROOT, folder / "capture"))
        trivial = stack.enter_context(_worker(_trivial_app(folder / "trivial"), folder / "unused"))
        rounds = []
        for number in range(ROUNDS):
            progress(f"round {number + 1} of {ROUNDS}")
            rounds.append((_round(ours), _round(trivial)))
    return [
        _result("call a function, one by one", rounds, "one"),
        _result(f"call a function, {TOGETHER} at a time", rounds, "together"),
    ]


def _result(name: str, rounds: list[tuple[Calls, Calls]], way: str) -> Result:
    ours, trivial = (statistics.median(getattr(pair[which], way) for pair in rounds) for which in (0, 1))
    harness = [statistics.median(getattr(pair[which], f"harness_{way}") for pair in rounds) for which in (0, 1)]
    alone = (ours - harness[0], trivial - harness[1])
    notes = [
        f"the harness is included; without its {harness[0]:.0f} and {harness[1]:.0f} us: {alone[0]:.0f} us beside "
        f"{alone[1]:.0f}, ratio {alone[0] / alone[1]:.2f}"
    ]
    if way == "one" and rounds[0][0].log_lines:
        notes.append(
            f"the worker's own INFO lines that our app lets through to the host: {rounds[0][0].log_lines:g} a call "
            f"(the trivial one {rounds[0][1].log_lines:g}); their cost on Azure is not in these figures"
        )
    return Result(
        name=name,
        unit="us",
        ours=ours,
        peer=trivial,
        peer_is="trivial app",
        ratio=ours / trivial,
        ratio_of="ours/trivial",
        promises=(Bound("ratio", 2),),
        aims=(Bound("ratio", 1.5),),
        notes=tuple(notes),
        details={
            "rounds": [msgspec.to_builtins(pair[0]) for pair in rounds],
            "trivial_rounds": [msgspec.to_builtins(pair[1]) for pair in rounds],
            "ratio_without_harness": alone[0] / alone[1],
        },
    )


def _trivial_app(folder: Path) -> Path:
    from pixel.collect.response import image

    response = image("accepted", cors=False)
    folder.mkdir()
    source = TRIVIAL.format(gif=response.body, headers=dict(response.headers))
    (folder / "function_app.py").write_text(source, "utf-8")
    (folder / "host.json").write_text(HOST, "utf-8")
    return folder


@contextlib.contextmanager
def _worker(app: Path, capture: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run an app in the worker library. An env of its own: the library reads app settings from it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.worker_calls", str(app)],
        cwd=ROOT,
        env=environment(PIXEL_CAPTURE_DIR=str(capture)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    watchdog = threading.Timer(LIMIT_S, kill, (process,))
    watchdog.start()
    try:
        yield process
    finally:
        watchdog.cancel()
        kill(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _round(process: "subprocess.Popen[bytes]") -> Calls:
    if process.stdin is None or process.stdout is None:
        raise Failed("the process has no pipes")
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(b"round\n")
        process.stdin.flush()
    line = process.stdout.readline()
    if not line:
        raise Failed(f"the worker ended with {process.wait(10)} instead of answering")
    return msgspec.json.decode(line, type=Calls)

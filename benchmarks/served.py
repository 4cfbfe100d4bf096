"""CPU per request of `python -m pixel serve`, beside nginx with `empty_gif` and a JSON log.

Three ways: capturing to a folder, delivering to an Event Hubs peer one event a message, and packed.

In microseconds of user and system time of all processes of a server, from /proc, per answered request. Rounds go
A B A B ..., all with the same load from wrk; the median round counts. Server and wrk each have a core of their own
where there are two. Afterwards ours is killed, and the events in its capture must be exactly those that its ledger
had accepted: answered means stored.

A round in which a server had its core less than 90 % busy is measured again: the load, not the server, was the
limit, and a server that waits reads fewer requests at once. Imprecise: both are measured at their limit, 32 requests
at a time, where ours writes several events at once; a pixel with little to do pays more for each. Requests in flight
when a round ends are served and not counted: 32 of some 50,000. /proc counts in ticks of 10 ms, 0.2 % of a round.
Two cores of a virtual machine may be one of the real one: then wrk, busier beside nginx, slows nginx more than ours.
"""

import contextlib
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from benchmarks import nginx, wrk
from benchmarks.hits import hits
from benchmarks.process import cpu_seconds, free_ports, kill, running, tail, wait_for
from benchmarks.result import Bound, Failed, Result, Skipped
from benchmarks.surroundings import ROOT, cores, environment, progress
from tests.eventhubs.peer import EventHubsPeer

HUB = "pixel"
ROUND_S = 5
WARM_UP_S = 4
BUSY = 0.9
TRIES = 3


class Round(msgspec.Struct, frozen=True):
    """What one round of load cost a server: CPU microseconds a request, requests a second, share of a core."""

    cpu_us: float
    per_s: float
    busy: float


class Stored(msgspec.Struct):
    """What is looked at of a captured event."""

    id: str
    seq: int


class Way(NamedTuple):
    """Where the pixel sends events in a benchmark, and what it promises beside nginx."""

    name: str
    packing: str | None
    """None: to a capture folder; else to an Event Hubs peer, with this `EVENT_HUB_PACKING`."""
    rounds: int
    promise: float
    aim: float


WAYS: Final = (
    Way("serve a hit, captured", None, 7, 0.18, 0.3),
    Way("serve a hit, delivered", "none", 5, 0.11, 0.2),
    Way("serve a hit, delivered packed", "ndjson", 5, 0.17, 0.3),
)


def run() -> list[Result]:
    """Measure both servers in turn, for each way."""
    nginx_program, wrk_program = nginx.find(), wrk.find()
    if not nginx_program or not wrk_program or not Path("/proc/self/stat").exists():
        raise Skipped("it needs Linux, nginx and wrk: apt-get install nginx-light wrk")
    return [_measure(way, nginx_program, wrk_program) for way in WAYS]


def _measure(way: Way, nginx_program: str, wrk_program: str) -> Result:
    usable = cores()
    server_core, load_core = (usable[0], usable[-1]) if len(usable) > 1 else (None, None)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixel-bench-")))
        script = folder / "hits.lua"
        wrk.write_script(script, hits())
        settings = {"PIXEL_CAPTURE_DIR": str(folder / "capture")}
        peer = None
        if way.packing is not None:
            peer = stack.enter_context(EventHubsPeer({HUB: 4}, retain=1000))
            settings |= {
                "EVENT_HUB": peer.connection_string,
                "EVENT_HUB_NAME": HUB,
                "EVENT_HUB_PACKING": way.packing,
                "PIXEL_STORE": str(folder / "store"),
            }
        ours_port, nginx_port = free_ports(2)
        ours = stack.enter_context(_serving(folder, ours_port, server_core, settings))
        theirs = stack.enter_context(nginx.serving(nginx_program, folder / "nginx", nginx_port, server_core))
        answered = 0

        def measure(process: "subprocess.Popen[bytes]", port: int, seconds: int, tries: int = TRIES) -> Round:
            nonlocal answered
            before = cpu_seconds(process.pid)
            count = wrk.load(wrk_program, script, port, seconds, load_core)
            taken = cpu_seconds(process.pid) - before
            if not count:
                raise Failed(f"no answer in {seconds} s")
            if process is ours:
                answered += count
            if taken / seconds < BUSY and tries > 1 and peer is None:  # who waits for a hub has time
                return measure(process, port, seconds, tries - 1)
            return Round(taken / count * 1e6, count / seconds, taken / seconds)

        measure(ours, ours_port, WARM_UP_S, 1)
        measure(theirs, nginx_port, WARM_UP_S, 1)
        ours_rounds, nginx_rounds = [], []
        for number in range(way.rounds):
            progress(f"{way.name}: round {number + 1} of {way.rounds}")
            ours_rounds.append(measure(ours, ours_port, ROUND_S))
            nginx_rounds.append(measure(theirs, nginx_port, ROUND_S))
        ledger = _settled_ledger(ours_port)
        in_flight = wrk.CONNECTIONS * (way.rounds * TRIES + 1)
        if ledger["rejected"] or ledger["failed"] or not answered <= ledger["accepted"] <= answered + in_flight:
            raise Failed(f"wrk got {answered} answers, the ledger says {ledger}")
        kill(ours)
        if peer is None:
            progress("reading the capture back")
            _check_captured(folder, ledger["accepted"])
            kept = f"killed, all {ledger['accepted']:,} accepted events were in the capture, none twice"
        else:
            events = peer.stats().events
            if way.packing == "none" and events != ledger["sent"]:
                raise Failed(f"{ledger['sent']} events were sent, the hub has {events}")
            kept = f"{ledger['sent']:,} events in {events:,} messages at the hub, {ledger['spilled']:,} spilled"

    ours_round, nginx_round = _median(ours_rounds), _median(nginx_rounds)
    # Of each pair, measured one after the other: the machine's speed drifts from minute to minute.
    ratio = statistics.median(
        theirs.cpu_us / ours.cpu_us for ours, theirs in zip(ours_rounds, nginx_rounds, strict=True)
    )
    return Result(
        name=way.name,
        unit="us",
        ours=ours_round.cpu_us,
        peer=nginx_round.cpu_us,
        peer_is="nginx",
        ratio=ratio,
        ratio_of="nginx/ours",
        promises=(Bound("ratio", way.promise, at_least=True),),
        aims=(Bound("ratio", way.aim, at_least=True),),
        notes=(
            f"{ours_round.per_s:,.0f} requests a second beside {nginx_round.per_s:,.0f} "
            f"(a core was {ours_round.busy:.0%} and {nginx_round.busy:.0%} busy); median of {way.rounds} rounds",
            kept,
        ),
        details={
            "rounds": msgspec.to_builtins(ours_rounds),
            "nginx_rounds": msgspec.to_builtins(nginx_rounds),
            "accepted": ledger["accepted"],
        },
    )


@contextlib.contextmanager
def _serving(
    folder: Path, port: int, core: int | None, settings: dict[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    log = folder / "serve.log"
    env = environment(PORT=str(port), **settings)
    command = (sys.executable, "-m", "pixel", "serve")
    with running(command, cwd=ROOT, env=env, log=log, core=core) as process:
        wait_for(port, process, log)
        yield process
        if process.poll() not in (None, -9):
            raise Failed(f"the server ended by itself:\n{tail(log)}")


def _median(rounds: list[Round]) -> Round:
    middle = statistics.median_low(each.cpu_us for each in rounds)
    return next(each for each in rounds if each.cpu_us == middle)


def _settled_ledger(port: int) -> dict[str, Any]:
    """Ask for the ledger until nothing is in flight; wrk leaves in the middle of requests."""
    for _ in range(50):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", "/status")
            ledger: dict[str, Any] = json.load(connection.getresponse())["ledger"]
        if not ledger["in_flight"]:
            return ledger
        time.sleep(0.1)
    raise Failed(f"hits are in flight though nobody asks: {ledger}")


def _check_captured(folder: Path, accepted: int) -> None:
    """Raise `Failed` unless the capture holds exactly what was accepted, each event once and without a gap."""
    events = folder / "events.ndjson"
    with events.open("wb") as output:
        done = subprocess.run(
            [sys.executable, "-m", "pixel", "read", str(folder / "capture")],
            cwd=ROOT,
            env=environment(),
            stdout=output,
            stderr=subprocess.PIPE,
            timeout=180,
            check=False,
        )
    decoder = msgspec.json.Decoder(Stored)
    count, numbers = 0, set()  # ids repeat: many hits bring an eventId, and wrk sends each hit often
    with events.open("rb") as lines:
        for line in lines:
            event = decoder.decode(line)
            count += 1
            numbers.add(event.seq)
    if done.returncode or count != accepted or numbers != set(range(accepted)):
        raise Failed(
            f"{accepted} events were accepted, {count} are in the capture ({len(numbers)} numbers); "
            f"read ended with {done.returncode}: {done.stderr.decode()[-1000:]}"
        )

"""`make soak`: answered means stored, under attack, for ten minutes.

First: 100,000 accepted events (`--events`) through random faults of the hub, with `kill -9` of the pixel's process every
few seconds and a new one in its place. Then: the hub is away for five minutes (`--away`) under load; all is spilled to
Azurite, two replayers at once bring it back, and `reconcile` compares the ledger with what was captured.

Everything is real but the hub: `python -m pixel serve`, the SDK over AMQP to tests/eventhubs, Azurite, the commands. The
exit code is 0 if no accepted event is missing, nothing was replayed twice, and memory stayed flat.
"""

import argparse
import asyncio
import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.process import free_ports, running, wait_for
from benchmarks.surroundings import ROOT, environment
from pixel.deliver.spill import read_lines, spilled_files
from pixel.store import open_store
from tests.blob_server import BlobServer
from tests.eventhubs.peer import EventHubsPeer

HUB: Final = "pixel"
CONTAINER: Final = "soak"
SENDERS: Final = 32
KILL_EVERY_S: Final = (2.0, 5.0)
FAULTS: Final = (
    {"action": "reject", "share": 0.02},
    {"action": "detach", "share": 0.01},
    {"action": "drop", "share": 0.01},
    {"action": "drop", "when": "after", "share": 0.01},
    {"action": "close", "share": 0.005},
    {"action": "stall", "share": 0.002},
    {"action": "stall", "when": "after", "share": 0.002},
    {"action": "delay", "ms": 1000, "share": 0.005},
    {"action": "delay", "ms": 5, "share": 0.5},
    {"on": "cbs", "description": "ExpiredToken: it is.", "share": 0.05},
    {"on": "attach", "share": 0.05},
)
FLAT_MB: Final = 40
"""What memory may grow by, from a tenth of the outage to its end."""


class Sent(msgspec.Struct):
    """What the senders were told: accepted ids, and all outcomes by number."""

    accepted: set[str]
    outcomes: Counter[str]


class Stored(msgspec.Struct):
    """What is looked at of an event."""

    id: str


def main() -> int:
    """Run both parts and print a table of each."""
    parser = argparse.ArgumentParser("python -m benchmarks.soak", description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=100_000, help="accepted under kills and faults")
    parser.add_argument("--away", type=float, default=300, metavar="SECONDS", help="how long the hub is away")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    chance = random.Random(asked.seed)
    with _together() as (peer, folder, settings):
        print(
            f"1. {asked.events:,} events, random faults, kill -9 every {KILL_EVERY_S[0]:g} to {KILL_EVERY_S[1]:g} s"
        )
        good = asyncio.run(_killed(peer, settings, folder, asked.events, chance))
    with _together() as (peer, folder, settings):
        print(f"\n2. the hub away for {asked.away:g} s, then two replayers, then reconcile")
        good = asyncio.run(_outage(peer, settings, folder, asked.away)) and good
    print("\n" + ("Answered meant stored." if good else "NOT KEPT: see above."))
    return 0 if good else 1


@contextlib.contextmanager
def _together() -> Iterator[tuple[EventHubsPeer, Path, dict[str, str]]]:
    """Start a hub that captures, an Azurite, and give the settings of a pixel between them."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pixel-soak-")))
        blobs = BlobServer()
        stack.callback(blobs.kill)
        capture = folder / "capture"
        peer = stack.enter_context(EventHubsPeer({HUB: 4}, capture=capture, capture_seconds=5))
        [port] = free_ports(1)
        yield (
            peer,
            folder,
            {
                "EVENT_HUB": peer.connection_string,
                "EVENT_HUB_NAME": HUB,
                "PIXEL_STORE": blobs.connection_string(),
                "PIXEL_STORE_CONTAINER": CONTAINER,
                "PORT": str(port),
            },
        )


@contextlib.contextmanager
def _serving(settings: dict[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    command = (sys.executable, "-m", "pixel", "serve")
    with running(command, cwd=ROOT, env=environment(**settings), log=log) as process:
        wait_for(int(settings["PORT"]), process, log)
        yield process


async def _killed(
    peer: EventHubsPeer, settings: dict[str, str], folder: Path, wanted: int, chance: random.Random
) -> bool:
    for fault in FAULTS:
        peer.fault(**fault, count=None)
    sent = Sent(set(), Counter())
    kills = 0
    began = time.monotonic()
    while len(sent.accepted) < wanted:
        with _serving(settings, folder / f"serve-{kills}.log") as process:
            async with _senders(int(settings["PORT"]), sent, f"k{kills}", wanted):
                await asyncio.sleep(chance.uniform(*KILL_EVERY_S))
                process.send_signal(signal.SIGKILL)
        kills += 1
        _tell(f"{len(sent.accepted):,} accepted, {kills} kills")
    took_s = time.monotonic() - began
    faults = peer.stats().faults
    peer.heal()
    in_hub = Counter(msgspec.json.decode(event.body, type=Stored).id for event in peer.events(HUB))
    spilled = await _spilled(settings)
    missing = sent.accepted - in_hub.keys() - spilled.keys()
    twice = sum(count - 1 for count in in_hub.values())
    _table(
        {
            "accepted": f"{len(sent.accepted):,} in {took_s:.0f} s",
            "outcomes": ", ".join(f"{name} {count:,}" for name, count in sent.outcomes.most_common()),
            "kills": kills,
            "faults": ", ".join(f"{name} {count:,}" for name, count in sorted(faults.items())),
            "in the hub": f"{len(in_hub):,}, of which {twice:,} came twice under one id",
            "in the spill": f"{len(spilled):,}, of which {len(spilled.keys() & in_hub.keys()):,} also in the hub",
            "accepted and in neither": len(missing),
        }
    )
    return not missing


async def _outage(peer: EventHubsPeer, settings: dict[str, str], folder: Path, away_s: float) -> bool:
    sent = Sent(set(), Counter())
    memory_mb: list[float] = []
    with _serving(settings, folder / "serve.log") as process:
        async with _senders(int(settings["PORT"]), sent, "o", sys.maxsize, pause_s=0.05):
            await asyncio.sleep(5)
            peer.go_away()
            ends = time.monotonic() + away_s
            while time.monotonic() < ends:
                await asyncio.sleep(min(5, away_s / 20))
                memory_mb.append(_memory_mb(process.pid))
                _tell(f"{len(sent.accepted):,} accepted, {memory_mb[-1]:.0f} MB")
            peer.come_back()
            await asyncio.sleep(5)
        spilled = await _spilled(settings)
        already = Counter(msgspec.json.decode(event.body, type=Stored).id for event in peer.events(HUB))
    # The pixel is gone, or it would replay by itself. Files that may still grow are left for later: wait until none may.
    await asyncio.sleep(125)
    before = await _spilled(settings)
    replays = await asyncio.gather(*(_command(settings, "replay") for _ in range(2)))
    peer.flush_capture()
    in_hub = Counter(msgspec.json.decode(event.body, type=Stored).id for event in peer.events(HUB))
    left = await _spilled(settings)
    missing = sent.accepted - in_hub.keys()
    replayed_twice = {id_ for id_ in spilled if in_hub[id_] - already[id_] > 1}
    verdict = await _command(settings, "reconcile", "--capture", str(folder / "capture"))
    flat = memory_mb[-1] - memory_mb[len(memory_mb) // 10]
    _table(
        {
            "accepted": f"{len(sent.accepted):,}",
            "outcomes": ", ".join(f"{name} {count:,}" for name, count in sent.outcomes.most_common()),
            "spilled": f"{len(spilled):,}",
            "left for two replayers": f"{len(before):,}",
            "replayers ended with": [code for code, _ in replays],
            "replayed twice": len(replayed_twice),
            "left in the spill": len(left),
            "accepted and not in the hub": len(missing),
            "memory": f"{memory_mb[0]:.0f} MB, at most {max(memory_mb):.0f} MB, {memory_mb[-1]:.0f} MB at the end",
            "reconcile ended with": verdict[0],
        }
    )
    print("\n".join(f"   {line}" for line in verdict[1].splitlines()))
    return bool(before) and not missing and not left and not replayed_twice and not verdict[0] and flat < FLAT_MB


@contextlib.asynccontextmanager
async def _senders(port: int, sent: Sent, mark: str, wanted: int, pause_s: float = 0) -> AsyncIterator[None]:
    """Send hits over `SENDERS` connections while the block runs; who is cut off has no outcome."""
    numbers = iter(range(sys.maxsize))

    async def sender() -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, IndexError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            with contextlib.closing(writer):
                while len(sent.accepted) < wanted:
                    id_ = f"{mark}-{next(numbers)}"
                    target = f"/pix?eventId={id_}&customerId=c{hash(id_) % 1000}&activity=soak&product=p1"
                    writer.write(f"GET {target} HTTP/1.1\r\nHost: soak\r\nUser-Agent: soak\r\n\r\n".encode())
                    head = await reader.readuntil(b"\r\n\r\n")
                    await reader.readexactly(43)
                    outcome = head.split(b"x-pixel-outcome: ")[1].split(b"\r\n")[0].decode()
                    sent.outcomes[outcome] += 1
                    if outcome == "accepted":
                        sent.accepted.add(id_)
                    if pause_s:
                        await asyncio.sleep(pause_s)

    tasks = [asyncio.create_task(sender()) for _ in range(SENDERS)]
    try:
        yield
    finally:
        if pause_s:  # nobody is killed here: let each come to its end, so that all outcomes are known
            wanted = 0
        await asyncio.wait(tasks, timeout=10)
        for task in tasks:
            task.cancel()


async def _spilled(settings: dict[str, str]) -> Counter[str]:
    store = open_store(settings["PIXEL_STORE"], CONTAINER)
    try:
        return Counter(
            [
                msgspec.json.decode(line.body, type=Stored).id
                for file in await spilled_files(store)
                async for line in read_lines(store, file)
                if line.problem is None
            ]
        )
    finally:
        await store.close()


async def _command(settings: dict[str, str], *arguments: str) -> tuple[int | None, str]:
    """Run a command of the pixel; return its exit code and all it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pixel", *arguments),
        cwd=ROOT,
        env=environment(**settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode, said.decode()


def _memory_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text("ascii").split()[1])
    return pages * 4096 / (1 << 20)


def _table(rows: dict[str, object]) -> None:
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    for name, value in rows.items():
        print(f"   {name:28} {value}")


def _tell(what: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K   {what}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())

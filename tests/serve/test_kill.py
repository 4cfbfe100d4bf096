"""Answered means stored: `kill -9` at any moment loses no event that was answered `accepted`."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from pixel import capture
from tests.serving import Served, command, serving

CLIENTS = 32
KILL_AFTER = (1, 2, 31, 64, 150, 333, 700, 1200, 1800, 2500)
"""Answers that have come when the process is killed, a round each; the other clients' hits are then in flight."""


@pytest.fixture(scope="module")
def rounds(tmp_path_factory):
    """Kill ten times over one folder; give the folder and what was answered and read back after each."""
    folder = tmp_path_factory.mktemp("killed")
    accepted: list[str] = []
    results = []
    for number, answers in enumerate(KILL_AFTER):
        with serving(folder) as served:
            now = asyncio.run(storm(served, f"k{number}", answers, served.process.kill))
            assert served.process.wait(10) == -9
        accepted += now
        results.append((now, list(accepted), read(folder)))
    return folder, results


def test_every_hit_answered_accepted_before_a_kill_is_read_back(rounds):
    _, results = rounds
    for answers, (now, accepted, (events, _)) in zip(KILL_AFTER, results, strict=True):
        assert len(now) >= answers
        missing = set(accepted) - {event["id"] for event in events}
        assert not missing, f"{len(missing)} of {len(accepted)} accepted events are lost"


def test_no_event_is_there_twice_after_ten_kills(rounds):
    _, results = rounds
    events, _ = results[-1][-1]
    assert len({event["id"] for event in events}) == len(events)
    assert len({(event["instance"], event["boot"], event["seq"]) for event in events}) == len(events)
    assert len({event["boot"] for event in events}) == len(KILL_AFTER)


def test_the_numbers_in_capture_go_on_across_kills_without_a_gap(rounds):
    folder, _ = rounds
    assert sequences(folder) == {"0": list(range(len(sequences(folder)["0"])))}


def test_within_a_boot_no_number_of_a_stored_event_is_left_out(rounds):
    # A gap in `seq` says that an event was lost; a kill that loses none must not look as if it had.
    _, results = rounds
    by_boot: dict[str, list[int]] = {}
    for event in results[-1][-1][0]:
        by_boot.setdefault(event["boot"], []).append(event["seq"])
    for numbers in by_boot.values():
        assert numbers == list(range(len(numbers)))


def test_a_polite_stop_under_load_ends_soon_and_loses_nothing(tmp_path):
    with serving(tmp_path) as served:
        accepted = asyncio.run(storm(served, "stopped", 500, served.process.terminate))
        served.process.wait(10)
        assert "Traceback" not in served.said()
    ids = [event["id"] for event in read(tmp_path)[0]]
    assert set(accepted) <= set(ids)
    assert len(ids) == len(set(ids))


def test_a_torn_tail_is_told_then_cut_and_costs_only_itself(tmp_path):
    with serving(tmp_path) as served:
        for number in range(5):
            assert served.get(f"/pix?eventId=before-{number}")[1]["x-pixel-outcome"] == "accepted"
        served.process.kill()
        served.process.wait()
    [path] = capture.files(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])  # as a power cut leaves it
    events, told = read(tmp_path)
    assert [event["id"] for event in events] == [f"before-{number}" for number in range(4)]
    assert "torn tail" in told
    with serving(tmp_path) as served:
        assert served.get("/pix?eventId=after")[1]["x-pixel-outcome"] == "accepted"
    events, told = read(tmp_path)
    assert [event["id"] for event in events] == [*(f"before-{number}" for number in range(4)), "after"]
    assert not told
    assert sequences(tmp_path) == {"0": [0, 1, 2, 3, 4]}


def read(folder: Path) -> tuple[list[dict], str]:
    """Answer the events that `python -m pixel read` prints, and what it tells beside."""
    done = command("read", str(folder))
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def sequences(folder: Path) -> dict[str, list[int]]:
    """Answer the sequence numbers by partition, in the order of the files."""
    numbers: dict[str, list[int]] = {}
    for path in capture.files(folder):
        partition = path.relative_to(folder).parts[2]
        with path.open("rb") as file:
            numbers.setdefault(partition, []).extend(record.sequence for record in capture.records(file))
    return numbers


async def storm(served: Served, prefix: str, answers: int, end: Callable[[], None]) -> list[str]:
    """Fire from all clients at once, end the process once `answers` came; return the ids answered `accepted`."""
    accepted: list[str] = []

    async def client(name: str) -> None:
        writer = None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            for number in range(1_000_000):
                event_id = f"{name}-{number}"
                hit = f"GET /pix?customerId=123&activity=purchase&eventId={event_id} HTTP/1.1\r\nHost: pixel\r\n\r\n"
                writer.write(hit.encode())
                head = await reader.readuntil(b"\r\n\r\n")
                if b"x-pixel-outcome: accepted\r\n" in head.lower():
                    accepted.append(event_id)
                    if len(accepted) == answers:
                        end()
                await reader.readexactly(43)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the process has ended
        finally:
            if writer is not None:
                writer.close()

    async with asyncio.timeout(20):
        await asyncio.gather(*(client(f"{prefix}-{number}") for number in range(CLIENTS)))
    return accepted

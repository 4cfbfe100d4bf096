"""Spilled means stored: to a folder and to a real Blob service, also when either is killed in between."""

import asyncio
import json
import subprocess
import sys

import pytest

from pixel.deliver import spill as spills
from pixel.deliver.spill import Spill, read_lines, spilled_files
from pixel.event import encode
from pixel.store import Full, StoreError
from tests.blob_server import blob_server
from tests.events import an_event
from tests.front_door import ROOT, clean_environment
from tests.stores import opened, with_store

START = 1_795_248_245.0  # 2026-11-21T08:04:05Z


class MemoryStore:
    """Appends take until `go` is set, and then do what `faults` says: raise it, or work when it is None."""

    def __init__(self, *faults):
        self.appended = []
        self.faults = list(faults)
        self.go = asyncio.Event()
        self.go.set()

    async def append(self, name, data):
        await self.go.wait()
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        self.appended.append((name, data))


def body(number, **fields):
    return encode(an_event(id=str(number), **fields))


async def lines_of(store):
    return [line for file in await spilled_files(store) async for line in read_lines(store, file)]


def ids(lines):
    return [json.loads(line.body)["id"] for line in lines if line.problem is None]


def test_what_is_spilled_is_read_back_as_it_was(where):
    large = body("large", params={"text": "ö" * 1_500_000})  # 3 MB: no batch takes it

    async def use(store):
        spill = Spill(store, "web1", lambda: START)
        await spill.spill([body(0), body(1)], "throttled")
        await spill.spill([large], spills.TOO_LARGE)
        await spill.spill([], "throttled")
        files = await spilled_files(store)
        return spill.spilled, files, [line.body for line in await lines_of(store)]

    counted, files, bodies = with_store(where[0], use, where[1])
    assert sorted(bodies, key=len) == [body(0), body(1), large]
    assert (counted.events, counted.bytes, counted.oldest) == (3, sum(len(each) + 1 for each in bodies), START)
    assert {file.reason: file.size for file in files} == {
        "throttled": 2 * len(body(0)) + 2,
        "too_large": len(large) + 1,
    }
    for file in files:
        assert file.name.startswith("spill/2026-11-21/08/web1-")
        assert file.name.endswith(f"-04.{file.reason}.ndjson")
        assert file.minute == START - 5


def test_files_come_oldest_first_whoever_wrote_them(where):
    now = [0.0]

    async def use(store):
        for number, (instance, at) in enumerate([("b", 3600), ("a", 7200), ("z", 0), ("a b/../c", 60), ("", 86400)]):
            now[0] = START + at
            await Spill(store, instance, lambda: now[0]).spill([body(number)], "away")
        await store.append("spill/2026-11-21/08/notes.txt", b"somebody's own")
        return await lines_of(store)

    assert ids(with_store(where[0], use, where[1])) == ["2", "3", "0", "1", "4"]


def test_whatever_the_reason_and_the_instance_are_called_the_file_is_found(tmp_path):
    async def use(store):
        for number, (instance, reason) in enumerate(
            [("../x", "server-busy"), ("ä.ndjson", "Detached: Link"), ("1-05.x", "a.b/7")]
        ):
            await Spill(store, instance).spill([body(number)], reason)
        return [file.reason for file in await spilled_files(store)], ids(await lines_of(store))

    reasons, found = with_store(str(tmp_path), use)
    assert set(reasons) == {"server_busy", "detached__link", "a_b_7"}
    assert set(found) == {"0", "1", "2"}


def test_who_comes_during_an_append_shares_the_next():
    async def run():
        store = MemoryStore()
        store.go.clear()
        spill = Spill(store, "web1")
        first = asyncio.create_task(spill.spill([b"0"], "away"))
        await asyncio.sleep(0)
        others = [asyncio.create_task(spill.spill([b"%d" % number], "away")) for number in range(1, 50)]
        await asyncio.sleep(0)
        store.go.set()
        await asyncio.gather(first, *others)
        return [data.split() for _, data in store.appended]

    assert asyncio.run(run()) == [[b"0"], [b"%d" % number for number in range(1, 50)]]


def test_each_reason_has_its_own_append():
    async def run():
        store = MemoryStore()
        spill = Spill(store, "web1", lambda: START)
        await asyncio.gather(*(spill.spill([reason.encode()], reason) for reason in ("a", "b", "a", "too_large")))
        return [(name.rpartition("-04.")[2], data) for name, data in store.appended]

    assert asyncio.run(run()) == [
        ("a.ndjson", b"a\na\n"),
        ("b.ndjson", b"b\n"),
        ("too_large.ndjson", b"too_large\n"),
    ]


def test_who_gives_up_takes_nobody_along():
    async def run():
        store = MemoryStore()
        store.go.clear()
        spill = Spill(store, "web1")
        tasks = [asyncio.create_task(spill.spill([b"%d" % number], "away")) for number in range(4)]
        await asyncio.sleep(0)
        tasks[2].cancel()
        await asyncio.sleep(0)
        store.go.set()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        await spill.spill([b"5"], "away")
        return [type(each).__name__ for each in done], b"".join(data for _, data in store.appended), spill

    done, data, spill = asyncio.run(run())
    assert done == ["NoneType", "NoneType", "CancelledError", "NoneType"]
    assert b"3\n" in data
    assert data.endswith(b"5\n")
    assert spill.waiting_bytes == 0


def test_a_store_that_is_too_slow_is_told_at_once():
    async def run():
        store = MemoryStore()
        store.go.clear()
        spill = Spill(store, "web1")
        megabyte = b"x" * (1 << 20)
        tasks = [asyncio.create_task(spill.spill([megabyte], "away")) for _ in range(40)]
        await asyncio.sleep(0)
        refused = [task for task in tasks if task.done()]
        assert all("too slow" in str(task.exception()) for task in refused)
        store.go.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await spill.spill([b"after"], "away")
        return len(refused), spill.spilled.events, spill.waiting_bytes

    assert asyncio.run(run()) == (37, 4, 0)


def test_a_failure_is_told_to_all_who_wait_and_the_next_goes_to_a_new_file():
    async def run():
        store = MemoryStore(None, StoreError("It failed."))
        spill = Spill(store, "web1", lambda: START)
        await spill.spill([b"0"], "away")
        failed = await asyncio.gather(*(spill.spill([b"1"], "away") for _ in range(3)), return_exceptions=True)
        problem = spill.problem
        await spill.spill([b"2"], "away")
        return failed, problem, spill.problem, [(name[-9:], data) for name, data in store.appended]

    failed, problem, after, appended = asyncio.run(run())
    assert [str(each) for each in failed] == ["It failed."] * 3
    assert (problem, after) == ("It failed.", None)
    assert appended == [("ay.ndjson", b"0\n"), (".1.ndjson", b"2\n")]


def test_a_full_file_is_left_for_a_new_one():
    async def run():
        store = MemoryStore(Full("50,000 blocks"))
        await Spill(store, "web1").spill([b"0"], "away")
        return store.appended

    [(name, data)] = asyncio.run(run())
    assert name.endswith(".away.1.ndjson")
    assert data == b"0\n"


def test_a_fault_that_no_store_should_raise_leaves_nobody_waiting():
    async def run():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda *_: None)
        spill = Spill(MemoryStore(ZeroDivisionError("a bug")), "web1")
        failed = await asyncio.gather(*(spill.spill([b"0"], "away") for _ in range(3)), return_exceptions=True)
        await spill.spill([b"1"], "away")
        return [type(each) for each in failed]

    assert asyncio.run(run()) == [StoreError] * 3


@pytest.mark.parametrize(
    ("tail", "problems"),
    [
        (b"", [None, None]),
        (b'{"schema":1,"id":"t', [None, None, "torn"]),
        (body(7), [None, None, "torn"]),
        (b"not json\n", [None, None, "poison"]),
        (b"\n", [None, None, "poison"]),
        (b"[]\n{}\n" + body(7) + b"\n", [None, None, "poison", "poison", None]),
        (b"\xff\xfe\n\0\0\0", [None, None, "poison", "torn"]),
        (b"[" * 100_000 + b"\n", [None, None, "poison"]),
    ],
)
@pytest.mark.parametrize("read_bytes", [1, 10, 1 << 20])
def test_a_torn_last_line_is_told_from_poison(tmp_path, monkeypatch, tail, problems, read_bytes):
    monkeypatch.setattr(spills, "_READ_BYTES", max(read_bytes, len(tail) // 10))

    async def use(store):
        await Spill(store, "web1").spill([body(0), body(1)], "away")
        [file] = await spilled_files(store)
        if tail:
            await store.append(file.name, tail)
        return await lines_of(store)

    lines = with_store(str(tmp_path), use)
    assert [line.problem for line in lines] == problems
    assert [line.number for line in lines] == list(range(1, len(problems) + 1))
    assert b"\n".join(line.body for line in lines) == b"\n".join([body(0), body(1), tail]).removesuffix(b"\n")


def test_a_file_is_read_as_it_was_listed_and_what_came_in_since_is_not_deleted(where):
    async def use(store):
        spill = Spill(store, "web1", lambda: START)
        await spill.spill([body(0)], "away")
        [file] = await spilled_files(store)
        await spill.spill([body(1)], "away")
        read = [line async for line in read_lines(store, file)]
        return ids(read), await store.delete(file.name, file.size), ids(await lines_of(store))

    assert with_store(where[0], use, where[1]) == (["0"], False, ["0", "1"])


SPILLERS = """
import asyncio, sys
from pixel.deliver.spill import Spill
from pixel.event import encode
from pixel.store import open_store
from tests.events import an_event
async def main():
    spill = Spill(open_store(sys.argv[1], sys.argv[2]), "web1")
    async def spiller(name):
        for number in range(1_000_000):
            each = f"{name}-{number}"
            await spill.spill([encode(an_event(id=each, params={"x": "y" * 500}))], "away")
            print(each, flush=True)
    await asyncio.gather(*(spiller(f"{sys.argv[3]}-{number}") for number in range(32)))
asyncio.run(main())
"""


def test_32_spillers_killed_in_between_lose_nothing_that_was_said_to_be_safe(where):
    safe = []
    for boot, kill_after in enumerate((1, 100, 700)):
        with subprocess.Popen(
            [sys.executable, "-c", SPILLERS, *where, str(boot)],
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(),
            cwd=ROOT,
        ) as process:
            safe += [process.stdout.readline().strip() for _ in range(kill_after)]
            process.kill()
            *whole, _ = process.stdout.read().split("\n")
            safe += whole
    lines = with_store(where[0], lines_of, where[1])
    stored = ids(lines)
    assert set(safe) <= set(stored)
    assert len(stored) == len(set(stored))
    assert {line.problem for line in lines} <= {None, "torn"}


def test_a_service_killed_while_32_spill_fails_them_all_and_takes_them_again(monkeypatch):
    monkeypatch.setattr("pixel.store_service.WITHIN_S", 0.5)

    async def run(server):
        async with opened(server.connection_string()) as store:
            spill = Spill(store, "web1")
            safe, failed, killed = [], [], asyncio.Event()

            async def spiller(name):
                for number in range(1_000):
                    each = f"{name}-{number}"
                    try:
                        await spill.spill([body(each)], "away")
                    except StoreError as fault:
                        failed.append(str(fault))
                        return
                    safe.append(each)
                    if len(safe) == 100:
                        killed.set()

            spillers = [asyncio.create_task(spiller(name)) for name in range(32)]
            await killed.wait()
            server.kill()
            await asyncio.gather(*spillers)
            assert spill.spilled.events == len(safe)
            server.start()
            await spill.spill([body("after")], "away")
            return failed, ids(await lines_of(store)), spill.problem

    with blob_server() as server:
        failed, stored, problem = asyncio.run(run(server))
    assert len(failed) == 32
    assert {fault[:37] for fault in failed} == {"The Blob store cannot be reached (Ser"}
    assert stored == ["after"]
    assert problem is None

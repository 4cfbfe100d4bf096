"""What was spilled arrives, in order and unchanged, whatever fails in between; and nothing is sent by two."""

import asyncio
import json
import random
import subprocess
import sys

import pytest

from pixel.deliver import replay as replaying
from pixel.deliver.replay import STEP_EVENTS, YOUNG_S, Undelivered, replay
from pixel.deliver.spill import TOO_LARGE, Spill, spilled_files
from pixel.event import encode
from pixel.store import StoreError
from tests.events import an_event
from tests.front_door import ROOT, clean_environment
from tests.stores import opened, run, with_store

START = 1_795_248_240.0  # 2026-11-21T08:04:00Z
LATER = START + 3600
NAME = "spill/2026-11-21/08/web1-5d2c9e71-04.away.ndjson"


class Hub:
    """Takes events of up to `most` bytes; each delivery does first what `faults` says: raise it, or nothing."""

    def __init__(self, *faults, most=1000):
        self.bodies = []
        self.faults = list(faults)
        self.most = most

    async def deliver(self, bodies):
        await asyncio.sleep(0)
        fault = self.faults.pop(0) if self.faults else None
        if fault is not None:
            raise fault
        if any(len(body) > self.most for body in bodies):
            raise Undelivered("too_large", too_large=True)
        self.bodies += bodies

    @property
    def ids(self):
        return [json.loads(body)["id"] for body in self.bodies]


class Around:
    """A store of which a test replaces a verb."""

    def __init__(self, store, **verbs):
        self._store = store
        self._verbs = verbs

    def __getattr__(self, name):
        return self._verbs.get(name) or getattr(self._store, name)


def in_folder(tmp_path, use):
    return with_store(str(tmp_path), use)


def body(number, **fields):
    return encode(an_event(id=str(number), **fields))


def lines(count, first=0):
    return b"".join(body(number) + b"\n" for number in range(first, first + count))


def later():
    return LATER


def numbers(count):
    return list(map(str, range(count)))


async def names(store):
    """All that a replay left, but for what it says of itself."""
    return [entry.name for entry in await store.names() if entry.name != "replay/last.json"]


async def set_aside(store):
    found = [await store.read(entry.name) for entry in await store.names("poison/")]
    return [json.loads(line) for line in b"".join(found).splitlines()]


def test_what_was_spilled_arrives_oldest_first_and_unchanged_and_is_gone(where):
    hub = Hub()

    async def use(store):
        spilled = []
        for minute in (2, 0, 5, 1):
            spill = Spill(store, "web1", lambda minute=minute: START + 60 * minute)
            bodies = [body(f"{minute}-{number}", customer_id="Zoë") for number in range(3)]
            await spill.spill(bodies, "throttled")
            spilled.append(bodies)
        told = await replay(store, hub, clock=later)
        return told, await names(store), [each for index in (1, 3, 0, 2) for each in spilled[index]]

    told, left, spilled = run(where, use)
    assert hub.bodies == spilled
    assert (told.files, told.events, told.left, told.problem) == (4, 12, 0, None)
    assert left == []


def test_an_empty_store_has_nothing_to_replay(where):
    told = run(where, lambda store: replay(store, Hub(), clock=later))
    assert told == replaying.Replayed()


def test_a_file_that_may_still_grow_is_left(tmp_path):
    async def use(store):
        await store.append(NAME, lines(2))
        hub = Hub()
        young = await replay(store, hub, clock=lambda: START + YOUNG_S - 1)
        assert (young.left, young.young, hub.ids) == (1, 1, [])
        old = await replay(store, hub, clock=lambda: START + YOUNG_S)
        assert (old.left, old.young, hub.ids) == (0, 0, ["0", "1"])

    in_folder(tmp_path, use)


LARGE = body("large", params={"text": "x" * 2000})


@pytest.mark.parametrize(
    ("content", "sent", "aside", "torn"),
    [
        (b"", [], [], 0),
        (lines(2) + b'{"half', ["0", "1"], [], 1),
        (b'{"half', [], [], 1),
        (lines(1) + b"nonsense\n" + lines(1, 1), ["0", "1"], [(2, "no_event", "nonsense")], 0),
        (b"\n" + lines(1), ["0"], [(1, "no_event", "")], 0),
        (b"[]\n" + lines(1) + b"{}\n{", ["0"], [(1, "no_event", "[]"), (3, "no_event", "{}")], 1),
        (lines(5) + LARGE + b"\n" + lines(2, 5), numbers(7), [(6, "too_large", LARGE.decode())], 0),
        (LARGE + b"\n", [], [(1, "too_large", LARGE.decode())], 0),
        (LARGE + b"\n1\n", [], [(1, "too_large", LARGE.decode()), (2, "no_event", "1")], 0),
    ],
)
def test_what_cannot_be_sent_is_set_aside_with_its_reason_and_blocks_nothing(where, content, sent, aside, torn):
    hub = Hub()

    async def use(store):
        await store.write(NAME, content)
        told = await replay(store, hub, clock=later)
        return told, await set_aside(store), await spilled_files(store)

    told, found, left = run(where, use)
    assert hub.ids == sent
    assert [(each["line"], each["reason"], each["body"]) for each in found] == aside
    assert {each["file"] for each in found} <= {NAME}
    assert (told.files, told.events, told.set_aside, told.torn, told.left) == (1, len(sent), len(aside), torn, 0)
    assert left == []


def test_bytes_that_are_no_text_are_set_aside_whole(tmp_path):
    async def use(store):
        await store.append(NAME, b"\xff\xfe\n")
        await replay(store, Hub(), clock=later)
        return await set_aside(store)

    (line,) = in_folder(tmp_path, use)
    assert line == {"file": NAME, "line": 1, "reason": "no_event", "body_base64": "//4="}


def test_beside_an_event_that_was_spilled_as_too_large_none_is_sent_in_vain(tmp_path):
    calls = []

    class Counting(Hub):
        async def deliver(self, bodies):
            calls.append(len(bodies))
            await super().deliver(bodies)

    async def use(store):
        await store.append(NAME.replace("away", TOO_LARGE), lines(1) + LARGE + b"\n" + lines(1, 1))
        return await replay(store, Counting(), clock=later)

    assert in_folder(tmp_path, use).set_aside == 1
    assert calls == [1, 1, 1]


def test_a_hub_that_refuses_ends_it_and_the_next_goes_on_behind_the_last_step(where):
    hub = Hub(None, None, Undelivered("throttled"))
    count = 4 * STEP_EVENTS

    async def use(store):
        await store.append(NAME, lines(count))
        await store.append(NAME.replace("-04.", "-05."), lines(1, count))
        first = await replay(store, hub, clock=later)
        assert (first.files, first.events, first.left, first.problem) == (0, 2 * STEP_EVENTS, 2, "throttled")
        second = await replay(store, hub, clock=later)
        assert (second.files, second.events, second.left, second.problem) == (2, 2 * STEP_EVENTS + 1, 0, None)
        return await names(store)

    assert run(where, use) == []
    assert hub.ids == numbers(count + 1)


def test_nothing_is_set_aside_while_the_hub_refuses(tmp_path):
    async def use(store):
        await store.append(NAME, lines(1) + b"nonsense\n")
        for _ in range(3):
            await replay(store, Hub(Undelivered("away")), clock=later)
        assert await set_aside(store) == []
        await replay(store, Hub(), clock=later)
        return await set_aside(store)

    assert len(in_folder(tmp_path, use)) == 1


def test_a_sender_that_fails_at_random_gets_everything_in_the_end(tmp_path):
    chance = random.Random(4)
    sent = []

    class Flaky:
        async def deliver(self, bodies):
            stored = chance.random()
            sent.extend(bodies[: int(stored * 1.5 * len(bodies))])
            if stored < 0.67:
                raise Undelivered("connection_lost")

    async def use(store):
        for minute in range(5):
            name = NAME.replace("-04.", f"-0{minute}.")
            await store.append(name, lines(3 * STEP_EVENTS, minute * 3 * STEP_EVENTS))
        for _ in range(200):
            if not (await replay(store, Flaky(), clock=later)).left:
                return await names(store)
        return None

    assert in_folder(tmp_path, use) == []
    assert set(sent) == set(lines(15 * STEP_EVENTS).splitlines())


def test_two_replayers_at_once_send_nothing_twice(where):
    hub = Hub()

    async def use(store):
        count = STEP_EVENTS + 10
        for minute in range(6):
            await store.append(NAME.replace("-04.", f"-0{minute}."), lines(count, minute * count))
        async with opened(*where) as other:
            both = await asyncio.gather(*(replay(each, hub, clock=later) for each in (store, other)))
        rest = await replay(store, hub, clock=later)
        return count, [*both, rest], await names(store)

    count, told, left = run(where, use)
    assert sorted(map(int, hub.ids)) == list(range(6 * count))
    assert sum(each.files for each in told) == 6
    assert sum(each.events for each in told) == 6 * count
    assert left == []


def test_who_lost_the_lease_takes_no_further_step(tmp_path):
    hub = Hub()

    class Lease:
        async def __aenter__(self):
            return self

        async def __aexit__(self, *_):
            pass

        def is_held(self):
            return len(hub.bodies) < STEP_EVENTS

    async def use(store):
        await store.append(NAME, lines(3 * STEP_EVENTS))
        told = await replay(Around(store, lease=lambda _: Lease()), hub, clock=later)
        return told, await names(store)

    told, left = in_folder(tmp_path, use)
    assert len(hub.bodies) == STEP_EVENTS
    assert "lease" in told.problem
    assert (told.left, left) == (1, [NAME])


def test_of_a_file_that_grew_meanwhile_only_the_rest_is_sent_next_time(where):
    hub = Hub()

    async def use(store):
        await store.append(NAME, lines(3))
        listed = await store.names("spill/")
        await store.append(NAME, lines(2, 3))

        async def as_it_was(_):
            return listed

        told = await replay(Around(store, names=as_it_was), hub, clock=later)
        assert (told.files, told.events, told.left) == (0, 3, 1)
        told = await replay(store, hub, clock=later)
        assert (told.files, told.events, told.left) == (1, 2, 0)
        return await names(store)

    assert run(where, use) == []
    assert hub.ids == numbers(5)


def test_a_file_that_cannot_be_read_does_not_block_the_rest(tmp_path):
    hub = Hub()

    async def use(store):
        for minute in (3, 4):
            await store.append(NAME.replace("-04.", f"-0{minute}."), lines(1, minute))

        async def read(name, *rest):
            if name.startswith("spill/") and "-03." in name:
                raise StoreError("The disk is at fault.")
            return await store.read(name, *rest)

        return await replay(Around(store, read=read), hub, clock=later)

    told = in_folder(tmp_path, use)
    assert hub.ids == ["4"]
    assert (told.files, told.left, told.problem) == (1, 1, "The disk is at fault.")


def test_a_store_that_answers_no_more_ends_it(tmp_path):
    asked = []

    async def use(store):
        for minute in (3, 4, 5):
            await store.append(NAME.replace("-04.", f"-0{minute}."), lines(1, minute))

        async def names(prefix):
            if asked:
                raise StoreError("No answer.")
            return await store.names(prefix)

        async def read(name, *_):
            asked.append(name)
            raise StoreError("No answer.")

        return await replay(Around(store, read=read, names=names), Hub(), clock=later)

    told = in_folder(tmp_path, use)
    assert (told.left, told.problem, len(asked)) == (3, "No answer.", 1)


def test_a_file_that_another_has_just_sent_on_is_not_left(tmp_path):
    hub = Hub()

    async def use(store):
        await store.append(NAME, lines(1))
        listed = await store.names("spill/")
        await store.delete(NAME)

        async def as_it_was(_):
            return listed

        return await replay(Around(store, names=as_it_was), hub, clock=later)

    assert in_folder(tmp_path, use) == replaying.Replayed()


def test_progress_ends_at_the_whole(tmp_path):
    seen = []

    async def use(store):
        await store.append(NAME, lines(2 * STEP_EVENTS + 1))
        await store.append(NAME.replace("-04.", "-05."), lines(1) + b"torn")
        await replay(store, Hub(), clock=later, progress=lambda *each: seen.append(each))

    in_folder(tmp_path, use)
    done = [each for each, _ in seen]
    assert done == sorted(done)
    assert {size for _, size in seen} == {done[-1]}
    assert len(seen) == 4


# Each child dies before its n-th question to the store or the hub, n = 1, 2, ... What a child delivers goes to the hub's
# file before that, so the file holds what was acknowledged.
KILLED = """
import asyncio, os, signal, sys
from pixel.deliver.replay import replay
from pixel.store import open_store

class Mortal:
    def __init__(self, inner, left):
        self.inner, self.left = inner, left
    def __getattr__(self, name):
        verb = getattr(self.inner, name)
        def ask(*arguments):
            self.left[0] -= 1
            if not self.left[0]:
                os.kill(os.getpid(), signal.SIGKILL)
            return verb(*arguments)
        return ask

class Hub:
    def __init__(self):
        self.file = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    async def deliver(self, bodies):
        os.write(self.file, b"".join(body + b"\\n" for body in bodies))

def child(number):
    left = [number]
    store, hub = Mortal(open_store(sys.argv[1], "pixel"), left), Mortal(Hub(), left)
    asyncio.run(replay(store, hub, clock=lambda: float(sys.argv[3])))
    os._exit(0)

deaths = 0
while deaths < 200:
    process = os.fork() or child(1 + deaths % int(sys.argv[4]))
    if os.waitpid(process, 0)[1] == 0:
        break
    deaths += 1
print(deaths)
"""


@pytest.mark.parametrize("lifetime", [12, 30])
def test_a_replayer_that_is_killed_anywhere_loses_nothing_and_repeats_a_step_at_most(tmp_path, lifetime):
    content = lines(3 * STEP_EVENTS) + b"nonsense\n" + lines(10, 3 * STEP_EVENTS)
    got = tmp_path / "hub.ndjson"
    store_path = tmp_path / "store"

    async def fill(store):
        await store.append(NAME, content)
        await store.append(NAME.replace("-04.", "-05."), lines(10, 3 * STEP_EVENTS + 10))

    with_store(str(store_path), fill)
    ran = subprocess.run(
        [sys.executable, "-c", KILLED, str(store_path), str(got), str(LATER), str(lifetime)],
        capture_output=True,
        text=True,
        env=clean_environment(),
        cwd=ROOT,
        check=True,
    )
    ids = [int(json.loads(line)["id"]) for line in got.read_bytes().splitlines()]
    deaths = int(ran.stdout)
    assert deaths >= 5
    assert set(ids) == set(range(3 * STEP_EVENTS + 20))
    assert len(ids) - len(set(ids)) <= deaths * STEP_EVENTS
    aside = with_store(str(store_path), set_aside)
    left = with_store(str(store_path), names)
    assert [each["body"] for each in aside] == ["nonsense"]
    assert left == ["poison/2026-11-21/08/web1-5d2c9e71-04.away.1501.ndjson"]


MEMORY = """
import asyncio, resource, sys
from pixel.deliver.replay import replay
from pixel.store import open_store

class Hub:
    async def deliver(self, bodies):
        pass

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

before = peak()
told = asyncio.run(replay(open_store(sys.argv[1], "pixel"), Hub(), clock=lambda: float(sys.argv[2])))
print(told.events, peak() - before, 1 << 10 if sys.platform == "linux" else 1)
"""


def test_a_hundred_thousand_lines_pass_in_flat_memory(tmp_path):
    path = tmp_path / NAME
    path.parent.mkdir(parents=True)
    line = body("x", params={"text": "y" * 600}) + b"\n"
    path.write_bytes(line * 100_000)  # 76 MB
    ran = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path), str(LATER)],
        capture_output=True,
        text=True,
        env=clean_environment(),
        cwd=ROOT,
        check=True,
    )
    events, grown, unit = map(int, ran.stdout.split())
    assert events == 100_000
    assert grown * unit < 40 << 20

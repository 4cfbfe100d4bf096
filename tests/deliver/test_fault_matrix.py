"""What a hub can do to us, with the real SDK over AMQP: no accepted event is ever lost, and the image always comes."""

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from typing import NamedTuple

import pytest

from pixel.app import build
from pixel.deliver.spill import read_lines, spilled_files
from pixel.event import decode
from pixel.store import open_store
from tests.eventhubs.peer import EventHubsPeer
from tests.events import a_request
from tests.front_door import GIF_BYTES

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # the SDK leaves sockets of failed connections

ROUNDS, AT_ONCE = 12, 8
ALWAYS = {"count": None}
SHORT_S = 0.5
"""A budget for outages, so that three of them fit into a test."""


class Case(NamedTuple):
    faults: tuple[dict, ...]
    """From the second round on; `connect`, `cbs` and `attach` also meet the first connection."""
    sent: str = "all"
    """Which accepted events are in the hub: all, some (others are spilled) or none."""
    twice: bool = False
    """Whether an event may be in the hub more than once, always under the same id."""


CASES = {
    "nothing": Case(()),
    "slow": Case(({"action": "delay", "ms": 30} | ALWAYS,)),
    "some stalled": Case(({"action": "delay", "ms": 200, "share": 0.3} | ALWAYS,)),
    "throttled twice": Case(({"count": 2},)),
    "throttled for ever": Case((ALWAYS,), "some"),
    "throttled at random": Case(({"share": 0.5} | ALWAYS,), "some"),
    "link detached": Case(({"action": "detach"},), "some", twice=True),
    "links detached at random": Case(({"action": "detach", "share": 0.3} | ALWAYS,), "some", twice=True),
    "connection closed": Case(({"action": "close"},), "some", twice=True),
    "dropped before it stored": Case(({"action": "drop"},), "some", twice=True),
    "dropped after it stored": Case(({"action": "drop", "when": "after"},), "some", twice=True),
    "dropped at random": Case(
        (
            {"action": "drop", "share": 0.2} | ALWAYS,
            {"action": "drop", "when": "after", "share": 0.2} | ALWAYS,
        ),
        "some",
        twice=True,
    ),
    "silent about a send": Case(({"action": "stall"},), "some", twice=True),
    "silent after it stored": Case(({"action": "stall", "when": "after"},), "some", twice=True),
    "silent for ever": Case(({"action": "stall"} | ALWAYS,), "some", twice=True),
    "token expired": Case(
        (
            {"action": "detach", "condition": "amqp:unauthorized-access", "description": "ExpiredToken: it is."},
            {"on": "cbs", "description": "ExpiredToken: it is.", "skip": 1, "count": 2},
        ),
        "some",
        twice=True,
    ),
    "no token for ever": Case(({"on": "cbs", "description": "ExpiredToken: it is."} | ALWAYS,), "none"),
    "hub missing": Case(({"on": "attach", "condition": "amqp:not-found"} | ALWAYS,), "none"),
    "refused": Case((), "none"),
    "away for three budgets": Case((), "some", twice=True),
}
OF_THE_PEER = {"token expired", "no token for ever", "refused", "away for three budgets"}
"""Cases that concern more than one hub of a peer, and need one to themselves."""

OUTAGES = {
    "throttled for ever",
    "silent for ever",
    "no token for ever",
    "hub missing",
    "refused",
    "away for three budgets",
}


class Seen(NamedTuple):
    outcomes: dict
    """Outcome by event id."""
    images: set
    slowest_s: float
    """Of all hits but those of the first round, who also wait for the first connection."""
    in_hub: list
    in_spill: list
    ledger: dict
    duplicates: int
    secret_told: bool


async def fire(pix, number):
    request = a_request(f"eventId=e-{number}&customerId={number}")
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(
        30
    ):  # far beyond any budget: a hit without an outcome fails here, and not the test run
        response = await pix.handle(request)
    headers = dict(response.headers)
    took_s = asyncio.get_running_loop().time() - began
    return f"e-{number}", headers["X-Pixel-Outcome"], (response.status, len(response.body)), took_s


async def story(name, peer, hub, folder):
    environ = {"EVENT_HUB": peer.connection_string, "EVENT_HUB_NAME": hub, "PIXEL_STORE": str(folder)}
    app = build(environ | {"PIXEL_ENRICHERS": "campaign"})
    assert app.collector.settings.problems == ()
    sink = app.collector.sink
    case = CASES[name]
    if name in OUTAGES:
        sink._budget_s = SHORT_S
    pix = next(each for each in app.endpoints if each.name == "pix")
    where = {} if name in OF_THE_PEER else {"hub": hub}
    told = []
    if name == "refused":
        peer.go_away()
    for rule in case.faults:
        if rule.get("on", "send") != "send":
            peer.fault(**rule, **where)
    for round_ in range(ROUNDS):
        if round_ == 1:
            for rule in case.faults:
                if rule.get("on", "send") == "send":
                    peer.fault(**rule, **where)
        if name == "away for three budgets" and round_ == 2:
            peer.go_away()
        if name == "away for three budgets" and round_ == 8:
            await asyncio.sleep(3 * SHORT_S)
            peer.come_back()
            async with asyncio.timeout(60):
                while sink._ill_since is not None:  # trials come once a second, with hits
                    told.append(await fire(pix, 1000 + len(told)))
                    await asyncio.sleep(0.1)
        told += await asyncio.gather(*(fire(pix, round_ * AT_ONCE + each) for each in range(AT_ONCE)))
    ledger = app.collector.ledger.snapshot()
    trouble = f"{sink.problem} {sink.trouble}"
    await sink.close()
    store = open_store(str(folder), "pixel")
    spilled = [line async for each in aiter_files(store) async for line in read_lines(store, each)]
    assert not [line for line in spilled if line.problem]
    return Seen(
        outcomes={id_: outcome for id_, outcome, _, _ in told},
        images={image for _, _, image, _ in told},
        slowest_s=max(took_s for *_, took_s in told[AT_ONCE:]),
        in_hub=[],
        in_spill=[decode(line.body).id for line in spilled],
        ledger=ledger,
        duplicates=sink.deliveries.duplicates,
        secret_told="no-secret" in trouble,
    )


async def aiter_files(store):
    for file in await spilled_files(store):
        yield file


def outcome_of(name, shared, hub, folder):
    own = name in OF_THE_PEER
    with EventHubsPeer({hub: 2}) if own else nullcontext(shared) as peer:
        seen = asyncio.run(story(name, peer, hub, folder))
        return seen._replace(in_hub=[decode(event.body).id for event in peer.events(hub)])


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """All cases at once: each is mostly waiting."""
    hubs = {name: f"hub-{number}" for number, name in enumerate(CASES)}
    with EventHubsPeer(dict.fromkeys(hubs.values(), 2)) as shared, ThreadPoolExecutor(len(CASES)) as pool:
        running = {
            name: pool.submit(outcome_of, name, shared, hub, tmp_path_factory.mktemp("store"))
            for name, hub in hubs.items()
        }
        found = {name: each.result() for name, each in running.items()}
    gc.collect()
    return found


@pytest.mark.parametrize("name", CASES)
def test_no_accepted_event_is_lost(name, seen):
    case, found = CASES[name], seen[name]
    accepted = {id_ for id_, outcome in found.outcomes.items() if outcome == "accepted"}
    assert accepted <= set(found.in_hub) | set(found.in_spill)
    assert accepted == set(found.outcomes)  # there was a store, so nothing had to fail
    assert found.images == {(200, GIF_BYTES)}
    # The budget, an append to the spill, and much for a busy machine.
    assert found.slowest_s < (SHORT_S if name in OUTAGES else 2.0) + 2.0 + 3.0
    if case.sent == "all":
        assert accepted <= set(found.in_hub)
    else:
        assert bool(found.in_hub) is (case.sent == "some")


@pytest.mark.parametrize("name", CASES)
def test_the_ledger_adds_up_and_knows_what_may_be_there_twice(name, seen):
    case, found = CASES[name], seen[name]
    ledger = found.ledger
    assert ledger["received"] == ledger["accepted"] == ledger["sent"] + ledger["spilled"] == len(found.outcomes)
    assert ledger["spilled"] == len(found.in_spill)
    twice = len(found.in_hub) - len(set(found.in_hub))
    assert case.twice or not twice
    assert twice <= found.duplicates


def test_no_trouble_tells_a_secret(seen):
    assert not [name for name, found in seen.items() if found.secret_told]

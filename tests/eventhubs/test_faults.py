"""Each fault is seen by the real clients as the error that the service would cause."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import repeat
from typing import NamedTuple

import msgspec
import pytest
from azure.eventhub import EventData, EventHubProducerClient
from azure.eventhub import aio as azure_aio
from azure.eventhub.exceptions import EventHubError

from tests.eventhubs.faults import Faults, rule
from tests.eventhubs.peer import EventHubsPeer

ALWAYS = {"count": None}
SILENT = "no answer"


class Case(NamedTuple):
    fault: dict
    error: str
    """The class of the error, `sent`, or SILENT."""
    says: str = ""
    stored: tuple[int, ...] = (0,)
    """How many times the event may be in the hub then."""


CASES = {
    "well": Case({"on": "send", "count": 0}, "sent", stored=(1,)),
    "slow": Case({"action": "delay", "ms": 20} | ALWAYS, "sent", stored=(1,)),
    "throttled": Case({"action": "reject"} | ALWAYS, "EventDataSendError", "server-busy"),
    "throttled once, which the client tries again": Case({"action": "reject"}, "sent", stored=(1,)),
    "detached": Case({"action": "detach"} | ALWAYS, "ConnectionLostError", "detach-forced"),
    "closed": Case({"action": "close"} | ALWAYS, "ConnectError", "connection:forced"),
    "dropped before it was stored": Case({"action": "drop"} | ALWAYS, "ConnectError", "closed connection"),
    "dropped once, which the client tries again even without retries": Case({"action": "drop"}, "sent", stored=(1,)),
    "dropped after it was stored, which makes it two": Case({"action": "drop", "when": "after"}, "sent", stored=(2,)),
    "dropped after it was stored, again and again": Case(
        {"action": "drop", "when": "after"} | ALWAYS, "ConnectError", "closed connection", stored=(2,)
    ),
    "silent about a send": Case({"action": "stall"} | ALWAYS, "OperationTimeoutError"),
    "silent after it was stored": Case(
        {"action": "stall", "when": "after"} | ALWAYS, "OperationTimeoutError", stored=(1, 2)
    ),
    "hub gone": Case(
        {"on": "attach", "condition": "amqp:not-found"} | ALWAYS, "ConnectionLostError", "amqp:not-found"
    ),
    "throttled at the attach": Case({"on": "attach"} | ALWAYS, "ConnectError", "server-busy"),
    "silent about an attach": Case({"on": "attach", "action": "stall"} | ALWAYS, SILENT),
    "token expired": Case(
        {"on": "cbs", "description": "ExpiredToken: it is."} | ALWAYS, "AuthenticationError", "ExpiredToken: it is."
    ),
    "token expired while sending": Case(
        {"action": "detach", "condition": "amqp:unauthorized-access", "description": "ExpiredToken: it is."} | ALWAYS,
        "ConnectionLostError",
        "ExpiredToken: it is.",
    ),
    "slow with tokens": Case({"on": "cbs", "action": "delay", "ms": 20} | ALWAYS, "sent", stored=(1,)),
    "dropped at the token": Case({"on": "cbs", "action": "drop"} | ALWAYS, "ConnectError", "closed connection"),
    "dropped at once": Case({"on": "connect", "action": "drop"} | ALWAYS, "ConnectError"),
    "silent from the first byte": Case({"on": "connect", "action": "stall"} | ALWAYS, SILENT),
    "dropped at the open": Case({"on": "open", "action": "drop"} | ALWAYS, "ConnectError"),
    "hub missing": Case({}, "ConnectionLostError", "could not be found"),
    "key not ours": Case({}, "AuthenticationError", "InvalidSignature"),
    "away": Case({}, "ConnectError", "Connect call failed"),
    "frozen": Case({}, SILENT),
}


async def attempt(connection_string, hub, expected):
    """What a client makes of one send: `sent`, its error, or SILENT. It waits long for all but what never comes."""
    client = azure_aio.EventHubProducerClient.from_connection_string(
        connection_string, eventhub_name=hub, retry_total=0, retry_backoff_factor=0.01
    )
    timeout_s = 1 if expected == "OperationTimeoutError" else 30
    try:
        sending = client.send_batch([EventData(b"x")], timeout=timeout_s)
        await asyncio.wait_for(sending, 2 if expected == SILENT else 30)
    except EventHubError as error:
        return type(error).__name__, str(error)
    except TimeoutError:
        return SILENT, ""
    finally:
        await client.close()
    return "sent", ""


def outcome(name, shared, hub):
    """What comes of a case, and how many events are stored. Links and sends fail by hub, the rest by peer."""
    case = CASES[name]
    by_hub = case.fault and case.fault.get("on", "send") in ("send", "attach")
    with nullcontext(shared) if by_hub else EventHubsPeer({hub: 1}) as peer:
        if case.fault:
            peer.fault(**case.fault, **({"hub": hub} if by_hub else {}))
        if name == "away":
            peer.go_away()
        elif name == "frozen":
            peer.freeze()
        opened = peer.connection_string.replace("no-secret", "a guess" if name == "key not ours" else "no-secret")
        asked = "nowhere" if name == "hub missing" else hub
        error, says = asyncio.run(attempt(opened, asked, case.error))
        peer.thaw()
        return error, says, len(peer.events(hub))


@pytest.fixture(scope="module")
def outcomes():
    """All cases at once: each is mostly waiting."""
    hubs = [f"hub-{number}" for number in range(len(CASES))]
    with EventHubsPeer(dict.fromkeys(hubs, 1)) as shared, ThreadPoolExecutor(len(CASES)) as pool:
        return dict(zip(CASES, pool.map(outcome, CASES, repeat(shared), hubs), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_async_client_sees(name, outcomes):
    case = CASES[name]
    error, says, stored = outcomes[name]
    assert error == case.error, says
    assert case.says in says
    assert stored in case.stored


@pytest.fixture(scope="module")
def peer():
    with EventHubsPeer({"pixel": 1}) as peer:
        yield peer


@pytest.fixture(scope="module")
def client(peer):
    client = EventHubProducerClient.from_connection_string(
        peer.connection_string, eventhub_name="pixel", retry_backoff_factor=0.01, socket_timeout=0.05
    )
    with client:
        yield client


def test_a_connection_lost_after_the_event_was_stored_makes_a_duplicate_when_sent_again(peer, client):
    client.send_event(EventData(b"first"))
    peer.fault(on="send", action="drop", when="after")
    client.send_event(EventData(b"twice"))
    assert [event.body for event in peer.events("pixel")] == [b"first", b"twice", b"twice"]


def test_idle_links_are_ended_and_the_client_comes_again(peer, client):
    client.send_event(EventData(b"before"))
    attaches = peer.stats().attaches
    peer.detach_all()
    client.send_event(EventData(b"after"))
    assert peer.stats().attaches == attaches + 1
    assert [event.body for event in peer.events("pixel")][-2:] == [b"before", b"after"]


def test_rules_are_removed(peer, client):
    peer.fault(on="send", action="reject", count=None)
    peer.heal()
    client.send_event(EventData(b"well"))
    assert peer.events("pixel")[-1].body == b"well"


def struck(faults, times=1):
    return [taken and taken.action for taken in (faults.take("send", "pixel", "0") for _ in range(times))]


def test_rules_count_skip_and_are_asked_in_order():
    faults = Faults()
    faults.rules += [rule(skip=1, count=1), rule(action="stall", hub="other"), rule(action="drop", count=2)]
    assert struck(faults, 5) == ["drop", "reject", "drop", None, None]
    assert faults.fired == {"send:drop": 2, "send:reject": 1}


def test_a_share_is_drawn_from_the_seed_and_what_it_leaves_goes_to_the_next_rule():
    def drawn(seed):
        faults = Faults(seed)
        faults.rules += [rule(action="delay", ms=1000, share=0.1, count=None), rule(action="drop", count=None)]
        return struck(faults, 1000)

    assert drawn(1) == drawn(1) != drawn(2)
    assert set(drawn(1)) == {"delay", "drop"}
    assert 60 < drawn(1).count("delay") < 150


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"on": "connect", "action": "reject"}, "drop, stall"),
        ({"on": "attach", "action": "detach"}, "reject, close, drop, stall"),
        ({"on": "cbs", "when": "after"}, 'on="send"'),
        ({"on": "sending"}, "Invalid enum value 'sending'"),
        ({"probability": 1}, "unknown field `probability`"),
    ],
)
def test_a_fault_that_cannot_be_is_told(fields, says):
    with pytest.raises(msgspec.ValidationError, match=says):
        rule(**fields)

from pixel.ledger import Ledger
from pixel.outcome import Rejected
from tests.events import an_event


def test_every_event_has_one_outcome_and_the_counts_add_up():
    ledger = Ledger("i", "b")
    ledger.received = 6
    outcomes = [
        ledger.delivery("sent"),
        ledger.delivery("spilled"),
        ledger.delivery("failed:storage"),
        ledger.rejection(Rejected("opted_out")),
        ledger.rejection(Rejected("opted_out")),
    ]
    assert outcomes == ["accepted", "accepted", "failed:storage", "rejected:opted_out", "rejected:opted_out"]
    assert ledger.snapshot() == {
        "instance": "i",
        "boot": "b",
        "received": 6,
        "accepted": 2,
        "sent": 1,
        "spilled": 1,
        "rejected": {"opted_out": 2},
        "failed": {"storage": 1},
        "in_flight": 1,
    }


def test_numbers_of_failed_events_are_remembered_in_runs_until_taken():
    ledger = Ledger("i", "b")
    for seq, delivery in enumerate(("failed:storage", "failed:internal", "sent", "failed:storage")):
        ledger.delivery(delivery, seq)
    ledger.delivery("failed:internal")  # it came to no number
    taken = ledger.take_failed()
    assert (taken, ledger.take_failed()) == ([[0, 1], [3, 3]], [])
    ledger.delivery("failed:storage", 4)
    ledger.give_back_failed(taken)
    assert ledger.take_failed() == [[0, 1], [3, 3], [4, 4]]


def test_numbers_have_no_gap():
    ledger, events = Ledger("i", "b"), [an_event() for _ in range(3)]
    for event in events:
        ledger.number(event)
    assert [(event.instance, event.boot, event.seq) for event in events] == [
        ("i", "b", 0),
        ("i", "b", 1),
        ("i", "b", 2),
    ]

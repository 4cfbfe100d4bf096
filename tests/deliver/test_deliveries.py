import itertools

import msgspec
import pytest

from pixel.deliver.deliveries import BOUNDS_MS, Deliveries, percentile, summary
from pixel.ledger import minus, plus


def of(*seconds):
    deliveries = Deliveries()
    for each in seconds:
        deliveries.attempt()
        deliveries.batch(10, 5000, each)
    return deliveries


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [
        (0, "1"),
        (0.001, "1"),
        (0.0011, "1.2"),
        (0.03, "33"),
        (1, "1000"),
        (1.4, "1500"),
        (11, "12000"),
        (999, "100000"),
    ],
)
def test_a_time_falls_into_the_bucket_that_ends_behind_it(seconds, bucket):
    assert of(seconds).latency_ms == {bucket: 1}


def test_buckets_rise_by_a_quarter_at_most():
    assert all(low < high <= low * 1.25 for low, high in itertools.pairwise(BOUNDS_MS))


@pytest.mark.parametrize(
    ("seconds", "share", "within"),
    [
        ([], 0.5, None),
        ([0.01], 0.99, 10),
        ([0.01] * 99 + [1.0], 0.5, 10),
        ([0.01] * 99 + [1.0], 0.99, 10),
        ([0.01] * 98 + [1.0, 1.0], 0.99, 1000),
        ([0.01] * 99 + [1.0], 1.0, 1000),
    ],
)
def test_percentiles_are_read_from_the_buckets(seconds, share, within):
    assert percentile(of(*seconds).latency_ms, share) == within


def test_sums_and_differences_are_those_of_all_that_was_counted():
    one, two = of(0.01, 0.02), of(0.02, 1.0)
    two.duplicate(7)
    both = of(0.01, 0.02, 0.02, 1.0)
    both.duplicate(7)
    assert plus(one, two) == both
    assert minus(both, two) == one
    assert msgspec.json.decode(msgspec.json.encode(both), type=Deliveries) == both


def test_the_summary_has_percentiles_in_place_of_buckets():
    assert summary(of(0.01, 0.03)) == {
        "events": 20,
        "bytes": 10000,
        "batches": 2,
        "attempts": 2,
        "duplicates_possible": 0,
        "latency_ms": {"p50": 10.0, "p95": 33.0, "p99": 33.0, "max": 33.0},
    }

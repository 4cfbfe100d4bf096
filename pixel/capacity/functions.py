"""Azure Functions on Flex Consumption: instances, how long they are active, what that costs.

https://learn.microsoft.com/azure/azure-functions/flex-consumption-plan
"""

import math
from typing import Final

import msgspec

from pixel.capacity.load import SECONDS, Load
from pixel.capacity.prices import Prices

CORES: Final = {512: 0.25, 2048: 1.0}
"""Of an instance, by its memory in MB; same page, "Regional subscription memory quotas"."""
INSTANCES: Final = 1000
"""Of an app, at most; same page, "Considerations"."""
LEAST_MAXIMUM: Final = 40
"""The least `maximumInstances` that is advised: the default of infra/bicep/main.bicep. Azure takes 1, says its newer page."""
QUOTA_CORES: Final = 250.0
"""Of all apps of a subscription in a region, until Microsoft raises it; same page."""
MOST_READY: Final = 100
"""`alwaysReadyInstances`, at most, in infra/bicep/main.bicep."""
MOST_CONCURRENCY: Final = 1_000
"""That Azure takes."""
LEAST_CONCURRENCY: Final = 32
"""`httpConcurrency` of infra/bicep/main.bicep."""
MINIMUM_S: Final = 1.0
"""An active period is billed as this at least; same page, "Billing"."""

FILL: Final = 0.5
"""The part of an instance's CPU that hits may take on average. The rest is for bursts, and for cores slower than ours. A guess."""
ANSWER_S: Final = 0.05
"""How long a hit is under way: an acknowledgement of Event Hubs, and waiting for the CPU. A guess."""
ANSWER_BYTES: Final = 3_000.0
"""Sent out for a hit, by the app or Front Door: some 0.7 KB of headers with the image's 43 bytes, and for every second hit a TLS
handshake of some 4.5 KB. A guess."""


class Functions(msgspec.Struct, frozen=True):
    """What answers the hits. `apps`: deployments of their own, each with its quota of cores."""

    memory_mb: int
    instances: int
    apps: int
    always_ready: int
    active: float
    """The part of the time for which an instance is billed as active."""
    parts: dict[str, float]


def instances(rate: float, cpu_us: float, memory_mb: int) -> int:
    """Return how many instances have the CPU for `rate` calls a second."""
    return max(math.ceil(rate * cpu_us / 1e6 / (CORES[memory_mb] * FILL)), 1)


def apps(count: int, memory_mb: int) -> int:
    """Return how many apps hold so many instances, each in a region or subscription of its own."""
    return max(math.ceil(count / INSTANCES), math.ceil(count * CORES[memory_mb] / QUOTA_CORES))


def active_share(rate: float, *, strictly: bool = False) -> float:
    """Return which part of the time an instance with `rate` hits a second is billed for; hits come by chance (Poisson).

    An active period is billed for a second at least. Microsoft does not say what of a second that begins while another is
    still being paid. Here time is paid once, so the answer is the part of the time with a hit in the second before.
    `strictly`, each period that nothing overlaps is a second of its own, and more than all the time can be billed.
    """
    if not strictly:
        return -math.expm1(-rate * max(MINIMUM_S, ANSWER_S))
    periods = rate * math.exp(-rate * ANSWER_S)  # each begins with a hit that finds the instance idle
    return max(periods * MINIMUM_S, -math.expm1(-rate * ANSWER_S))


def concurrency(rate_of_one: float) -> int:
    """Return the `httpConcurrency` that lets an instance fill up before another is started: a power of two."""
    wanted = 1 << math.ceil(math.log2(max(rate_of_one * ANSWER_S * 2, 1.0)))
    return min(max(wanted, LEAST_CONCURRENCY), MOST_CONCURRENCY)


def bill(
    count: int, active: float, memory_mb: int, always_ready: int, calls: float, prices: Prices
) -> dict[str, float]:
    """Return dollars a month by part, when `always_ready` of `count` instances always run and calls spread evenly."""
    gb_seconds = memory_mb / 1024 * SECONDS
    on_demand = (count - always_ready) / count
    return {
        "executions": prices.functions_executions.of(on_demand * calls / 1e6)
        + prices.ready_executions.of((1 - on_demand) * calls / 1e6),
        "GB-seconds": prices.functions_gb_second.of((count - always_ready) * active * gb_seconds)
        + prices.ready_gb_second.of(always_ready * active * gb_seconds),
        "always ready": prices.ready_baseline_gb_second.of(always_ready * gb_seconds),
    }


def functions(load: Load, cpu_us: float, memory_mb: int, prices: Prices, *, strictly: bool = False) -> Functions:
    """Size the app for a load, with as many always ready instances as are cheapest."""
    count = instances(load.rate, cpu_us, memory_mb)
    active = active_share(load.rate / count, strictly=strictly)
    many = apps(count, memory_mb)
    bills = {
        ready: bill(count, active, memory_mb, ready, load.hits, prices)
        for ready in (0, min(count, MOST_READY * many))
    }
    ready = min(bills, key=lambda each: sum(bills[each].values()))
    out = prices.traffic_out_gb.of(load.hits * ANSWER_BYTES / 1e9)
    return Functions(memory_mb, count, many, ready, active, {**bills[ready], "traffic out": out})

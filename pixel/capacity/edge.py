"""Edge mode: Front Door answers, and its access log becomes events. No code runs per hit."""

import math
from typing import Final

import msgspec

from pixel.capacity.functions import ANSWER_BYTES, CORES, FILL, Functions, apps, bill
from pixel.capacity.hubs import INGRESS_BYTES, STANDARD, size
from pixel.capacity.hubs import bill as bill_hub
from pixel.capacity.load import SECONDS, Load
from pixel.capacity.prices import Prices

RECORD_BYTES: Final = 1_600.0
"""Of a record of the access log, as JSON. A guess, from the fields that Microsoft lists."""
MESSAGE_BYTES: Final = 200_000.0
"""Of records that Azure Monitor puts into one message. A guess."""
BATCH_S: Final = 10.0
"""Messages come no more often than this, so few calls do. A guess."""


class LogHub(msgspec.Struct, frozen=True):
    """What takes the log: Standard, uncaptured. `units` and `partitions` are of each namespace; main.bicep makes one."""

    units: int
    namespaces: int
    partitions: int
    dollars: float
    """A month."""


def front_door(load: Load, prices: Prices) -> dict[str, float]:
    """Return what Front Door costs a month."""
    return {
        "front door": prices.front_door_month.of(1)
        + prices.front_door_requests.of(load.hits / 1e4)
        + prices.front_door_gb.of(load.hits * ANSWER_BYTES / 1e9)
    }


def log_hub(load: Load, prices: Prices) -> LogHub:
    """Size what takes the log. Nobody knows whether Front Door would write to several namespaces."""
    log_bytes = load.rate * RECORD_BYTES
    units, namespaces, partitions = size(STANDARD, log_bytes, log_bytes / INGRESS_BYTES)
    messages = load.hits * RECORD_BYTES / MESSAGE_BYTES
    dollars = bill_hub(STANDARD, units * namespaces, messages, MESSAGE_BYTES, prices)["units"]
    return LogHub(units, namespaces, partitions, dollars)


def reading(load: Load, cpu_us: float, memory_mb: int, prices: Prices) -> Functions:
    """Size the app that reads the log: it is active while there are records, so on demand is cheapest."""
    need = load.rate * cpu_us / 1e6 / (CORES[memory_mb] * FILL)
    count = max(math.ceil(need), 1)
    active = min(max(need / count, 1 / BATCH_S), 1.0)
    calls = max(load.hits * RECORD_BYTES / MESSAGE_BYTES, active * SECONDS / BATCH_S)
    return Functions(
        memory_mb,
        count,
        apps(count, memory_mb),
        0,
        active,
        bill(count, active, memory_mb, 0, calls, prices),
    )

"""Edge mode: Front Door answers, and its access log becomes events. No code runs per hit."""

import math
from typing import Final

from pixel.capacity.functions import ANSWER_BYTES, CORES, FILL, Functions, apps, bill
from pixel.capacity.hubs import INGRESS_BYTES, TIERS, size
from pixel.capacity.hubs import bill as bill_hub
from pixel.capacity.load import SECONDS, Load
from pixel.capacity.prices import Prices

RECORD_BYTES: Final = 1_600.0
"""Of a record of the access log, as JSON. A guess, from the fields that Microsoft lists."""
MESSAGE_BYTES: Final = 200_000.0
"""Of records that Azure Monitor puts into one message. A guess."""
BATCH_S: Final = 10.0
"""Messages come no more often than this, so few calls do. A guess."""


def front_door(load: Load, prices: Prices) -> dict[str, float]:
    """Return what Front Door costs a month."""
    return {
        "front door": prices.front_door_month.of(1)
        + prices.front_door_requests.of(load.hits / 1e4)
        + prices.front_door_gb.of(load.hits * ANSWER_BYTES / 1e9)
    }


def log_hub(load: Load, prices: Prices) -> float:
    """Return what the namespace for the log costs a month, in its cheapest tier that needs one namespace; nothing is captured.

    When there is no such tier, it is the cheapest of all: nobody knows whether Front Door would write to several.
    """
    log_bytes = load.rate * RECORD_BYTES
    sized = [(tier, *size(tier, log_bytes, log_bytes / INGRESS_BYTES)) for tier in TIERS]
    fits = [each for each in sized if each[2] == 1] or sized
    messages = load.hits * RECORD_BYTES / MESSAGE_BYTES
    return min(
        bill_hub(tier, units * namespaces, messages, MESSAGE_BYTES, prices)["units"]
        for tier, units, namespaces, _ in fits
    )


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

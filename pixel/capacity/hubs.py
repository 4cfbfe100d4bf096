"""Event Hubs: units, partitions and namespaces in each tier, plain or packed, and what they cost.

https://learn.microsoft.com/azure/event-hubs/event-hubs-quotas and .../event-hubs-scalability
"""

import math
from typing import Final

import msgspec

from pixel.capacity.load import HOURS, Load
from pixel.capacity.prices import Prices
from pixel.deliver.hub_sink import GATHER_S
from pixel.deliver.packing import PACKED_BYTES

MESSAGE_BYTES: Final = 40.0
"""What AMQP and the hub add to a message. A guess."""
AVRO_BYTES: Final = 62.0
"""What a captured file adds to a message: measured with pixel/capture.py, 64 records a block."""
INGRESS_BYTES: Final = 64 << 10
"""A larger message is billed as several."""
FILL: Final = 0.8
"""The part of units and partitions that may be in use on average."""
LEAST_PARTITIONS: Final = 4
"""Those of infra/bicep/main.bicep, so that one that is down leaves three."""
PARTITION_BYTES: Final = 1e6
"""A second, into one partition."""


class Tier(msgspec.Struct, frozen=True):
    """What a unit takes in a second, and how many units and partitions a namespace may have."""

    name: str
    unit: str
    bytes_a_second: float
    messages_a_second: float
    sizes: tuple[int, ...]
    partitions: int


STANDARD: Final = Tier("Standard", "throughput units", 1e6, 1_000, tuple(range(1, 41)), 32)
PREMIUM: Final = Tier("Premium", "processing units", 5e6, math.inf, (1, 2, 4, 6, 8, 10, 12, 16), 100)
"""A processing unit takes 5 to 10 MB a second, says Microsoft; the lower figure."""
DEDICATED: Final = Tier("Dedicated", "capacity units", 1e8, math.inf, tuple(range(1, 11)), 1024)
"""Microsoft states no figure for a capacity unit; 100 MB a second is on the low side of what others report."""
TIERS: Final = (STANDARD, PREMIUM, DEDICATED)


class Hubs(msgspec.Struct, frozen=True):
    """What takes the events. `units` are of each namespace (of a Dedicated cluster, in all)."""

    tier: str
    unit: str
    packed: bool
    events_a_message: float
    units: int
    namespaces: int
    partitions: int
    """Of each namespace's hub."""
    captured_bytes: float
    """Of an event in a captured file."""
    parts: dict[str, float]

    @property
    def dollars(self) -> float:
        """Return what Event Hubs costs a month, with Capture."""
        return sum(self.parts.values())


def events_a_message(rate_of_one: float, event_bytes: float) -> float:
    """Return how many events are packed into a message: those that come to one instance while a batch gathers."""
    return max(1.0, min(1 + rate_of_one * GATHER_S, PACKED_BYTES / event_bytes))


def size(tier: Tier, bytes_a_second: float, messages_a_second: float) -> tuple[int, int, int]:
    """Return units of each namespace, namespaces, and partitions of each one's hub."""
    units = max(bytes_a_second / tier.bytes_a_second, messages_a_second / tier.messages_a_second) / FILL
    streams = bytes_a_second / PARTITION_BYTES / FILL
    namespaces = max(math.ceil(units / tier.sizes[-1]), math.ceil(streams / tier.partitions), 1)
    each = next(fits for fits in tier.sizes if fits >= units / namespaces)
    partitions = max(math.ceil(streams / namespaces), LEAST_PARTITIONS)
    return each, namespaces, partitions


def bill(tier: Tier, units: int, messages: float, message_bytes: float, prices: Prices) -> dict[str, float]:
    """Return dollars a month by part: of all units together, and of so many messages a month."""
    if tier.name == "Standard":
        steps = math.ceil(message_bytes / INGRESS_BYTES)
        return {
            "units": prices.standard_unit_hour.of(units * HOURS) + prices.standard_ingress.of(messages * steps / 1e6),
            "capture": prices.standard_capture_hour.of(units * HOURS),
        }
    price = prices.premium_unit_hour if tier.name == "Premium" else prices.dedicated_unit_hour
    return {"units": price.of(units * HOURS), "capture": 0.0}


def hubs(load: Load, tier: Tier, prices: Prices, *, packed: bool, rate_of_one: float) -> Hubs:
    """Size Event Hubs for a load, of which one instance has `rate_of_one` hits a second."""
    together = events_a_message(rate_of_one, load.event_bytes) if packed else 1.0
    message_bytes = together * load.event_bytes + MESSAGE_BYTES
    messages = load.rate / together
    units, namespaces, partitions = size(tier, messages * message_bytes, messages)
    return Hubs(
        tier=tier.name,
        unit=tier.unit,
        packed=packed,
        events_a_message=together,
        units=units,
        namespaces=namespaces,
        partitions=partitions,
        captured_bytes=load.event_bytes + AVRO_BYTES / together,
        parts=bill(tier, units * namespaces, load.hits / together, message_bytes, prices),
    )

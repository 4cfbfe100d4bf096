"""A plan: what to set for a rate of hits, and what that costs a month, by part."""

import itertools
from typing import Final

import msgspec

from pixel.capacity.cpu import Cpu
from pixel.capacity.edge import LogHub, front_door, log_hub, reading
from pixel.capacity.functions import CORES, LEAST_MAXIMUM, Functions, concurrency, functions
from pixel.capacity.functions import INSTANCES as MOST_INSTANCES
from pixel.capacity.hubs import LEAST_PARTITIONS, STANDARD, TIERS, Hubs, Tier, hubs
from pixel.capacity.load import Load
from pixel.capacity.prices import Prices
from pixel.capacity.storage import Storage, storage

MOST_UNITS: Final = STANDARD.sizes[-1]
MOST_PARTITIONS: Final = STANDARD.partitions
"""That main.bicep takes, as many as Standard has."""
PARTS: Final = (
    "executions",
    "GB-seconds",
    "always ready",
    "traffic out",
    "front door",
    "log hub",
    "units",
    "capture",
    "storage writes",
    "storage GB",
    "logs",
)
"""Of a bill, in the order in which a hit meets them."""


class Plan(msgspec.Struct, frozen=True):
    """One way to take a load. `parts` are dollars a month (or what the prices are in)."""

    load: Load
    functions: Functions
    log: LogHub | None
    """Of edge mode only."""
    hubs: Hubs
    storage: Storage
    parts: dict[str, float]

    @property
    def month(self) -> float:
        """Return what a month costs."""
        return sum(self.parts.values())

    @property
    def million(self) -> float:
        """Return what a million hits cost."""
        return self.month / self.load.hits * 1e6

    @property
    def deployments(self) -> int:
        """Return how many times main.bicep is deployed: an app sends to one hub."""
        return max(self.functions.apps, self.hubs.namespaces)

    @property
    def partitions(self) -> int:
        """Return those of each deployment's hub; in edge mode its log has as many."""
        each = -(-self.hubs.partitions * self.hubs.namespaces // self.deployments)
        return max(each, self.log.partitions if self.log else 0, LEAST_PARTITIONS)

    @property
    def can_be_made(self) -> bool:
        """Say whether main.bicep makes all of it: the log of edge mode has one namespace."""
        return self.log is None or self.log.namespaces == 1

    def effort(self) -> tuple[int, int, bool, int, int]:
        """Say how much there is to look after; a smaller tuple is less."""
        tier = [each.name for each in TIERS].index(self.hubs.tier)
        return self.deployments, tier, self.hubs.packed, self.functions.instances, self.functions.memory_mb

    def settings(self) -> dict[str, int | str]:
        """Return the parameters of infra/bicep/main.bicep for each deployment, by name."""
        each = -(-self.functions.instances // self.deployments)
        named: dict[str, int | str] = {
            "instanceMemoryMB": self.functions.memory_mb,
            "httpConcurrency": concurrency(self.load.rate / self.functions.instances),
            "alwaysReadyInstances": self.functions.always_ready // self.deployments,
            "maximumInstances": min(max(2 * each, LEAST_MAXIMUM), MOST_INSTANCES),
        }
        if self.partitions <= MOST_PARTITIONS:
            named["partitions"] = self.partitions
        own = -(-self.hubs.units * self.hubs.namespaces // self.deployments) if self.hubs.tier == "Standard" else 0
        if own:
            named["throughputUnits"] = own
        if most := max(2 * own, self.log.units if self.log else 0):
            named["maximumThroughputUnits"] = min(most, MOST_UNITS)
        if self.hubs.packed:
            named["settings.EVENT_HUB_PACKING"] = "ndjson"
        named["logDailyCapGb"] = max(round(1.5 * self.storage.log_gb_a_day / self.deployments + 0.5), 1)
        return named


class Model(msgspec.Struct, frozen=True):
    """What does not change with the load. `strictly`: how Microsoft's minimum of a second is read (`active_share`)."""

    prices: Prices
    cpu: Cpu
    memories: tuple[int, ...] = tuple(CORES)
    """Of an instance, in MB, to choose from."""
    strictly: bool = False

    def plan(self, load: Load, memory_mb: int, tier: Tier, *, packed: bool, edge: bool = False) -> Plan:
        """Return the plan for one choice of everything. Edge: Front Door answers, and its log is read."""
        cpu_us = self.cpu.of(packed=packed, edge=edge)
        if edge:
            app = reading(load, cpu_us, memory_mb, self.prices)
            log = log_hub(load, self.prices)
            extra = {**front_door(load, self.prices), "log hub": log.dollars}
        else:
            app = functions(load, cpu_us, memory_mb, self.prices, strictly=self.strictly)
            log, extra = None, {}
        hub = hubs(load, tier, self.prices, packed=packed, rate_of_one=load.rate / app.instances)
        kept = storage(
            load, hub.captured_bytes, hub.partitions * hub.namespaces, app.instances, app.apps, self.prices
        )
        parts = {**app.parts, **extra, **hub.parts, **kept.parts}
        return Plan(load, app, log, hub, kept, {name: parts.get(name, 0.0) for name in PARTS})

    def best(
        self,
        load: Load,
        *,
        memory: int | None = None,
        tier: Tier | None = None,
        packed: bool | None = None,
        edge: bool = False,
    ) -> Plan:
        """Return the cheapest plan; what is given is not chosen. Of nearly equal ones, that with the least to look after."""
        choices = itertools.product(
            TIERS if tier is None else (tier,),
            (False, True) if packed is None else (packed,),
            self.memories if memory is None else (memory,),
        )
        plans = [self.plan(load, size, each, packed=pack, edge=edge) for each, pack, size in choices]
        enough = min(plan.month for plan in plans) * NEARLY
        return min((plan for plan in plans if plan.month <= enough), key=Plan.effort)


NEARLY: Final = 1.05
"""Less than 5 % of the bill is no reason for more deployments, packed events, another tier or more instances."""

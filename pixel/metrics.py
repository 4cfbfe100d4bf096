"""The ledger as OpenTelemetry metrics, where OpenTelemetry is installed and configured: by any `OTEL_` variable.

Only its API is used, which does nothing until somebody sets a provider up: `opentelemetry-instrument`, the Functions worker,
or a distribution such as azure-monitor-opentelemetry.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import msgspec

from pixel.deliver.deliveries import Deliveries
from pixel.ledger import Ledger

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter, Observation

DELIVERIES: Final = {
    "bytes": "By",
    "batches": "{batch}",
    "attempts": "{attempt}",
    "duplicates_possible": "{event}",
}
"""What is told of deliveries, and its unit."""


def is_configured(environ: Mapping[str, str]) -> bool:
    """Say whether somebody wants metrics, and the package opentelemetry-api is there."""
    wanted = any(name.startswith("OTEL_") and value for name, value in environ.items())
    return wanted and environ.get("OTEL_SDK_DISABLED") != "true" and find_spec("opentelemetry") is not None


def observe(ledger: Ledger, deliveries: Deliveries | None) -> None:
    """Let the global provider read the counts whenever it exports.

    `pixel.events.received` counts hits, `pixel.events` those decided, by `outcome` and `reason`.
    """
    from opentelemetry.metrics import get_meter

    meter = get_meter("pixel")
    _count(meter, "pixel.events.received", "{event}", lambda: [(ledger.received, {})])
    _count(meter, "pixel.events", "{event}", lambda: _decided(ledger))
    if deliveries is not None:
        for field, unit in DELIVERIES.items():
            _count(meter, f"pixel.deliveries.{field}", unit, partial(_of, deliveries, field))


Counted = Iterable[tuple[int, dict[str, str]]]


def _decided(ledger: Ledger) -> Counted:
    told = ledger.snapshot()
    for how in ("sent", "spilled"):
        yield told[how], {"outcome": "accepted", "reason": how}
    for outcome in ("rejected", "failed"):
        for reason, count in told[outcome].items():
            yield count, {"outcome": outcome, "reason": reason}


def _of(deliveries: Deliveries, field: str) -> Counted:
    yield msgspec.to_builtins(deliveries)[field], {}


def _count(meter: "Meter", name: str, unit: str, read: Callable[[], Counted]) -> None:
    from opentelemetry.metrics import Observation

    def callback(_: object) -> "Iterable[Observation]":
        return [Observation(count, attributes) for count, attributes in read()]

    meter.create_observable_counter(name, [callback], unit)

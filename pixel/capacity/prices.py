"""What Azure charges: a small file of list prices, each with its unit, its source and how sure it is."""

from pathlib import Path
from typing import Annotated, Final

import msgspec

SHIPPED: Final = Path(__file__).with_name("prices.toml")

Text = Annotated[str, msgspec.Meta(min_length=1)]
Amount = Annotated[float, msgspec.Meta(ge=0)]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\d$")]


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A price for one `unit`; `free` units a month cost nothing. It was read at `url`, whose list is of the day `read`."""

    price: Amount
    unit: Text
    url: Annotated[str, msgspec.Meta(pattern="^https://")]
    read: Day
    sure: Text
    free: Amount = 0.0

    def of(self, units: float) -> float:
        """Return what so many units cost in a month."""
        return max(units - self.free, 0.0) * self.price


class Prices(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All prices that the model needs, in one currency, of one region."""

    date: Day
    currency: Text
    region: Text
    functions_gb_second: Price
    functions_executions: Price
    ready_baseline_gb_second: Price
    ready_gb_second: Price
    ready_executions: Price
    standard_unit_hour: Price
    standard_ingress: Price
    standard_capture_hour: Price
    premium_unit_hour: Price
    dedicated_unit_hour: Price
    blob_hot_gb: Price
    blob_cool_gb: Price
    blob_write: Price
    blob_cool_write: Price
    blob_other: Price
    logs_gb: Price
    log_alert: Price
    traffic_out_gb: Price
    front_door_month: Price
    front_door_requests: Price
    front_door_gb: Price


def read_prices(path: Path = SHIPPED) -> Prices:
    """Read a file of prices. Raises `ValueError`, a sentence: what is wrong with it."""
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Prices)
    except OSError as unreadable:
        raise ValueError(f"{path}: {unreadable.strerror}") from None
    except ValueError as wrong:  # no TOML, no UTF-8, or a price that is missing or is none
        raise ValueError(f"{path} is no file of prices such as {SHIPPED.name}: {wrong}") from None

"""Blob storage and logs: captured files, the ledger, and what is written down about both."""

import math
from typing import Final

import msgspec

from pixel.capacity.load import HOURS, Load
from pixel.capacity.prices import Prices

GB: Final = 2.0**30
"""As Blob storage is billed; logs are billed by 10^9 bytes."""
WINDOW_S: Final = 300.0
"""Capture writes a file for each partition and window in which something came; infra/bicep/modules/hub.bicep."""
FILE_BYTES: Final = 314_572_800.0
"""Or sooner, when so much came; same place."""
BLOCK_BYTES: Final = 4.0 * 2**20
"""Of a captured file that one write stores. A guess; one more ends the file."""
HOT_MONTHS: Final = 1.0
"""Captured files go to the cool tier after 30 days; infra/bicep/modules/storage_data.bicep."""
ROW_BYTES: Final = 700.0
"""Of the ledger, which each instance appends once a minute; docs/ledger.md shows one."""
HOST_OPERATIONS: Final = 10.0
"""That the host of an app makes a minute to keep its leases. A guess."""

LOGGED_BYTES: Final = 1_000.0
"""Of a line in StorageBlobLogs: each write to the data account is one. A guess."""
INSTANCE_LOG_BYTES: Final = 1_000.0
"""That Application Insights keeps of an instance a minute: rare warnings. A guess. Hits log nothing, and host.json leaves counters out."""
ALERTS: Final = 4
"""On logs; infra/bicep/modules/alerts.bicep. Its two on metrics are free."""


class Storage(msgspec.Struct, frozen=True):
    """What is written in a month, and kept once files are as old as they get."""

    files: float
    kept_gb: float
    log_gb_a_day: float
    parts: dict[str, float]


def captured_files(rate: float, captured_bytes: float, partitions: int) -> float:
    """Return how many files Capture writes in a month; a window without an event has none."""
    windows = HOURS * 3600 / WINDOW_S * partitions * -math.expm1(-rate / partitions * WINDOW_S)
    return max(windows, rate * HOURS * 3600 * captured_bytes / FILE_BYTES)


def storage(load: Load, captured_bytes: float, partitions: int, instances: int, apps: int, prices: Prices) -> Storage:
    """Size storage and logs; `partitions` of all namespaces together."""
    minutes = HOURS * 60
    captured = load.hits * captured_bytes
    files = captured_files(load.rate, captured_bytes, partitions)
    rows = instances * minutes * -math.expm1(-load.rate / instances * 60)
    writes = files + max(captured / BLOCK_BYTES, files) + rows
    hot = min(load.months_kept, HOT_MONTHS) * captured + load.months_kept * rows * ROW_BYTES
    cool = max(load.months_kept - HOT_MONTHS, 0.0) * captured
    logged = writes * LOGGED_BYTES + instances * minutes * INSTANCE_LOG_BYTES
    lists = instances * minutes  # replay looks once a minute whether anything was spilled
    return Storage(
        files=files,
        kept_gb=(hot + cool) / GB,
        log_gb_a_day=logged / 1e9 / (HOURS / 24),
        parts={
            "storage writes": prices.blob_write.of((writes + lists) / 1e4)
            + prices.blob_cool_write.of(files / 1e4 if cool else 0.0)
            + prices.blob_other.of(apps * minutes * HOST_OPERATIONS / 1e4),
            "storage GB": prices.blob_hot_gb.of(hot / GB) + prices.blob_cool_gb.of(cool / GB),
            "logs": prices.logs_gb.of(logged / 1e9) + prices.log_alert.of(ALERTS),
        },
    )

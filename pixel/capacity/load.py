"""What comes in, and for how long it is kept: the input of every part of the model."""

from typing import Final

import msgspec

HOURS: Final = 730.0
"""Of a month, as Azure's price calculator counts."""
SECONDS: Final = HOURS * 3600

EVENT_BYTES: Final = 720.0
"""Of an encoded event: the mean of 20,000 simulated hits with all enrichers but geo is 718."""
MONTHS_KEPT: Final = 13.0
"""`retentionDays` of infra/bicep/main.bicep: 395."""


class Load(msgspec.Struct, frozen=True):
    """Hits a second, every second of the month; each becomes an event."""

    rate: float
    event_bytes: float = EVENT_BYTES
    months_kept: float = MONTHS_KEPT

    @property
    def hits(self) -> float:
        """Hits of a month."""
        return self.rate * SECONDS

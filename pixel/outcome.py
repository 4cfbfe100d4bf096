"""What becomes of a hit: `accepted`, `rejected:<reason>` or `failed:<reason>`; each reason from a closed list."""

from typing import Final

import msgspec

REASONS: Final = {
    "opted_out": "The visitor opted out, or refused and the setting says reject. Nothing is kept but this count.",
    "bad_token": "A signed tag or link whose signature does not fit.",
    "too_large": "A body over the limit of its endpoint.",
    "not_json": "A body that is not JSON.",
    "bad_encoding": "A body in an encoding it does not name, or names wrongly.",
    "unknown_key": "A sender's key that is not one of ours.",
    "too_old": "`occurredAt` is more than 400 days back.",
    "in_future": "`occurredAt` lies more than 10 minutes in the future: no clock is that wrong.",
    "plan": "A feed that asked for strictness sent what its plan does not hold.",
    "malformed": "What should be an event has no shape of one.",
}
"""Why a hit was rejected: the sender's doing, or the visitor's will."""

FAILURES: Final = {
    "no_sink": "No sink is configured, so there is nowhere to store the event. `/health` is red.",
    "storage": "The sink could not store the event.",
    "internal": "A fault of ours; a traceback is in the log.",
}
"""Why a hit failed: our doing. The visitor gets the image, with status 503."""


class Rejected(msgspec.Struct, frozen=True):
    """A hit that becomes no event, and why: `reason` is a key of `REASONS`."""

    reason: str

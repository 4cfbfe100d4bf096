"""Faults of ours in the log: at most once a minute each, and never with what a visitor sent."""

import logging
import time
import traceback

QUIET_S = 60.0


class OncePerMinute(logging.Filter):
    """Lets each message of somebody else's logger through once a minute: a server's line on each broken request."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether to log it."""
        return _is_due(str(record.msg), self._last)


_last: dict[str, float] = {}


def log_fault(log: logging.Logger, what: str, fault: BaseException) -> None:
    """Log an exception with its traceback, unless the same `what` was logged within the last minute.

    Its message is left out: `KeyError: 'jane@example.com'` would put a visitor into the log.
    """
    if not _is_due(what, _last):
        return
    frames = "".join(traceback.format_tb(fault.__traceback__))
    log.error("%s: %s (more of these are not logged for %d s)\n%s", what, type(fault).__name__, QUIET_S, frames)


def _is_due(what: str, last: dict[str, float]) -> bool:
    """Say whether `what` was not logged within the last minute, and note that it is now."""
    now = time.monotonic()
    if now - last.get(what, -QUIET_S) < QUIET_S:
        return False
    last[what] = now
    return True

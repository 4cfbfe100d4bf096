"""What goes wrong on demand: rules that say where, how and how often.

hub that throttles twice         on="send", action="reject", count=2
connection lost, event stored    on="send", action="drop", when="after"
slow, and 0.5 % stalled by 1 s   on="send", action="delay", ms=1000, share=0.005, count=None
                                 on="send", action="delay", ms=30, count=None      (the first rule that fits wins)
silent from the first byte       on="connect", action="stall", count=None
token expired                    on="cbs", action="reject", description="ExpiredToken: ...", count=None
hub deleted                      on="attach", action="reject", condition="amqp:not-found", count=None
"""

import random
from typing import Any, Final, Literal

import msgspec

On = Literal["connect", "open", "cbs", "management", "attach", "send"]
Action = Literal["reject", "detach", "close", "drop", "stall", "delay"]

THROTTLED: Final = "com.microsoft:server-busy"

_POSSIBLE: Final[dict[str, tuple[str, ...]]] = {
    "connect": ("drop", "stall"),
    "open": ("close", "drop", "stall"),
    "cbs": ("reject", "close", "drop", "stall", "delay"),
    "management": ("reject", "close", "drop", "stall", "delay"),
    "attach": ("reject", "close", "drop", "stall"),
    "send": ("reject", "detach", "close", "drop", "stall", "delay"),
}
_CONDITIONS: Final = {"detach": "amqp:link:detach-forced", "close": "amqp:connection:forced"}


class Rule(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """One kind of fault.

    `reject` answers with an error, `detach` ends the link with one, `close` the connection with one, `drop` the
    connection without a word; `stall` never answers; `delay` answers well, `ms` milliseconds later.
    """

    on: On = "send"
    action: Action = "reject"
    count: int | None = 1
    """How often; None is for ever."""
    skip: int = 0
    """How many times it is left out first."""
    share: float = 1.0
    """Which part of the cases it takes, by chance; the others go to the next rule."""
    when: Literal["before", "after"] = "before"
    """`send`: before the events are stored, or after, so that only the acknowledgement is lost."""
    ms: int = 1000
    hub: str | None = None
    partition: str | None = None
    status: int = 401
    """`cbs`, `management`: what a rejection says."""
    condition: str | None = None
    """The AMQP condition of an error; without it the one that the service uses."""
    description: str = "a fault on demand"

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot go wrong that way."""
        if self.action not in _POSSIBLE[self.on]:
            raise ValueError(f"on={self.on!r} knows the actions {', '.join(_POSSIBLE[self.on])}, not {self.action!r}")
        if self.when == "after" and self.on != "send":
            raise ValueError('when="after" is for on="send"')

    @property
    def error(self) -> tuple[str, str]:
        """The AMQP condition, and a sentence."""
        return self.condition or _CONDITIONS.get(self.action, THROTTLED), self.description


class Faults:
    """The rules in force, asked in order. Chance is drawn from `seed`, so that a run can be had again."""

    def __init__(self, seed: int = 0) -> None:
        self.rules: list[Rule] = []
        self.fired: dict[str, int] = {}
        """How often each kind struck: `send:reject`, `send:drop:after` ..."""
        self._chance = random.Random(seed)

    def take(self, on: On, hub: str | None = None, partition: str | None = None) -> Rule | None:
        """Return the rule that strikes now, and count it."""
        for rule in self.rules:
            if rule.on != on or rule.count == 0 or rule.hub not in (None, hub):
                continue
            if rule.partition not in (None, partition):
                continue
            if rule.skip > 0:
                rule.skip -= 1
                continue
            if rule.share < 1 and self._chance.random() >= rule.share:
                continue
            if rule.count is not None:
                rule.count -= 1
            name = f"{on}:{rule.action}" + (":after" if rule.when == "after" else "")
            self.fired[name] = self.fired.get(name, 0) + 1
            return rule
        return None


def rule(**fields: Any) -> Rule:
    """Return the rule with these fields. Raises `msgspec.ValidationError`, which says what is wrong."""
    return msgspec.convert(fields, Rule)

"""Enrichers: found by file, run in order, each contained."""

import importlib
import logging
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from types import ModuleType
from typing import Any

import msgspec

from pixel.enricher import Anonymous, Enricher
from pixel.event import Event
from pixel.log import log_fault

NOT_WANTED = "not in PIXEL_ENRICHERS"

_log = logging.getLogger("pixel.enrich")


class Enrichers(msgspec.Struct, frozen=True):
    """The enrichers that run, in order, and why others do not: `disabled` has the reason by name."""

    running: tuple[Enricher, ...] = ()
    disabled: dict[str, str] = {}

    @property
    def problems(self) -> list[str]:
        """A sentence for each that does not run, though it should."""
        return [f"Enricher {name} does not run: {why}." for name, why in self.disabled.items() if why != NOT_WANTED]


def enrich(events: Sequence[Event], enrichers: Iterable[Enricher]) -> None:
    """Add what each enricher finds out. A failing one leaves a note in the event and nothing else.

    A result is added as it is, not copied: it may be of a cache, and in other visitors' events too.
    """
    for enricher in enrichers:
        name, find_out = enricher.name, enricher.enrich
        for event in events:
            try:
                result = find_out(event)
                if result:
                    event.enrichments[name] = result if type(result) is dict else dict(result)
            except Exception as fault:  # noqa: BLE001 - enrichment can never cost an event
                event.enrich_errors[name] = type(fault).__name__
                log_fault(_log, f"enricher {name} failed", fault)


def load(package: ModuleType, wanted: Sequence[str], environ: Mapping[str, str]) -> Enrichers:
    """Find the enrichers of a package, one a file, and set them up. `wanted` empty means all.

    One that cannot be set up is disabled, with the reason; the others run.
    """
    found = [module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]
    disabled = {name: "there is no such file in enrichers/" for name in wanted if name not in found}
    disabled |= {name: NOT_WANTED for name in found if wanted and name not in wanted}
    ready: dict[str, Enricher] = {}
    after: dict[str, tuple[str, ...]] = {}
    for name in found:
        if name in disabled:
            continue
        try:
            module = importlib.import_module(f"{package.__name__}.{name}")
            enricher = _set_up(name, module, environ)
            after[name] = _names(getattr(module, "after", ()))
            ready[name] = enricher
        except (Exception, SystemExit) as fault:  # noqa: BLE001 - a broken enricher never costs the others
            # Whoever reads /status may be anyone, and a message may hold a secret of the settings: it is in the log.
            about_code = isinstance(fault, (ImportError, SyntaxError))
            disabled[name] = (
                f"{type(fault).__name__}: {fault}" if about_code else f"{type(fault).__name__}, see the log"
            )
            _log.error("enricher %s is disabled", name, exc_info=fault)
    while True:
        sorter = TopologicalSorter({name: ready.keys() & after[name] for name in ready})
        try:
            order = list(sorter.static_order())
        except CycleError as cycle:
            for name in set(cycle.args[1]):
                disabled[name] = "`after` goes round in a circle"
                del ready[name]
        else:
            return Enrichers(tuple(ready[name] for name in order), disabled)


def _names(after: object) -> tuple[str, ...]:
    if isinstance(after, str) or not isinstance(after, Sequence):
        raise TypeError('`after` is a tuple of names, such as ("device",)')
    return tuple(after)


def _anonymous(said: Mapping[str, Iterable[str] | None] | Iterable[str]) -> Anonymous:
    """Read what a file says: keys whose values may stay, or a dict of keys and, for each, the texts that may."""
    if not isinstance(said, Mapping):
        return dict.fromkeys(said)
    return {key: None if texts is None else frozenset(texts) for key, texts in said.items()}


def _set_up(name: str, module: ModuleType, environ: Mapping[str, str]) -> Enricher:
    setup = getattr(module, "setup", None)
    made: Any = setup(environ) if setup else module
    function = getattr(made, "enrich", made)
    if not callable(function):
        raise TypeError("it defines neither enrich(event) nor a setup(env) that returns such a function")
    return Enricher(
        name=name,
        enrich=function,
        anonymous=_anonymous(getattr(module, "anonymous", ())),
        status=getattr(made, "status", None) or getattr(module, "status", None),
        reload=getattr(made, "reload", None) or getattr(module, "reload", None),
    )

"""Enrichers: found by file, run in order, each contained."""

import difflib
import importlib
import logging
import pkgutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from types import ModuleType
from typing import Any

import msgspec

from pixel.enricher import Anonymous, Enricher
from pixel.event import Event
from pixel.log import log_fault

NOT_WANTED = "not in PIXEL_ENRICHERS"

_log = logging.getLogger("pixel.enrich")


class UnusableError(TypeError):
    """A file that is no enricher. Its message is ours, so `/status` may show it."""


class Enrichers(msgspec.Struct, frozen=True):
    """The enrichers that run, in order, and why others do not: `disabled` has the reason by name.

    `slips` are sentences about what looks like a slip of the pen; `notes` are about what was chosen, and is no problem.
    """

    running: tuple[Enricher, ...] = ()
    disabled: dict[str, str] = {}
    slips: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def problems(self) -> list[str]:
        """A sentence for each that does not run, though it should, for each slip, and for each that fails now."""
        stopped = [
            f"Enricher {name} does not run: {why}." for name, why in self.disabled.items() if why != NOT_WANTED
        ]
        failing = [
            f"Enricher {each.name} failed within the last minute ({each.failures.kind}): see the log. "
            f"Its failures since the start: {each.failures.count:,}."
            for each in self.running
            if each.failures.recent
        ]
        return [*stopped, *self.slips, *failing]


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
                enricher.failures.note(fault)
                log_fault(_log, f"enricher {name} failed", fault)


def warm_up(event: Event, enrichers: Iterable[Enricher]) -> None:
    """Let each enricher load what its first hit needs. One that fails is logged, and not counted: it was no hit."""
    for enricher in enrichers:
        try:
            event.enrichments[enricher.name] = dict(enricher.enrich(event) or {})
        except Exception as fault:  # noqa: BLE001 - enrichment can never cost the start
            log_fault(_log, f"enricher {enricher.name} failed in the warm-up, before any hit", fault)


def load(package: ModuleType, wanted: Sequence[str], environ: Mapping[str, str]) -> Enrichers:
    """Find the enrichers of a package, one a file, and set them up. `wanted` empty means all.

    One that cannot be set up is disabled, with the reason; the others run.
    """
    found = [module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]
    disabled = {name: "there is no such file in enrichers/" for name in wanted if name not in found}
    disabled |= {name: NOT_WANTED for name in found if wanted and name not in wanted}
    environment = _Environment(environ)
    ready: dict[str, Enricher] = {}
    after: dict[str, tuple[str, ...]] = {}
    for name in found:
        if name in disabled:
            continue
        try:
            module = importlib.import_module(f"{package.__name__}.{name}")
            enricher = _set_up(name, module, environment)
            after[name] = _names(module, "after", "device")
            ready[name] = enricher
        except (Exception, SystemExit) as fault:  # noqa: BLE001 - a broken enricher never costs the others
            # Whoever reads /status may be anyone, and a message may hold a secret of the settings: it is in the log.
            kind, about_code = type(fault).__name__, isinstance(fault, (ImportError, SyntaxError))
            disabled[name] = f"{kind}: {fault}" if about_code else f"{kind}, see the log"
            if isinstance(fault, UnusableError):
                disabled[name] = str(fault)
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
            needs = [(name, earlier) for name in order for earlier in after[name]]
            return Enrichers(
                running=tuple(ready[name] for name in order),
                disabled=disabled,
                slips=(
                    *(
                        f"Enricher {name} runs after {earlier}, and there is no such file in enrichers/."
                        + _did_you_mean(earlier, found)
                        for name, earlier in needs
                        if earlier not in found
                    ),
                    *environment.slips(),
                ),
                notes=tuple(
                    f"Enricher {name} knows less without {earlier}, which PIXEL_ENRICHERS leaves out."
                    for name, earlier in needs
                    if disabled.get(earlier) == NOT_WANTED
                ),
            )


class _Environment(Mapping[str, str]):
    """The environment, as `setup` gets it; it knows afterwards which names are settings of enrichers."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self._asked.add(name)
        return self._environ[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._environ)

    def __len__(self) -> int:
        return len(self._environ)

    def slips(self) -> list[str]:
        """Return a sentence for each name that is nearly that of a setting which is not set."""
        unset = sorted(name for name in self._asked if not self._environ.get(name))
        return [
            f"{name} is not a setting.{near}"
            for name in self._environ
            if name not in self._asked and (near := _did_you_mean(name, unset, 0.83))
        ]


def _did_you_mean(name: str, names: Iterable[str], likeness: float = 0.6) -> str:
    near = difflib.get_close_matches(name, list(names), 1, likeness)
    return f" Did you mean {near[0]}?" if near else ""


def _names(module: ModuleType, what: str, example: str) -> tuple[str, ...]:
    given = getattr(module, what, ())
    if not _are_names(given):
        raise UnusableError(f'`{what}` is a tuple of names, such as ("{example}",), with its comma')
    return tuple(given)


def _anonymous(module: ModuleType) -> Anonymous:
    """Read what a file says: keys whose values may stay, or a dict of keys and, for each, the texts that may."""
    said = getattr(module, "anonymous", ())
    if not isinstance(said, Mapping):
        return dict.fromkeys(_names(module, "anonymous", "country"))
    if not _are_names([*said]) or not all(texts is None or _are_names(texts) for texts in said.values()):
        raise UnusableError(
            "`anonymous` is a tuple of names, or a dict of names with None or the texts that may stay"
        )
    return {key: None if texts is None else frozenset(texts) for key, texts in said.items()}


def _are_names(given: object) -> bool:
    return isinstance(given, (tuple, list, set, frozenset)) and all(isinstance(each, str) for each in given)


def _set_up(name: str, module: ModuleType, environ: Mapping[str, str]) -> Enricher:
    setup = getattr(module, "setup", None)
    made: Any = setup(environ) if setup else module
    function = getattr(made, "enrich", made)
    if not callable(function):
        raise UnusableError("it defines neither enrich(event) nor a setup(env) that returns such a function")
    return Enricher(
        name=name,
        enrich=function,
        anonymous=_anonymous(module),
        status=getattr(made, "status", None) or getattr(module, "status", None),
        reload=getattr(made, "reload", None) or getattr(module, "reload", None),
    )

"""Check a pixel from end to end: `verify --url URL [--capture WHERE]` fires known hits and finds them where they are kept.

The same for `make run`, for `make stack` and for a deployment on Azure. The exit code is 0 when all is well, 1 when
something is wrong, 2 when it could not be checked.
"""

import argparse
import math
import os
import secrets
import sys
from collections.abc import Sequence
from time import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from pixel.captured import WHERE, captured, place
from pixel.store import StoreError
from pixel.verify.answers import answered_wrongly
from pixel.verify.events import compare
from pixel.verify.finding import Finding
from pixel.verify.hits import Hit, hits
from pixel.verify.remote import Answer, NoAnswer, Remote, Told
from pixel.verify.verdict import about_missing, about_pixel, privacy_of
from pixel.verify.watch import Seen, Watch

WAIT_S, WAIT_HERE_S = 360.0, 30.0
"""Capture's default window is 5 minutes; `make stack` has one of 5 s."""


def run(arguments: list[str]) -> int:
    """Fire, wait, compare, tell."""
    asked = _arguments(arguments)
    remote: Remote = asked.url
    if not (asked.no_wait or asked.capture or remote.is_here or os.environ.get("PIXEL_CAPTURE_STORE")):
        print("Say with --capture where Capture puts its files, or --no-wait to check answers only.", file=sys.stderr)
        return 2
    try:
        if asked.no_wait:
            return _Run(asked).check(None)
        with captured(asked.capture) as files:
            console = Console(stderr=True)
            console.print(
                f"Reading what is in {place(asked.capture)} ...", highlight=False, markup=False, soft_wrap=True
            )
            run = _Run(asked)
            return run.check(Watch(files, run.mark))
    except (NoAnswer, StoreError) as fault:
        print(fault, file=sys.stderr)
    except OSError as fault:
        print(f"{fault.filename or place(asked.capture)}: {fault.strerror}", file=sys.stderr)
    return 2


class _Run:
    """One verification; `mark` begins the ids of its events."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.mark = f"verify-{secrets.token_hex(6)}"
        self._asked = asked
        self._remote: Remote = asked.url
        self._now = time()
        self._answers: dict[str, Answer] = {}
        self._findings: list[Finding] = []
        self._console = Console()

    def check(self, watch: Watch | None) -> int:
        health = self._remote.health()
        before = self._remote.told()
        fired = hits(self.mark, self._now, before.privacy)
        self._fire(fired)
        found, waited_s = self._wait(fired, watch) if watch else ({}, 0.0)
        after = self._remote.told()
        fired = self._as_set(fired, found, after)
        self._findings += about_pixel(after, health)
        for hit in fired:
            self._findings += answered_wrongly(hit, self._answers[hit.id])
        if watch:
            self._findings += compare(fired, found, after)
            wanted = [hit for hit in fired if self._is_accepted(hit)]
            missing = [hit for hit in wanted if hit.id not in found]
            where, here = place(self._asked.capture), self._remote.is_here
            spilled = after.spilled - before.spilled if after.boot == before.boot else 0
            self._findings += about_missing(missing, len(found), after, spilled, where, waited_s, here)
            self._findings += [Finding("", f"{name} cannot be read to its end", wrong=False) for name in watch.unread]
        return self._tell(fired, found if watch else None)

    def _is_accepted(self, hit: Hit) -> bool:
        return self._answers[hit.id].headers.get("x-pixel-outcome") == "accepted"

    def _fire(self, fired: Sequence[Hit]) -> None:
        with _bar() as bar:
            task = bar.add_task(f"Firing {len(fired)} hits at {self._remote.base}", total=len(fired))
            for hit in fired:
                target = f"{self._remote.path}?{hit.query}"
                self._answers[hit.id] = self._remote.ask(hit.method, target, hit.headers)
                bar.advance(task)

    def _wait(self, fired: Sequence[Hit], watch: Watch) -> tuple[dict[str, list[Seen]], float]:
        wanted = {hit.id for hit in fired if self._is_accepted(hit)}
        asked, here = self._asked.wait, self._remote.is_here
        wait_s = asked if asked is not None else WAIT_HERE_S if here else WAIT_S
        waited = 0.0
        with _bar() as bar:
            task = bar.add_task(f"Waiting for Capture, at most {wait_s:g} s", total=len(wanted))

            def tick(found: int, took: float) -> None:
                nonlocal waited
                waited = took
                bar.update(task, completed=found)

            watch.until(wanted, wait_s, 0.5 if here else 5, tick)
        return watch.found, waited

    def _as_set(self, fired: list[Hit], found: dict[str, list[Seen]], told: Told) -> list[Hit]:
        """Return the hits with what is expected of them under the setting that a closed /status did not tell."""
        outcomes = {hit.name: self._answers[hit.id].headers.get("x-pixel-outcome") for hit in fired}
        flags = {hit.name: found[hit.id][0].fields.get("flags", []) for hit in fired if hit.id in found}
        told.privacy = privacy_of(told, outcomes, flags)
        return hits(self.mark, self._now, told.privacy)

    def _tell(self, fired: Sequence[Hit], found: dict[str, list[Seen]] | None) -> int:
        table = Table("", "Hit", "Answer", "Outcome", "Stored", box=None, pad_edge=False)
        for hit in fired:
            about = [each for each in self._findings if each.hit == hit.name]
            ok = not any(each.wrong for each in about)
            lost = found is not None and self._is_accepted(hit) and hit.id not in found
            answer = self._answers[hit.id]
            table.add_row(
                "[green]ok[/]" if ok and not lost else "[red]wrong[/]",
                hit.name,
                str(answer.status),
                answer.headers.get("x-pixel-outcome", "-"),
                "" if found is None else "[red]missing[/]" if lost else "yes" if hit.id in found else "-",
            )
        self._console.print(table)
        wrong = [each for each in self._findings if each.wrong]
        for each in [*wrong, *(each for each in self._findings if not each.wrong)]:
            mark = "[red]wrong[/]" if each.wrong else "[yellow]note[/]"
            # Printed as plain text but for the mark: what a pixel answers may look like markup.
            self._console.print(f"\n{mark} ", end="", highlight=False)
            name = f"{each.hit}: " if each.hit else ""
            self._console.print(f"{name}{each.what}.", markup=False, highlight=False, soft_wrap=True)
            if each.look:
                self._console.print(f"      {each.look}", markup=False, highlight=False, soft_wrap=True)
        self._console.print()
        if wrong:
            some = f"{len(wrong)} findings, above." if len(wrong) > 1 else "What, and where to look, stands above."
            self._console.print(f"[red]Not well.[/] {some} The run is {self.mark}.", highlight=False, soft_wrap=True)
            return 1
        kept = (
            "What was stored was not checked (--no-wait)."
            if found is None
            else f"{len(found)} events are stored as they must be, and nothing else is."
        )
        self._console.print(
            f"[green]All is well.[/] {len(fired)} hits answered. {kept}", highlight=False, soft_wrap=True
        )
        return 0


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed} of {task.total}"))
    return Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True))


def _arguments(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m pixel verify", description=__doc__)
    add = parser.add_argument
    add("--url", type=_url, default=f"http://127.0.0.1:{os.environ.get('PORT') or '7071'}", help="of the pixel; with the path, if that is not /pix (%(default)s)")  # fmt: skip
    add("--capture", default="", metavar="WHERE", help=WHERE)
    add("--key", default=os.environ.get("PIXEL_STATUS_KEY", ""), help="for /status; better in PIXEL_STATUS_KEY, where nobody sees it")  # fmt: skip
    add("--wait", type=_seconds, metavar="SECONDS", help=f"for Capture, at most ({WAIT_S:g}; on this machine {WAIT_HERE_S:g})")  # fmt: skip
    add("--no-wait", action="store_true", help="check the answers only, not what is stored")
    asked = parser.parse_args(arguments)
    asked.url = Remote(asked.url, asked.key)
    return asked


def _url(text: str) -> str:
    try:
        Remote(text)
    except ValueError:
        raise argparse.ArgumentTypeError("give a URL such as https://pixel.example.com") from None
    return text


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError("give a number of seconds")
    return seconds

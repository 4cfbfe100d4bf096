"""What Capture holds of one run: looked for again and again, in files that are new or have grown."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import msgspec

from pixel import capture
from pixel.captured import Captured


class Seen(msgspec.Struct, frozen=True):
    """A captured event of the run: its fields, and the bytes they stand in."""

    fields: dict[str, Any]
    body: bytes


class Watch:
    """Looks for events whose ids begin with `run`. What was there before it began is not read."""

    def __init__(self, files: Captured, run: str) -> None:
        self._files = files
        self._run = run
        self._sizes = files.sizes()
        self._seen: dict[str, list[Seen]] = {}
        self.unread: set[str] = set()
        """Files that are damaged, or no capture files."""

    @property
    def found(self) -> dict[str, list[Seen]]:
        """What was found so far, by id."""
        found: dict[str, list[Seen]] = {}
        for events in self._seen.values():
            for each in events:
                found.setdefault(each.fields["id"], []).append(each)
        return found

    def look(self) -> None:
        """Read what is new. Raises `StoreError` or `OSError`."""
        for name, size in self._files.sizes().items():
            if self._sizes.get(name) != size:
                self._seen[name] = self._read(name)
                self._sizes[name] = size

    def until(self, wanted: set[str], within_s: float, every_s: float, tick: Callable[[int, float], object]) -> None:
        """Look until all `wanted` ids are there, or time is up; `tick` is told how many are, after how many seconds."""
        began = monotonic()
        while True:
            self.look()
            here, took = len(wanted & self.found.keys()), monotonic() - began
            tick(here, took)
            if here == len(wanted) or took >= within_s:
                break
            sleep(min(every_s, within_s - took))
        self.look()

    def _read(self, name: str) -> list[Seen]:
        events: list[Seen] = []
        try:
            with self._files.open(name) as file:
                for record in capture.records(file):
                    events += filter(None, map(self._event, capture.bodies(record)))
            self.unread.discard(name)
        except (capture.NotCapture, capture.Damaged) as fault:
            if not isinstance(fault, capture.Damaged) or not fault.torn:  # a torn tail is being written
                self.unread.add(name)
        return events

    def _event(self, body: bytes) -> Seen | None:
        if self._run.encode() not in body:
            return None
        try:
            fields: dict[str, Any] = msgspec.json.decode(body, type=dict)
        except msgspec.DecodeError:
            return None
        return Seen(fields, body) if str(fields.get("id", "")).startswith(self._run) else None

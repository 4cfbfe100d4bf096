"""Replay: what was spilled is sent on, oldest first; a file goes once each of its events was acknowledged.

Each file is sent under a lease of its own, in steps of `STEP_EVENTS`. How far it came is remembered after each step, as a
line number in `replay/`: who goes on after a killed replayer repeats one step at most, with the same ids.

A line that is no event, or an event that no batch takes, is set aside in `poison/`, under the name of its file with the
number of the first such line of the step: written anew, never appended to, so a repeated step sets nothing aside twice.
"""

import base64
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final, Protocol

import msgspec

from pixel.deliver.backlog import note_replay
from pixel.deliver.spill import SETTLED_S, TOO_LARGE, Line, SpillFile, read_lines, spilled_files
from pixel.store import Lease, Missing, Store, StoreError, Taken

STEP_EVENTS: Final = 500
STEP_BYTES: Final = 512 << 10
"""What is sent in one step, unless a single event is larger; what a killed replayer repeats at most."""
YOUNG_S: Final = 60 + SETTLED_S
"""A file that began less than so long ago may still grow."""

NO_EVENT: Final = "no_event"
"""Why a line was set aside that is no event; the other reason is `TOO_LARGE`."""


class Undelivered(Exception):  # noqa: N818 - it reads as what is the matter
    """A sender could not bring events to where they go; some may be there nevertheless.

    `reason` says why, in a word or a few, without a secret. `too_large`: at least one event fits in no batch, ever.
    """

    def __init__(self, reason: str, too_large: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.too_large = too_large


class Sender(Protocol):
    """Where events are sent on to."""

    async def deliver(self, bodies: Sequence[bytes]) -> None:
        """Return once all are acknowledged; raises `Undelivered`. A body is one event, as `pixel.event.encode` gives it.

        Say `too_large` before anything is sent, if you can: the same events come again, in halves.
        """
        ...


class Replayed(msgspec.Struct):
    """What a replay did: files that are gone now, events acknowledged, lines set aside, torn lines dropped.

    `left` files are still there, `left_bytes` long, `young` ones among them. `problem` says why, if there was a fault.
    `aside` are the names in the store of what was set aside.
    """

    files: int = 0
    events: int = 0
    set_aside: int = 0
    torn: int = 0
    left: int = 0
    left_bytes: int = 0
    young: int = 0
    problem: str | None = None
    aside: list[str] = []

    def __str__(self) -> str:
        """Say it in a line, for the log."""
        counts = f"{self.events} events sent on, {self.files} files done, {self.left} left"
        lines = f"{self.set_aside} lines set aside in poison/, {self.torn} torn lines dropped"
        return f"{counts}; {lines}" + (f". {self.problem}" if self.problem else "")


Progress = Callable[[int, int], object]
"""Is told how many bytes are done, and of how many."""


async def replay(
    store: Store,
    sender: Sender,
    *,
    clock: Callable[[], float] = time.time,
    progress: Progress | None = None,
) -> Replayed:
    """Send on what is spilled. What another replayer holds, or is young, or cannot be read or deleted, is left.

    Stops when the sender refuses, or the store answers no more. Raises `StoreError` when it cannot be listed to begin with.
    """
    told = Replayed()
    files = await spilled_files(store)
    ready = [file for file in files if clock() - file.minute >= YOUNG_S]
    told.young = len(files) - len(ready)
    left = {file.name: file.size for file in files}
    size, done = sum(file.size for file in ready), 0
    for file in ready:
        try:
            async with store.lease(f"replay/{_flat(file)}") as lease:
                async for sent in _send_on(store, sender, file, lease, told):
                    if progress is not None:
                        progress(done + sent, size)
            del left[file.name]
        except Undelivered as refused:
            told.problem = refused.reason
            break
        except Missing:  # another replayer was here since we looked
            del left[file.name]
        except Taken:
            pass
        except StoreError as fault:
            told.problem = str(fault)
            if not await _answers(store):
                break
        done += file.size
    told.left, told.left_bytes = len(left), sum(left.values())
    if told.events:
        await note_replay(store, told.files, told.events, clock())
    return told


async def deliver_or_find_too_large(
    sender: Sender, bodies: Sequence[bytes], before_each: Callable[[], None] = lambda: None
) -> list[int]:
    """Deliver all but those that no batch takes; return where these stand. Raises `Undelivered` for any other reason.

    `before_each` is called before each delivery, and may raise.
    """
    if not bodies:
        return []
    before_each()
    try:
        await sender.deliver(bodies)
    except Undelivered as refused:
        if not refused.too_large:
            raise
    else:
        return []
    if len(bodies) == 1:
        return [0]
    half = len(bodies) // 2
    first = await deliver_or_find_too_large(sender, bodies[:half], before_each)
    return first + [half + index for index in await deliver_or_find_too_large(sender, bodies[half:], before_each)]


async def _answers(store: Store) -> bool:
    """Say whether it is the file that is at fault and not the store, which would fail with each file as slowly."""
    try:
        await store.names("replay/")
    except StoreError:
        return False
    return True


async def _send_on(store: Store, sender: Sender, file: SpillFile, lease: Lease, told: Replayed) -> AsyncIterator[int]:
    """Send one file on and delete it; give how many bytes of it are done, after each step."""

    def still_ours() -> None:
        if not lease.is_held():
            raise StoreError("The lease of a spilled file was lost, so the file is left to whoever has it now.")

    marker = f"replay/{_flat(file)}.line"
    begun_at = done_to = await _marked(store, marker)
    torn = 0
    async for step, end in _steps(store, file, begun_at):
        if done_to > begun_at:
            still_ours()
            await store.write(marker, b"%d" % done_to)
        events = [line for line in step if line.problem is None]
        too_large = await deliver_or_find_too_large(sender, [line.body for line in events], still_ours)
        told.events += len(events) - len(too_large)
        aside = [(line, NO_EVENT) for line in step if line.problem == "poison"]
        aside += [(events[index], TOO_LARGE) for index in too_large]
        if aside:
            still_ours()
            await _set_aside(store, file, sorted(aside, key=lambda each: each[0].number), told)
        torn = sum(line.problem == "torn" for line in step)  # it can only be the last
        done_to = step[-1].number - torn
        yield end
    still_ours()
    # The marker goes first: beside a new file of that name, should there ever be one, it would hide events.
    await store.delete(marker)
    if not await store.delete(file.name, file.size):
        await store.write(marker, b"%d" % done_to)
        raise StoreError("A spilled file grew while it was replayed: the rest of it is left for the next time.")
    told.files += 1
    told.torn += torn


async def _steps(store: Store, file: SpillFile, after: int) -> AsyncIterator[tuple[list[Line], int]]:
    """Give the lines of a file after that number, some at a time, and at which byte the last of them ends."""
    most = 1 if file.reason == TOO_LARGE else STEP_EVENTS  # so that none is sent in vain beside one that is too large
    step: list[Line] = []
    size = end = 0
    async for line in read_lines(store, file):
        if line.number > after:
            if step and (len(step) == most or size + len(line.body) > STEP_BYTES):
                yield step, end
                step, size = [], 0
            step.append(line)
            size += len(line.body)
        end += len(line.body) + 1
    if step:
        yield step, file.size


async def _marked(store: Store, marker: str) -> int:
    try:
        return int(await store.read(marker))
    except (Missing, ValueError):
        return 0


async def _set_aside(store: Store, file: SpillFile, aside: list[tuple[Line, str]], told: Replayed) -> None:
    name = f"poison/{file.name.removeprefix('spill/').removesuffix('.ndjson')}.{aside[0][0].number}.ndjson"
    lines = (
        msgspec.json.encode({"file": file.name, "line": line.number, "reason": reason, **_body(line.body)}) + b"\n"
        for line, reason in aside
    )
    await store.write(name, b"".join(lines))
    told.set_aside += len(aside)
    told.aside.append(name)


def _body(body: bytes) -> dict[str, Any]:
    try:
        return {"body": body.decode()}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(body).decode()}


def _flat(file: SpillFile) -> str:
    """Name what belongs to a file in one folder, so that no empty folders are left."""
    return file.name.removeprefix("spill/").replace("/", "-")

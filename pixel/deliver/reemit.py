"""Captured events are sent once more, with their ids, from a folder or a container that Event Hubs Capture wrote to."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from pixel import capture
from pixel.captured import Captured
from pixel.deliver.replay import STEP_BYTES, STEP_EVENTS, Progress, Sender, Undelivered, deliver_or_find_too_large
from pixel.event import Event, decode
from pixel.store import StoreError

Change = Callable[[bytes, Event], bytes]
"""Is given an event as captured, and decoded; returns what is sent."""


class Reemitted(msgspec.Struct):
    """What came of it: files read, events chosen, and of these sent; what is no event, or too large for any batch.

    `unread` are sentences about files that could not be read, or not to their end; `torn` says how many of them only have a
    torn tail. `problem` says why it stopped before its end.
    """

    files: int = 0
    chosen: int = 0
    sent: int = 0
    no_event: int = 0
    too_large: int = 0
    torn: int = 0
    unread: list[str] = []
    problem: str | None = None


async def reemit(
    files: Captured,
    sender: Sender | None,
    *,
    begin: str = "",
    end: str = "~",
    change: Change | None = None,
    progress: Progress | None = None,
) -> Reemitted:
    """Send the events of capture files, oldest file first. Without a sender only count.

    `begin` and `end` bound `received_at`, as it is written in events; `end` itself is left out. Stops when the sender
    refuses. Raises `StoreError` or `OSError` when the files cannot be listed.
    """
    told = Reemitted()
    # In threads: to read may take long, and a sender has connections to keep.
    sizes = await asyncio.to_thread(files.sizes)
    size, done = sum(sizes.values()), 0
    waiting: list[bytes] = []
    waiting_bytes = 0

    async def flush() -> None:
        nonlocal waiting, waiting_bytes
        bodies, waiting, waiting_bytes = waiting, [], 0
        if sender is not None:
            too_large = len(await deliver_or_find_too_large(sender, bodies))
            told.too_large += too_large
            told.sent += len(bodies) - too_large

    try:
        for name in sorted(sizes, key=lambda name: (capture.file_time(Path(name)), name)):
            try:
                file = await asyncio.to_thread(files.open, name)
            except (StoreError, OSError) as fault:
                told.unread.append(f"{name}: {fault}")
                continue
            with file:
                told.files += 1
                for body, event in _events(file, name, told):
                    if not begin <= event.received_at < end:
                        continue
                    told.chosen += 1
                    sent = body if change is None else change(body, event)
                    if waiting and (len(waiting) == STEP_EVENTS or waiting_bytes + len(sent) > STEP_BYTES):
                        await flush()
                    waiting.append(sent)
                    waiting_bytes += len(sent)
            done += sizes[name]
            if progress is not None:
                progress(done, size)
        await flush()
    except Undelivered as refused:
        told.problem = refused.reason
    return told


def _events(file: BinaryIO, name: str, told: Reemitted) -> Iterator[tuple[bytes, Event]]:
    """Give the events of a capture file. A body may hold several, one a line."""
    try:
        for record in capture.records(file):
            for body in capture.bodies(record):
                try:
                    event = decode(body)
                except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                    told.no_event += 1
                    continue
                yield body, event
    except capture.NotCapture as fault:
        told.unread.append(f"{name}: {fault}")
    except capture.Damaged as damaged:
        told.torn += damaged.torn
        told.unread.append(f"{name}: {'torn tail' if damaged.torn else 'damaged'}: {damaged}")

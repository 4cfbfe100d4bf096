"""Hits that Azure Front Door answered at its edge go the way of all others, a batch of its log at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from msgspec import structs

from pixel.collect.client_ip import client_ip
from pixel.collect.edge_log import read
from pixel.collect.request import Request
from pixel.collect.track import Collector, track
from pixel.outcome import Rejected

PORTION: Final = 256
"""Hits that are tracked together: a good batch for the hub, and what else waits for the processor waits some 10 ms."""

SETTLED_LIMIT: Final = 100_000

Take = Callable[[Sequence[bytes]], Awaitable[None]]
"""Takes a batch of messages and returns once every hit in them is safe. Raises `UnsafeError` if one is not."""


class UnsafeError(Exception):
    """Hits of a batch could not be stored: whoever brought the batch should bring it again."""


def edge(collector: Collector, paths: Iterable[str]) -> Take:
    """Return what takes batches of messages. `paths` are those of the pixel: all other requests are left out.

    A batch that is brought again gives the same ids. In the same process only what is not settled is sent again:
    after a failure, the references of what was accepted or rejected are kept until the batch is through.
    `failed:internal` is no reason to bring it again: the same fault would hold up all that comes behind it.
    """
    collector = structs.replace(collector, client_ip=client_ip("direct"))
    known = frozenset("/" + path.strip("/").lower() for path in paths)
    settled: set[str | None] = set()

    async def take(messages: Sequence[bytes]) -> None:
        malformed = 0
        done: list[str | None] = []

        async def tracked(portion: Sequence[Request]) -> None:
            hits = [each for each in portion if each.reference not in settled]
            outcomes = await track(hits, "edge", collector)
            if len(hits) > 1 and "failed:internal" in outcomes:  # one may have cost all the others
                for at, said in enumerate(outcomes):
                    if said == "failed:internal":
                        [outcomes[at]] = await track([hits[at]], "edge", collector)
            safe = [hit.reference for hit, said in zip(hits, outcomes, strict=True) if said not in _UNSAFE]
            if len(safe) < len(hits):
                if len(settled) > SETTLED_LIMIT:  # of batches that another instance took over
                    settled.clear()
                settled.update(filter(None, (*done, *safe)))
                raise UnsafeError(
                    f"{len(hits) - len(safe)} of the hits in the edge's log could not be stored, so their batch has to "
                    "come again. /status says what is wrong."
                )
            done.extend(each.reference for each in portion)

        portion: list[Request] = []
        for message in messages:
            await asyncio.sleep(0)  # a message may hold no hit, and then nothing else waits here
            for each in read(message, known):
                if each is None:
                    malformed += 1
                    continue
                portion.append(each)
                if len(portion) == PORTION:
                    await tracked(portion)
                    portion = []
                    await asyncio.sleep(0)  # all may be rejected
        await tracked(portion)
        settled.difference_update(done)
        collector.ledger.received += malformed
        for _ in range(malformed):
            collector.ledger.rejection(_MALFORMED)

    return take


_UNSAFE: Final = frozenset(("failed:storage", "failed:no_sink"))
_MALFORMED: Final = Rejected("malformed")

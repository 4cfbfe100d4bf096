"""A sink that hands events to Event Hubs in groups, and to the spill what it will not take in time.

An event joins the batch that leaves next, and its send ends with that batch's acknowledgement. While a batch takes long,
up to three more leave beside it, so that one that is stalled does not hold up every visitor. When the hub has taken
nothing for longer than a batch may take, events go to the spill at once, and now and then one batch tries.
"""

import asyncio
import importlib
import logging
import random
from collections.abc import Coroutine, Sequence
from typing import Any, Final

from pixel.deliver.connections import CONNECT_S, ENTRY_BYTES, KEY_BYTES, Connect, Connection, Connections, Refused
from pixel.deliver.deliveries import Deliveries
from pixel.deliver.packing import pack
from pixel.deliver.replay import Undelivered
from pixel.deliver.spill import TOO_LARGE, Spill
from pixel.deliver.waiting import Batch, Waiting
from pixel.deliver.way_out import WayOut
from pixel.event import Event, encode
from pixel.hub import HubSettings

BUDGET_S: Final = 2.0
"""What a batch may take with all its attempts, once there was a connection."""
BATCHES: Final = 4
GATHER_S: Final = 0.01
"""How long a batch that has others under way before it waits for company: a small one costs nearly what a large one does."""
KEY_LIMIT: Final = 128
"""Characters of an ordering key; the service takes no more."""
FIRST_SHARE: Final = 0.6
"""Of the budget, for a first attempt: what is then left is for another connection, should this one be dead."""
LEAST_SHARE: Final = 0.15
"""Of the budget, that must be left for an attempt to be worth it."""
BACK_OFF_S: Final = (0.05, 0.1, 0.2, 0.4)
TRIAL_S: Final = 1.0

_log = logging.getLogger("pixel.event_hub")


class EventHubSink:
    """Sends to the hub that `connect` reaches. Without `spill`, what the hub will not take has failed.

    `packed` puts many events, a line each, into one EventData: fewer messages, and readers have to split.
    `order_by` names a field of the event: those with the same value keep their order, in one partition.
    """

    def __init__(
        self,
        connect: Connect,
        spill: Spill | None = None,
        *,
        packed: bool = False,
        order_by: str = "",
        budget_s: float = BUDGET_S,
    ) -> None:
        self._busy_keys: set[str] = set()
        self.deliveries = Deliveries()
        self._connections = Connections(connect, BATCHES, self._went_wrong)
        self._way_out = WayOut(spill)
        self._packed = packed
        self._order_by = order_by
        self._budget_s = budget_s
        self._waiting = Waiting()
        self._under_way = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._relief: asyncio.TimerHandle | None = None
        self._ill_since: float | None = None
        self._next_trial = 0.0

    @property
    def problem(self) -> str | None:
        """Why events cannot be stored, a sentence, for half a minute after the last that could not."""
        return self._way_out.problem

    @property
    def trouble(self) -> str | None:
        """A sentence while events are spilled."""
        return self._way_out.trouble

    def send(self, events: Sequence[Event]) -> Coroutine[Any, Any, Sequence[str]]:
        """Return `sent`, `spilled` or `failed:storage` for each event, once that is certain."""
        if self._order_by:
            return self._send_by_key(events)
        return self._send([encode(event) for event in events], None, True)

    async def deliver(self, bodies: Sequence[bytes]) -> None:
        """Send encoded events, for replay: nothing is spilled. Raises `Undelivered`, when some may have been stored."""
        try:
            await self._connections.open_first()
        except Refused as refused:
            raise Undelivered(refused.reason) from refused
        if any(len(body) + ENTRY_BYTES > self._connections.max_bytes for body in bodies):
            raise Undelivered("an event is too large for a batch", too_large=True)
        for outcome in await self._send(bodies, None, False):
            if outcome != "sent":
                raise Undelivered(outcome.removeprefix("refused:"))

    async def close(self) -> None:
        """Give the connections back. Nothing is lost without it."""
        if self._relief is not None:
            self._relief.cancel()
        await self._connections.close()

    async def _send_by_key(self, events: Sequence[Event]) -> Sequence[str]:
        keys = [(getattr(event, self._order_by) or "")[:KEY_LIMIT] or None for event in events]
        sends = (self._send([encode(event)], key, True) for event, key in zip(events, keys, strict=True))
        return [outcome for [outcome] in await asyncio.gather(*sends)]

    async def _send(self, bodies: Sequence[bytes], key: str | None, may_spill: bool) -> list[str]:
        count = len(bodies)
        if not count:
            return []
        entry = ENTRY_BYTES + (KEY_BYTES + len(key.encode()) if key else 0)
        size = sum(map(len, bodies)) + entry * count
        if size > self._connections.max_bytes:
            if count == 1:
                return [await self._way_out.take(bodies, TOO_LARGE, may_spill)]
            parts = (self._send(part, key, may_spill) for part in (bodies[: count // 2], bodies[count // 2 :]))
            return [outcome for part in await asyncio.gather(*parts) for outcome in part]
        if self._ill_since is not None and may_spill and self._is_hopeless():
            return [await self._way_out.take(bodies, "outage", may_spill)] * count
        outcome = self._waiting.add(bodies, size, key, may_spill, self._connections.max_bytes)
        if outcome is None:
            return [await self._way_out.take(bodies, "backlog", may_spill)] * count
        if self._under_way == 0:
            self._start()
        elif self._relief is None and self._under_way < BATCHES:
            self._relief = asyncio.get_running_loop().call_later(GATHER_S, self._relieve)
        return [await outcome] * count

    def _is_hopeless(self) -> bool:
        """Say whether the hub has taken nothing for too long; now and then say no, and one batch tries."""
        now = asyncio.get_running_loop().time()
        if self._ill_since is None or now - self._ill_since <= self._budget_s:
            return False
        if self._under_way or now < self._next_trial or not self._connections.is_one_idle():
            return True
        self._next_trial = now + TRIAL_S
        return False

    def _start(self) -> None:
        self._under_way += 1
        # A task begins after all that is ready to run now: what comes in this turn of the loop goes along.
        task = asyncio.create_task(self._work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _relieve(self) -> None:
        """Send a batch beside those under way, if somebody has waited long enough for them."""
        self._relief = None
        came = self._waiting.oldest()
        if came is not None and self._under_way < BATCHES:
            loop = asyncio.get_running_loop()
            left = came + GATHER_S - loop.time()
            if left <= 0:
                self._start()
            if self._under_way < BATCHES:
                self._relief = loop.call_later(left if left > 0 else GATHER_S, self._relieve)

    async def _work(self) -> None:
        try:
            while batch := self._waiting.next_batch(self._busy_keys):
                if batch.key is not None:
                    self._busy_keys.add(batch.key)
                try:
                    await self._send_batch(batch)
                except BaseException:
                    self._waiting.settle(batch, "failed:internal")  # nobody must wait for ever
                    raise
                finally:
                    self._busy_keys.discard(batch.key or "")
        finally:
            self._under_way -= 1

    async def _send_batch(self, batch: Batch) -> None:
        loop = asyncio.get_running_loop()
        bodies = batch.bodies
        entries = pack(bodies) if self._packed else bodies
        reason = ""
        is_unsure = False
        began = loop.time()
        for attempt in range(1000):
            is_first = not (self._connections.was_open or self._ill_since)
            deadline = batch.came + (CONNECT_S if is_first else self._budget_s)
            if deadline - loop.time() < self._budget_s * LEAST_SHARE:
                reason = reason or "backlog"  # it waited too long behind others: no fault of the hub
                break
            try:
                connection = await self._connections.take(deadline)
                self.deliveries.attempt()
                if is_unsure:
                    self.deliveries.duplicate(len(bodies))
                left = deadline - loop.time()
                within = min(left, self._budget_s * FIRST_SHARE) if attempt == 0 else left
                try:
                    await connection.send(entries, batch.key, within)
                except Refused as refused:
                    is_unsure = is_unsure or refused.unsure
                    self._connections.give_back(connection, broken=refused.broken)
                    raise
                except BaseException:
                    self._connections.give_back(connection, broken=True)
                    raise
                self._connections.give_back(connection)
            except Refused as refused:
                reason = refused.reason
                self._went_wrong(reason)
                ill_for = loop.time() - (self._ill_since or loop.time())
                if reason == TOO_LARGE or ill_for > self._budget_s:
                    break
                await asyncio.sleep(0.0 if refused.broken and attempt == 0 else _back_off(attempt))
            else:
                self.deliveries.batch(len(bodies), sum(map(len, bodies)), loop.time() - began)
                self._went_well()
                self._waiting.settle(batch, "sent")
                return
        if is_unsure:
            self.deliveries.duplicate(len(bodies))  # it comes again, by replay or by its sender
        self._waiting.settle(batch, await self._way_out.take(bodies, reason, batch.may_spill))

    def _went_wrong(self, reason: str) -> None:
        if self._ill_since is None:
            self._ill_since = asyncio.get_running_loop().time()
            _log.info("Event Hubs refused: %s", reason)

    def _went_well(self) -> None:
        self._ill_since = None
        self._way_out.is_over()


def _back_off(attempt: int) -> float:
    return BACK_OFF_S[min(attempt, len(BACK_OFF_S) - 1)] * random.uniform(0.5, 1.5)  # noqa: S311 - no secret


def open_hub(settings: HubSettings, spill: Spill | None = None) -> EventHubSink:
    """Return the sink of a hub; it connects when the first event comes."""

    async def connect() -> Connection:
        # The SDK takes 0.15 s to import: in a thread, so that nothing waits that need not.
        module = await asyncio.to_thread(importlib.import_module, "pixel.deliver.event_hub")
        connection: Connection = module.connect(settings)
        return connection

    return EventHubSink(connect, spill, packed=settings.packed, order_by=settings.order_by)

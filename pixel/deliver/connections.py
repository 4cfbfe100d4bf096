"""The connections to a hub: opened one after the other as batches need them, given up when they break."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

CONNECT_S: Final = 10.0
"""What a connection may take: a token, TLS, CBS and the link."""
ENTRY_BYTES: Final = 16
"""What AMQP adds to an event of a batch: the head of its data section, twice."""
KEY_BYTES: Final = 50
"""What an ordering key adds to an event of a batch, besides itself: the SDK annotates each with it."""
BATCH_BYTES: Final = 640
"""What AMQP adds to a batch, with an ordering key in it."""
IDLE_S: Final = 240.0
"""After which a connection without batches is replaced: the service ends a link that sent none for ten minutes."""
PAUSES_S: Final = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Between attempts to connect; the last for ever after."""
SMALLEST_BATCH: Final = (256 << 10) - BATCH_BYTES
"""Of the Basic tier: what a batch may have before a hub has told."""


class Refused(Exception):  # noqa: N818 - a finding about a batch
    """The hub did not acknowledge. `reason` is one word; `unsure`: it may have the events all the same.

    `broken`: the connection is of no more use.
    """

    def __init__(self, reason: str, *, unsure: bool, broken: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unsure = unsure
        self.broken = broken


class Connection(Protocol):
    """A connection to a hub, for one batch at a time."""

    max_bytes: int
    """Bytes of events, with `ENTRY_BYTES` for each, that a batch takes. Known once it is open."""

    async def open(self) -> None:
        """Connect, within `CONNECT_S`. Raises `Refused`."""
        ...

    async def send(self, bodies: Sequence[bytes], key: str | None, timeout_s: float) -> None:
        """Send a batch; return when the hub has stored it. Raises `Refused`."""
        ...

    async def close(self) -> None:
        """Give it up. Never raises."""
        ...


Connect = Callable[[], Awaitable[Connection]]


class Connections:
    """Up to `most` connections. `went_wrong` is told, in a word, each time one cannot be opened."""

    def __init__(self, connect: Connect, most: int, went_wrong: Callable[[str], None]) -> None:
        self.max_bytes = SMALLEST_BATCH
        self.was_open = False
        self._connect = connect
        self._most = most
        self._went_wrong = went_wrong
        self._why = "unreachable"
        self._count = 0
        self._idle: list[tuple[Connection, float]] = []
        self._renewal: asyncio.TimerHandle | None = None
        self._is_closed = False
        self._waiters: deque[asyncio.Future[Connection]] = deque()
        self._opening: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()

    def is_one_idle(self) -> bool:
        """Say whether one is open and has nothing to do."""
        return bool(self._idle)

    async def take(self, deadline: float) -> Connection:
        """Return an open connection for one batch, opening one if need be. Raises `Refused`.

        `deadline` is in seconds of the loop's clock.
        """
        # The one that waited longest: so each is used now and then, also where one alone would do.
        connection = self._idle.pop(0) if self._idle else None
        # One is open in advance where possible: to open it takes half a second, and nobody shall wait for that.
        if not self._idle:
            self._open_another()
        if connection is not None:
            return connection[0]
        waiter: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout_at(deadline):
                return await waiter
        except (TimeoutError, asyncio.CancelledError) as ended:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.give_back(waiter.result())  # it came in the moment of the timeout
            if isinstance(ended, TimeoutError):
                raise Refused(self._why, unsure=False, broken=False) from ended
            raise

    def give_back(self, connection: Connection, *, broken: bool = False) -> None:
        """Hand a connection to whoever waits for one; a broken one is closed."""
        if broken:
            self._count -= 1
            self._close(connection)
            if not self._idle:  # also when nobody waits: that one opens is how we learn that the hub is back
                self._open_another()
            return
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return
        loop = asyncio.get_running_loop()
        self._idle.append((connection, loop.time()))
        if self._renewal is None:
            self._renewal = loop.call_later(IDLE_S / 2, self._renew)

    async def open_first(self) -> None:
        """See to it that one was open once, so that `max_bytes` is the hub's own. Raises `Refused`."""
        if not self.was_open:
            self.give_back(await self.take(asyncio.get_running_loop().time() + CONNECT_S))

    async def close(self) -> None:
        """Close all that are idle, and open none any more."""
        self._is_closed = True
        if self._opening is not None:
            self._opening.cancel()
        if self._renewal is not None:
            self._renewal.cancel()
        for connection, _ in self._idle:
            self._close(connection)
        self._idle.clear()
        if self._closing:
            await asyncio.wait(self._closing)

    def _renew(self) -> None:
        """Replace those that have had nothing to do for long by one that is new, before the service ends them."""
        self._renewal = None
        loop = asyncio.get_running_loop()
        for connection, since in [each for each in self._idle if loop.time() - each[1] >= IDLE_S]:
            self._idle.remove((connection, since))
            self.give_back(connection, broken=True)
        if self._idle:
            self._renewal = loop.call_later(IDLE_S / 2, self._renew)
        else:
            self._open_another()

    def _open_another(self) -> None:
        if self._opening is None and self._count < self._most and not self._is_closed:
            self._opening = asyncio.create_task(self._open())

    async def _open(self) -> None:
        """Open one, with pauses between attempts; who waits is told of each that fails."""
        try:
            for attempt in range(1_000_000):
                connection = None
                try:
                    connection = await self._connect()
                    await connection.open()
                except Exception as fault:  # noqa: BLE001 - whatever it was, those who wait are told and it is tried again
                    self._why = fault.reason if isinstance(fault, Refused) else type(fault).__name__
                    if connection is not None:
                        self._close(connection)
                    self._went_wrong(self._why)
                    self._tell()
                    await asyncio.sleep(PAUSES_S[min(attempt, len(PAUSES_S) - 1)])
                else:
                    self._count += 1
                    self.max_bytes = connection.max_bytes
                    self.was_open = True
                    self.give_back(connection)
                    break
        finally:
            self._opening = None
        if not self._idle:
            self._open_another()

    def _tell(self) -> None:
        waiters, self._waiters = self._waiters, deque()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_exception(Refused(self._why, unsure=False, broken=False))

    def _close(self, connection: Connection) -> None:
        closing = asyncio.create_task(connection.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)

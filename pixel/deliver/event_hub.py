"""Event Hubs through its SDK: a connection that takes one batch at a time and says plainly what became of it.

The only file that imports `azure.eventhub`. What the SDK does on its own is switched off: it would send a refused batch
once more at once, without back-off and without anybody counting it.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from struct import pack
from typing import Any, Final, Protocol

import msgspec
from azure.eventhub import EventData, EventDataBatch, TransportType
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import AuthenticationError, EventHubError

CONNECT_S: Final = 10.0
"""What a connection may take: a token, TLS, CBS and the link."""
ENTRY_BYTES: Final = 16
"""What AMQP adds to an event of a batch: the head of its data section, twice."""
BATCH_BYTES: Final = 512
"""What AMQP adds to a batch, with an ordering key in it."""


class HubSettings(msgspec.Struct, frozen=True):
    """Which hub, and how to reach it: `connection` is a connection string, else the identity opens `namespace`."""

    name: str
    connection: str = ""
    namespace: str = ""
    credential: str = ""
    client_id: str = ""
    websockets: bool = False


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


Connect = Callable[[], Connection]


def connect(settings: HubSettings) -> Connection:
    """Return a connection that is not open yet."""
    return _HubConnection(settings)


class _Client(EventHubProducerClient):  # type: ignore[misc]
    """The SDK's client without its own second attempt."""

    async def _start_producer(self, partition_id: str, send_timeout: float | None) -> None:
        del partition_id, send_timeout
        raise  # noqa: PLE0704 - `send_batch` calls this while it handles the error of the first attempt


class _HubConnection:
    def __init__(self, settings: HubSettings) -> None:
        self.max_bytes = 0
        self._settings = settings
        self._client: Any = None
        self._credential: Any = None

    async def open(self) -> None:
        options: dict[str, Any] = {
            "eventhub_name": self._settings.name or None,
            "retry_total": 0,
            "auth_timeout": CONNECT_S,
            "transport_type": TransportType.AmqpOverWebsocket if self._settings.websockets else TransportType.Amqp,
        }
        try:
            async with asyncio.timeout(CONNECT_S):
                if self._settings.connection:
                    self._client = _Client.from_connection_string(self._settings.connection, **options)
                else:
                    self._credential = _credential(self._settings)
                    self._client = _Client(self._settings.namespace, credential=self._credential, **options)
                batch = await self._client.create_batch()
            self.max_bytes = batch.max_size_in_bytes - BATCH_BYTES
        except Exception as fault:  # noqa: BLE001 - the SDK lets anything through, and every event needs an outcome
            raise _refused(fault, sent=False) from fault

    async def send(self, bodies: Sequence[bytes], key: str | None, timeout_s: float) -> None:
        try:
            # The SDK's own timeout does not hold in all its states.
            async with asyncio.timeout(timeout_s + 0.1):
                batch = await self._client.create_batch(partition_key=key)
                if key is None:
                    fill(batch, bodies)
                else:
                    for body in bodies:
                        batch.add(EventData(body))
                await self._client.send_batch(batch, timeout=timeout_s)
        except Exception as fault:  # noqa: BLE001 - as above
            raise _refused(fault, sent=True) from fault

    async def close(self) -> None:
        for each in (self._client, self._credential):
            if each is not None:
                try:
                    async with asyncio.timeout(1):
                        await each.close()
                except Exception as fault:  # noqa: BLE001 - it is given up anyway
                    _log.debug("a connection closed with %s", type(fault).__name__)


def fill(batch: EventDataBatch, bodies: Sequence[bytes]) -> None:
    """Put events into an empty batch: what `batch.add(EventData(body))` does, for a tenth of the CPU.

    An event here is a body and nothing else, and that is a data section of AMQP 1.0 (3.2.6), which a batch holds
    encoded. The SDK builds two objects and encodes each event twice, to know its size. A test compares the bytes.
    """
    entries = batch._message[5]
    size = 0
    for body in bodies:
        length = len(body)
        # A described type (0x00, smallulong 0x53, descriptor 0x75: data) of a binary, short (0xa0) or long (0xb0).
        head = pack(">3sBB", b"\0Su", 0xA0, length) if length < 256 else pack(">3sBI", b"\0Su", 0xB0, length)
        entries.append(head + body)
        size += length + ENTRY_BYTES
    batch._count += len(bodies)
    batch._size += size


def _credential(settings: HubSettings) -> Any:
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential  # 0.1 s, and only identities need it

    if settings.credential == "managedidentity":
        return ManagedIdentityCredential(client_id=settings.client_id or None)
    return DefaultAzureCredential(managed_identity_client_id=settings.client_id or None)


_CONDITIONS: Final = {
    "server-busy": "throttled",
    "not-found": "hub_missing",
    "unauthorized": "unauthorised",
    "message-size-exceeded": "too_large",
    "detach": "detached",
    "quota": "quota",
}
_log = logging.getLogger("pixel.event_hub")


def _refused(fault: Exception, *, sent: bool) -> Refused:
    """Say in one word what an exception of the SDK means."""
    details = getattr(fault, "details", None)
    condition = getattr(getattr(details, "condition", None), "value", None) or getattr(details, "condition", b"")
    told = f"{condition!r} {fault}".lower()
    reason = next((word for mark, word in _CONDITIONS.items() if mark in told), None)
    if reason is None:
        if isinstance(fault, TimeoutError) or type(fault).__name__ == "OperationTimeoutError":
            reason = "timed_out"
        elif isinstance(fault, AuthenticationError) or type(fault).__name__ == "ClientAuthenticationError":
            reason = "unauthorised"
        else:
            reason = "connection_lost" if sent else "unreachable"
    if not isinstance(fault, (EventHubError, TimeoutError, OSError)):
        _log.debug("the SDK raised %s", type(fault).__name__)
    rejected = reason in ("throttled", "too_large", "quota")  # the hub itself said no, on a sound link
    return Refused(reason, unsure=sent and not rejected, broken=not rejected)

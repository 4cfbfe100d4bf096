"""Event Hubs through its SDK: a connection that takes one batch at a time and says plainly what became of it.

The only file that imports `azure.eventhub`. What the SDK does on its own is switched off: it would send a refused batch
once more at once, without anybody counting it, or sleep before it says what went wrong.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from azure.eventhub import EventData, TransportType
from azure.eventhub.aio import EventHubProducerClient
from azure.eventhub.exceptions import AuthenticationError, EventDataSendError, OperationTimeoutError

from pixel.deliver.connections import BATCH_BYTES, CONNECT_S, Connection, Refused
from pixel.deliver.transfer import Rejected, end_keep_alive, is_ready, transfer
from pixel.hub import HubSettings


def connect(settings: HubSettings) -> Connection:
    """Return a connection that is not open yet."""
    return _HubConnection(settings)


class _Client(EventHubProducerClient):
    """The SDK's client without its own second attempt."""

    async def _start_producer(self, partition_id: str, send_timeout: float | None) -> None:
        del partition_id, send_timeout
        raise  # `send_batch` calls this while it handles the error of the first attempt


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
            "retry_backoff_factor": 0,  # else it sleeps 0.8 s before it says what went wrong
            "retry_backoff_max": 0,
            "auth_timeout": CONNECT_S,
            "keep_alive": KEEP_ALIVE_S,
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
        except Exception as fault:  # the SDK lets anything through, and every event needs an outcome
            raise _refused(fault, sent=False) from fault

    async def send(self, bodies: Sequence[bytes], key: str | None, timeout_s: float) -> None:
        sent = False
        try:
            # The SDK's own timeout does not hold in all its states.
            async with asyncio.timeout(timeout_s + 0.1):
                producer = self._client._producers["all-partitions"]
                is_short = key is None and await is_ready(producer)
                sent = True
                if is_short:
                    await transfer(producer, bodies)
                else:
                    batch = await self._client.create_batch(partition_key=key)
                    for body in bodies:
                        batch.add(EventData(body))
                    await self._client.send_batch(batch, timeout=timeout_s)
        except Exception as fault:  # as above
            raise _refused(fault, sent=sent) from fault

    async def close(self) -> None:
        if self._client is not None:
            end_keep_alive(self._client)
        for each in (self._client, self._credential):
            if each is not None:
                try:
                    async with asyncio.timeout(1):
                        await each.close()
                except Exception as fault:  # noqa: BLE001 - it is given up anyway
                    _log.debug("a connection closed with %s", type(fault).__name__)


def _credential(settings: HubSettings) -> Any:
    from azure.identity.aio import (
        DefaultAzureCredential,
        ManagedIdentityCredential,
    )  # 0.1 s, and only identities need it

    if settings.credential == "managedidentity":
        return ManagedIdentityCredential(client_id=settings.client_id or None)
    return DefaultAzureCredential(managed_identity_client_id=settings.client_id or None)


KEEP_ALIVE_S: Final = 30
"""A connection in reserve says that it lives; the service closes one that says nothing for four minutes."""

# Every fault is told by us, once a minute; the SDK has a line for each frame that it does not like.
logging.getLogger("azure.eventhub").setLevel(logging.CRITICAL)

_CONDITIONS: Final = {
    "server-busy": "throttled",
    "not-found": "hub_missing",
    "unauthorized": "unauthorised",
    "message-size-exceeded": "too_large",
    "detach": "detached",
    "resource-limit-exceeded": "quota",
    "cbs token": "unauthorised",
    "cbs authentication": "unauthorised",
}
_log = logging.getLogger("pixel.event_hub")


def _refused(fault: Exception, *, sent: bool) -> Refused:
    """Say in one word what an exception of the SDK means; `sent`: it came from a send on an open link."""
    told = str(fault).lower()
    reason = next((word for mark, word in _CONDITIONS.items() if mark in told), None)
    if reason is None:
        if isinstance(fault, (TimeoutError, OperationTimeoutError)):
            reason = "timed_out"
        elif isinstance(fault, AuthenticationError) or type(fault).__name__ == "ClientAuthenticationError":
            reason = "unauthorised"
        else:
            reason = "connection_lost" if sent else "unreachable"
    # The hub itself said no, on a sound link.
    refused = isinstance(fault, (Rejected, EventDataSendError)) and reason in ("throttled", "too_large", "quota")
    return Refused(reason, unsure=sent and not refused, broken=not refused)

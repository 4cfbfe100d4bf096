"""The Blob service behind a store: connected to lazily, asked within a budget, its faults told in a sentence.

This and `store_blob.py` are the only code that knows Blob. Its client is imported on first use.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from pixel.store import Missing, StoreError, Taken, Unreachable

if TYPE_CHECKING:
    from azure.core.exceptions import AzureError
    from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential
    from azure.storage.blob.aio import ContainerClient

TRY_S: Final = 0.8
"""One request of an append; then it is sent again."""
WITHIN_S: Final = 2.0
"""An append that takes longer has failed: a hit waits for it."""
FIRST_WITHIN_S: Final = 10.0
"""The same, until the store has answered once, and only to wait: for import, token, TLS, perhaps a new container."""
PATIENT_S: Final = 30.0
"""For what no hit waits for: a read, a list, a delete."""

BLOCK_BYTES: Final = 1 << 20
"""What goes in one request. Blob takes 4 MiB and more, but aiohttp warns that it may hold the event loop up."""

# Retries are ours: the SDK's own wait for 15 s and more.
_OPTIONS: Final[dict[str, Any]] = {
    "retry_total": 0,
    "max_single_put_size": BLOCK_BYTES,
    "max_block_size": BLOCK_BYTES,
}
_PASSING: Final = (408, 429, 500, 502, 503, 504)

_Result = TypeVar("_Result")


class Client(NamedTuple):
    """The SDK's client of a container, and the identity to close with it."""

    container: "ContainerClient"
    identity: "DefaultAzureCredential | ManagedIdentityCredential | None" = None


def by_connection_string(text: str, container: str) -> Callable[[], Client]:
    """Return what connects with a storage connection string."""

    def connect() -> Client:
        from azure.storage.blob.aio import ContainerClient

        return Client(ContainerClient.from_connection_string(text, container, **_OPTIONS))

    return connect


def by_identity(url: str, client_id: str) -> Callable[[], Client]:
    """Return what connects to a container's URL: as the managed identity of that id, or as whoever is logged in."""

    def connect() -> Client:
        from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential
        from azure.storage.blob.aio import ContainerClient

        identity = ManagedIdentityCredential(client_id=client_id) if client_id else DefaultAzureCredential()
        return Client(ContainerClient.from_container_url(url, credential=identity, **_OPTIONS), identity)

    return connect


class Service:
    """One container, asked through one client per process, which belongs to the event loop of the first question."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._connect = connect
        self._client: Client | None = None
        self._answered = False

    async def ask(
        self, what: Callable[["ContainerClient"], Awaitable[_Result]], *, hit: bool = False, make: bool = False
    ) -> _Result:
        """Try until it is done, refused, or time is up; `make` the container if it is missing."""
        within = PATIENT_S if not hit else WITHIN_S if self._answered else FIRST_WITHIN_S
        one = TRY_S if hit and self._answered else within
        until = asyncio.get_running_loop().time() + (WITHIN_S if hit else PATIENT_S)
        why, missing, pause = f"did not answer within {within:g} s", False, 0.05
        try:
            async with asyncio.timeout(within):
                container = await self._connected()
                from azure.core.exceptions import AzureError

                while True:
                    try:
                        async with asyncio.timeout(one):
                            if missing:
                                await _make(container)
                            result = await what(container)
                        self._answered = True
                        return result
                    except TimeoutError:
                        pass
                    except AzureError as fault:
                        missing = make and code_of(fault) == "ContainerNotFound"
                        why = _sentence(fault)
                        # More than that is for silence only: who refuses to be reached will do so in 10 s as well.
                        is_late = asyncio.get_running_loop().time() > until
                        if not missing and (is_late or not _is_passing(fault)):
                            raise _kind(fault)(f"The Blob store {why}.") from None
                    await asyncio.sleep(pause)
                    pause *= 2
        except TimeoutError:
            raise Unreachable(f"The Blob store {why}.") from None

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.container.close()
            if client.identity is not None:
                await client.identity.close()

    async def _connected(self) -> "ContainerClient":
        try:
            if self._client is None:
                # In a thread: 0.6 s of CPU, in which hits are to be answered.
                await asyncio.to_thread(import_module, "azure.storage.blob.aio")
            if self._client is None:
                logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)
                self._client = self._connect()
        except ImportError as fault:
            raise StoreError(f"A Blob store needs the packages of requirements.txt ({fault.name}).") from None
        except ValueError:
            raise StoreError("PIXEL_STORE is not what the Blob client can read: copy it anew.") from None
        return self._client.container


async def _make(container: "ContainerClient") -> None:
    from azure.core.exceptions import HttpResponseError, ResourceExistsError

    try:
        await container.create_container()
    except ResourceExistsError:  # another process was quicker
        pass
    except HttpResponseError as fault:
        if fault.status_code in _PASSING:
            raise
        raise StoreError("The Blob store has no such container, and we may not make it: create it.") from None


def code_of(fault: "AzureError") -> str:
    """Return the service's own code, such as `BlobNotFound`; empty when it gave none."""
    code = getattr(fault, "error_code", None) or ""
    return str(getattr(code, "value", code))


def _kind(fault: "AzureError") -> type[StoreError]:
    code = code_of(fault)
    if code in ("BlobNotFound", "ContainerNotFound"):
        return Missing
    if code.startswith("Lease"):
        return Taken
    return Unreachable if _is_passing(fault) else StoreError


def _is_passing(fault: "AzureError") -> bool:
    from azure.core.exceptions import HttpResponseError, ServiceRequestError, ServiceResponseError

    if isinstance(fault, HttpResponseError):
        return fault.status_code in _PASSING
    return isinstance(fault, (ServiceRequestError, ServiceResponseError))


def _sentence(fault: "AzureError") -> str:
    """Say what is wrong. The SDK's own messages may quote an address, a header or what was sent; codes do not."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError

    code = code_of(fault)
    if code == "ContainerNotFound":
        return "has no such container: create it, or name another in PIXEL_STORE"
    if code == "BlobNotFound":
        return "has no such blob"
    if code.startswith("Lease"):
        return "says that somebody else holds the lease"
    status = fault.status_code if isinstance(fault, HttpResponseError) else None
    told = ", ".join(str(each) for each in (status, code or type(fault).__name__) if each)
    if isinstance(fault, ClientAuthenticationError) or status in (401, 403):
        return (
            f"lets us not in ({told}): check the key in PIXEL_STORE, or give the identity the role "
            "Storage Blob Data Contributor, and see that its firewall lets the pixel through"
        )
    if isinstance(fault, ServiceRequestError):
        return f"cannot be reached ({told}): check the account's name in PIXEL_STORE, and the network"
    return f"failed ({told})"

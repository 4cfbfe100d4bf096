"""A store in a container of Azure Blob storage.

Facts: https://learn.microsoft.com/rest/api/storageservices/append-block and /lease-blob.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final, cast

from pixel.store import Entry, Full, Missing, StoreError, Taken
from pixel.store_service import BLOCK_BYTES, Client, Service, code_of

if TYPE_CHECKING:
    from azure.core.async_paging import AsyncPageIterator
    from azure.storage.blob import BlobProperties
    from azure.storage.blob.aio import BlobClient, BlobLeaseClient, ContainerClient

LEASE_S: Final = 30
"""How long a lease outlives its holder; Blob takes 15 to 60."""
RENEW_S: Final = 6.0
"""How often a lease is renewed while it is held."""

_PAGE: Final = 1000  # names in one answer: to read it keeps hits waiting for some 30 ms
_REMEMBERED: Final = 64  # append blobs whose end is known: those of this minute, mostly


class BlobStore:
    """Blobs of one container, which is made when it is missing and we may. One per process, used in one event loop."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        self._service = Service(connect)
        self._ends: dict[str, int] = {}

    async def check(self) -> None:
        """Make the container if it is missing, and a hidden blob in it that goes again."""
        await self._service.ask(_check, hit=True, make=True)

    async def append(self, name: str, data: bytes) -> None:
        """Add to an append blob, in blocks of whole lines.

        A block says at which byte it must land. So when an answer is lost and it is sent again, it is stored once. What two
        writers append to one blob must differ, or the second may take the first's for its own.
        """
        for block in _blocks(data):
            await self._service.ask(partial(self._append, name, block), hit=True, make=True)

    async def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Return a blob, or a part of it."""

        async def read(container: "ContainerClient") -> bytes:
            from azure.core.exceptions import HttpResponseError

            try:
                return await (await container.download_blob(name, offset=start, length=length)).readall()
            except HttpResponseError as fault:
                if fault.status_code == 416:  # it ends before `start`
                    return b""
                raise

        return await self._service.ask(read)

    async def write(self, name: str, data: bytes) -> None:
        """Make or replace a block blob."""

        async def write(container: "ContainerClient") -> None:
            await container.upload_blob(name, data, overwrite=True)

        await self._service.ask(write, make=True)

    async def names(self, prefix: str = "") -> Sequence[Entry]:
        """Return the blobs whose names begin so, sorted by name. Each page of the list has a time of its own."""
        found: list[Entry] = []
        goes_on: str | None = ""
        try:
            while goes_on is not None:
                page, goes_on = await self._service.ask(partial(_page, prefix, goes_on))
                found += page
        except Missing:  # the container
            return []
        return sorted(found, key=lambda each: each.name)

    async def delete(self, name: str, size: int | None = None) -> bool:
        """Delete a blob, if it has that size."""

        async def delete(container: "ContainerClient") -> bool:
            from azure.core import MatchConditions
            from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

            blob = container.get_blob_client(name)
            try:
                found = await blob.get_blob_properties()
                if size is not None and found.size != size:
                    return False
                await blob.delete_blob(etag=found.etag, match_condition=MatchConditions.IfNotModified)
            except ResourceNotFoundError:
                return True
            except HttpResponseError as fault:
                if fault.status_code == 412 and size is not None:  # it grew just now
                    return False
                raise
            return True

        return await self._service.ask(delete)

    @contextlib.asynccontextmanager
    async def lease(self, name: str) -> AsyncIterator["_BlobLease"]:
        """Hold the lease of an empty hidden blob, which goes when the lease does."""
        folder, _, last = name.rpartition("/")
        hidden = f"{folder}/.{last}.lease".lstrip("/")
        ours = str(uuid.uuid4())  # to ask for the same lease twice is to ask once, should an answer be lost
        asked_at = asyncio.get_running_loop().time()
        lease = _BlobLease(
            await self._service.ask(lambda container: _acquire(container, hidden, ours), make=True), asked_at
        )
        renewing = asyncio.create_task(self._renew(lease))
        try:
            yield lease
        finally:
            renewing.cancel()
            with contextlib.suppress(StoreError):
                await self._service.ask(lambda container: container.delete_blob(hidden, lease=ours))

    async def close(self) -> None:
        """Close the connections."""
        await self._service.close()

    async def _append(self, name: str, block: bytes, container: "ContainerClient") -> None:
        from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

        blob = container.get_blob_client(name)
        while True:
            try:
                if name not in self._ends:
                    self._remember(name, await _begin(blob))
                end = self._ends[name]
                await blob.append_block(block, appendpos_condition=end)
                self._remember(name, end + len(block))
                return
            except HttpResponseError as fault:
                code = code_of(fault)
                if code == "BlobNotFound":  # deleted since
                    self._ends.pop(name, None)
                elif code == "AppendPositionConditionNotMet":
                    # Either this very block is there and its answer was lost, or somebody else has written.
                    self._ends.pop(name, None)
                    with contextlib.suppress(ResourceNotFoundError):  # deleted since
                        size = (await blob.get_blob_properties()).size
                        stored = (
                            size >= end + len(block)
                            and block == await (await blob.download_blob(offset=end, length=len(block))).readall()
                        )
                        self._remember(name, size)
                        if stored:
                            return
                elif code == "BlockCountExceedsLimit":
                    raise Full("The blob has 50,000 blocks, and no blob takes more.") from None
                else:
                    raise

    def _remember(self, name: str, end: int) -> None:
        self._ends[name] = end
        if len(self._ends) > _REMEMBERED:
            del self._ends[next(iter(self._ends))]

    async def _renew(self, lease: "_BlobLease") -> None:
        loop = asyncio.get_running_loop()
        while lease.is_held():
            await asyncio.sleep(RENEW_S)
            asked_at = loop.time()
            try:
                await self._service.ask(lambda _: lease.client.renew())
                lease.renewed_at = asked_at
            except (Missing, Taken):  # somebody broke it
                lease.renewed_at = -LEASE_S
            except StoreError:  # held until its time is up, and until then we try
                pass


class _BlobLease:
    def __init__(self, client: "BlobLeaseClient", renewed_at: float) -> None:
        self.client = client
        self.renewed_at = renewed_at

    def is_held(self) -> bool:
        """Say whether its time is not up, by when we asked for it last."""
        return asyncio.get_running_loop().time() < self.renewed_at + LEASE_S


def _blocks(data: bytes) -> Iterator[bytes]:
    """Cut into blocks, at ends of lines where there are any."""
    while len(data) > BLOCK_BYTES:
        cut = data.rfind(b"\n", 0, BLOCK_BYTES) + 1 or BLOCK_BYTES
        yield data[:cut]
        data = data[cut:]
    if data:
        yield data


async def _check(container: "ContainerClient") -> None:
    from azure.core.exceptions import ResourceNotFoundError

    blob = container.get_blob_client(".check")
    await blob.upload_blob(b"", overwrite=True)
    with contextlib.suppress(ResourceNotFoundError):  # another process, which checks too, was quicker
        await blob.delete_blob()


async def _page(prefix: str, begin: str, container: "ContainerClient") -> tuple[list[Entry], str | None]:
    """Return a page of the list, and where the next one begins; None after the last."""
    listed = container.list_blobs(name_starts_with=prefix, results_per_page=_PAGE)
    pages = cast("AsyncPageIterator[BlobProperties]", listed.by_page(begin or None))
    page = await anext(pages)
    found = [Entry(blob.name, blob.size) async for blob in page]
    return [each for each in found if "/." not in f"/{each.name}"], pages.continuation_token or None


async def _begin(blob: "BlobClient") -> int:
    """Make an append blob if it is not there; return its size."""
    from azure.core import MatchConditions
    from azure.core.exceptions import ResourceExistsError

    try:
        await blob.create_append_blob(match_condition=MatchConditions.IfMissing)
    except ResourceExistsError:
        return int((await blob.get_blob_properties()).size)
    return 0


async def _acquire(container: "ContainerClient", name: str, ours: str) -> "BlobLeaseClient":
    from azure.core.exceptions import HttpResponseError
    from azure.storage.blob.aio import BlobLeaseClient

    blob = container.get_blob_client(name)
    lease = BlobLeaseClient(blob, ours)
    while True:
        try:
            await lease.acquire(LEASE_S)
            return lease
        except HttpResponseError as fault:
            if code_of(fault) != "BlobNotFound":
                raise
        try:
            await blob.upload_blob(b"", overwrite=False)
        except HttpResponseError as fault:
            if code_of(fault) not in ("BlobAlreadyExists", "LeaseIdMissing"):  # somebody was quicker
                raise

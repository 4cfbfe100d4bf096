"""The Event Hubs peer with Capture into PIXEL_CAPTURE_STORE, a Blob container: `python -m tests.stack.hub`, with its arguments."""

import asyncio
import os
import sys

from pixel.store import open_store
from tests.eventhubs.command import main


def put(name: str, raw: bytes) -> None:
    """Write a capture file. Each time with a store of its own, since each comes in a thread of its own."""
    asyncio.run(_write(name, raw))


async def _write(name: str, raw: bytes) -> None:
    store = open_store(os.environ["PIXEL_CAPTURE_STORE"], os.environ["PIXEL_CAPTURE_STORE_CONTAINER"])
    try:
        await store.write(name, raw)
    finally:
        await store.close()


if __name__ == "__main__":
    main(sys.argv[1:], put)

"""Stores for tests: in a folder, and in a container of a real Azurite."""

import asyncio
import contextlib
import itertools

from pixel.store import open_store

KINDS = ("folder", "blob")
_numbers = itertools.count()


@contextlib.asynccontextmanager
async def opened(text, container="pixel"):
    store = open_store(text, container)
    try:
        yield store
    finally:
        await store.close()


def with_store(text, use, container="pixel"):
    """Run `use(store)` in an event loop of its own."""

    async def run():
        async with opened(text, container) as store:
            return await use(store)

    return asyncio.run(run())


def a_container():
    """A name that no test before had: the containers of one Azurite are shared."""
    return f"pixel-{next(_numbers)}"


def run(where, use):
    """Do as `with_store`, with what the fixture `where` gives."""
    return with_store(where[0], use, where[1])

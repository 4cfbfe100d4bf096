"""Print what is spilled in PIXEL_STORE, an event a line: `python -m tests.stack.spilled`. File names go to standard error."""

import asyncio
import os
import sys

from pixel.deliver.spill import read_lines, spilled_files
from pixel.store import StoreError, open_store


async def main() -> None:
    store = open_store(os.environ.get("PIXEL_STORE", ""), os.environ.get("PIXEL_STORE_CONTAINER", "pixel"))
    try:
        files = await spilled_files(store)
        for file in files:
            print(file.name, file=sys.stderr)
            async for line in read_lines(store, file):
                print(line.body.decode())
        if not files:
            print("Nothing is spilled.", file=sys.stderr)
    finally:
        await store.close()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except StoreError as fault:
        sys.exit(f"{fault} Is `make stack` running? Its settings are in data/stack/env.")

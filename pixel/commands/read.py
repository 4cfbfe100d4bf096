"""Print captured events as NDJSON: `read [WHERE]`, a capture file, a folder of them, or a Blob container.

A container is an https URL that your login may read (`az login`), or PIXEL_CAPTURE_STORE, a connection string, and
PIXEL_CAPTURE_STORE_CONTAINER. Events go to standard output, one a line; what could not be read goes to standard error. The
exit code is 1 when something that should be an event could not be read; a torn tail, as a killed writer leaves it, is only
told.
"""

import argparse
import sys

import msgspec

from pixel import capture
from pixel.captured import WHERE, Captured, captured, place
from pixel.store import StoreError


def run(arguments: list[str]) -> int:
    """Print every event; tell what was skipped."""
    parser = argparse.ArgumentParser("python -m pixel read", description=__doc__)
    parser.add_argument("where", nargs="?", default="", help=WHERE)
    where: str = parser.parse_args(arguments).where
    try:
        with captured(where) as files:
            names = files.sizes()
            if not names:
                print(f"There are no capture files (.avro) in {place(where)}.", file=sys.stderr)
            wrong = sum(_print_events(files, name) for name in names)
    except StoreError as unusable:
        print(unusable, file=sys.stderr)
        return 2
    sys.stdout.flush()
    return 1 if wrong else 0


def _print_events(files: Captured, name: str) -> int:
    """Print the events of one file; return how much of it should be events and is not."""
    wrong = skipped = 0
    try:
        with files.open(name) as file:
            for record in capture.records(file):
                for body in capture.bodies(record):
                    try:
                        msgspec.json.decode(body, type=dict)
                    except msgspec.DecodeError:
                        skipped += 1
                        continue
                    sys.stdout.buffer.write(body + b"\n")
    except capture.Damaged as damaged:
        if damaged.torn:
            why = "torn tail (still being written, or its writer was killed)"
        else:
            why = "damaged, and more blocks follow that cannot be read"
            wrong += 1
        print(f"{name}: {why}: {damaged}", file=sys.stderr)
    except BrokenPipeError:
        raise  # whoever reads has seen enough: no fault of this file
    except (capture.NotCapture, OSError, StoreError) as unreadable:
        print(f"{name}: {unreadable}", file=sys.stderr)
        wrong += 1
    if skipped:
        print(f"{name}: {skipped} records are no JSON objects, so not events of the pixel", file=sys.stderr)
    return wrong + skipped

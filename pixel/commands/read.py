"""Print captured events as NDJSON: `read WHERE`, a capture file or a folder of them.

Events go to standard output, one a line; what could not be read goes to standard error. The exit code is 1 when
something that should be an event could not be read; a torn tail, as a killed writer leaves it, is only told.
"""

import argparse
import sys
from pathlib import Path

import msgspec

from pixel import capture


def run(arguments: list[str]) -> int:
    """Print every event under a folder; tell what was skipped."""
    parser = argparse.ArgumentParser("python -m pixel read", description=__doc__)
    parser.add_argument("where", type=Path, help="a capture file, or a folder, such as data/capture")
    where: Path = parser.parse_args(arguments).where
    if not where.exists():
        print(
            f"{where} does not exist. A pixel started by `make run` captures to data/capture.",
            file=sys.stderr,
        )
        return 2
    wrong = 0
    paths = capture.files(where)
    if not paths:
        print(f"There are no capture files (.avro) under {where}.", file=sys.stderr)
    for path in paths:
        skipped = 0
        try:
            with path.open("rb") as file:
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
            print(f"{path}: {why}: {damaged}", file=sys.stderr)
        except BrokenPipeError:
            raise  # whoever reads has seen enough: no fault of this file
        except (capture.NotCapture, OSError) as unreadable:
            print(f"{path}: {unreadable}", file=sys.stderr)
            wrong += 1
        if skipped:
            print(f"{path}: {skipped} records are no JSON objects, so not events of the pixel", file=sys.stderr)
            wrong += skipped
    sys.stdout.flush()
    return 1 if wrong else 0

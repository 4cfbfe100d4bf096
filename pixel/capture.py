"""Event Hubs Capture's files: Avro object containers, one event a record. Read and written here only.

Schema, naming: https://learn.microsoft.com/azure/event-hubs/explore-captured-avro-files
Container format: https://avro.apache.org/docs/1.11.1/specification/#object-container-files
"""

import calendar
import io
import json
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO, Final

import msgspec

_VALUES = ["long", "double", "string", "bytes"]
SCHEMA: Final = {
    "type": "record",
    "name": "EventData",
    "namespace": "Microsoft.ServiceBus.Messaging",
    "fields": [
        {"name": "SequenceNumber", "type": "long"},
        {"name": "Offset", "type": "string"},
        {"name": "EnqueuedTimeUtc", "type": "string"},
        {"name": "SystemProperties", "type": {"type": "map", "values": _VALUES}},
        {"name": "Properties", "type": {"type": "map", "values": _VALUES}},
        {"name": "Body", "type": ["null", "bytes"]},
    ],
}
"""The schema that Capture writes."""

MAGIC: Final = b"Obj\x01"


class Record(msgspec.Struct, frozen=True):
    """One captured event: its number in the partition, when it came in (as Capture writes it), and its body."""

    sequence: int
    enqueued_at: str
    body: bytes


class Damaged(Exception):  # noqa: N818 - a state of a file, raised after all that is whole was given
    """The file cannot be read beyond byte `good`; `rest` bytes follow.

    `torn`: they are the beginning of one block (or of the head), as a killed writer leaves it. Else more follows.
    """

    def __init__(self, good: int, rest: int, torn: bool) -> None:
        super().__init__(f"{rest:,} bytes after byte {good:,} are no whole block")
        self.good = good
        self.rest = rest
        self.torn = torn


class NotCapture(Exception):  # noqa: N818 - the same
    """The file is no Avro file, or one of another schema."""


def file_path(root: Path, namespace: str, hub: str, partition: int, at: float) -> Path:
    """Return where Capture puts a file: `{Namespace}/{EventHub}/{PartitionId}/{Year}/.../{Second}.avro`, in UTC."""
    return root / namespace / hub / str(partition) / (time.strftime("%Y/%m/%d/%H/%M/%S", time.gmtime(at)) + ".avro")


def file_time(path: Path) -> int:
    """Return the time in a file's name, in seconds since 1970, or 0 if it has none."""
    try:
        return calendar.timegm(time.strptime("/".join(path.with_suffix("").parts[-6:]), "%Y/%m/%d/%H/%M/%S"))
    except ValueError:
        return 0


@lru_cache(maxsize=4)
def enqueued_time(at: int) -> str:
    """Write a time as Capture does, .NET's general pattern: `11/21/2026 8:04:29 AM`."""
    t = time.gmtime(at)
    half = "AM" if t.tm_hour < 12 else "PM"
    return f"{t.tm_mon}/{t.tm_mday}/{t.tm_year} {t.tm_hour % 12 or 12}:{t.tm_min:02}:{t.tm_sec:02} {half}"


def header(sync: bytes) -> bytes:
    """Return the head of a file. `sync` are the 16 bytes that end it and each block."""
    schema = json.dumps(SCHEMA, separators=(",", ":")).encode()
    entries = _bytes(b"avro.codec") + _bytes(b"null") + _bytes(b"avro.schema") + _bytes(schema)
    return MAGIC + _long(2) + entries + _long(0) + sync


def block(bodies: Sequence[bytes], first: int, at: float, sync: bytes) -> bytes:
    """Return one block that holds `bodies`, numbered from `first` on, come in at `at` (seconds since 1970).

    Written by hand, since every hit on a laptop passes here: 1 us an event, where fastavro's writer takes 7.
    """
    time_and_properties = (
        _bytes(enqueued_time(int(at)).encode())
        # SystemProperties: one entry, a long (branch 0); Properties: none
        + _long(1) + _bytes(b"x-opt-enqueued-time") + _long(0) + _long(int(at * 1000)) + _long(0)
        + _long(0)
        + _long(1)  # Body is bytes (branch 1)
    )  # fmt: skip
    parts: list[bytes] = []
    for sequence, body in enumerate(bodies, first):
        parts += (_long(sequence), _bytes(b"%d" % sequence), time_and_properties, _long(len(body)), body)
    data = b"".join(parts)
    return _long(len(bodies)) + _long(len(data)) + data + sync


_ONE_BYTE = tuple(bytes((value,)) for value in range(0x80))


def _long(number: int) -> bytes:
    """Encode a non-negative Avro long: zigzag, then 7 bits a byte, the lowest first."""
    rest = number << 1
    if rest < 0x80:
        return _ONE_BYTE[rest]
    if rest < 0x4000:
        return bytes((rest & 0x7F | 0x80, rest >> 7))
    if rest < 0x200000:
        return bytes((rest & 0x7F | 0x80, rest >> 7 & 0x7F | 0x80, rest >> 14))
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    encoded.append(rest)
    return bytes(encoded)


def _bytes(raw: bytes) -> bytes:
    return _long(len(raw)) + raw


def records(file: BinaryIO) -> Iterator[Record]:
    """Give the records of one capture file, whoever wrote it.

    Raises `NotCapture`, or `Damaged` after the last whole block. An empty file has no records. A file may grow
    while it is read: only what was there at the start is judged.
    """
    import fastavro  # 40 ms to import, and a pixel that sends to Event Hubs never reads a file

    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    magic = file.read(4)
    file.seek(0)
    if not magic:
        return
    if not MAGIC.startswith(magic):
        raise NotCapture("it is no Avro file")
    good = 0
    try:
        blocks = fastavro.block_reader(file)
        if _names(blocks.writer_schema) != _names(SCHEMA):
            raise NotCapture("its records are not those of Event Hubs Capture")
        if blocks.codec not in ("null", "deflate") and find_spec("cramjam") is None:
            raise NotCapture(f"its codec {blocks.codec} needs the package cramjam, which is not installed")
        good = file.tell()
        for each in blocks:
            whole = [_record(fields) for fields in each]
            yield from whole
            good = each.offset + each.size
    except _BROKEN:
        if good < size:  # else it is what came in while we read
            raise Damaged(good, size - good, _is_torn(file, good, size)) from None


def _is_torn(file: BinaryIO, good: int, size: int) -> bool:
    """Say whether what follows `good` is the beginning of one block, which no sync marker ends."""
    head = len(header(bytes(16)))
    if good == 0:
        return size < head
    file.seek(good - 16)
    sync = file.read(16)
    return sync not in file.read(size - good)


# What fastavro raises on bytes that end early or mean nothing.
_BROKEN = (EOFError, ValueError, IndexError, KeyError, TypeError, StopIteration, OverflowError, MemoryError)


def _names(schema: Any) -> set[str]:
    return {field["name"] for field in schema.get("fields", ())} if isinstance(schema, dict) else set()


def _record(fields: Any) -> Record:
    return Record(fields["SequenceNumber"], fields["EnqueuedTimeUtc"], fields["Body"] or b"")


def bodies(record: Record) -> list[bytes]:
    """Return the events of a record, as `pixel.event.encode` wrote them: one, or several that were packed, one a line."""
    return [line for line in record.body.split(b"\n") if line] if b"\n" in record.body else [record.body]


def files(where: Path) -> list[Path]:
    """Return the capture files under a folder, oldest first within a partition; or the file itself."""
    return [where] if where.is_file() else sorted(where.rglob("*.avro"))

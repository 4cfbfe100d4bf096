"""Capture files: written as the service writes them, read whoever wrote them."""

import contextlib
import io

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel import capture

SYNC = bytes(range(16))
AT = 1_795_248_269.125  # 2026-11-21T08:04:29.125Z


def written(*blocks):
    first, whole = 0, capture.header(SYNC)
    for bodies in blocks:
        whole += capture.block(bodies, first, AT, SYNC)
        first += len(bodies)
    return whole


def read(raw):
    return list(capture.records(io.BytesIO(raw)))


def test_a_record_is_what_an_avro_tool_expects_of_capture():
    (record,) = fastavro.reader(io.BytesIO(written([b'{"a":1}'])))
    assert record == {
        "SequenceNumber": 0,
        "Offset": "0",
        "EnqueuedTimeUtc": "11/21/2026 8:04:29 AM",
        "SystemProperties": {"x-opt-enqueued-time": 1_795_248_269_125},
        "Properties": {},
        "Body": b'{"a":1}',
    }


def test_the_schema_is_captures():
    reader = fastavro.reader(io.BytesIO(written()))
    schema = reader.writer_schema
    assert schema["name"] == "Microsoft.ServiceBus.Messaging.EventData"
    assert [field["name"] for field in schema["fields"]] == [field["name"] for field in capture.SCHEMA["fields"]]


@given(st.lists(st.lists(st.binary(max_size=300), min_size=1, max_size=5), max_size=5))
def test_what_is_written_is_read(blocks):
    bodies = [body for block in blocks for body in block]
    records = read(written(*blocks))
    assert [record.body for record in records] == bodies
    assert [record.sequence for record in records] == list(range(len(bodies)))


@pytest.mark.parametrize("number", [0, 1, 63, 64, 8191, 8192, 1048575, 1048576, 2**40, 2**62])
def test_a_long_of_any_size_is_read_back(number):
    raw = capture.header(SYNC) + capture.block([b"x" * min(number, 20000)], number, AT, SYNC)
    (record,) = read(raw)
    assert record.sequence == number


def test_a_file_torn_at_any_byte_gives_all_whole_blocks_and_tells_the_rest():
    one, two = written([b"a", b"b"]), written([b"a", b"b"], [b"c"])
    head = len(written())
    for length in range(1, len(two)):
        got = []
        try:
            for record in capture.records(io.BytesIO(two[:length])):
                got.append(record.body)  # noqa: PERF401 - what was given before the exception counts
            damaged = None
        except capture.Damaged as raised:
            damaged = raised
        assert got == ([b"a", b"b"] if length >= len(one) else [])
        whole = length in (head, len(one))
        assert (damaged is None) == whole, length
        if damaged is not None:
            good = len(one) if length > len(one) else head if length > head else 0
            assert (damaged.good, damaged.rest, damaged.torn) == (good, length - good, True)


def test_damage_in_the_middle_is_no_torn_tail():
    raw = bytearray(written([b"a"], [b"b"], [b"c"]))
    raw[len(written([b"a"])) + 1] ^= 0x7F  # the length of the second block
    with pytest.raises(capture.Damaged) as raised:
        read(bytes(raw))
    assert raised.value.good == len(written([b"a"]))
    assert not raised.value.torn


class Growing(io.BytesIO):
    """A file to which a writer adds the rest when its end was looked for."""

    def __init__(self, now, later):
        super().__init__(now)
        self.later = later

    def seek(self, offset, whence=io.SEEK_SET):
        at = super().seek(offset, whence)
        if whence == io.SEEK_END and self.later:
            self.write(self.later)
            self.later = b""
        return at


def test_a_file_that_grows_while_it_is_read_is_not_damaged():
    raw = written([b"a"], [b"b"], [b"c"])
    one, two = len(written([b"a"])), len(written([b"a"], [b"b"]))
    for there, grown in ((one, two + 5), (one + 5, two + 5), (two - 1, len(raw) - 1)):
        got, damaged = [], None
        try:
            for record in capture.records(Growing(raw[:there], raw[there:grown])):
                got.append(record.body)  # noqa: PERF401 - what was given before the exception counts
        except capture.Damaged as raised:
            damaged = raised
        assert damaged is None or damaged.torn
        assert got[0] == b"a"


def test_a_codec_that_needs_a_package_is_told():
    raw = written([b"a"]).replace(b"\x08null", b"\x0csnappy")
    with pytest.raises(capture.NotCapture, match="snappy"):
        read(raw)


def test_an_empty_file_has_no_records():
    assert read(b"") == []
    assert read(written()) == []


@pytest.mark.parametrize("codec", ["null", "deflate"])
def test_files_of_other_writers_are_read(codec):
    file = io.BytesIO()
    record = {
        "SequenceNumber": 7,
        "Offset": "4096",
        "EnqueuedTimeUtc": "11/21/2026 8:04:29 PM",
        "SystemProperties": {"x-opt-partition-key": "k", "x-opt-enqueued-time": 5},
        "Properties": {"a": 1.5, "b": b"c"},
        "Body": None,
    }
    fastavro.writer(file, capture.SCHEMA, [record], codec=codec)
    assert read(file.getvalue()) == [capture.Record(7, "11/21/2026 8:04:29 PM", b"")]


@pytest.mark.parametrize("raw", [b"PAR1....", b"{}", b"Obk\x01aaaa"])
def test_what_is_no_avro_file_is_told(raw):
    with pytest.raises(capture.NotCapture):
        read(raw)


def test_an_avro_file_of_something_else_is_told():
    file = io.BytesIO()
    fastavro.writer(
        file, {"type": "record", "name": "Cat", "fields": [{"name": "lives", "type": "int"}]}, [{"lives": 9}]
    )
    with pytest.raises(capture.NotCapture):
        read(file.getvalue())


@given(st.binary(max_size=200))
def test_bytes_that_mean_nothing_never_crash_a_reader(raw):
    whole = written([b"a"])
    for start in (capture.MAGIC, whole[:50], whole):
        with contextlib.suppress(capture.Damaged, capture.NotCapture):
            read(start + raw)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (0, "1/1/1970 12:00:00 AM"),
        (1_795_248_269, "11/21/2026 8:04:29 AM"),
        (1_795_262_400, "11/21/2026 12:00:00 PM"),
        (1_795_302_000, "11/21/2026 11:00:00 PM"),
    ],
)
def test_times_are_written_as_capture_writes_them(at, text):
    assert capture.enqueued_time(at) == text

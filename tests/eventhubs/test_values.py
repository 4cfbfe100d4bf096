"""AMQP as bytes: what is written is read, and what means nothing is told."""

import contextlib
import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.eventhubs import message, performatives
from tests.eventhubs.values import (
    Array,
    Byte,
    Described,
    Int,
    Malformed,
    Short,
    Symbol,
    Timestamp,
    Ubyte,
    Uint,
    Ulong,
    Ushort,
    decode,
    encode,
)

NAMES = st.text(st.characters(max_codepoint=127), max_size=300).map(Symbol)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(0, 2**8 - 1).map(Ubyte),
    st.integers(0, 2**16 - 1).map(Ushort),
    st.integers(0, 2**32 - 1).map(Uint),
    st.integers(0, 2**64 - 1).map(Ulong),
    st.integers(-(2**7), 2**7 - 1).map(Byte),
    st.integers(-(2**15), 2**15 - 1).map(Short),
    st.integers(-(2**31), 2**31 - 1).map(Int),
    st.integers(-(2**63), 2**63 - 1).map(Timestamp),
    st.floats(allow_nan=False),
    st.binary(max_size=300),
    st.text(max_size=300),
    NAMES,
    st.uuids(),
    st.lists(NAMES, min_size=1).map(Array),
    st.lists(st.text(), min_size=1).map(Array),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=20),
        st.dictionaries(NAMES, inner, max_size=20),
        st.builds(Described, st.integers(0, 2**64 - 1).map(Ulong), inner),
    ),
    max_leaves=30,
)


def typed(value):
    """The value with its types said, since 1 == True == Uint(1)."""
    if isinstance(value, (list, tuple)):
        return type(value), [typed(item) for item in value]
    if isinstance(value, dict):
        return dict, [(typed(key), typed(item)) for key, item in value.items()]
    return type(value), value


@settings(max_examples=50)
@given(VALUES)
def test_what_is_written_is_read_with_its_type(value):
    raw = encode(value)
    read, end = decode(raw)
    assert (typed(read), end) == (typed(value), len(raw))


@pytest.mark.parametrize(
    ("raw", "value"),
    [  # from the standard's part 1, as other writers may choose
        ("43", Uint(0)),
        ("5207", Uint(7)),
        ("7000000007", Uint(7)),
        ("45", []),
        ("c00101", None),  # a list of one that has none
        ("d00000000400000000", []),
        ("c10100", {}),
        ("f00000000a00000001b30000000161", Array([Symbol("a")])),
        ("e00402a30161", None),  # an array of two that has one
        ("5601", True),
        ("7300000061", "a"),
        ("98" + "00" * 15 + "01", uuid.UUID(int=1)),
        ("ff", None),
        ("a105616263", None),
        ("", None),
    ],
)
def test_encodings_of_other_writers_are_read_and_broken_ones_told(raw, value):
    try:
        read, end = decode(bytes.fromhex(raw))
    except Malformed:
        assert value is None
    else:
        assert (typed(read), end) == (typed(value), len(raw) // 2)


@settings(max_examples=50)
@given(st.binary(max_size=200))
def test_bytes_that_mean_nothing_are_malformed_and_nothing_worse(raw):
    for read in (decode, performatives.read, message.read, message.take_batch_apart):
        for start in (b"", b"\x00\x53\x75", b"\x00\x53\x10", b"\x00\x53\x72\xc1"):
            with contextlib.suppress(Malformed):
                read(start + raw)


def test_what_amqp_has_no_type_for_is_told():
    with pytest.raises(TypeError, match="set"):
        encode({1})


def test_a_performative_goes_out_with_all_its_fields_and_may_come_in_without_the_last():
    flow = performatives.Flow(handle=Uint(3), link_credit=Uint(300))
    raw = performatives.frame(5, flow, b"payload")
    size, body_at, kind, channel = performatives.HEAD.unpack_from(raw)
    assert (size, body_at, kind, channel) == (len(raw), 2, performatives.AMQP_FRAME, 5)
    assert len(decode(raw, 8)[0].value) == 11
    assert performatives.read(raw[8:]) == (flow, b"payload")
    short = encode(Described(Ulong(0x16), [Uint(3)]))
    assert performatives.read(short) == (performatives.Detach(Uint(3)), b"")


def test_a_message_keeps_its_sections_and_gets_what_the_service_noted():
    data = encode(Described(Ulong(message.DATA), b"body"))
    own = encode(Described(Ulong(message.ANNOTATIONS), {Symbol("mine"): 1}))
    header = encode(Described(Ulong(message.HEADER), [True]))
    read = message.read(message.annotated(header + own + data, {"x-opt-offset": "7"}))
    assert (read.annotations, read.body) == ({"mine": 1, "x-opt-offset": "7"}, b"body")

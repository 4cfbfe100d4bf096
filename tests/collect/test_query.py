"""The raw query against urllib's parser, which follows the same rules but for what the tables name."""

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixel.collect.query import LIMIT, parse_query


@pytest.mark.parametrize(
    ("query", "params", "flags"),
    [
        ("", {}, []),
        ("&&", {}, []),
        ("a", {"a": ""}, []),
        ("=a", {"": "a"}, []),
        ("a=b=c", {"a": "b=c"}, []),
        ("a=1&a=2&a=", {"a": ["1", "2", ""]}, []),
        ("a;b=c;d", {"a;b": "c;d"}, []),
        ("a+b=c+d", {"a b": "c d"}, []),
        ("a=%2B", {"a": "+"}, []),
        ("a=%", {"a": "%"}, []),
        ("a=%4", {"a": "%4"}, []),
        ("a=%%41", {"a": "%A"}, []),
        ("a=%253A", {"a": "%3A"}, []),
        ("a=%2%35", {"a": "%25"}, []),
        ("a=%3a%2f", {"a": ":/"}, []),
        ("a=%E2%82%AC", {"a": "€"}, []),
        ("a=\xe2\x82\xac", {"a": "€"}, []),
        ("a=%E2%82", {"a": "\ufffd"}, ["invalid_utf8"]),
        ("a=%ff&b=%fe", {"a": "\ufffd", "b": "\ufffd"}, ["invalid_utf8"]),
        ("a=%ED%A0%80", {"a": "\ufffd\ufffd\ufffd"}, ["invalid_utf8"]),
        ("a=1&amp;b=2&amp;amp;c=3", {"a": "1", "b": "2", "c": "3"}, ["amp_repaired"]),
        ("amp;a=1&b=%26amp%3B", {"amp;a": "1", "b": "&amp;"}, []),
        ("a=1&amp;", {"a": "1"}, ["amp_repaired"]),
        ("a=1&amp=2", {"a": "1", "amp": "2"}, []),
    ],
)
def test_a_query_is_taken_apart_by_the_whatwg_rules(query, params, flags):
    noticed = []
    assert parse_query(query, noticed) == params
    assert noticed == flags


def test_over_the_limit_only_whole_parameters_are_kept():
    flags = []
    assert parse_query("a=1&b=" + "x" * LIMIT, flags) == {"a": "1"}
    assert flags == ["truncated"]


def test_a_consent_behind_the_limit_is_kept():
    assert parse_query("a=1&b=" + "x" * LIMIT + "&c=3&consent=denied", []) == {"a": "1", "consent": "denied"}


def test_many_amps_cost_no_more_than_other_bytes():
    assert parse_query("a=1&" + "amp;" * 2000 + "b=2", []) == {"a": "1", "b": "2"}


def test_a_parameter_that_ends_at_the_limit_is_whole():
    value = "x" * (LIMIT - len("a=1&b="))
    assert parse_query(f"a=1&b={value}", []) == {"a": "1", "b": value}
    assert parse_query(f"a=1&b={value}&c=3", []) == {"a": "1", "b": value}


PIECES = st.sampled_from(
    ["%", "+", "&", "=", ";", "%2", "%3A", "%2F", "%25", "%ff", "%C3%A9", "%00", "&amp;", "a", "B", "1", "é"]
)


@given(st.lists(PIECES, max_size=40).map("".join) | st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_query_reads_as_urllib_reads_it(query):
    while "&amp;" in query:
        query = query.replace("&amp;", "&")
    escaped = "".join(each if each.isascii() else f"%{ord(each):02X}" for each in query)
    expected = {}
    for name, value in parse_qsl(escaped, keep_blank_values=True, errors="replace"):
        expected.setdefault(name, []).append(value)
    params = parse_query(query, [])
    assert {name: value if isinstance(value, list) else [value] for name, value in params.items()} == expected

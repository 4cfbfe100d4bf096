import logging
import sys
import types
from textwrap import dedent

import pytest

from pixel.collect.enrich import enrich, load
from pixel.enricher import Enricher
from pixel.event import decode, encode
from tests.events import an_event


@pytest.fixture
def package(tmp_path):
    """A package of enrichers: files are put there by name."""
    module = types.ModuleType("planted")
    module.__path__ = [str(tmp_path)]
    sys.modules["planted"] = module
    yield (
        lambda **files: (
            [tmp_path.joinpath(f"{name}.py").write_text(dedent(text)) for name, text in files.items()] and module
        )
    )
    for name in [name for name in sys.modules if name.split(".")[0] == "planted"]:
        del sys.modules[name]


def run(enrichers, event=None):
    event = event or an_event()
    enrich([event], enrichers.running)
    return event


def test_a_file_is_an_enricher_named_by_file(package):
    enrichers = load(package(greeting="def enrich(event):\n    return {'hello': event.ip}"), (), {})
    assert run(enrichers).enrichments == {"greeting": {"hello": "203.0.113.7"}}


def test_setup_gets_the_environment_and_returns_the_function(package):
    enrichers = load(
        package(tier="def setup(env):\n    best = env['TIER_BEST']\n    return lambda event: {'best': best}"),
        (),
        {"TIER_BEST": "gold"},
    )
    assert run(enrichers).enrichments == {"tier": {"best": "gold"}}


def test_a_failing_enricher_leaves_a_note_and_nothing_else(package, caplog):
    enrichers = load(
        package(
            bad="def enrich(event):\n    raise KeyError(event.customer_id)",
            good="def enrich(event):\n    return {'a': 1}",
        ),
        (),
        {},
    )
    event = run(enrichers, an_event(customer_id="jane"))
    assert event.enrichments == {"good": {"a": 1}}
    assert event.enrich_errors == {"bad": "KeyError"}
    assert "bad" in caplog.text
    assert "jane" not in caplog.text


def test_a_fault_is_logged_once_a_minute(package, caplog):
    enrichers = load(package(bad="def enrich(event):\n    raise ValueError"), (), {})
    for _ in range(100):
        run(enrichers)
    assert len(caplog.records) == 1
    assert caplog.records[0].levelno == logging.ERROR


@pytest.mark.parametrize("result", ["'text'", "[1]", "7", "object()"])
def test_a_result_that_is_no_mapping_is_a_failure(package, result):
    event = run(load(package(odd=f"def enrich(event):\n    return {result}"), (), {}))
    assert event.enrichments == {}
    assert event.enrich_errors.keys() == {"odd"}


@pytest.mark.parametrize("result", ["{'a': object()}", "{'a': '\\ud800'}", "{('a', 'b'): 1}"])
def test_a_result_that_json_cannot_hold_costs_itself_only(package, result):
    event = run(
        load(
            package(good="def enrich(event):\n    return {'a': 1}", odd=f"def enrich(event):\n    return {result}"),
            (),
            {},
        )
    )
    event = decode(encode(event))
    assert event.enrichments == {"good": {"a": 1}}
    assert event.enrich_errors == {"odd": "not JSON"}


def test_after_decides_the_order(package):
    enrichers = load(
        package(
            a="after = ('z',)\ndef enrich(event):\n    return {'saw': list(event.enrichments)}",
            z="def enrich(event):\n    return {'here': True}",
        ),
        (),
        {},
    )
    assert run(enrichers).enrichments["a"] == {"saw": ["z"]}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("def enrich(event:", "SyntaxError"),
        ("import no_such_library", "no_such_library"),
        ("def setup(env):\n    return env['BROKEN_KEY']", "KeyError, see the log"),
        ("def setup(env):\n    raise ValueError('sig=SECRET')", "ValueError, see the log"),
        ("x = 1", "TypeError, see the log"),
        ("def setup(env):\n    pass", "TypeError, see the log"),
        ("raise SystemExit(3)", "SystemExit"),
        ("after = 'good'\ndef enrich(event):\n    pass", "TypeError, see the log"),
        ("after = ('broken',)\ndef enrich(event):\n    pass", "circle"),
    ],
)
def test_one_that_cannot_be_set_up_is_disabled_and_the_others_run(package, text, why):
    enrichers = load(package(broken=text, good="def enrich(event):\n    return {'a': 1}"), (), {})
    assert [each.name for each in enrichers.running] == ["good"]
    assert why in enrichers.disabled["broken"]
    assert "SECRET" not in str(enrichers.problems)


def test_circles_cost_only_those_in_them(package):
    noop = "\ndef enrich(event):\n    pass"
    after = {"a": ("z",), "b": ("d",), "d": ("b",), "m": ("n",), "n": ("m",), "z": ()}
    enrichers = load(package(**{name: f"after = {names!r}{noop}" for name, names in after.items()}), (), {})
    assert [each.name for each in enrichers.running] == ["z", "a"]
    assert enrichers.disabled.keys() == {"b", "d", "m", "n"}


def test_only_those_wanted_run_and_an_unknown_name_is_told(package):
    files = package(one="def enrich(event):\n    return {}", two="def enrich(event):\n    return {}")
    enrichers = load(files, ("two", "tow"), {})
    assert [each.name for each in enrichers.running] == ["two"]
    assert enrichers.disabled.keys() == {"one", "tow"}


def test_a_file_that_begins_with_an_underscore_is_none(package):
    assert load(package(_shared="x = 1"), (), {}).running == ()


def test_anonymous_status_and_reload_are_found(package):
    (enricher,) = load(
        package(
            geo="anonymous = ('country',)\ndef status():\n    return {'age': 1}\ndef reload():\n    pass\ndef enrich(event):\n    pass"
        ),
        (),
        {},
    ).running
    assert isinstance(enricher, Enricher)
    assert (enricher.anonymous, enricher.status()) == ({"country": None}, {"age": 1})
    assert enricher.reload is not None


def test_anonymous_may_say_for_a_key_which_texts_stay(package):
    code = "anonymous = {'browser': ('Chrome', 'Safari'), 'type': None}\ndef enrich(event):\n    pass"
    (enricher,) = load(package(device=code), (), {}).running
    assert enricher.anonymous == {"browser": {"Chrome", "Safari"}, "type": None}

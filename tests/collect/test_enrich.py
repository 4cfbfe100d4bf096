import logging
import sys
import types
from textwrap import dedent

import pytest

from pixel.collect.enrich import enrich, load, warm_up
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
        ("x = 1", "it defines neither enrich(event) nor a setup(env)"),
        ("def setup(env):\n    pass", "it defines neither enrich(event) nor a setup(env)"),
        ("raise SystemExit(3)", "SystemExit"),
        ("after = ('good')\ndef enrich(event):\n    pass", '`after` is a tuple of names, such as ("device",)'),
        (
            "anonymous = ('part')\ndef enrich(event):\n    pass",
            '`anonymous` is a tuple of names, such as ("country",)',
        ),
        ("anonymous = {'a': 1}\ndef enrich(event):\n    pass", "`anonymous` is a tuple of names"),
        ("anonymous = {'a': 'b'}\ndef enrich(event):\n    pass", "the texts that may stay"),
        ("anonymous = (1,)\ndef enrich(event):\n    pass", "`anonymous` is a tuple of names"),
        ("after = ('broken',)\ndef enrich(event):\n    pass", "circle"),
    ],
)
def test_one_that_cannot_be_set_up_is_disabled_and_the_others_run(package, text, why):
    enrichers = load(package(broken=text, good="def enrich(event):\n    return {'a': 1}"), (), {})
    assert [each.name for each in enrichers.running] == ["good"]
    assert why in enrichers.disabled["broken"]
    assert "SECRET" not in str(enrichers.problems)


def test_after_that_names_no_file_is_told_and_the_enricher_runs(package):
    noop = "def enrich(event):\n    pass"
    enrichers = load(package(device=noop, mine=f"after = ('devise', 'zzz')\n{noop}"), (), {})
    assert [each.name for each in enrichers.running] == ["device", "mine"]
    assert enrichers.problems == [
        "Enricher mine runs after devise, and there is no such file in enrichers/. Did you mean device?",
        "Enricher mine runs after zzz, and there is no such file in enrichers/.",
    ]


def test_what_is_not_wanted_is_no_problem_but_those_after_it_know_less(package):
    noop = "def enrich(event):\n    pass"
    files = package(bot=f"after = ('device',)\n{noop}", device=noop)
    assert load(files, (), {}).notes == ()
    enrichers = load(files, ("bot",), {})
    assert enrichers.problems == []
    assert enrichers.notes == ("Enricher bot knows less without device, which PIXEL_ENRICHERS leaves out.",)


GEO = "def setup(env):\n    env.get('GEO_DATABASES', '')\n    return lambda event: None"


@pytest.mark.parametrize(
    ("environ", "slips"),
    [
        ({"GEO_DATABASE": "x"}, ("GEO_DATABASE is not a setting. Did you mean GEO_DATABASES?",)),
        ({"GEO_DATABSES": "x"}, ("GEO_DATABSES is not a setting. Did you mean GEO_DATABASES?",)),
        ({"GEO_DATABASES": "x"}, ()),
        ({"GEO_DATABASES": "x", "GEO_DATABASE": "of another program"}, ()),
        ({"DATABASE_URL": "x", "GEO": "x", "PATH": "x"}, ()),
    ],
)
def test_a_name_that_is_nearly_a_setting_of_an_enricher_is_told(package, environ, slips):
    assert load(package(geo=GEO), (), environ).slips == slips


def test_failures_are_counted_and_are_a_problem_for_a_minute(package, caplog):
    bad = "def enrich(event):\n    if event.product:\n        raise KeyError"
    enrichers = load(package(bad=bad, good="def enrich(event):\n    pass"), (), {})
    run(enrichers)
    assert enrichers.problems == []
    for _ in range(3):
        run(enrichers, an_event(product="a"))
    assert [each.failures.count for each in enrichers.running] == [3, 0]
    assert enrichers.problems == [
        "Enricher bad failed within the last minute (KeyError): see the log. Its failures since the start: 3."
    ]
    enrichers.running[0].failures.at -= 61
    assert enrichers.problems == []
    assert [each.failures.count for each in enrichers.running] == [3, 0]


def test_a_failure_of_the_warm_up_is_logged_as_that_and_not_counted(package, caplog):
    bad = "def enrich(event):\n    raise KeyError"
    seen = "after = ('good',)\ndef enrich(event):\n    return {'saw': event.enrichments['good']['a']}"
    enrichers = load(package(bad=bad, good="def enrich(event):\n    return {'a': 1}", late=seen), (), {})
    event = an_event()
    warm_up(event, enrichers.running)
    assert event.enrichments["late"] == {"saw": 1}
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "enricher bad failed in the warm-up, before any hit"
    ]
    assert enrichers.problems == []
    run(enrichers)
    assert len(caplog.records) == 2  # what a hit says is not kept back


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

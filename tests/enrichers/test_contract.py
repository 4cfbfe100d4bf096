"""Every enricher keeps the contract, and the contract catches those that do not."""

import importlib
import pkgutil
import types

import pytest

import enrichers
from tests.enrichers.contract import ROOT, an_event, behind, breaches, hits, made

NAMES = [module.name for module in pkgutil.iter_modules(enrichers.__path__) if not module.name.startswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_an_enricher_keeps_the_contract(name):
    assert not (broken := breaches(name, importlib.import_module(f"enrichers.{name}"))), "; ".join(broken)


SHIPPED = ["bot", "campaign", "device", "geo", "mail", "referrer"]


@pytest.mark.parametrize("name", SHIPPED)
def test_an_enricher_we_ship_has_its_section_in_the_guide(name):
    assert name in NAMES
    assert f"\n## {name}\n" in (ROOT / "docs/enrichers.md").read_text("utf-8")


@pytest.mark.parametrize("name", SHIPPED)
def test_the_hits_of_the_contract_reach_each_enricher_we_ship(name):
    module = importlib.import_module(f"enrichers.{name}")
    enrich, before = made(module, {}), behind(module)
    results = [enrich(an_event(before, request)) for request in hits()]
    assert sum(result is not None for result in results) >= 10


DEVICE = "after = ('device',)\n"


@pytest.mark.parametrize(
    ("code", "breach"),
    [
        ("def enrich(event):\n    event.customer_id = 'x'", "it changes the event"),
        ("def enrich(event):\n    event.params['x'] = 'y'", "it changes the event"),
        ("def enrich(event):\n    event.request.headers.clear()", "it changes the event"),
        ("def enrich(event):\n    event.request.query = ''", "it changes the event"),
        ("def enrich(event):\n    event.request.received_at = 0.0", "it changes the event"),
        ("def enrich(event):\n    event.request.token = None", "it changes the event"),
        ("def enrich(event):\n    event.more = 1", "it changes the event"),
        ("def enrich(event):\n    event.enrichments['planted'] = {}", "it changes the event"),
        (
            "def enrich(event):\n    for value in event.params.values():\n        type(value) is list and value.append('x')",
            "it changes the event",
        ),
        (
            DEVICE
            + "def enrich(event):\n    if 'device' in event.enrichments:\n        event.enrichments['device']['customer'] = event.customer_id",
            "it changes another enricher's result",
        ),
        (
            DEVICE + "def enrich(event):\n    event.enrichments.pop('device', 0)",
            "it changes another enricher's result",
        ),
        (
            "R = {'a': 1}\ndef enrich(event):\n    R['a'] += 1\n    return R",
            "it changes a result that it gave before",
        ),
        ("def enrich(event):\n    return {1: 2}", "it returns a key that is no text"),
        ("def enrich(event):\n    return {'a': [{1: 2}]}", "it returns a key that is no text"),
        ("def enrich(event):\n    return {'a': object()}", "it returns what JSON cannot hold"),
        ("def enrich(event):\n    return ['a']", "it returns no mapping"),
        ("def enrich(event):\n    return {'a': event.ip}", "it returns the full address"),
        ("def enrich(event):\n    return {'a': event.user_agent[0]}", "it raises TypeError on a hit"),
        ("def enrich(event):\n    if event.recipient:\n        raise ValueError", "it raises ValueError on a hit"),
        ("def enrich(event):\n    event.params.get('hints', '').strip()", "it raises AttributeError on a hit"),
        (
            "def enrich(event):\n    if '\\0' in (event.referrer or ''):\n        raise ValueError",
            "it raises ValueError on a hit",
        ),
        (
            "def enrich(event):\n    if event.request.token:\n        raise ValueError",
            "it raises ValueError on a hit",
        ),
        (
            "import os\ndef enrich(event):\n    return {'a': os.environ.get('OTHER', '')}",
            "the setting OTHER does not start with PLANTED_",
        ),
        (
            "from os import environ\ndef enrich(event):\n    return {'a': 'PLANTED_X' in environ}",
            "the setting PLANTED_X is not in local.settings.json.example",
        ),
        (
            "import os\ndef setup(env):\n    os.getenv('PLANTED_X')\n    return lambda event: None",
            "the setting PLANTED_X is not in docs/enrichers.md, in backticks",
        ),
        (
            "import os\ndef setup(env):\n    dict(os.environ)\n    return lambda event: None",
            "it goes through all settings instead of naming its own",
        ),
        (
            "def setup(env):\n    env.items() | set()\n    return lambda event: None",
            "it goes through all settings instead of naming its own",
        ),
        (
            "def setup(env):\n    env.get('PLANTED_SECRET')\n    return lambda event: None",
            "the setting PLANTED_SECRET is not in local.settings.json.example",
        ),
        (
            "def setup(env):\n    env.get('OTHER')\n    return lambda event: None",
            "the setting OTHER does not start with PLANTED_",
        ),
        (
            "def setup(env):\n    env['PLANTED_KEY']\n    return lambda event: None",
            "setup raises KeyError when nothing is set",
        ),
    ],
)
def test_the_contract_catches_what_it_forbids(code, breach):
    module = types.ModuleType("planted")
    exec(code, vars(module))
    assert breach in breaches("planted", module)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("daytime", []),
        ("vip", ["the setting VIP_CUSTOMERS is not in local.settings.json.example"]),  # it is no setting of ours
    ],
)
def test_the_files_of_the_guide_keep_the_contract(name, expected):
    guide = (ROOT / "docs/enrichers.md").read_text("utf-8")
    code = guide.partition(f"`enrichers/{name}.py`")[2].partition("```python\n")[2].partition("```")[0]
    module = types.ModuleType(name)
    exec(code, vars(module))
    assert breaches(name, module) == expected
    assert guide.count("```python\n") == 2

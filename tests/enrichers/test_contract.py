"""Every enricher keeps the contract, and the contract catches those that do not."""

import importlib
import pkgutil
import types

import pytest

import enrichers
from tests.enrichers.contract import ROOT, breaches

NAMES = [module.name for module in pkgutil.iter_modules(enrichers.__path__) if not module.name.startswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_an_enricher_keeps_the_contract(name):
    assert not (broken := breaches(name, importlib.import_module(f"enrichers.{name}"))), "; ".join(broken)


SHIPPED = ["bot", "campaign", "device", "geo", "mail", "referrer"]


@pytest.mark.parametrize("name", SHIPPED)
def test_an_enricher_we_ship_has_its_section_in_the_guide(name):
    assert name in NAMES
    assert f"\n## {name}\n" in (ROOT / "docs/enrichers.md").read_text("utf-8")


@pytest.mark.parametrize(
    ("code", "breach"),
    [
        ("def enrich(event):\n    event.customer_id = 'x'", "it changes the event"),
        ("def enrich(event):\n    event.params['x'] = 'y'", "it changes the event"),
        ("def enrich(event):\n    event.request.headers.clear()", "it changes the event"),
        ("def enrich(event):\n    return {'a': object()}", "it returns what JSON cannot hold"),
        ("def enrich(event):\n    return ['a']", "it returns no mapping"),
        ("def enrich(event):\n    return {'a': event.ip}", "it returns the full address"),
        ("def enrich(event):\n    return {'a': event.user_agent[0]}", "it raises TypeError on a hit"),
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


def test_the_files_of_the_guide_keep_the_contract():
    guide = (ROOT / "docs/enrichers.md").read_text("utf-8")
    files = [block.partition("```")[0] for block in guide.split("```python\n")[1:]]
    assert len(files) == 2
    for code in files:
        module = types.ModuleType("guide")
        exec(code, vars(module))
        assert breaches("vip" if "VIP_" in code else "daytime", module) in (
            [],
            ["the setting VIP_CUSTOMERS is not in local.settings.json.example"],  # it is no setting of ours
        )

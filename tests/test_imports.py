"""Who may import whom: the direction of data, kept by a test over the import graph."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FILES = [ROOT / "function_app.py", *sorted(ROOT.glob("pixel/**/*.py")), *sorted(ROOT.glob("enrichers/*.py"))]
PEER = sorted(ROOT.glob("tests/eventhubs/*.py"))
ADAPTERS = ("function_app.py", "pixel/serve/", "pixel/commands/serve.py", "pixel/commands/simulate.py")

BLOB = ("pixel/store_blob.py", "pixel/store_service.py")


def imports(path):
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def name(path):
    return path.relative_to(ROOT).as_posix()


def breaches(path, what=None):
    """What this file imports and must not, by each rule."""
    where, used = name(path), imports(path) if what is None else what

    def uses(*modules):
        return any(each == module or each.startswith(module + ".") for each in used for module in modules)

    rules = {
        "only function_app.py imports azure.functions": where != "function_app.py" and uses("azure.functions"),
        "only deliver/event_hub.py imports azure.eventhub": where != "pixel/deliver/event_hub.py" and uses("azure.eventhub"),
        "only store_blob.py and store_service.py import azure.storage": where not in BLOB and uses("azure.storage"),
        "only the clients of services import azure.identity": where not in (*BLOB, "pixel/deliver/event_hub.py") and uses("azure.identity"),
        "only store.py, which opens one, knows the kinds of stores": not where.startswith("pixel/store") and uses("pixel.store_blob", "pixel.store_folder", "pixel.store_service"),
        "only the adapters import app.py": not where.startswith(ADAPTERS) and uses("pixel.app"),
        "enrichers import only pixel.event, pixel.enricher and tables of their own": where.startswith("enrichers/")
        and any(each.startswith(("pixel", "enrichers.", "azure")) and not each.startswith(("pixel.event", "pixel.enricher", "enrichers._")) for each in used),
        "collect knows nothing of Azure": where.startswith("pixel/collect/") and uses("azure"),
        "collect uses of deliver only what a sink is": where.startswith("pixel/collect/")
        and any(each.startswith("pixel.deliver") and not each.startswith("pixel.deliver.sink") for each in used),
        "deliver knows nothing of collect": where.startswith("pixel/deliver/") and uses("pixel.collect", "pixel.endpoints"),
        "only serve and its command know uvicorn": not where.startswith(ADAPTERS) and uses("uvicorn", "httptools", "uvloop"),
    }  # fmt: skip
    return [rule for rule, broken in rules.items() if broken]


@pytest.mark.parametrize("path", FILES, ids=name)
def test_a_file_imports_only_what_its_room_allows(path):
    assert breaches(path) == []


def test_the_rules_catch_what_they_forbid():
    planted = {
        "pixel/collect/parse.py": {"azure.eventhub", "pixel.deliver.capture_file"},
        "enrichers/campaign.py": {"pixel.settings"},
        "pixel/deliver/sink.py": {"pixel.collect.parse"},
        "pixel/endpoints/pix.py": {"pixel.app", "azure.functions", "uvicorn"},
        "pixel/deliver/spill.py": {"azure.storage.blob.aio", "azure.identity", "pixel.store_blob"},
    }
    assert [len(breaches(ROOT / where, what)) for where, what in planted.items()] == [3, 1, 1, 3, 3]


CATCH_ALL = {
    "pixel/app.py": "a timer",
    "pixel/collect/enrich.py": "an enricher, at start and at a hit",
    "pixel/collect/track.py": "the last resort of a hit",
    "pixel/deliver/capture_file.py": "a delivery",
    "pixel/deliver/connections.py": "a delivery: those who wait for a connection are told",
    "pixel/deliver/hub_sink.py": "a delivery: whatever ends a send, its connection is not kept",
    "pixel/deliver/event_hub.py": "a delivery: the SDK lets anything through",
    "pixel/endpoints/status.py": "an enricher that is asked how it is",
}


@pytest.mark.parametrize("path", [*FILES, *PEER], ids=name)
def test_everything_is_caught_only_where_we_decided_to(path):
    catches = [
        node
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
        )
    ]
    assert not catches or name(path) in CATCH_ALL


@pytest.mark.parametrize("path", [*FILES, *PEER], ids=name)
def test_a_file_has_one_subject_of_a_readable_length(path):
    assert len(path.read_text("utf-8").splitlines()) <= 250
    assert not {"utils", "helpers", "common", "base", "manager", "service", "factory"} & set(
        name(path)[:-3].split("/")
    )

"""Compiles infra/bicep once, by a checker that is no part of this repository, and by `bicep` where that is installed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.infra.arm import Template

ROOT = Path(__file__).parent.parent.parent
INFRA = ROOT / "infra/bicep"
TOOLS = ROOT.parent / "shared/tools"
FILES = sorted(INFRA.glob("*.bicepparam"))

BROUGHT = "/subscriptions/SUB/resourceGroups/THEIRS/providers/Microsoft.EventHub/namespaces/acme"
WANTED = {
    "own namespace": {},
    "brought namespace": {"existingNamespaceId": BROUGHT},
    "all there is": {
        "privateNetworking": True,
        "customDomain": "px.example.com",
        "customDomainThumbprint": "00AA",
        "geoShareAccount": "acmegeo",
        "geoShareKey": "a key",
        "statusKey": "another",
        "readersGroupId": "a group",
        "alertEmail": "on-call@example.com",
        "archiveAfterDays": 20,
        "monthlyBudget": 100,
        "budgetStart": "2026-12-01",
    },
    "brought and private": {"existingNamespaceId": BROUGHT, "privateNetworking": True},
}
WANTED |= {f"{name}, edge": what | {"enableEdge": True} for name, what in WANTED.items()}
WANTED["all there is, edge"] |= {
    "edgeDomain": "img.example.com",
    "edgeRetentionHours": 6,
    "settings": {"PIXEL_PATH": "img/spacer.gif"},
}
"""What is asked for beyond each parameter file."""

with_edge = pytest.mark.parametrize(
    "deployment",
    [(path.name, what) for path in FILES for what in WANTED if WANTED[what].get("enableEdge")],
    indirect=True,
    ids=", ".join,
)
"""For tests of edge mode only: each parameter file with all that has it on."""


COMPILE = """
import json, sys
from bicepcheck.check import File
from bicepcheck.emit import Emit, compile_file

def said(path):
    file = File.load(path)
    return {name: Emit(file).j(param.default, {}) for name, param in file.params.items()}

json.dump([compile_file(sys.argv[1]), *map(said, sys.argv[2:])], sys.stdout)
"""
"""Run in a process of its own: the checker leaves files open."""


def bicepcheck(*args):
    """Run Python with the checker at hand; skip where it is not."""
    if not TOOLS.is_dir():
        pytest.skip("the Bicep checker is not here: it lies in ../shared, beside the repository")
    environ = os.environ | {"PYTHONPATH": str(TOOLS), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([sys.executable, *args], env=environ, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def emitted():
    told = bicepcheck("-c", COMPILE, str(INFRA / "main.bicep"), *map(str, FILES))
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


@pytest.fixture(scope="session")
def compiled(emitted):
    return emitted[0]


@pytest.fixture(scope="session")
def given(emitted):
    """What a parameter file says, by the name of the file."""
    return {path.name: Template({}, {}).value(said) for path, said in zip(FILES, emitted[1:], strict=True)}


@pytest.fixture(params=[(path.name, what) for path in FILES for what in WANTED], ids=lambda param: ", ".join(param))
def deployment(request, compiled, given):
    file, what = request.param
    return Template(compiled, given[file] | WANTED[what])


@pytest.fixture
def deployed(deployment):
    """Every resource that is deployed."""
    return list(deployment.resources())


@pytest.fixture
def core(deployed):
    """All but edge mode: what is the same with it and without."""
    return [each for each in deployed if each.module.split("/")[0] != "edge"]


@pytest.fixture
def edge(deployed):
    """Edge mode; nothing where it is off."""
    return [each for each in deployed if each.module.split("/")[0] == "edge"]


@pytest.fixture(scope="session")
def official():
    """The official compiler as a command, where there is one."""
    if shutil.which("bicep"):
        return ["bicep"]
    if (
        shutil.which("az")
        and not subprocess.run(["az", "bicep", "version"], capture_output=True, check=False).returncode
    ):
        return ["az", "bicep"]
    pytest.skip("neither bicep nor az bicep is installed")
    return None

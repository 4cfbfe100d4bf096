"""Bicep files as text: they check, they are described, they are small."""

import re
import subprocess

import pytest

from tests.infra.conftest import FILES, INFRA, ROOT, bicepcheck

SOURCES = sorted(INFRA.rglob("*.bicep"))


def test_the_checker_finds_nothing():
    told = bicepcheck("-m", "bicepcheck", *map(str, FILES))
    assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "0 errors, 0 warnings"), told.stdout


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_the_official_compiler_finds_nothing(official, file):
    what = ["--file", str(file)] if official[0] == "az" else [str(file)]
    told = subprocess.run([*official, "build-params", *what, "--stdout"], capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert not re.search(r"\) : (Warning|Error) ", told.stderr), told.stderr


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_file_says_what_it_is_for_and_is_of_a_readable_length(path):
    text = path.read_text("utf-8")
    assert text.startswith("metadata description = '")
    assert len(text.splitlines()) <= (350 if path.name == "main.bicep" else 200)
    assert not re.search(r"'(br|ts)[/:]", text), "modules are files here, none is downloaded"


def test_every_parameter_of_main_is_described_and_has_its_row_in_the_guide():
    lines = (INFRA / "main.bicep").read_text("utf-8").splitlines()
    guide = (ROOT / "docs/azure.md").read_text("utf-8")
    rows = []
    for at, line in enumerate(lines):
        if match := re.match(r"param (\w+) \w+(?: = (.+))?$", line):
            block = lines[at - next(back for back in range(1, 9) if not lines[at - back]) : at]
            (about,) = (re.fullmatch(r"@description\('(.+)'\)", each)[1] for each in block if "@description" in each)
            default = (
                "`" + match[2].replace("'", "") + "`"
                if match[2] and match[2] != "''"
                else ("empty" if match[2] else "**needed**")
            )
            rows.append(f"| `{match[1]}` | {default} | {about} |")
    assert rows
    assert [row for row in rows if row not in guide] == []


def test_only_main_has_parameters_for_people():
    mains = {re.search(r"using '(.+)'", path.read_text("utf-8"))[1] for path in FILES}
    assert mains == {"./main.bicep"}
    assert [path for path in SOURCES if "@allowed" in path.read_text("utf-8")] == [INFRA / "main.bicep"]

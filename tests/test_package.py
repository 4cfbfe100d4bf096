"""`make package`: the zip holds all that the function needs, and nothing else."""

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.package import published, revision
from pixel.collect.response import GIF

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "infra/requirements-package.txt"
COMMANDS_LOCK = ROOT / "infra/requirements-cli.txt"


def package(*arguments):
    return subprocess.run(
        [sys.executable, str(ROOT / "infra/package.py"), *arguments], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The zip, and what making it printed."""
    if (sys.version_info[:2], platform.system(), platform.machine()) != ((3, 13), "Linux", "x86_64"):
        pytest.skip("what Azure runs can be tried on Linux x86-64 with Python 3.13 only")
    path = tmp_path_factory.mktemp("package") / "pixel.zip"
    told = package(f"--out={path}")
    if told.returncode and "pip could not fetch" in told.stderr and "CI" not in os.environ:
        pytest.skip(f"the package index cannot be reached: {told.stderr}")
    assert told.returncode == 0, told.stderr
    return path, told.stdout


@pytest.fixture(scope="module")
def unpacked(made):
    folder = made[0].parent / "unpacked"
    with ZipFile(made[0]) as archive:
        archive.extractall(folder)
    return folder


def test_the_worker_library_finds_and_runs_the_app_with_only_what_the_package_carries(unpacked, tmp_path):
    python = Path(sys.base_prefix, "bin", f"python3.{sys.version_info[1]}")  # not that of the environment we test in
    told = subprocess.run(
        [python, "-I", "-S", str(ROOT / "tests/carried.py"), str(unpacked)],
        cwd=tmp_path,
        env={"PIXEL_CAPTURE_DIR": str(tmp_path / "capture")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    carried = json.loads(told.stdout)
    assert carried["foreign"] == []
    assert {"pix", "health", "status", "whoami"} <= set(carried["functions"])
    assert carried["answer"] == [200, GIF.hex(), "accepted"]
    assert carried["status"]["enrichers"]["disabled"] == {}
    assert carried["status"]["build"] == (unpacked / "pixel/build.txt").read_text("utf-8").strip()
    assert [path.suffix for path in (tmp_path / "capture").rglob("*.avro")] == [".avro"]


def test_it_is_smaller_than_30_mb_and_says_what_it_is_made_of(made):
    path, told = made
    size = path.stat().st_size / 1e6
    print(f"\nThe package has {size:.1f} MB")
    assert size < 30
    assert f"{size:.1f} MB, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}" in told
    assert re.search(r"^ +[\d.]+ MB  cryptography$", told, re.MULTILINE)


def test_it_holds_the_app_and_its_packages_and_nothing_else(made):
    with ZipFile(made[0]) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {".python_packages", "enrichers", "function_app.py", "host.json", "pixel", "requirements.txt"}
    assert [name for name in names if name.endswith(".pyc") or "__pycache__" in name] == []
    ours = {name for name in names if not name.startswith(".python_packages/")}
    kept = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *tops - {".python_packages"}],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if kept.returncode == 0:
        assert ours == {*kept.stdout.split(), "pixel/build.txt"}
    packages = {name.split("/")[3] for name in names if name.startswith(".python_packages/")}
    assert packages & {"msgspec", "azure_functions_runtime", "pytest", "uvicorn", "pip"} == {
        "msgspec",
        "azure_functions_runtime",
    }


def test_settings_of_a_laptop_stay_there(tmp_path):
    for name in (
        ".funcignore",
        "pixel/app.py",
        "pixel/local.settings.json",
        "enrichers/.env",
        "tests/x.py",
        "pixel/__pycache__/a.pyc",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / ".funcignore").read_bytes())
    assert [name for name, _ in published(tmp_path)] == ["pixel/app.py"]


def test_a_tree_that_git_does_not_know_has_no_revision(tmp_path):
    (tmp_path / ".funcignore").write_text("/*\n!/pixel\n")
    assert revision(tmp_path) == "unknown"


def test_made_again_it_has_the_same_bytes(made):
    again = made[0].with_name("again.zip")
    told = package(f"--out={again}")
    assert told.returncode == 0, told.stderr
    assert "Fetching" not in told.stdout  # wheels are kept
    assert again.read_bytes() == made[0].read_bytes()


def pinned(requirements):
    """What a requirements.txt asks for on the Linux and Python 3.13 that Azure and the pipeline run."""
    lines = requirements.read_text("utf-8").splitlines()
    return {line.partition(";")[0] for line in lines if "==" in line and '< "3.13"' not in line}


def locked(*locks):
    """Version of each package by its name; of lines that have one hash each, and of no others."""
    lines = [line for lock in locks for line in lock.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[\w.-]+==\S+ --hash=sha256:[0-9a-f]{64}", line)] == []
    found = [line.split()[0].partition("==")[::2] for line in lines]
    assert len(dict(found)) == len(found), "no package is listed twice"
    return dict(found)


def test_the_wheels_are_chosen_for_the_requirements_we_have():
    shipped, commands = ROOT / "requirements.txt", ROOT / "requirements-cli.txt"
    for lock, made_of in ((LOCK, [shipped]), (COMMANDS_LOCK, [shipped, commands])):
        digest = hashlib.sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()
        assert digest in lock.read_text("utf-8"), (
            f"{made_of[-1].name} has changed: make package ARGS=--lock chooses the wheels anew"
        )
    have = {f"{name}=={version}" for name, version in locked(LOCK).items()}
    assert pinned(shipped) - have == set()
    have |= {f"{name}=={version}" for name, version in locked(COMMANDS_LOCK).items()}
    assert pinned(commands) - have == set()


def test_nothing_that_the_pipeline_installs_to_verify_with_needs_what_is_on_neither_list():
    """pip refuses to install by hash what needs a package that has none."""
    if (sys.version_info[:2], platform.system()) != ((3, 13), "Linux"):
        pytest.skip("conditions in requirements are read by the Python that is there: Linux and 3.13 are wanted")
    have = {canonicalize_name(name) for name in locked(LOCK, COMMANDS_LOCK)}
    missing = {}
    for name in have:
        for text in metadata.requires(name) or ():
            needs = Requirement(text)
            applies = needs.marker is None or needs.marker.evaluate({"extra": ""})
            if applies and canonicalize_name(needs.name) not in have:
                missing[name] = text
    assert missing == {}


def test_the_pipeline_installs_by_hash_from_lists():
    step = (ROOT / "infra/pipeline/deploy.yml").read_text("utf-8")
    (install,) = re.findall(r"python -m pip install (.+?)\n +displayName", step, re.DOTALL)
    asked = install.split()
    assert {"--require-hashes", "--only-binary=:all:"} <= set(asked)
    lists = [ROOT / asked[at + 1] for at, word in enumerate(asked) if word == "-r"]
    assert lists == [LOCK, COMMANDS_LOCK]


def test_what_is_packaged_is_what_runs():
    app = (ROOT / "infra/bicep/modules/app.bicep").read_text("utf-8")
    version = re.search(r"runtime: \{ name: 'python', version: '([\d.]+)' \}", app)[1]
    assert f"--python-version={version}" in (ROOT / "infra/package.py").read_text("utf-8")
    jobs = yaml.safe_load((ROOT / ".azure-pipelines.yml").read_text("utf-8"))["stages"][0]["jobs"]
    (package,) = [job for job in jobs if job["job"] == "package"]
    assert package["steps"][0]["inputs"]["versionSpec"] == version

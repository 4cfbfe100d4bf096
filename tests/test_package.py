"""`make package`: the zip holds all that the function needs, and nothing else."""

import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

from pixel.collect.response import GIF

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "infra/requirements-package.txt"


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
        assert ours == set(kept.stdout.split())
    packages = {name.split("/")[3] for name in names if name.startswith(".python_packages/")}
    assert packages & {"msgspec", "azure_functions_runtime", "pytest", "uvicorn", "pip"} == {
        "msgspec",
        "azure_functions_runtime",
    }


def test_made_again_it_has_the_same_bytes(made):
    again = made[0].with_name("again.zip")
    told = package(f"--out={again}")
    assert told.returncode == 0, told.stderr
    assert "Fetching" not in told.stdout  # wheels are kept
    assert again.read_bytes() == made[0].read_bytes()


def test_the_wheels_are_chosen_for_the_requirements_we_have():
    lock = LOCK.read_text("utf-8")
    assert hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest() in lock, (
        "requirements.txt has changed: make package ARGS=--lock chooses the wheels anew"
    )
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    wanted = {line.partition(";")[0] for line in lines if "==" in line and '< "3.13"' not in line}
    assert {
        each for each in wanted if not re.search(rf"^{re.escape(each)} --hash=sha256:\w{{64}}$", lock, re.MULTILINE)
    } == set()

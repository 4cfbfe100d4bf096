"""`python -m pixel`, as people type it."""

import asyncio
import shutil
import subprocess
import sys

import pytest

from pixel.deliver.capture_file import CaptureFileSink
from tests.events import an_event
from tests.front_door import ROOT, clean_environment


def pixel(*arguments, pipe=""):
    line = f"{sys.executable} -m pixel {' '.join(map(str, arguments))} {pipe}"
    ran = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line], capture_output=True, text=True, cwd=ROOT, env=clean_environment()
    )
    return ran.returncode, ran.stdout, ran.stderr


@pytest.fixture
def captured(tmp_path):
    sink = CaptureFileSink(tmp_path, max_bytes=1)

    async def fill():
        for _ in range(4):
            await sink.send([an_event(id=str(number)) for number in range(1000)])

    asyncio.run(fill())
    return tmp_path


def test_without_a_command_all_are_listed():
    code, said, _ = pixel()
    assert code == 0
    assert all(f"  {name} " in said for name in ("hit", "read", "serve"))


def test_what_is_no_command_is_told():
    code, _, said = pixel("raed")
    assert (code, said) == (2, "raed is no command.\n\n")


@pytest.mark.parametrize("python", ["/nope", "false"])
def test_make_tells_which_python_is_none(tmp_path, python):
    if shutil.which("make") is None:
        pytest.skip("there is no make (on Debian: apt install make)")
    ran = subprocess.run(
        ["make", f"PYTHON={python}", f"VENV={tmp_path}/venv", "setup"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=clean_environment(),
    )
    assert ran.returncode == 2
    assert ran.stdout.splitlines() == [
        f"PYTHON={python} is no Python 3.11, 3.12 or 3.13 that runs: say make PYTHON=/path/to/python3, or leave it out"
    ]
    assert not (tmp_path / "venv").exists()


def test_read_prints_one_event_a_line_and_stops_quietly_when_nobody_reads_on(captured):
    assert pixel("read", captured)[0] == 0
    code, said, wrong = pixel("read", captured, pipe="| head -1")
    assert (code, wrong) == (0, "")
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("make", "code", "said"),
    [
        (lambda path: None, 2, "does not exist"),
        (lambda path: path.mkdir(), 0, "There are no capture files"),
        (lambda path: path.write_bytes(b"PAR1"), 1, "it is no Avro file"),
    ],
)
def test_read_tells_what_it_cannot_read(tmp_path, make, code, said):
    make(tmp_path / "x")
    ran = pixel("read", tmp_path / "x")
    assert ran[0] == code
    assert ran[1] == ""
    assert said in ran[2]

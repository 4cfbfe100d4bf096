"""`make stack` as people use it: all of it starts, an event comes through, a broken hub costs none, Ctrl-C ends all."""

import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest

from tests.blob_server import NoNode, install
from tests.front_door import clean_environment
from tests.serving import ROOT

STARTS_WITHIN_S = 120


class Stack:
    """A running stack, and the commands that its screen shows."""

    def __init__(self, path):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = str(probe.getsockname()[1])
        self.folder = ROOT / f"data/stack-{self.port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.stack"],
            cwd=ROOT,
            env=clean_environment(PORT=self.port, PATH=path),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.screen = ""
        while "Ctrl-C stops it all" not in self.screen:
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            self.screen += line

    def shown(self, name):
        """Run the command that the screen shows behind a name."""
        [line] = [line for line in self.screen.splitlines() if line.startswith(f"  {name}  ")]
        command = line.removeprefix(f"  {name}").strip()
        if command.startswith("curl"):
            assert shutil.which("curl"), "curl is missing"
        return subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, timeout=60)

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=60)
        return self.process.returncode, said[1]


@pytest.fixture(params=["blob", "folders"])
def stack(request):
    if shutil.which("curl") is None:
        pytest.skip("there is no curl (on Debian: apt install curl)")
    if request.param == "blob":
        try:
            install()
        except NoNode as missing:
            pytest.skip(str(missing))
    stack = Stack(os.environ["PATH"] if request.param == "blob" else "/no/node/here")
    stack.blob = request.param == "blob"
    yield stack
    if stack.process.poll() is None:
        stack.process.send_signal(signal.SIGINT)
        stack.process.communicate(timeout=60)
    shutil.rmtree(stack.folder, ignore_errors=True)


def test_the_stack_does_what_its_screen_says(stack):
    checked = stack.shown("check all")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "All is well." in checked.stdout
    assert "AccountKey" not in checked.stdout + checked.stderr
    assert len(stack.shown("read").stdout.splitlines()) == 21
    assert "Nothing is spilled." in stack.shown("the spill").stderr

    stack.shown("go away")
    assert "x-pixel-outcome: accepted" in stack.shown("fire a hit").stdout
    assert '"customer_id":"123"' in stack.shown("the spill").stdout
    stack.shown("come back")
    stack.shown("throttle")
    stack.shown("mend")
    assert '"hubs"' in stack.shown("the hub").stdout
    assert "/live" in stack.screen

    code, said = stack.stop()
    assert code == 0, said
    assert ("folders stand in for Blob storage" in said) != stack.blob
    assert not (stack.folder / "env").exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(stack.port)))


def test_a_port_that_is_taken_is_told():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [sys.executable, "-m", "tests.stack"],
            cwd=ROOT,
            env=clean_environment(PORT=port),
            capture_output=True,
            text=True,
        )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == f"PORT {port} is not free: PORT=8080 make stack takes another.\n"


def test_a_setting_that_makes_no_sense_stops_all_of_it_with_a_word():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    ran = subprocess.run(
        [sys.executable, "-m", "tests.stack"],
        cwd=ROOT,
        env=clean_environment(PORT=port, PATH="/no/node/here", PIXEL_IP="none"),
        capture_output=True,
        text=True,
        timeout=STARTS_WITHIN_S,
    )
    shutil.rmtree(ROOT / f"data/stack-{port}")
    assert ran.returncode == 2
    assert "PIXEL_IP must be one of" in ran.stderr
    assert "The pixel does not start" in ran.stderr

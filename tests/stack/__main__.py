"""`python -m tests.stack`, which is `make stack`: starts the whole system, says how to use it, ends it on Ctrl-C.

PORT (7071) is the pixel's; settings of the pixel in the environment hold. Without node, folders stand in for Blob storage.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.blob_server import INSTALLED, BlobServer, NoNode
from tests.stack.screen import ROOT, screen

HUB, WINDOW_S, PORT, CONTROL_PORT = "pixel", 5.0, "7071", 5673
STOPS_WITHIN_S = 15


class Stack:
    """All that was started, in order."""

    def __init__(self, port: str) -> None:
        self.port = port
        # Of its own for each port: then two can run.
        self.folder = Path("data", "stack" if port == PORT else f"stack-{port}")
        self.env = ROOT / self.folder / "env"
        self.azurite: BlobServer | None = None
        self.processes: dict[str, subprocess.Popen[str]] = {}

    def start(self, name: str, module: list[str], env: dict[str, str], stdin: int) -> "subprocess.Popen[str]":
        """Start a module of ours, out of reach of the terminal's Ctrl-C: the order in which all end matters."""
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", *module],
            cwd=ROOT,
            env=env,
            stdin=stdin,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        return self.processes[name]

    def ended(self) -> str | None:
        """Name what ended by itself."""
        if self.azurite is not None and not self.azurite.is_running():
            return "Azurite"
        return next((name for name, process in self.processes.items() if process.poll() is not None), None)

    def stop(self) -> None:
        """End all, the last started first: the pixel sends what it has, then Capture writes it, then Azurite goes."""
        for process in reversed(self.processes.values()):
            process.terminate()
            try:
                process.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
        if self.azurite is not None:
            self.azurite.kill()
        self.env.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # it holds what folders kept
            self.env.parent.rmdir()


def main() -> int:
    """Run until told to stop; 0 then, 1 when a part of it ended by itself, 2 when it could not start."""
    port = os.environ.get("PORT") or PORT
    if not port.isdecimal() or not _is_free(int(port)):
        print(f"PORT {port} is not free: PORT=8080 make stack takes another.", file=sys.stderr)
        return 2
    for each in _ENDS:
        signal.signal(each, _end)
    stack = Stack(port)
    try:
        print(_start(stack), flush=True)
        while not (name := stack.ended()):
            time.sleep(0.3)
        print(f"{name} has ended; what it said stands above. All the rest ends, too.", file=sys.stderr)
        return 1
    except _CannotStart as fault:
        print(fault, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 0
    finally:
        for each in _ENDS:  # to be impatient now would leave some of it running
            signal.signal(each, signal.SIG_IGN)
        stack.stop()


_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _end(*_: object) -> None:
    raise KeyboardInterrupt


class _CannotStart(Exception):  # noqa: N818 - what is the matter
    pass


def _start(stack: Stack) -> str:
    """Start all; return what there is to say."""
    store, captured = stack.folder / "store", stack.folder / "capture"
    settings = {"PIXEL_STORE": str(store), "PIXEL_CAPTURE_STORE": str(captured)}
    try:
        if shutil.which("npm") and not INSTALLED.exists():
            print("Installing Azurite (once) ...", flush=True)
        stack.azurite = BlobServer(apart=True)
        settings = dict.fromkeys(settings, stack.azurite.connection_string())
    except (NoNode, RuntimeError) as missing:
        (ROOT / captured).mkdir(parents=True, exist_ok=True)
        print(f"{missing}. Until then folders stand in for Blob storage: {store} and {captured}.", file=sys.stderr)
    containers = {"PIXEL_STORE_CONTAINER": "pixel", "PIXEL_CAPTURE_STORE_CONTAINER": "capture"}
    settings = {"EVENT_HUB_NAME": HUB, "PORT": stack.port} | settings | containers
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EVENT_HUB__")}

    where = ["tests.stack.hub"] if stack.azurite else ["tests.eventhubs", f"--capture={captured}"]
    ports = ["--port=0", f"--control-port={CONTROL_PORT if _is_free(CONTROL_PORT) else 0}"]
    options = [f"--hub={HUB}:4", f"--capture-seconds={WINDOW_S:g}", "--while-stdin-is-open"]
    hub = stack.start("The hub", [*where, *ports, *options], kept | settings, subprocess.PIPE)
    settings["EVENT_HUB"], control = _line(hub, "EVENT_HUB"), _line(hub, "EVENT_HUB_CONTROL")

    pixel = stack.start("The pixel", ["pixel", "serve"], kept | settings, subprocess.DEVNULL)
    said = ""
    while "Ctrl-C" not in said:
        line = _next(pixel, "The pixel")
        said += line
    stack.env.parent.mkdir(parents=True, exist_ok=True)
    stack.env.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    path = os.environ.get("PIXEL_PATH", "").strip("/ ") or "pix"
    at = f"http://127.0.0.1:{stack.port}"
    return screen(f"{at}/{path}", at, control, stack.folder, live="/live" in said, blob=bool(stack.azurite))


def _line(process: "subprocess.Popen[str]", name: str) -> str:
    """Return the value of the next line, which is NAME=VALUE."""
    return _next(process, "The hub").strip().removeprefix(f"{name}=")


def _next(process: "subprocess.Popen[str]", name: str) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise _CannotStart(f"{name} does not start; what it said stands above. Nothing is left running.")
    return line


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except (OSError, OverflowError):
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())

"""The pixel as people start it, `python -m pixel serve`, for tests that want the real process on a real port."""

import json
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple

from tests.front_door import captured, clean_environment

ROOT = Path(__file__).parents[1]
STARTS_WITHIN_S = 30
STOPS_WITHIN_S = 10


class Served(NamedTuple):
    """A running pixel: where it is, where it captures, and the process to kill."""

    port: int
    folder: Path
    process: subprocess.Popen[str]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, target: str, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
        """Answer status, headers by lower-case name, and body."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", target, headers=dict(headers or {}))
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def ledger(self) -> dict[str, Any]:
        return json.loads(self.get("/status")[2])["ledger"]

    def events(self) -> list[dict[str, Any]]:
        """Answer what is captured so far, in the order it was written."""
        return captured(self.folder)

    def event(self, **fields: Any) -> dict[str, Any]:
        """Answer the one captured event with these fields, once it is there."""

        def found() -> list[dict[str, Any]]:
            return [event for event in self.events() if all(event.get(name) == fields[name] for name in fields)]

        eventually(found)
        [event] = found()
        return event

    def said(self) -> str:
        """Answer what the process wrote to standard error."""
        return self.log.read_text("utf-8")


SERVE = ("-m", "pixel", "serve")


@contextmanager
def serving(folder: Path, start: Sequence[str] = SERVE, **env: str) -> Iterator[Served]:
    """Serve with `env` beside defaults, until the block ends. It may end the process itself."""
    with tempfile.TemporaryDirectory(prefix="pixel-serve-") as logs:
        log = Path(logs, "stderr")
        port, process = _start(folder, log, start, env)
        served = Served(port, folder, process, log)
        try:
            assert served.get("/health")[0] == 200
            yield served
        finally:
            process.terminate()
            try:
                process.wait(STOPS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                raise AssertionError(f"the pixel does not stop; it said: {served.said()}") from None
            finally:
                process.stdout.close()


def command(*arguments: str, **env: str) -> subprocess.CompletedProcess[bytes]:
    """Run `python -m pixel` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "pixel", *arguments],
        cwd=ROOT,
        env=clean_environment(**env),
        capture_output=True,
        check=False,
        timeout=60,
    )


def eventually(condition: Callable[[], object], within_s: float = 10) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"{condition.__name__} does not hold within {within_s} s"
        time.sleep(0.02)


def _start(
    folder: Path, log: Path, start: Sequence[str], env: Mapping[str, str]
) -> tuple[int, subprocess.Popen[str]]:
    for _ in range(3):  # between our look for a free port and its use, another process may take it
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, *start],
                cwd=ROOT,
                env=clean_environment(PORT=str(port), PIXEL_CAPTURE_DIR=str(folder), **env),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        # Its first line says that it serves; if it ends without one, there is an end of file.
        ready, _, _ = select.select([process.stdout], [], [], STARTS_WITHIN_S)
        if ready and process.stdout.readline():
            return port, process
        process.kill()
        process.wait()
        process.stdout.close()
        if "address already in use" not in log.read_text("utf-8"):
            break
    raise AssertionError(f"the pixel did not start: {log.read_text('utf-8')}")

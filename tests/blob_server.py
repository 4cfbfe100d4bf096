"""Azurite, Microsoft's own emulator of Blob storage, for tests: installed once by npm, then a process on a free port."""

import fcntl
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[1]
PINNED = ROOT / "tests/azurite"
INSTALLED = ROOT / "build/azurite"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, the same everywhere: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite."""
STARTS_WITHIN_S = 60


class NoNode(Exception):  # noqa: N818 - what is the matter
    """There is no node or npm to run Azurite with."""


class BlobServer:
    """An Azurite that can be killed and started again on its port; it forgets all when it ends.

    `apart`: it does not hear a Ctrl-C in the terminal, and lives until it is killed. Raises `NoNode`, or RuntimeError.
    """

    def __init__(self, apart: bool = False) -> None:
        self.port = 0
        self._apart = apart
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                *("node", str(install()), "--blobHost", "127.0.0.1", "--blobPort", str(self.port)),
                *("--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=self._apart,
        )
        try:
            self.port = self._wait()
        except BaseException:  # also a Ctrl-C: nobody could end it any more
            self.kill()
            raise

    def _wait(self) -> int:
        """Wait until it says on which port it listens."""
        assert self._process.stdout is not None
        said = b""
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not (found := re.search(rb"successfully listens on http://127\.0\.0\.1:(\d+)", said)):
            ready, _, _ = select.select([self._process.stdout], [], [], deadline - time.monotonic())
            more = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            if not more:
                raise RuntimeError(f"Azurite does not start: {said.decode()}")
            said += more
        return int(found[1])

    def is_running(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.communicate()

    def pause(self) -> None:
        """Let it take connections and answer nothing, until `resume`."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def connection_string(self, key: str = KEY, port: int | None = None) -> str:
        return (
            f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={key};"
            f"BlobEndpoint=http://127.0.0.1:{port or self.port}/{ACCOUNT};"
        )


@contextmanager
def blob_server() -> Iterator[BlobServer]:
    """Run one for a test, which is skipped without node."""
    import pytest  # here, since `make stack` runs without it

    try:
        server = BlobServer()
    except NoNode as missing:
        pytest.skip(str(missing))
    try:
        yield server
    finally:
        server.kill()


def install() -> Path:
    """Return Azurite's script, installed as tests/azurite/package-lock.json pins it."""
    script = INSTALLED / "node_modules/azurite/dist/src/blob/main.js"
    lock = PINNED / "package-lock.json"
    done = INSTALLED / "installed.json"
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise NoNode("Azurite, for Blob storage, needs node and npm (20 or newer)")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with (INSTALLED / "lock").open("w") as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        if not done.exists() or done.read_bytes() != lock.read_bytes():
            for file in PINNED.iterdir():
                shutil.copy(file, INSTALLED)
            npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
            ran = subprocess.run(npm, cwd=INSTALLED, capture_output=True, text=True, check=False)
            if ran.returncode:
                raise RuntimeError(f"npm could not install Azurite: {ran.stderr}")
            shutil.copy(lock, done)
    return script

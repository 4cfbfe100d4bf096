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

import pytest

ROOT = Path(__file__).parents[1]
PINNED = ROOT / "tests/azurite"
INSTALLED = ROOT / "build/azurite"
ACCOUNT = "devstoreaccount1"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""Azurite's own, the same everywhere: https://learn.microsoft.com/azure/storage/common/storage-connect-azurite."""
STARTS_WITHIN_S = 60


class BlobServer:
    """An Azurite that can be killed and started again on its port; it forgets all when it ends."""

    def __init__(self) -> None:
        self.port = 0
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [
                *("node", str(install()), "--blobHost", "127.0.0.1", "--blobPort", str(self.port)),
                *("--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent"),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        assert self._process.stdout is not None
        said = b""
        deadline = time.monotonic() + STARTS_WITHIN_S
        while not (found := re.search(rb"successfully listens on http://127\.0\.0\.1:(\d+)", said)):
            ready, _, _ = select.select([self._process.stdout], [], [], deadline - time.monotonic())
            more = os.read(self._process.stdout.fileno(), 65536) if ready else b""
            assert more, f"Azurite does not start: {said.decode()}"
            said += more
        self.port = int(found[1])

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
    server = BlobServer()
    try:
        yield server
    finally:
        server.kill()


def install() -> Path:
    """Return Azurite's script, installed as tests/azurite/package-lock.json pins it; skip the test without npm."""
    script = INSTALLED / "node_modules/azurite/dist/src/blob/main.js"
    lock = PINNED / "package-lock.json"
    done = INSTALLED / "installed.json"
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("the Blob tests need node and npm (20 or newer) for Azurite")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    with (INSTALLED / "lock").open("w") as only_one:
        fcntl.flock(only_one, fcntl.LOCK_EX)
        if not done.exists() or done.read_bytes() != lock.read_bytes():
            for file in PINNED.iterdir():
                shutil.copy(file, INSTALLED)
            npm = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
            ran = subprocess.run(npm, cwd=INSTALLED, capture_output=True, text=True, check=False)
            assert ran.returncode == 0, f"npm could not install Azurite: {ran.stderr}"
            shutil.copy(lock, done)
    return script

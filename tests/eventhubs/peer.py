"""The peer for tests, in a process of its own: what blocks a client's loop does not hold it up, nor the other way round.

with EventHubsPeer({"pixel": 4}) as peer:
    client = EventHubProducerClient.from_connection_string(peer.connection_string, eventhub_name="pixel")
    peer.fault(on="send", action="drop", when="after")
    ...
    assert [event.body for event in peer.events("pixel")] == [...]
"""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

import msgspec

from tests.eventhubs import faults
from tests.eventhubs.broker import Stats
from tests.eventhubs.control import PAGE, Held, Report, StoredEvent

ROOT = Path(__file__).parents[2]
_ANSWERS_WITHIN_S = 30
_STOPS_WITHIN_S = 30


class EventHubsPeer:
    """A namespace with these hubs, from `with` to its end. `options` are those of the command line: `capture=folder`."""

    def __init__(self, hubs: Mapping[str, int], **options: Any) -> None:
        self.connection_string = ""
        """For a client's `from_connection_string`; names no hub."""
        self.control = ""
        self._arguments = [f"--hub={name}:{partitions}" for name, partitions in hubs.items()]
        self._arguments += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        self._process: subprocess.Popen[str]

    def __enter__(self) -> Self:
        """Start it."""
        always = ["--port=0", "--control-port=0", "--while-stdin-is-open"]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.eventhubs", *always, *self._arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.connection_string, control = self._said("EVENT_HUB"), self._said("EVENT_HUB_CONTROL")
        self.control = urlsplit(control).netloc
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it; what it captured is written."""
        self.thaw()
        try:
            self._process.communicate(timeout=_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        if self._process.returncode:
            raise RuntimeError("the Event Hubs peer failed; what it wrote to standard error says why")

    @property
    def port(self) -> int:
        """Where it listens for AMQP, also while it is away."""
        endpoint = self.connection_string.partition(";")[0].removeprefix("Endpoint=")
        return urlsplit(endpoint).port or 0

    def fault(self, **fields: Any) -> None:
        """Add a rule (see faults.py) after those there are. Raises `msgspec.ValidationError`, which says what is wrong."""
        self._ask("POST", "/faults", msgspec.json.encode(faults.rule(**fields)))

    def heal(self) -> None:
        """Remove all rules."""
        self._ask("DELETE", "/faults")

    def go_away(self) -> None:
        """Refuse connections, and drop those there are. What is stored stays."""
        self._ask("POST", "/away")

    def come_back(self) -> None:
        """Listen again, on the same port."""
        self._ask("POST", "/back")

    def detach_all(self) -> None:
        """End all links to hubs; connections stay."""
        self._ask("POST", "/detach")

    def freeze(self) -> None:
        """Stop the process: connections are made, by the system, and nothing is ever said. Nor by this class."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let the process go on."""
        os.kill(self._process.pid, signal.SIGCONT)

    def flush_capture(self) -> None:
        """End all windows of Capture; return when the files are written."""
        self._ask("POST", "/capture")

    def stats(self) -> Stats:
        """Return what was counted since the start."""
        return self._report().counted

    def held(self, hub: str) -> dict[str, Held]:
        """Return what each partition of a hub holds."""
        return self._report().hubs[hub]

    def events(self, hub: str) -> list[StoredEvent]:
        """Return what a hub holds, by partition, then in order."""
        events: list[StoredEvent] = []
        for partition, held in self.held(hub).items():
            for start in range(held.first, held.next, PAGE):
                asked = urlencode({"hub": hub, "partition": partition, "from": start})
                events += msgspec.json.decode(self._ask("GET", f"/events?{asked}"), type=list[StoredEvent])
        return events

    def _report(self) -> Report:
        return msgspec.json.decode(self._ask("GET", "/stats"), type=Report)

    def _ask(self, method: str, target: str, body: bytes | None = None) -> bytes:
        connection = HTTPConnection(self.control, timeout=_ANSWERS_WITHIN_S)
        try:
            connection.request(method, target, body)
            response = connection.getresponse()
            answer = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError(f"the peer answers {method} {target}: {answer.decode()}")
        return answer

    def _said(self, name: str) -> str:
        """Return the value of the next line, which is NAME=VALUE."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith(name + "="):
            self._process.kill()
            self._process.communicate()
            raise RuntimeError("the Event Hubs peer did not start; what it wrote to standard error says why")
        return line.strip().partition("=")[2]

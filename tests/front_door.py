"""The pixel's front doors, as tests knock on them: the ASGI app, and function_app.py in a process of its own."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from pixel import capture
from pixel.app import App
from pixel.serve.asgi import asgi

ROOT = Path(__file__).parent.parent
GIF_BYTES = 43


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def knock(app: App, target: str, headers=(), method="GET", peer="127.0.0.1") -> Answer:
    """Send one request through the ASGI app, each header and target byte as given."""
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode("latin-1"),
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
        "client": (peer, 5),
    }
    sent: list[dict[str, Any]] = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    asyncio.run(asgi(app)(scope, receive, send))
    start, *bodies = sent
    return Answer(
        start["status"],
        {name.decode(): value.decode() for name, value in start["headers"]},
        b"".join(message["body"] for message in bodies),
    )


def clean_environment(**settings: str) -> dict[str, str]:
    """What any process needs of the environment, and these settings: none of the pixel or a platform from outside."""
    kept = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH")
    return {name: os.environ[name] for name in kept if name in os.environ} | settings


def call_functions(requests: list[dict[str, Any]], settings: dict[str, str]) -> list[Answer]:
    """Send requests to function_app.py in a new process (the worker library has one app a process).

    On 3.13 through Microsoft's worker library; on older Pythons, where that does not run, through the
    objects of azure.functions.
    """
    process = subprocess.run(
        [sys.executable, "-m", "tests.functions_process"],
        input=json.dumps(requests),
        capture_output=True,
        text=True,
        env=clean_environment(**settings),
        cwd=ROOT,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    return [
        Answer(each["status"], {k.lower(): v for k, v in each["headers"].items()}, bytes.fromhex(each["body"]))
        for each in json.loads(process.stdout)
    ]


def captured(folder: Path) -> list[dict[str, Any]]:
    """All events in a capture folder, in order."""
    events = []
    for path in capture.files(folder):
        with path.open("rb") as file:
            events += [json.loads(record.body) for record in capture.records(file)]
    return events

"""Fire a sample hit and print the event as captured: `hit [NAME]`, a name in examples/hits.http.

The pixel must run on this machine, on PORT (7071), and capture to PIXEL_CAPTURE_DIR (data/capture). The hit gets an
`eventId` of its own, by which it is found again. The exit code is 1 when the event cannot be shown, 2 when there is no
such sample or no pixel.
"""

import argparse
import http.client
import os
import re
import string
import sys
import uuid
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

import msgspec

from pixel import capture
from pixel.commands.serve import DEFAULTS
from pixel.outcome import FAILURES, REASONS

SAMPLES = Path(__file__).parents[2] / "examples" / "hits.http"


class Sample(NamedTuple):
    """A request as it stands in a .http file; `target` is what follows the host."""

    method: str
    target: str
    headers: list[tuple[str, str]]


def run(arguments: list[str]) -> int:
    """Fire one hit; print status, outcome and event."""
    samples = read_samples(SAMPLES.read_text("utf-8"))
    parser = argparse.ArgumentParser("python -m pixel hit", description=__doc__)
    parser.add_argument("name", nargs="?", default=next(iter(samples)), help=", ".join(samples))
    name: str = parser.parse_args(arguments).name
    if name == "help":
        print("\n".join(samples))
        return 0
    if name not in samples:
        print(f"{name} is not in examples/hits.http. These are: {', '.join(samples)}", file=sys.stderr)
        return 2
    port = os.environ.get("PORT") or DEFAULTS["PORT"]
    if not port.isdecimal() or not 0 < int(port) < 65536:
        print("PORT must be a number from 1 to 65535.", file=sys.stderr)
        return 2
    event_id = str(uuid.uuid4())
    sample = samples[name]
    target = f"{sample.target}{'&' if '?' in sample.target else '?'}eventId={event_id}"
    try:
        status, outcome = _fire(int(port), sample._replace(target=target))
    except (OSError, http.client.HTTPException):
        print(
            f"No pixel answers at http://127.0.0.1:{port}: start it with `make run` first (on another port: PORT=8080 make hit).",
            file=sys.stderr,
        )
        return 2
    print(f"{sample.method} {target}\n{status} {outcome or 'without X-Pixel-Outcome: is this the pixel?'}")
    if outcome == "accepted":
        return _show(event_id, Path(os.environ.get("PIXEL_CAPTURE_DIR") or DEFAULTS["PIXEL_CAPTURE_DIR"]))
    kind, _, reason = outcome.partition(":")
    print((REASONS if kind == "rejected" else FAILURES).get(reason, ""))
    return 0 if kind == "rejected" else 1


def read_samples(text: str) -> dict[str, Sample]:
    """Return the requests of a .http file by the name that stands behind their `###`."""
    samples = {}
    for section in re.split(r"^###", text, flags=re.MULTILINE)[1:]:
        name, *lines = (line.strip() for line in section.splitlines())
        request, *headers = (line for line in lines if line and not line.startswith(("#", "//")))
        method, address = request.split()[:2]
        url = urlsplit(address)
        # Editors escape what a request line cannot hold, and so do browsers.
        target = quote(address[address.index(url.netloc) + len(url.netloc) :], safe=string.punctuation)
        pairs = [(key, value.strip()) for key, _, value in (header.partition(":") for header in headers)]
        samples[name] = Sample(method, target, pairs)
    return samples


def _fire(port: int, sample: Sample) -> tuple[int, str]:
    """Send the request as it is, no header added but Host; return status and outcome."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(sample.method, sample.target, skip_accept_encoding=True)
        for key, value in sample.headers:
            connection.putheader(key, value.encode())
        connection.endheaders()
        response = connection.getresponse()
        response.read()
        return response.status, response.getheader("X-Pixel-Outcome", "")
    finally:
        connection.close()


def _show(event_id: str, folder: Path) -> int:
    """Print the event from the capture files under `folder`, the newest first: it was written a moment ago."""
    for path in sorted(capture.files(folder), key=lambda path: path.stat().st_mtime, reverse=True):
        body = _find(event_id.encode(), path)
        if body is not None:
            sys.stdout.flush()
            sys.stdout.buffer.write(msgspec.json.format(body, indent=2) + b"\n")
            return 0
    print(
        f"It is not in {folder}: the pixel captures elsewhere (PIXEL_CAPTURE_DIR must be the same for both), or sends to Event Hubs.",
        file=sys.stderr,
    )
    return 1


def _find(part: bytes, path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            return next((record.body for record in capture.records(file) if part in record.body), None)
    except (capture.Damaged, capture.NotCapture, OSError):
        return None

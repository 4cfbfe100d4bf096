"""Hits fired at a URL: a few threads, each with one connection that it keeps."""

import queue
import string
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import SplitResult, quote

from pixel.collect.request import Request
from pixel.simulate.hit import Hit

TIMEOUT_S = 10
_NOT_SENT = ("host", "connection")  # they belong to the connection, not to the visitor


class Fired:
    """What came of it: how often each outcome, and how long each answer took, in seconds."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.seconds: list[float] = []

    def percentile(self, of_100: float) -> float:
        """Return the seconds within which so many of 100 answers came; 0 without an answer."""
        took = sorted(self.seconds)
        return took[min(int(len(took) * of_100 / 100), len(took) - 1)] if took else 0.0


def connection(url: SplitResult) -> HTTPConnection:
    """Return a connection to where a URL points; it opens with the first request."""
    kind = HTTPSConnection if url.scheme == "https" else HTTPConnection
    return kind(url.hostname or "", url.port, timeout=TIMEOUT_S)


def fire(
    hits: Iterable[Hit],
    url: SplitResult,
    fired: Fired,
    *,
    concurrency: int = 8,
    rate: float = 0,
    tick: Callable[[], object] = lambda: None,
) -> None:
    """Send hits, `rate` a second (0: as fast as it goes), and note what comes back in `fired`.

    A path in the URL replaces the hits' own. `tick` is called after each answer. Interrupted, it waits for what is
    under way and raises KeyboardInterrupt again.
    """
    waiting: queue.Queue[Request | None] = queue.Queue(concurrency * 4)
    threads = [
        threading.Thread(target=_work, args=(waiting, url, fired, tick), daemon=True) for _ in range(concurrency)
    ]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    try:
        for number, hit in enumerate(hits):
            if rate:
                time.sleep(max(0.0, began + number / rate - time.monotonic()))
            waiting.put(hit.request)
    except KeyboardInterrupt:
        _empty(waiting)
        raise
    finally:
        for _ in threads:
            waiting.put(None)
        for thread in threads:
            thread.join()


def _empty(waiting: "queue.Queue[Request | None]") -> None:
    try:
        while True:
            waiting.get_nowait()
    except queue.Empty:
        return


def _work(waiting: "queue.Queue[Request | None]", url: SplitResult, fired: Fired, tick: Callable[[], object]) -> None:
    to = connection(url)
    while (request := waiting.get()) is not None:
        began = time.perf_counter()
        outcome = _send(to, request, url.path)
        if (
            outcome is None
        ):  # it was closed while nothing was sent: https://www.rfc-editor.org/rfc/rfc9112#section-9.3.1
            outcome = _send(to, request, url.path)
        if outcome is None:
            outcome = "no answer"
        else:
            fired.seconds.append(time.perf_counter() - began)
        fired.outcomes[outcome] += 1
        tick()
    to.close()


def _send(to: HTTPConnection, request: Request, path: str) -> str | None:
    """Send one request; return the outcome, or the status of an answer without one, or None if none came."""
    # What a request line cannot hold is escaped, as browsers do.
    query = quote(request.query, safe=string.punctuation, encoding="latin-1")
    try:
        to.putrequest(
            request.method,
            f"{path if path not in ('', '/') else request.path}{'?' if query else ''}{query}",
            skip_accept_encoding=True,
        )
        for name, value in request.headers.items():
            if name not in _NOT_SENT:
                to.putheader(name, value.encode("latin-1"))
        to.endheaders()
        response = to.getresponse()
        response.read()
    except (OSError, HTTPException):
        to.close()
        return None
    return response.getheader("X-Pixel-Outcome") or f"status {response.status}"

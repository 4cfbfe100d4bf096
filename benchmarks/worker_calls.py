"""One function app in Microsoft's worker library, in a process of its own: calls it when told and says what it cost.

`python -m benchmarks.worker_calls FOLDER`: each line on standard input asks for a round, each line on standard output
answers it with a `Calls` of benchmarks/worker.py as JSON. The library keeps its state in modules: one app a process.
"""

import asyncio
import itertools
import logging
import sys
import time
from collections.abc import Sequence
from typing import Any

import azure_functions_runtime as runtime
import msgspec

from benchmarks.hits import hits
from benchmarks.worker import TOGETHER, Calls
from tests.worker import Answer, RuntimeApp

ROUND = 500
"""Hits a round: the next ones each time, round and round."""

Sent = tuple[str, list[tuple[str, str]]]
"""A target and headers."""


class _Counter(logging.Handler):
    lines = 0

    def emit(self, record: logging.LogRecord) -> None:
        del record
        self.lines += 1


async def _main(folder: str) -> None:
    async with RuntimeApp(folder) as app:
        requests = [(hit.target, list(hit.headers.items())) for hit in hits()]
        log_lines = await _log_lines(app, requests)
        answer = await _an_answer(app, requests[0])
        library = runtime.invocation_request

        async def nothing(message: Any) -> Any:
            """Stand where the worker library does and answer at once, to tell what the harness costs."""
            del message
            return answer

        for first in itertools.cycle(range(0, len(requests), ROUND)):
            if not sys.stdin.readline():
                break
            some = requests[first : first + ROUND]
            one, together = await _one_by_one(app, some), await _together(app, some)
            runtime.invocation_request = nothing
            harness_one, harness_together = await _one_by_one(app, some), await _together(app, some)
            runtime.invocation_request = library
            calls = Calls(one, together, harness_one, harness_together, log_lines)
            print(msgspec.json.encode(calls).decode(), flush=True)


async def _log_lines(app: RuntimeApp, requests: Sequence[Sent]) -> float:
    """Call each once, to warm up, with logging as the real worker sets it; return INFO lines a call."""
    counter, root = _Counter(), logging.getLogger()
    level = root.level
    root.setLevel(logging.INFO)
    root.addHandler(counter)
    for request in requests:
        _check(await app.request("GET", *request))
    root.removeHandler(counter)
    root.setLevel(level)
    return counter.lines / len(requests)


async def _an_answer(app: RuntimeApp, request: Sent) -> Any:
    """Return what the worker library itself answers to a request."""
    library, answers = runtime.invocation_request, []

    async def keep(message: Any) -> Any:
        answers.append(await library(message))
        return answers[-1]

    runtime.invocation_request = keep
    _check(await app.request("GET", *request))
    runtime.invocation_request = library
    return answers[0]


async def _one_by_one(app: RuntimeApp, requests: Sequence[Sent]) -> float:
    started = time.process_time()
    for request in requests:
        _check(await app.request("GET", *request))
    return (time.process_time() - started) / len(requests) * 1e6


async def _together(app: RuntimeApp, requests: Sequence[Sent]) -> float:
    started = time.process_time()
    for first in range(0, len(requests), TOGETHER):
        group = requests[first : first + TOGETHER]
        for response in await asyncio.gather(*[app.request("GET", *request) for request in group]):
            _check(response)
    return (time.process_time() - started) / len(requests) * 1e6


def _check(response: Answer) -> None:
    if response.status != 200 or len(response.body) != 43 or response.headers.get("X-Pixel-Outcome") != "accepted":
        raise SystemExit(f"not the image of an accepted hit: {response}")


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))

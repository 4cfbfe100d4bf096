"""Reads requests (JSON) from standard input, sends them to function_app.py, writes the answers to standard output."""

import asyncio
import json
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


async def through_worker_library(requests):
    from tests.worker import RuntimeApp

    async with RuntimeApp(ROOT) as app:
        answers = []
        for request in requests:
            answer = await app.request(
                request.get("method", "GET"), request["target"], headers=request.get("headers", [])
            )
            answers.append({"status": answer.status, "headers": answer.headers, "body": answer.body.hex()})
        return answers


async def through_objects(requests):
    import azure.functions as func

    import function_app

    functions = {}
    for function in function_app.app.get_functions():
        (trigger,) = [binding for binding in function.get_bindings() if binding.type == "httpTrigger"]
        functions["/" + trigger.route] = (function.get_user_function(), [m.value for m in trigger.methods])
    answers = []
    for request in requests:
        path = request["target"].partition("?")[0]
        run, methods = functions.get(path) or functions["/{ignored:maxlength(0)?}"]
        assert request.get("method", "GET") in methods
        headers = {}
        for name, value in request.get("headers", []):
            headers[name.lower()] = f"{headers[name.lower()]},{value}" if name.lower() in headers else value
        answer = await run(
            func.HttpRequest(
                method=request.get("method", "GET"),
                url="https://localhost" + request["target"],
                headers=headers,
                body=b"",
            )
        )
        answers.append(
            {"status": answer.status_code, "headers": dict(answer.headers), "body": answer.get_body().hex()}
        )
    return answers


if __name__ == "__main__":
    run = through_worker_library if sys.version_info >= (3, 13) else through_objects
    json.dump(asyncio.run(run(json.load(sys.stdin))), sys.stdout)

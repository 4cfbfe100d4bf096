"""/health: for probes and load balancers. Red only when hits cannot be stored."""

from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.deliver.sink import Sink
from pixel.endpoints.endpoint import READ, Endpoint, as_json


def endpoint(sink: Sink) -> Endpoint:
    """Return the row of `/health`: 200, or 503 and why."""

    async def handle(request: Request) -> Response:
        if sink.problem is not None:
            return as_json({"healthy": False, "problem": sink.problem}, 503)
        return as_json({"healthy": True})

    return Endpoint("health", "/health", READ, handle)

"""/health: for probes and load balancers. Red only when hits cannot be stored."""

from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.deliver.sink import NoSink, Sink
from pixel.endpoints.endpoint import READ, Endpoint, as_json

NO_SINK = "No sink is configured: every hit fails. Set PIXEL_CAPTURE_DIR on a machine of your own."


def endpoint(sink: Sink) -> Endpoint:
    """Return the row of `/health`: 200, or 503 and why."""

    async def handle(request: Request) -> Response:
        if isinstance(sink, NoSink):
            return as_json({"healthy": False, "problem": NO_SINK}, 503)
        return as_json({"healthy": True})

    return Endpoint("health", "/health", READ, handle)

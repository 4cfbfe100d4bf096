"""/event.schema.json: the JSON Schema of what is stored."""

from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.endpoints.endpoint import READ, Endpoint, indented
from pixel.event import json_schema


def endpoint() -> Endpoint:
    """Return the row of `/event.schema.json`."""

    async def handle(request: Request) -> Response:
        headers = (
            ("Content-Type", "application/schema+json"),
            ("Cache-Control", "public, max-age=3600"),
            ("Access-Control-Allow-Origin", "*"),
        )
        return Response(200, headers, indented(json_schema()))

    return Endpoint("event_schema", "/event.schema.json", READ, handle)

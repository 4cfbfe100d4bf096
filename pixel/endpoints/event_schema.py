"""/event.schema.json: the JSON Schema of what is stored."""

import msgspec

from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.endpoints.endpoint import READ, Endpoint
from pixel.event import json_schema


def endpoint() -> Endpoint:
    """Return the row of `/event.schema.json`."""

    async def handle(request: Request) -> Response:
        body = msgspec.json.format(msgspec.json.encode(json_schema()), indent=2) + b"\n"
        headers = (
            ("Content-Type", "application/schema+json"),
            ("Cache-Control", "public, max-age=3600"),
            ("Access-Control-Allow-Origin", "*"),
        )
        return Response(200, headers, body)

    return Endpoint("event_schema", "/event.schema.json", READ, handle)

"""/pix, /pix.gif and one path of the operator's choosing: the pixel itself."""

from collections.abc import Sequence

from pixel.collect.request import Request
from pixel.collect.response import HEAD, PREFLIGHT, Response, image
from pixel.collect.track import Collector, track
from pixel.endpoints.endpoint import Endpoint

METHODS = ("GET", "HEAD", "OPTIONS")


def endpoints(collector: Collector, extra_path: str) -> list[Endpoint]:
    """Return a row for each path that answers with the pixel."""

    async def answer(hits: Sequence[Request]) -> list[Response]:
        outcomes = await track(hits, "pixel", collector)
        return [image(outcome, "origin" in hit.headers) for hit, outcome in zip(hits, outcomes, strict=True)]

    async def handle(request: Request) -> Response:
        if request.method == "GET":
            [response] = await answer([request])
            return response
        return HEAD if request.method == "HEAD" else PREFLIGHT

    paths = {"pix": "/pix", "pix_gif": "/pix.gif"} | ({"pix_extra": extra_path} if extra_path else {})
    return [Endpoint(name, path, METHODS, handle, answer) for name, path in paths.items()]

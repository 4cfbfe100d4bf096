"""/pix, /pix.gif and one path of the operator's choosing: the pixel itself."""

from pixel.collect.request import Request
from pixel.collect.response import HEAD, PREFLIGHT, Response, image
from pixel.collect.track import Collector, track
from pixel.endpoints.endpoint import Endpoint

METHODS = ("GET", "HEAD", "OPTIONS")


def endpoints(collector: Collector, extra_path: str) -> list[Endpoint]:
    """Return a row for each path that answers with the pixel."""

    async def handle(request: Request) -> Response:
        if request.method == "GET":
            return image(await track(request, "pixel", collector), "origin" in request.headers)
        return HEAD if request.method == "HEAD" else PREFLIGHT

    rows = [Endpoint("pix", "/pix", METHODS, handle, True), Endpoint("pix_gif", "/pix.gif", METHODS, handle, True)]
    if extra_path:
        rows.append(Endpoint("pix_extra", extra_path, METHODS, handle, True))
    return rows

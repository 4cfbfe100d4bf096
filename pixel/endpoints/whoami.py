"""/whoami: what the pixel takes for your address, and why. For whoever sets up proxies."""

from pixel.collect.client_ip import HEADERS, PRESETS, ClientIp, network
from pixel.collect.request import Request
from pixel.collect.response import Response
from pixel.endpoints.endpoint import READ, Endpoint, as_json
from pixel.settings import Settings


def endpoint(settings: Settings, client_ip: ClientIp) -> Endpoint:
    """Return the row of `/whoami`. It records nothing and shows only what the caller sent or can know."""
    preset = settings.client_ip
    rule = PRESETS.get(preset, f"{preset} trusted proxies: that entry of X-Forwarded-For, counted from the right.")
    names = HEADERS.get(preset, ("x-forwarded-for",))

    async def handle(request: Request) -> Response:
        address = client_ip(request)
        stored = {"cut": network(address), "full": address}.get(settings.ip) if address else None
        seen: dict[str, object] = {
            "address": address,
            "stored_as": stored,
            "preset": preset,
            "rule": rule,
            "headers": {name: request.headers.get(name) for name in names},
            "connection_from": request.peer or None,
        }
        if preset == "front_door":
            seen["front_door_id_fits"] = request.headers.get("x-azure-fdid") == settings.front_door_id != ""
        return as_json(seen)

    return Endpoint("whoami", "/whoami", READ, handle)

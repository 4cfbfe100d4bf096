"""Which address a hit came from, by the front end it came through. Never by what a visitor can write.

X-Forwarded-For is a list; each proxy adds at its right end the address that it sees. So only as many entries as
there are trusted proxies count, from the right; a visitor can write all the others.
"""

from collections.abc import Callable
from socket import AF_INET, AF_INET6, AddressFamily, inet_ntop, inet_pton

from pixel.collect.request import Request

ClientIp = Callable[[Request], str | None]
"""Return the client's full address in canonical form, or None."""

PRESETS = {
    "functions": "Azure Functions alone: the last entry of X-Forwarded-For, written by its front end.",
    "app_gateway": "An Application Gateway before Functions: the last entry but one of X-Forwarded-For.",
    "front_door": "Front Door before Functions: X-Azure-SocketIP, if X-Azure-FDID is yours (PIXEL_FRONT_DOOR_ID); "
    "else as `functions`.",
    "direct": "No proxy: the other end of the connection.",
}
"""Names that `PIXEL_CLIENT_IP` takes beside a number of trusted proxies."""

HEADERS = {
    "functions": ("x-forwarded-for",),
    "app_gateway": ("x-forwarded-for",),
    "front_door": ("x-azure-socketip", "x-forwarded-for"),
    "direct": (),
}
"""The headers that each preset reads and shows in `/whoami`. The Front Door id is a secret and is not shown."""


def client_ip(preset: str, front_door_id: str = "") -> ClientIp:
    """Return the function that finds the address. `preset` is a key of `PRESETS` or a number from 1 on."""
    if preset == "direct":
        return lambda request: canonical(request.peer)
    if preset == "front_door":
        return lambda request: _front_door(request, front_door_id)
    hops = {"functions": 1, "app_gateway": 2}.get(preset) or int(preset)
    return lambda request: _forwarded(request, hops)


def canonical(text: str) -> str | None:
    """Return an address without port, brackets or v4-mapping, or None for what is no address.

    Takes `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]:443` and `::ffff:1.2.3.4`. Not `1.2.3` or
    `01.2.3.4`, which resolvers read as other addresses than they look.
    """
    host, colon, port = text.partition(":")
    if not colon or (port.isdecimal() and len(port) <= 5):
        return _address(host, AF_INET)
    return _address(text[1:].partition("]")[0] if text.startswith("[") else text, AF_INET6)


def _address(text: str, family: AddressFamily) -> str | None:
    try:
        packed = inet_pton(family, text)
    except (OSError, ValueError):  # ValueError: a NUL or a non-ASCII character
        return None
    if family == AF_INET:
        return text
    if packed.startswith(b"\0" * 10 + b"\xff\xff"):
        return inet_ntop(AF_INET, packed[12:])
    return inet_ntop(AF_INET6, packed)


def network(address: str) -> str:
    """Cut a canonical address to its /24 or /48 network: `203.0.113.7` becomes `203.0.113.0/24`."""
    if ":" in address:
        packed = inet_pton(AF_INET6, address)
        if packed.startswith(b"\x20\x02"):  # 6to4 (RFC 3056): the next 32 bits are an IPv4 address, cut to its /24
            return inet_ntop(AF_INET6, packed[:5] + b"\0" * 11) + "/40"
        return inet_ntop(AF_INET6, packed[:6] + b"\0" * 10) + "/48"
    return address[: address.rindex(".")] + ".0/24"


def _forwarded(request: Request, hops: int) -> str | None:
    entries = request.headers.get("x-forwarded-for")
    if entries is None:
        return None
    if "," not in entries:
        return canonical(entries)
    # Fewer entries than proxies: the hit came in behind the first of them, and each was written by a proxy of ours.
    last = entries.split(",")[-hops:]
    return canonical(last[0].strip())


def _front_door(request: Request, front_door_id: str) -> str | None:
    if front_door_id and request.headers.get("x-azure-fdid") == front_door_id:
        return canonical(request.headers.get("x-azure-socketip", ""))
    return _forwarded(request, 1)

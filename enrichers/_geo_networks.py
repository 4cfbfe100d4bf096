"""Networks that no visitor of the internet comes from, by name.

IANA's registries of special addresses and of IPv6 space, and RFC 6598 for `shared` (carrier-grade NAT):
https://www.iana.org/assignments/iana-ipv4-special-registry, .../iana-ipv6-special-registry, .../ipv6-address-space
"""

from bisect import bisect_right
from ipaddress import ip_network
from typing import Final

NETWORKS: Final = {
    "private": "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 fc00::/7 fec0::/10",
    "loopback": "127.0.0.0/8 ::1/128",
    "link_local": "169.254.0.0/16 fe80::/10",
    "shared": "100.64.0.0/10",
    "documentation": "192.0.2.0/24 198.51.100.0/24 203.0.113.0/24 2001:db8::/32 3fff::/20",
    "multicast": "224.0.0.0/4 ff00::/8",
    "reserved": "0.0.0.0/8 192.0.0.0/24 192.88.99.0/24 198.18.0.0/15 240.0.0.0/4 "
    "::/128 64:ff9b:1::/48 100::/8 200::/7 400::/6 800::/5 1000::/4 2001:2::/48 2001:10::/28 "
    "4000::/3 6000::/3 8000::/3 a000::/3 c000::/3 e000::/4 f000::/5 f800::/6 fe00::/9",
}
"""Networks that do not overlap, with a space between."""


def _table() -> list[tuple[int, bytes, bytes, str]]:
    networks = [(ip_network(text), name) for name, row in NETWORKS.items() for text in row.split()]
    return sorted((len(network[0].packed), network[0].packed, network[-1].packed, name) for network, name in networks)


_TABLE: Final = _table()
_STARTS: Final = [row[:2] for row in _TABLE]


def special_network(packed: bytes) -> str | None:
    """Return what the network of an address (4 or 16 bytes) is called, or None for one of the internet."""
    at = bisect_right(_STARTS, (len(packed), packed)) - 1
    if at < 0:
        return None
    length, _, last, name = _TABLE[at]
    return name if length == len(packed) and packed <= last else None

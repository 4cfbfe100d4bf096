"""Addresses in public space: of the networks that people, bots and mail services really come from.

Which network holds which block: the regional registries' databases (https://www.iana.org/whois).
"""

from socket import AF_INET6, inet_ntop
from typing import Final, NamedTuple

from pixel.simulate.chance import Chance, Weights


class Network(NamedTuple):
    """A provider's space, and what its customers speak. `v6`: the first 32 bits of its IPv6 space, or nothing."""

    first: int
    prefix: int
    v6: str
    language: str


def _network(block: str, v6: str, language: str) -> Network:
    address, _, prefix = block.partition("/")
    a, b, c, d = map(int, address.split("."))
    return Network(a << 24 | b << 16 | c << 8 | d, int(prefix), v6, language)


_DE, _CH, _AT = "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7", "de-CH,de;q=0.9,fr;q=0.8,en;q=0.7", "de-AT,de;q=0.9,en;q=0.8"
_EN, _GB, _FR, _IT = "en-US,en;q=0.9", "en-GB,en;q=0.9", "fr-FR,fr;q=0.9,en;q=0.8", "it-IT,it;q=0.9,en;q=0.8"

HOMES: Final = Weights(
    {
        _network("84.128.0.0/10", "200300c8", _DE): 14,  # Deutsche Telekom
        _network("91.0.0.0/10", "200300e5", _DE): 8,
        _network("77.0.0.0/12", "2a023030", _DE): 5,  # Telefonica Germany
        _network("95.88.0.0/14", "2a028108", _DE): 6,  # Vodafone Kabel Deutschland
        _network("85.0.0.0/13", "2a021210", _CH): 6,  # Swisscom
        _network("178.192.0.0/12", "2a021205", _CH): 3,
        _network("77.116.0.0/14", "2a028388", _AT): 4,  # Austria
        _network("90.0.0.0/9", "2a01cb00", _FR): 7,  # Orange
        _network("82.224.0.0/11", "2a010e0a", _FR): 3,  # Free
        _network("86.128.0.0/10", "2a0023c4", _GB): 7,  # BT
        _network("82.0.0.0/11", "2a020c7c", _GB): 3,  # Virgin Media
        _network("79.0.0.0/10", "2a012003", _IT): 4,  # Telecom Italia
        _network("83.32.0.0/11", "2a029130", "es-ES,es;q=0.9,en;q=0.8"): 3,  # Telefonica de Espana
        _network("77.160.0.0/12", "2a02a440", "nl-NL,nl;q=0.9,en;q=0.8"): 3,  # KPN
        _network("83.0.0.0/11", "2a00f41c", "pl-PL,pl;q=0.9,en;q=0.8"): 3,  # Orange Polska
        _network("90.224.0.0/12", "20012042", "sv-SE,sv;q=0.9,en;q=0.8"): 2,  # Telia
        _network("73.0.0.0/8", "26010646", _EN): 8,  # Comcast
        _network("172.32.0.0/11", "2607fb90", _EN): 4,  # T-Mobile US
        _network("108.0.0.0/11", "26004040", _EN): 2,  # Verizon
        _network("126.0.0.0/8", "24002410", "ja,en-US;q=0.9,en;q=0.8"): 2,  # SoftBank
        _network("49.32.0.0/12", "24094060", "en-IN,en-GB;q=0.9,en;q=0.8,hi;q=0.7"): 3,  # Jio
        _network("187.0.0.0/11", "2804014c", "pt-BR,pt;q=0.9,en;q=0.8"): 2,  # Brazil
        _network("1.128.0.0/11", "20018003", "en-AU,en;q=0.9"): 1,  # Telstra
    }
)

GOOGLE_BOT = _network("66.249.64.0/20", "", "")
GOOGLE_PROXY = _network("66.249.80.0/20", "", "")
MICROSOFT = _network("40.77.160.0/19", "", "")
OUTLOOK = _network("40.94.0.0/16", "", "")
YAHOO = _network("98.136.0.0/14", "", "")
APPLE = _network("17.58.0.0/16", "", "")
PRIVATE_RELAY = _network("104.28.0.0/16", "2a09bac3", "")
OPENAI = _network("20.171.206.0/23", "", "")
AMAZON = _network("3.64.0.0/12", "2a05d014", "")
HETZNER = _network("88.198.0.0/16", "2a0104f8", "")
OVH = _network("51.68.0.0/16", "", "")
META = _network("173.252.64.0/18", "2a032880", "")
YANDEX = _network("5.255.192.0/18", "", "")
BAIDU = _network("220.181.108.0/24", "", "")
DIGITAL_OCEAN = _network("159.65.0.0/16", "", "")


def address(chance: Chance, network: Network, v6: float = 0.0) -> str:
    """Return an address of the network, an IPv6 one with the likelihood `v6`, where it has such."""
    if network.v6 and chance.random() < v6:
        return inet_ntop(AF_INET6, bytes.fromhex(network.v6 + chance.hexadecimal(12) + chance.hexadecimal(12)))
    number = network.first | chance.below(1 << (32 - network.prefix))
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def forwarded(chance: Chance, of: str) -> str:
    """Return X-Forwarded-For as the Functions front end writes it: address and port, behind what came in."""
    entry = f"[{of}]:{1024 + chance.below(64512)}" if ":" in of else f"{of}:{1024 + chance.below(64512)}"
    draw = chance.random()
    if draw < 0.03:  # a proxy of the visitor's own network
        return f"10.{chance.below(256)}.{chance.below(256)}.7, {entry}"
    if draw < 0.035:
        return f"{chance.pick(_SPOOFED)}, {entry}"
    return entry


_SPOOFED = ("127.0.0.1", "unknown", "1.2.3", "8.8.8.8, 8.8.4.4", "' OR 1=1--", "::1", "256.1.1.1", "1.1.1.1:99999")

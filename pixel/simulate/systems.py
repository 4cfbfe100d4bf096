"""Hits of systems: internal feeds and programs that are older than the people who run them."""

from datetime import UTC, datetime
from typing import Final

from pixel.collect.parse import IN_FUTURE_S, LATE_S, TOO_OLD_S
from pixel.collect.request import Request
from pixel.simulate.addresses import HETZNER, HOMES, Network, forwarded
from pixel.simulate.chance import Chance, Weights
from pixel.simulate.hit import Hit

_SYSTEMS: Final = Weights(
    {
        "Mozilla/4.0 (compatible; Win32; WinHttp.WinHttpRequest.5)": 25,
        "Java/1.8.0_431": 20,
        "Apache-HttpClient/4.5.14 (Java/17.0.12)": 12,
        "python-requests/2.32.5": 12,
        "": 12,
        "PHP/7.4.33": 6,
        "Microsoft-CryptoAPI/10.0": 2,
        "libwww-perl/6.67": 4,
        "Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1)": 4,
        "SAP NetWeaver Application Server (1.0;753)": 3,
    }
)
_AGENTS: Final = ("J%FCrgen+W", "Anna+M%C3%BCller", "team+7", "J\xfcrgen", "%E9quipe+3", "O'Brien")
_ACTIVITIES: Final = ("call_answered", "branch_visit", "offer_shown", "offer_accepted", "letter_sent")
_OFFICES: Final = [HETZNER, *HOMES.options[:6]]


def feed(chance: Chance, customers: int, products: int, at: float) -> list[Hit]:
    """Return the hits of one run of a feed that begins at `at`."""
    user_agent, network = chance.weigh(_SYSTEMS), chance.pick(_OFFICES)
    ip, session = _office(chance, network), f"f-{chance.hexadecimal(10)}"
    found: list[Hit] = []
    for _ in range(1 + chance.zipf(9)):
        customer = str(100_000 + chance.zipf(customers, 200))
        query, outcome = _query(chance, customer, products, at)
        headers = {"host": "px.example.com"}
        if user_agent:
            headers["user-agent"] = user_agent
        if chance.random() < 0.4:
            headers["accept"] = "*/*"
        headers["x-forwarded-for"] = forwarded(chance, ip)
        request = Request("GET", "/pix", query, headers, at, ip)
        found.append(Hit(request, "feed", "system", False, customer, session, outcome))
        at += 0.05 + chance.random()
    return found


def _office(chance: Chance, network: Network) -> str:
    """Return the address of one of a few offices: systems stay where they are."""
    number = network.first | chance.below(16) << 8 | 10
    return f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


def _query(chance: Chance, customer: str, products: int, at: float) -> tuple[str, str]:
    """Return a query and what the pixel says to it."""
    query = f"customerId={customer}&activity={chance.pick(_ACTIVITIES)}&product=p{chance.zipf(products, 10)}"
    query += f"&agent={chance.pick(_AGENTS)}&tag=phone&tag=in+bound&note="
    draw = chance.random()
    if draw < 0.35:
        query += f"&eventId={chance.uuid()}"
    elif draw < 0.4:
        query += f"&customerId={customer}"
    draw = chance.random()
    if draw < 0.25:
        return f"{query}&occurredAt={int(at - chance.below(7200))}", "accepted"
    if draw < 0.33:
        return f"{query}&occurredAt={_rfc3339(at - LATE_S - 60 - chance.below(30 * 86400))}", "accepted"
    if draw < 0.36:
        return f"{query}&occurredAt={int((at + chance.below(IN_FUTURE_S - 60)) * 1000)}", "accepted"
    if draw < 0.38:
        return f"{query}&occurredAt={_rfc3339(at + IN_FUTURE_S + 60 + chance.below(7200))}", "rejected:in_future"
    if draw < 0.40:
        return f"{query}&occurredAt={int(at - TOO_OLD_S - 60 - chance.below(10**8))}", "rejected:too_old"
    if draw < 0.42:
        return f"{query}&occurredAt=21.11.2026+08%3A04", "accepted"
    return query, "accepted"


def _rfc3339(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).isoformat()

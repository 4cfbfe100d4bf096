"""The people of the simulation: each with a device, an address, a language and a taste, made when first met."""

from typing import Final

import msgspec

from pixel.simulate.addresses import HOMES, address
from pixel.simulate.chance import Chance
from pixel.simulate.device import Device
from pixel.simulate.user_agents import device

GROUPS: Final = 12
"""Product p is of group p % GROUPS."""
HOST: Final = "px.example.com"


class Person(msgspec.Struct):
    """A customer. `taste` are the two product groups they prefer, the first more than the second.

    `headers` are what their browser sends for an `<img>`, in its order; the referer is empty.
    """

    customer: str
    visitor: str
    device: Device
    home: str
    taste: tuple[int, int]
    headers: dict[str, str]
    tells_id: bool
    opted_out: bool


class People:
    """All customers, the first ones the most active. A person is made when first met, and kept."""

    def __init__(self, chance: Chance, customers: int) -> None:
        self._chance = chance
        self._customers = customers
        self._met: dict[int, Person] = {}

    def someone(self) -> Person:
        """Return a customer, the active ones often."""
        number = someone(self._chance, self._customers)
        person = self._met.get(number)
        if person is None:
            person = self._met[number] = self._make(number)
        return person

    def _make(self, number: int) -> Person:
        chance = self._chance
        held, network = device(chance), chance.weigh(HOMES)
        opted_out = chance.random() < 0.004
        cookie = ""
        if opted_out:
            cookie = "theme=dark; pixel_optout=1"
        elif chance.random() < 0.05:
            cookie = f"pixel_consent={'granted' if chance.random() < 0.85 else 'denied'}; theme=dark"
        first = chance.below(GROUPS)
        return Person(
            customer=customer_id(number),
            visitor=f"v-{chance.hexadecimal(8)}",
            device=held,
            home=address(chance, network, 0.35),
            taste=(first, (first + 1 + chance.below(GROUPS - 1)) % GROUPS),
            headers=_headers(chance, held, network.language, cookie),
            tells_id=chance.random() < 0.6,
            opted_out=opted_out,
        )


def someone(chance: Chance, customers: int) -> int:
    """Return the number of a customer, the first ones often."""
    return chance.zipf(customers, 200)


def customer_id(number: int) -> str:
    """Return what a customer is called in `customerId`."""
    return str(100_000 + number)


def _headers(chance: Chance, held: Device, language: str, cookie: str) -> dict[str, str]:
    headers = {"host": HOST, "connection": "keep-alive", **held.client_hints}
    if held.delegated and chance.random() < 0.06:
        headers |= held.delegated
    headers["user-agent"] = held.user_agent
    draw = chance.random()
    if draw < 0.02:
        headers["dnt"] = "1"
    elif draw < 0.04:
        headers["sec-gpc"] = "1"
    headers["accept"] = held.accept
    if held.fetch_metadata:
        headers |= {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}
    headers["referer"] = ""
    headers["accept-encoding"] = "gzip, deflate, br, zstd" if held.client_hints else "gzip, deflate, br"
    headers["accept-language"] = language
    if cookie:
        headers["cookie"] = cookie
    return headers

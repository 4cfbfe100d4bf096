"""Visits of websites: pages in a row, and for some the way from a product to its purchase."""

from typing import Final

from pixel.collect.request import Request
from pixel.simulate.addresses import HOMES, address, forwarded
from pixel.simulate.chance import Chance, Weights
from pixel.simulate.hit import Hit
from pixel.simulate.origins import campaign, escape, referrer
from pixel.simulate.people import GROUPS, People, Person

SITES: Final = Weights(
    {
        "https://www.example.com": 38,
        "https://shop.example.com": 30,
        "https://www.example.org": 16,
        "https://blog.example.net": 13,
        "http://old.example.net": 3,
    }
)
_PAGES: Final = (
    "/",
    "/products",
    "/blog/2026/10-ways-to-save",
    "/produkte/m%C3%B6bel",
    "/about",
    "/search?q=schuhe&page=2",
    "/help/returns",
    "/search?q=50%25%20off",
    "/news",
    "/jobs",
)
_CONSENTS: Final = Weights({"": 90, "&consent=granted": 9, "&consent=denied": 1})
_CURRENCIES: Final = Weights({"EUR": 70, "CHF": 14, "USD": 10, "GBP": 6})


def visit(chance: Chance, people: People, products: int, at: float) -> list[Hit]:
    """Return the hits of one visit that begins at `at`, in the order of time."""
    person = people.someone()
    return _Visit(chance, person, products, at).hits()


class _Visit:
    """One visit: who, where, from which address, by which kind of tag."""

    def __init__(self, chance: Chance, person: Person, products: int, at: float) -> None:
        self._chance = chance
        self._person = person
        self._products = products
        self._at = at
        self._session = f"s-{chance.hexadecimal(10)}"
        self._site = chance.weigh(SITES)
        self._outcome = "rejected:opted_out" if person.opted_out else "accepted"
        self._script = chance.random() < 0.55
        self._consent = chance.weigh(_CONSENTS)
        away = chance.random() < 0.12
        self._ip = address(chance, chance.weigh(HOMES), 0.5) if away else person.home
        headers = person.headers
        if self._site.startswith("http:"):
            headers = {name: value for name, value in headers.items() if not name.startswith("sec-")}
        elif "example.com" in self._site and "sec-fetch-site" in headers:
            headers = {**headers, "sec-fetch-site": "same-site"}
        self._headers = headers
        self._full_referer = chance.random() < 0.3
        self._found: list[Hit] = []

    def hits(self) -> list[Hit]:
        chance = self._chance
        page = f"{self._site}{chance.pick(_PAGES)}"
        landed_by = campaign(chance)
        if landed_by:
            page += f"{'&' if '?' in page else '?'}{landed_by}"
        self._page_view(page, referrer(chance))
        while chance.random() < 0.65:
            if chance.random() < 0.55:
                page = self._look_at_product(page)
            else:
                before, page = page, f"{self._site}{chance.pick(_PAGES)}"
                self._page_view(page, before)
        return self._found

    def _look_at_product(self, before: str) -> str:
        """View a product, perhaps put it into the cart, perhaps buy it; return the page left last."""
        chance = self._chance
        number = self._choose()
        product = f"p{number}"
        page = f"{self._site}/p/{product}"
        self._page_view(page, before, f"&product={product}&activity=product_view")
        if chance.random() < 0.22:
            self._activity(page, f"product={product}&activity=add_to_cart")
            if chance.random() < 0.4:
                page = f"{self._site}/checkout/done"
                amount = f"{5 + number * 7919 % 400}.{number * 31 % 100:02}"
                self._activity(
                    page,
                    f"product={product}&activity=purchase&amount={amount}&currency={chance.weigh(_CURRENCIES)}&orderId=o-{chance.hexadecimal(8)}",
                    known=True,
                )
        return page

    def _choose(self) -> int:
        """Choose a product: half of all of the first preferred group, a quarter of the second, else of any."""
        chance, draw = self._chance, self._chance.random()
        if draw < 0.75:
            group = self._person.taste[draw >= 0.5]
            number = chance.zipf(max(self._products // GROUPS, 1), 3) * GROUPS + group
            return number if number < self._products else group % self._products
        return chance.zipf(self._products, 10)

    def _page_view(self, page: str, before: str, more: str = "") -> None:
        chance, person = self._chance, self._person
        if self._script:
            query = f"url={escape(page)}{more}&visitorId={person.visitor}&eventId={chance.uuid()}"
            if before:
                query += f"&ref={escape(before)}"
            if person.device.hints and page.startswith("https:") and chance.random() < 0.6:
                query += f"&hints={person.device.hints}"
        else:
            query = more[1:] if chance.random() < 0.5 else f"url={escape(page)}{more}"
        if person.tells_id:
            query += f"&customerId={person.customer}" if query else f"customerId={person.customer}"
        self._add(query, page)

    def _activity(self, page: str, query: str, known: bool = False) -> None:
        chance, person = self._chance, self._person
        if known or person.tells_id:
            query = f"customerId={person.customer}&{query}"
        if self._script:
            query += f"&url={escape(page)}&visitorId={person.visitor}&eventId={chance.uuid()}"
        self._add(query, page)

    def _add(self, query: str, page: str) -> None:
        chance = self._chance
        query += self._consent
        headers = self._headers.copy()
        # Browsers tell other sites the origin only, unless the page asks for more.
        # https://www.w3.org/TR/referrer-policy/#default-referrer-policy
        headers["referer"] = page if self._full_referer else f"{self._site}/"
        if chance.random() < 0.012:
            headers["sec-purpose"] = "prefetch;prerender"
        headers["x-forwarded-for"] = forwarded(chance, self._ip)
        request = Request("GET", "/pix" if self._script else "/pix.gif", query, headers, self._at, self._ip)
        device = self._person.device
        self._found.append(
            Hit(request, "web", device.kind, True, self._person.customer, self._session, self._outcome)
        )
        self._at += 1 + chance.wait(40)

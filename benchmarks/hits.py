"""Hits as browsers, mail programs and old systems send them: the same 2,000 in every run and every benchmark.

The mix, roughly: 38 % page views of a tag with the page's URL in `url`, a third of which carry utm parameters; 20 %
activities with a customer and a product; 14 % tags with utm parameters of their own; 12 % mail opens with few
headers; 8 % from systems that write `+` for a space and repeat names; 8 % without a query. About one in twenty
carries DNT or Sec-GPC, one in a hundred says that it was fetched ahead.
"""

import random
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import quote, urlencode

from benchmarks.user_agents import BROWSERS, MAIL_PROGRAMS, SYSTEMS, Browser

COUNT: Final = 2000
SEED: Final = 20261121

_PAGES = (
    "",
    "products",
    "products/running-shoes",
    "produkte/m%C3%B6bel",
    "blog/2026/10-ways-to-save",
    "cart",
    "checkout/done",
)
_SITES = ("www.example.com", "shop.example.com", "www.example.org", "blog.example.net")
_PRODUCTS = ("ac12", "bx900", "sku-4711", "loan-30y", "kfz-teilkasko")
_ACTIVITIES = ("page_view", "product_view", "add_to_cart", "purchase", "call_answered", "ad_shown", "ad_clicked")
_LANGUAGES = (
    "en-US,en;q=0.9",
    "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7",
    "de-CH,de;q=0.9,fr;q=0.8",
    "fr-FR,fr;q=0.8,en-US;q=0.5,en;q=0.3",
    "en-GB,en;q=0.9",
)
_CAMPAIGNS = (
    {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "autumn sale 2026", "utm_content": "hero"},
    {
        "utm_source": "google",
        "utm_medium": "cpc",
        "utm_campaign": "brand-de",
        "gclid": "Cj0KCQjw8O-VBhCpARIsACMvVLM3bF",
    },
    {"utm_source": "linkedin", "utm_medium": "social", "utm_campaign": "hiring", "li_fat_id": "0f4d9c1e-77aa-4e1c"},
)


class Hit(NamedTuple):
    """One GET: the target in two parts, and headers by lower-case name in the order sent."""

    path: str
    query: str
    headers: dict[str, str]

    @property
    def target(self) -> str:
        """The path and the query as they stand in the request line."""
        return f"{self.path}?{self.query}" if self.query else self.path


@cache
def hits() -> tuple[Hit, ...]:
    """Return the 2,000 hits."""
    chance = random.Random(SEED)
    kinds = (_page_view, _activity, _campaign_tag, _mail_open, _legacy, _bare)
    return tuple(chance.choices(kinds, weights=(38, 20, 14, 12, 8, 8))[0](chance) for _ in range(COUNT))


def _page_view(chance: random.Random) -> Hit:
    page = _page(chance)
    query = f"url={_escape(page)}"
    if chance.random() < 0.5:
        query += f"&ref={_escape(f'https://{chance.choice(_SITES)}/')}"
    if chance.random() < 0.4:
        query += f"&customerId={_customer(chance)}"
    return Hit("/pix", query, _browser(chance, page))


def _activity(chance: random.Random) -> Hit:
    activity, product = chance.choice(_ACTIVITIES), chance.choice(_PRODUCTS)
    query = f"customerId={_customer(chance)}&product={product}&activity={activity}"
    if chance.random() < 0.3:
        query += f"&amount={chance.randint(5, 900)}.{chance.randint(0, 99):02}&currency=EUR"
    if chance.random() < 0.2:
        query += "&consent=granted"
    return Hit(chance.choice(("/pix", "/pix.gif")), query, _browser(chance, _page(chance)))


def _campaign_tag(chance: random.Random) -> Hit:
    query = urlencode(chance.choice(_CAMPAIGNS), quote_via=quote) + f"&product={chance.choice(_PRODUCTS)}"
    return Hit("/pix", query, _browser(chance, _page(chance)))


def _mail_open(chance: random.Random) -> Hit:
    campaign = _CAMPAIGNS[0]
    query = f"recipient=r-{chance.getrandbits(32):08x}&activity=open&" + urlencode(campaign, quote_via=quote)
    if chance.random() < 0.05:
        query = query.replace("&", "&amp;")  # some mail programs send a URL as it stands in HTML
    headers = {
        "host": "px.example.com",
        "user-agent": chance.choice(MAIL_PROGRAMS),
        "accept-encoding": "gzip, deflate",
        "x-forwarded-for": _forwarded(chance),
    }
    return Hit("/pix.gif", query, headers)


def _legacy(chance: random.Random) -> Hit:
    pairs = [
        ("customerId", _customer(chance)),
        ("activity", "call_answered"),
        ("agent", chance.choice(("Jürgen W", "Anna Müller", "team 7"))),
        ("tag", "phone"),
        ("tag", "inbound"),
        ("note", ""),
    ]
    headers = {
        "host": "px.example.com",
        "user-agent": chance.choice(SYSTEMS),
        "accept": "*/*",
        "x-forwarded-for": _forwarded(chance),
    }
    return Hit("/pix", urlencode(pairs), headers)


def _bare(chance: random.Random) -> Hit:
    return Hit(chance.choice(("/pix", "/pix.gif")), "", _browser(chance, _page(chance)))


def _browser(chance: random.Random, page: str) -> dict[str, str]:
    """Return what a browser sends for an `<img>` on `page`."""
    browser: Browser = chance.choice(BROWSERS)
    headers = {"host": "px.example.com", "connection": "keep-alive"}
    headers |= dict(browser.hints)
    headers |= {
        "user-agent": browser.user_agent,
        "accept": browser.accept,
        "sec-fetch-site": "cross-site",
        "sec-fetch-mode": "no-cors",
        "sec-fetch-dest": "image",
    }
    # Browsers tell other sites the origin only, unless the page asks for more.
    # https://www.w3.org/TR/referrer-policy/#default-referrer-policy
    headers["referer"] = page if chance.random() < 0.25 else page[: page.index("/", 8) + 1]
    headers["accept-encoding"] = "gzip, deflate, br, zstd"
    headers["accept-language"] = chance.choice(_LANGUAGES)
    draw = chance.random()
    if draw < 0.03:
        headers["dnt"] = "1"
    elif draw < 0.06:
        headers["sec-gpc"] = "1"
    elif draw < 0.07:
        headers["sec-purpose"] = "prefetch;prerender"
    headers["x-forwarded-for"] = _forwarded(chance)
    return headers


def _page(chance: random.Random) -> str:
    """Return a page's URL as `location.href` gives it, escaped once."""
    page = f"https://{chance.choice(_SITES)}/{chance.choice(_PAGES)}"
    draw = chance.random()
    if draw < 0.33:
        return f"{page}?{urlencode(chance.choice(_CAMPAIGNS))}"
    if draw < 0.45:
        return f"{page}?q={chance.choice(('schuhe', 'rain%20coat', '50%20%25%20off'))}&page={chance.randint(1, 9)}"
    return page


def _escape(text: str) -> str:
    """Escape as JavaScript's encodeURIComponent does."""
    return quote(text, safe="!'()*~")


def _customer(chance: random.Random) -> str:
    return str(chance.randint(1, 10**9))


def _forwarded(chance: random.Random) -> str:
    """Return X-Forwarded-For as the Functions front end writes it: address and port, after what came in."""
    draw, port = chance.random(), chance.randint(1024, 65535)
    if draw < 0.15:
        return f"[2001:db8:{chance.randint(1, 0xFFFF):x}::{chance.randint(1, 0xFFFF):x}]:{port}"
    address = f"{chance.choice(('192.0.2', '198.51.100', '203.0.113'))}.{chance.randint(1, 254)}:{port}"
    return f"10.1.{chance.randint(0, 255)}.7, {address}" if draw < 0.25 else address

"""The hits that `verify` fires, each with the answer and the event it must become."""

from typing import Any, Final

import msgspec

from pixel.collect.consent import ANONYMISE, RECORD, REJECT
from pixel.collect.parse import timestamp

SHOP: Final = "https://shop.example.com"
AGENT: Final = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
CHROME: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
)
GOOGLEBOT: Final = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
GMAIL: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
FORGED: Final = "198.51.100.77"
"""An address of documentation (RFC 5737), which a visitor claims to have. It must be stored nowhere."""
LONG: Final = "x" * 7900
"""With it a request line is a little shorter than 8 KB, the least that servers mostly take."""

DAY_S: Final = 24 * 3600
HINTS: Final = {
    "Sec-CH-UA": '"Chromium";v="142", "Google Chrome";v="142", "Not_A Brand";v="99"',
    "Sec-CH-UA-Mobile": "?0",
    "Sec-CH-UA-Platform": '"Windows"',
    "Sec-CH-UA-Platform-Version": '"15.0.0"',
}


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """One request, the outcome it must have, and the event: fields that are not named must be absent.

    `event` is None when nothing may be stored. `enriched` names the enrichers that must find something, if they run; `gone`
    are words that the stored event may hold nowhere.
    """

    name: str
    id: str
    query: str
    headers: dict[str, str]
    method: str = "GET"
    outcome: str | None = "accepted"
    event: dict[str, Any] | None = None
    enriched: tuple[str, ...] = ()
    gone: tuple[str, ...] = (FORGED,)


def hits(run: str, now: float, privacy: str) -> list[Hit]:
    """Return the hits, whose `eventId`s begin with `run`; `now` in seconds since 1970; `privacy`: PIXEL_PRIVACY_SIGNAL.

    What must not be stored comes first: by the time that all the others are captured, it would be, too.
    """
    made: list[Hit] = []

    def fire(name: str, query: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        event_id = f"{run}-{len(made) + 1:02}"
        if (event := more.pop("event", None)) is not None:
            plain = {"id": event_id, "endpoint": "pixel", "activity": "page_view", "user_agent": AGENT}
            event = {key: value for key, value in (plain | event).items() if value is not None}
        query = f"eventId={event_id}{'&' if query else ''}{query}"
        headers = {"User-Agent": AGENT} | (headers or {})
        made.append(Hit(name=name, id=event_id, query=query, headers=headers, event=event, **more))

    fire("HEAD", "customerId=123", method="HEAD", outcome=None)
    fire("OPTIONS", "customerId=123", {"Origin": SHOP}, method="OPTIONS", outcome=None)
    fire("opted out", "customerId=123", {"Cookie": "pixel_optout=1"}, outcome="rejected:opted_out")
    fire("too old", f"occurredAt={int(now - 401 * DAY_S)}", outcome="rejected:too_old")
    fire("in the future", f"occurredAt={int(now + 3600)}", outcome="rejected:in_future")
    for name, header, flags in (("DNT", "DNT", ["dnt"]), ("GPC", "Sec-GPC", ["gpc"])):
        fire(name, **_private(run, privacy, {header: "1"}, flags))
    # A banner's word counts more than the setting: nothing but a reject differs.
    fire(
        "consent denied",
        **_private(run, REJECT if privacy == REJECT else ANONYMISE, {}, [], "&consent=denied", consent="denied"),
    )

    fire("plain", "customerId=123&product=ac12", event={"customer_id": "123", "product": "ac12"})
    fire(
        "no parameter but a page",
        "",
        {"Referer": f"{SHOP}/coffee?colour=red"},
        event={"page_url": f"{SHOP}/coffee?colour=red", "source": "shop.example.com"},
    )
    fire(
        "all fields",
        "customerId=123&visitorId=v-8c1f&recipient=r-20417&product=ac12&activity=purchase&consent=granted"
        f"&url=https%3A%2F%2Fshop.example.com%2Fac12%3Futm_source%3Dgoogle%26utm_medium%3Dcpc%26gclid%3DEAIa"
        f"&ref=https%3A%2F%2Fwww.google.com%2F&occurredAt={int(now) - 60}&x_price=14.50",
        {"Accept-Language": "de-CH,de;q=0.9"},
        event={
            "customer_id": "123",
            "visitor_id": "v-8c1f",
            "recipient": "r-20417",
            "product": "ac12",
            "activity": "purchase",
            "consent": "granted",
            "page_url": f"{SHOP}/ac12?utm_source=google&utm_medium=cpc&gclid=EAIa",
            "source": "shop.example.com",
            "referrer": "https://www.google.com/",
            "occurred_at": timestamp(int(now) - 60),
            "language": "de-CH,de;q=0.9",
            "params": {"x_price": "14.50"},
        },
        enriched=("campaign", "device", "referrer"),
    )
    fire(
        "repeated keys",
        "customerId=1&customerId=2&x_size=s&x_size=m",
        event={
            "customer_id": "1",
            "params": {"customerId": ["1", "2"], "x_size": ["s", "m"]},
            "flags": ["repeated"],
        },
    )
    fire("empty values", "customerId=&x_a=", event={"params": {"customerId": "", "x_a": ""}})
    fire("broken escapes", "x_a=%b&x_off=100%", event={"params": {"x_a": "%b", "x_off": "100%"}})
    fire("Latin-1", "x_name=M%FCller", event={"params": {"x_name": "M\ufffdller"}, "flags": ["invalid_utf8"]})
    fire("UTF-8", "x_a=%F0%9F%A5%90+caf%C3%A9", event={"params": {"x_a": "\U0001f950 café"}})
    fire(
        "escaped twice",
        "customerId=123&amp;product=ac12",
        event={"customer_id": "123", "product": "ac12", "flags": ["amp_repaired"]},
    )
    fire("8 KB query", f"x_long={LONG}", event={"params": {"x_long": LONG}})
    fire("client hints", "", {"User-Agent": CHROME, **HINTS}, event={"user_agent": CHROME}, enriched=("device",))
    fire(
        "a script",
        "activity=click",
        {"Origin": SHOP},
        event={"activity": "click", "source": "shop.example.com"},
    )
    late = int(now) - 2 * DAY_S
    fire("late", f"occurredAt={late}", event={"occurred_at": timestamp(late), "flags": ["late"]})
    fire(
        "a mail opened",
        "activity=open&recipient=r-20417&utm_source=newsletter&utm_medium=email",
        {"User-Agent": GMAIL},
        event={
            "activity": "open",
            "recipient": "r-20417",
            "params": {"utm_source": "newsletter", "utm_medium": "email"},
            "user_agent": GMAIL,
        },
        enriched=("mail", "campaign"),
    )
    fire("a bot", "product=ac12", {"User-Agent": GOOGLEBOT}, event={"product": "ac12", "user_agent": GOOGLEBOT}, enriched=("bot",))  # fmt: skip
    fire("prefetch", "product=ac12", {"Sec-Purpose": "prefetch"}, event={"product": "ac12", "flags": ["prefetch"]})
    fire(
        "a login in an address",
        f"url=https%3A%2F%2Fjane%3Alogin{run}%40shop.example.com%2Fa",
        event={"page_url": f"{SHOP}/a", "source": "shop.example.com"},
        gone=(f"login{run}", FORGED),
    )
    fire("a forged address", "customerId=123", {"X-Forwarded-For": FORGED}, event={"customer_id": "123"})
    return made


def _private(
    run: str, action: str, headers: dict[str, str], flags: list[str], more: str = "", **fields: str
) -> dict[str, Any]:
    """Return a hit of somebody who wants privacy; `action` says what becomes of it."""
    secret = f"private{run}"
    hit: dict[str, Any] = {
        "query": f"customerId={secret}&visitorId={secret}&recipient={secret}&product=ac12&activity=purchase&x_a={secret}"
        f"&url=https%3A%2F%2Fshop.example.com%2Fbasket%3Fmail%3D{secret}{more}",
        "headers": {**headers, "Accept-Language": "de-CH,de;q=0.9"},
    }
    if action == REJECT:
        return hit | {"outcome": "rejected:opted_out"}
    event = {"product": "ac12", "activity": "purchase", "source": "shop.example.com", **fields}
    if action == RECORD:
        event |= dict.fromkeys(("customer_id", "visitor_id", "recipient"), secret)
        recorded = {"params": {"x_a": secret}, "page_url": f"{SHOP}/basket?mail={secret}", "flags": flags}
        return hit | {"event": event | recorded | {"language": "de-CH,de;q=0.9"}}
    kept = {"page_url": f"{SHOP}/basket", "language": "de", "user_agent": None, "flags": [*flags, "anonymised"]}
    return hit | {"event": event | kept, "gone": (secret, AGENT, FORGED)}

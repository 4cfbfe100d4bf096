"""A mailing and who fetches its image: people, proxies that hide them, Apple's prefetch, and scanners of links."""

from collections.abc import Callable
from typing import Final

from pixel.collect.request import Request, Token
from pixel.simulate.addresses import (
    AMAZON,
    GOOGLE_PROXY,
    OUTLOOK,
    PRIVATE_RELAY,
    YAHOO,
    Network,
    address,
    forwarded,
)
from pixel.simulate.chance import Chance, Weights
from pixel.simulate.hit import Hit
from pixel.simulate.models import CHROMIUM, IOS
from pixel.simulate.people import People

MAILS: Final = 12
"""Messages a mailing."""

_CAMPAIGNS: Final = (
    "utm_source=newsletter&utm_medium=email&utm_campaign=autumn%20sale%202026&utm_content=hero",
    "utm_source=crm&utm_medium=email&utm_campaign=welcome",
    "mtm_campaign=loyalty&mtm_medium=email",
    "campaign=invoice",
)
_GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
_YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"


def _outlook(chance: Chance) -> str:
    if chance.random() < 0.3:
        return "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
    return f"Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.{18129 + chance.below(60) * 13}; Pro)"


def _thunderbird(chance: Chance) -> str:
    system = chance.pick(("Windows NT 10.0; Win64; x64", "X11; Linux x86_64", "Macintosh; Intel Mac OS X 10.15"))
    version = chance.pick(("140.4", "140.5", "128.14", "115.18", "144.0"))
    return f"Mozilla/5.0 ({system}; rv:{version.partition('.')[0]}.0) Gecko/20100101 Thunderbird/{version}.0"


def _iphone(chance: Chance) -> str:
    system = IOS[chance.zipf(len(IOS), 2)][1].replace(".", "_")
    return f"Mozilla/5.0 (iPhone; CPU iPhone OS {system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"


def _apple_mail(chance: Chance) -> str:
    return "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"


_PROGRAMS: Final[Weights[Callable[[Chance], str]]] = Weights(
    {_outlook: 40, _iphone: 35, _apple_mail: 12, _thunderbird: 13}
)
_RECIPIENTS: Final = Weights({"gmail": 30, "yahoo": 8, "apple": 27, "program": 25, "webmail": 10})


def mailing(chance: Chance, people: People, at: float) -> list[Hit]:
    """Return the hits on the image of a mailing sent at `at`, not ordered."""
    campaign = chance.pick(_CAMPAIGNS)
    session = f"m-{chance.hexadecimal(10)}"
    found: list[Hit] = []
    for number in range(MAILS):
        found += _message(chance, people, campaign, session, at + number * 0.4)
    return found


def _message(chance: Chance, people: People, campaign: str, session: str, sent_at: float) -> list[Hit]:
    person = people.someone()
    recipient = f"r-{person.customer}"
    query = f"recipient={recipient}&activity=open&{campaign}"
    if chance.random() < 0.05:
        query = query.replace("&", "&amp;")  # some mail programs send a URL as it stands in HTML
    token = Token(sent_at, recipient) if chance.random() < 0.5 else None
    found: list[Hit] = []

    def fetch(agent: str, human: bool, user_agent: str, ip: str, after_s: float, **more: str) -> None:
        headers = {"host": "px.example.com"}
        if user_agent:
            headers["user-agent"] = user_agent
        headers |= {"accept": "*/*", "accept-encoding": "gzip, deflate", **more}
        headers["x-forwarded-for"] = forwarded(chance, ip)
        request = Request("GET", "/pix.gif", query, headers, sent_at + after_s, ip, token=token)
        found.append(Hit(request, "mail", agent, human, person.customer, session))

    def opens(agent: str, user_agent: str, network: Network | None = None) -> None:
        after_s = chance.wait(3000) + 20
        while True:
            fetch(agent, True, user_agent, address(chance, network) if network else person.home, after_s)
            if chance.random() > 0.18:
                return
            after_s += 30 + chance.wait(4000)

    if chance.random() < 0.07:
        ip = address(chance, chance.pick((OUTLOOK, AMAZON)))
        for click in range(1 + chance.below(3)):
            fetch("link_scanner", False, _scanner(chance), ip, 1.5 + click * 0.7 + chance.random() * 9)
    reads_by = chance.weigh(_RECIPIENTS)
    if reads_by == "apple":
        ip = address(chance, PRIVATE_RELAY, 0.3)
        fetch("privacy_prefetch", False, "Mozilla/5.0", ip, 5 + chance.wait(900))
    elif chance.random() < 0.55:
        if reads_by == "gmail":
            opens("mail_proxy", _GMAIL, GOOGLE_PROXY)
        elif reads_by == "yahoo":
            opens("mail_proxy", _YAHOO, YAHOO)
        elif reads_by == "program":
            opens("mail_program", chance.weigh(_PROGRAMS)(chance))
        else:
            opens(person.device.kind, person.device.user_agent)
    return found


def _scanner(chance: Chance) -> str:
    draw = chance.random()
    if draw < 0.2:
        return ""
    major = CHROMIUM[chance.zipf(len(CHROMIUM), 6)][0]
    if draw < 0.35:
        return "Mozilla/5.0 (compatible; BarracudaCentral/1.0)"
    return f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"

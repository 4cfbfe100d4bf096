"""User agents of mail: proxies that fetch for readers, programs that scan, programs that people read in.

A mark is what the maker says, or what several operators saw. What is not here says nothing of itself: Outlook.com, Proton
Mail, Mail.ru and DuckDuckGo fetch as browsers do, and most scanners pretend to be one.
"""

from functools import lru_cache
from typing import Final, NamedTuple

from enrichers._kept import kept

PROXY: Final = "proxy"
SCANNER: Final = "scanner"
PROGRAM: Final = "program"

MARKS: Final = {
    PROXY: {
        "GoogleImageProxy": "Gmail",  # https://www.scientiamobile.com/what-is-google-image-proxy/
        "YahooMailProxy": "Yahoo Mail",  # https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html
        "YandexImageResizer": "Yandex Mail",  # its mails show images from resize.yandex.net/mailservice
        "SeznamEmailProxy": "Seznam Email",
        "RamblerMail": "Rambler Mail",
        "mail.ukr.net proxy": "Ukr.net",
        "FastmailUA": "Fastmail",  # https://www.fastmail.com/policies/bots
        "hey.com/imageproxy": "HEY",  # https://www.hey.com/image-proxy
        "Shortwave Image Fetcher": "Shortwave",
    },
    SCANNER: {
        "Gmail-content-sampling": "Gmail",  # https://stackoverflow.com/q/63184772
        # On delivery, from Google's network: https://github.com/mautic/mautic/pull/10245
        "Edge/12.246 Mozilla/5.0": "Gmail",
        "Barracuda": "Barracuda",
        "Mimecast": "Mimecast",
        "Proofpoint": "Proofpoint",
        "SafeLinks": "Microsoft Defender",
        "CiscoSecureEmail": "Cisco Secure Email",
    },
    PROGRAM: {
        "Microsoft Outlook": "Outlook",
        "Microsoft Office Outlook": "Outlook",
        "ms-office": "Outlook",  # `Mozilla/4.0 (compatible; ms-office; MSOffice 16)`: Word draws Outlook's mails
        "Outlook-iOS": "Outlook",
        "Outlook-Android": "Outlook",
        "MacOutlook": "Outlook",
        "Thunderbird/": "Thunderbird",
        "eM Client": "eM Client",
        "Mailbird/": "Mailbird",
        "Mailspring/": "Mailspring",
        "Airmail/": "Airmail",
        "Postbox/": "Postbox",
    },
}
"""Kind, then mark, then whose it is. Marks are found anywhere in a user agent, letter for letter."""


class Agent(NamedTuple):
    """What kind of fetcher a user agent names, and whose."""

    kind: str
    provider: str


_AGENTS: Final = [(mark, Agent(kind, provider)) for kind, marks in MARKS.items() for mark, provider in marks.items()]


@lru_cache(maxsize=20_000)
def mail_agent(user_agent: str | None) -> Agent | None:
    """Remember what `find_mail_agent` returned, or raise `NotKept` with it."""
    return kept(find_mail_agent(user_agent), user_agent)


def find_mail_agent(user_agent: str | None) -> Agent | None:
    """Return what of mail a user agent names: a proxy before a scanner, a scanner before a program."""
    if user_agent is None:
        return None
    for mark, agent in _AGENTS:
        if mark in user_agent:
            return agent
    return None

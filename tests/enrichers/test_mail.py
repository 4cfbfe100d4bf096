import pytest

from enrichers import mail
from enrichers._mail_agents import MARKS, mail_agent
from pixel.app import build
from pixel.collect.request import Token
from pixel.deliver.sink import MemorySink
from tests.enrichers.contract import ROOT
from tests.events import a_request, an_event
from tests.front_door import knock

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
APPLE_MAIL = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
OUTLOOK = "Mozilla/4.0 (compatible; ms-office; MSOffice 16)"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
ON_DELIVERY = CHROME.replace("131.0.0.0", "42.0.2311.135") + " Edge/12.246 Mozilla/5.0"
STRICT = {"strict": True, "broad": True, "reasons": ["crawler_user_agents"]}
BROAD = {"strict": False, "broad": True, "reasons": ["is_bot"]}
HOSTING = {"asn": 64500, "datacentre": True}
RELAY = {"asn": 36183, "datacentre": True}


def said(user_agent, bot=None, geo=None, age=None, token_recipient=None, **fields):
    request = a_request()
    if age is not None:
        request.token = Token(issued_at=request.received_at - age, recipient=token_recipient)
    enrichments = {name: result for name, result in {"bot": bot, "geo": geo}.items() if result is not None}
    fields = {"activity": "open", **fields}
    return mail.enrich(an_event(request, user_agent=user_agent, enrichments=enrichments, **fields))


@pytest.mark.parametrize(
    ("user_agent", "provider"),
    [
        (GMAIL, "Gmail"),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", "Yahoo Mail"),
        ("Mozilla/5.0 (compatible; YandexImageResizer/2.0; +http://yandex.com/bots)", "Yandex Mail"),
        ("Mozilla/5.0 SeznamEmailProxy/2.0.174", "Seznam Email"),
        ("RamblerMail/6.0 (incompatible; ImageProxy/6.0)", "Rambler Mail"),
        (f"{CHROME} (via secureurl.fwdcdn.com - mail.ukr.net proxy)", "Ukr.net"),
        (f"{CHROME} FastmailUA/1.0", "Fastmail"),
        (f"hey.com/imageproxy {CHROME}", "HEY"),
        ("Shortwave Image Fetcher", "Shortwave"),
    ],
)
def test_a_mail_proxy_is_known_whatever_bot_lists_and_networks_say(user_agent, provider):
    expected = {"fetcher": "mail_proxy", "reasons": ["proxy"], "provider": provider}
    assert said(user_agent) == said(user_agent, bot=STRICT, geo=HOSTING, age=1) == expected


@pytest.mark.parametrize(
    ("user_agent", "bot", "geo", "fetcher", "reasons", "provider"),
    [
        # People
        (CHROME, None, None, "human", ["browser"], None),
        (APPLE_MAIL, None, {"country": "CH"}, "human", ["browser"], None),
        (OUTLOOK, None, None, "human", ["mail_program"], "Outlook"),
        ("Outlook-iOS/709.2144270.prod.iphone (3.24.0)", None, None, "human", ["mail_program"], "Outlook"),
        ("Mozilla/5.0 (X11; rv:115.0) Gecko/20100101 Thunderbird/115.3", None, None, "human", ["mail_program"], "Thunderbird"),
        (CHROME, None, RELAY, "human", ["browser"], None),
        # Apple's privacy protection
        ("Mozilla/5.0", BROAD, None, "privacy_prefetch", ["bare_mozilla"], "Apple"),
        ("Mozilla/5.0", BROAD, {"country": "CH"}, "privacy_prefetch", ["bare_mozilla"], "Apple"),
        ("Mozilla/5.0", BROAD, RELAY, "privacy_prefetch", ["bare_mozilla", "relay_network"], "Apple"),
        ("Mozilla/5.0", BROAD, HOSTING, "unknown", ["bare_mozilla", "other_network"], None),
        # Scanners
        ("Barracuda Sentinel (EE)", None, None, "link_scanner", ["scanner"], "Barracuda"),
        (f"{CHROME} Gmail-content-sampling", None, None, "link_scanner", ["scanner"], "Gmail"),
        (ON_DELIVERY, None, None, "link_scanner", ["scanner"], "Gmail"),
        ("curl/8.9.1", STRICT, None, "link_scanner", ["bot"], None),
        (OUTLOOK, STRICT, None, "link_scanner", ["bot"], "Outlook"),
        # Who knows
        (None, None, None, "unknown", ["no_user_agent"], None),
        ("", BROAD, HOSTING, "unknown", ["no_user_agent"], None),
        ("MyApp/1.0", BROAD, None, "unknown", ["likely_bot"], None),
        ("MyApp/1.0", None, None, "unknown", [], None),
        (CHROME, BROAD, None, "unknown", ["browser", "likely_bot"], None),
        (CHROME, None, HOSTING, "unknown", ["browser", "datacentre"], None),
    ],
)  # fmt: skip
def test_who_fetched_it_is_told_by_what_is_known(user_agent, bot, geo, fetcher, reasons, provider):
    expected = {"fetcher": fetcher, "reasons": reasons} | ({"provider": provider} if provider else {})
    assert said(user_agent, bot, geo) == expected


@pytest.mark.parametrize(
    ("user_agent", "geo", "age", "fetcher", "reasons"),
    [
        (CHROME, HOSTING, 2, "link_scanner", ["browser", "datacentre", "soon"]),
        (CHROME, HOSTING, 3600, "unknown", ["browser", "datacentre"]),
        (CHROME, None, 2, "unknown", ["browser", "soon"]),
        (CHROME, None, 10, "human", ["browser"]),
        (CHROME, None, -5, "human", ["browser"]),
        (OUTLOOK, HOSTING, 2, "unknown", ["mail_program", "datacentre", "soon"]),
    ],
)
def test_a_browser_in_a_datacentre_seconds_after_issue_is_a_scanner(user_agent, geo, age, fetcher, reasons):
    result = said(user_agent, geo=geo, age=age)
    assert (result["fetcher"], result["reasons"]) == (fetcher, reasons)


@pytest.mark.parametrize(
    ("recipient", "token_recipient", "differs"),
    [("r1", "r1", False), ("r1", "r2", True), (None, "r2", False), ("r1", None, False)],
)
def test_another_recipient_than_the_tokens_is_a_reason_and_changes_nothing_else(recipient, token_recipient, differs):
    result = said(CHROME, age=3600, token_recipient=token_recipient, recipient=recipient)
    assert result == {"fetcher": "human", "reasons": ["browser", *(["recipient_differs"] if differs else [])]}


@pytest.mark.parametrize(
    ("fields", "concerns"),
    [
        ({"activity": "open"}, True),
        ({"activity": "page_view", "endpoint": "open"}, True),
        ({"activity": "click", "recipient": "r1"}, True),
        ({"activity": "page_view"}, False),
        ({"activity": "purchase", "customer_id": "1"}, False),
        ({"activity": "page_view", "user_agent": GMAIL}, True),
        ({"activity": "page_view", "user_agent": OUTLOOK}, False),
        ({"activity": "page_view", "user_agent": None}, False),
    ],
)
def test_only_hits_that_concern_a_mail_have_a_result(fields, concerns):
    assert (said(**{"user_agent": CHROME, **fields}) is not None) is concerns


def test_the_same_evidence_gives_the_same_dict():
    assert said(CHROME, age=1) is said(CHROME, age=2)


def test_every_mark_is_found_and_none_hides_another():
    assert all(
        mail_agent(f"Mozilla/5.0 {mark} x") == (kind, provider)
        for kind, marks in MARKS.items()
        for mark, provider in marks.items()
    )


def test_reasons_are_a_closed_list_and_each_is_in_the_guide():
    guide = (ROOT / "docs/enrichers.md").read_text("utf-8").partition("\n## mail\n")[2].partition("\n## ")[0]
    assert all(f"`{reason}`" in guide for reason in mail.REASONS)


def test_a_bare_mozilla_is_no_strict_bot_and_apples_when_a_mail_is_opened():
    sink = MemorySink()
    app = build({"PIXEL_ENRICHERS": "device,bot,geo,mail"}, sink=sink)
    knock(app, "/pix?activity=open&recipient=r1", [("User-Agent", "Mozilla/5.0")])
    [event] = sink.events
    assert event.enrichments["bot"]["strict"] is False
    assert event.enrichments["mail"]["fetcher"] == "privacy_prefetch"

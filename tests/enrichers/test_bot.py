import re

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from is_bot import Bots

from enrichers import bot
from enrichers._bot_names import CATEGORIES, TOO_WIDE
from enrichers._bot_patterns import Patterns
from pixel.app import build
from pixel.deliver.sink import MemorySink
from tests.events import a_request, an_event
from tests.front_door import knock

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
PATTERNS = Patterns()


def said(user_agent, device=None, flags=(), **headers):
    request = a_request(headers={name.replace("_", "-"): value for name, value in headers.items()})
    enrichments = {} if device is None else {"device": device}
    return bot.enrich(an_event(request, user_agent=user_agent, enrichments=enrichments, flags=list(flags)))


@pytest.mark.parametrize(
    ("user_agent", "name", "category"),
    [
        (GOOGLEBOT, "Googlebot", "search"),
        ("Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)", "bingbot", "search"),
        ("Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)", "GPTBot", "ai"),
        ("Mozilla/5.0 (compatible; OAI-SearchBot/1.0; +https://openai.com/searchbot)", "OAI-SearchBot", "ai"),
        (
            "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
            "facebookexternalhit",
            "preview",
        ),
        ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "Slackbot-LinkExpanding", "preview"),
        ("Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", "UptimeRobot", "monitor"),
        ("curl/8.9.1", "curl", "library"),
        ("python-requests/2.32.3", "python-requests", "library"),
        ("Mozilla/5.0 (compatible; Nikto/2.5.0)", "Nikto", "scanner"),
        ("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", "AhrefsBot", "seo"),
        (CHROME.replace("Chrome/", "HeadlessChrome/"), "HeadlessChrome", "automation"),
    ],
)
def test_a_bot_that_says_its_name_is_strict(user_agent, name, category):
    result = said(user_agent)
    assert (result["strict"], result["broad"], result["category"]) == (True, True, category)
    assert name.startswith(result["name"])


@pytest.mark.parametrize(
    ("user_agent", "reasons"),
    [
        ("Mozilla/5.0", ["is_bot"]),
        ("Mozilla/5.0 (compatible; ExampleArchiver/1.0; +https://example.com/about)", ["is_bot"]),
        (None, ["no_user_agent"]),
        ("", ["no_user_agent"]),
    ],
)
def test_what_only_looks_like_a_machine_is_broad(user_agent, reasons):
    assert said(user_agent) == {"strict": False, "broad": True, "reasons": reasons}


@pytest.mark.parametrize(
    "user_agent",
    [
        CHROME,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
        "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
        "Mozilla/5.0 (Linux; Android 15; CPH2581 Build/AP3A.240617.008; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/131.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Linux; Android 14; Google Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; WOW64; rv:115.0) Gecko/20100101 Thunderbird/115.3.1",
        "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
        "Outlook-iOS/709.2144270.prod.iphone (3.24.0)",
    ],
)
def test_people_have_no_result(user_agent):
    assert said(user_agent, device={"type": "desktop", "browser": "Chrome"}) is None


@pytest.mark.parametrize("user_agent", [GMAIL, YAHOO, "FastmailUA/1.0", "Mozilla/5.0 SeznamEmailProxy/2.0.174"])
def test_a_mail_proxy_is_no_bot_as_a_person_reads_behind_it(user_agent):
    assert said(user_agent, device={"type": "bot", "browser": "GmailImageProxy"}) is None


@pytest.mark.parametrize(
    ("device", "name"),
    [
        ({"type": "bot", "browser": "NewBot"}, "NewBot"),
        ({"type": "bot", "browser": "Chrome"}, None),
        ({"type": "bot", "browser": "com/bot"}, None),
        ({"type": "bot"}, None),
    ],
)
def test_what_device_calls_a_bot_is_strict_and_may_have_its_name(device, name):
    result = said(CHROME, device)
    assert (result["strict"], result["reasons"], result.get("name")) == (True, ["device"], name)


@pytest.mark.parametrize(
    ("headers", "flags", "strict", "reason"),
    [
        ({"sec_ch_ua": '"HeadlessChrome";v="131", "Chromium";v="131"'}, [], True, "headless"),
        ({"signature_agent": '"https://chatgpt.com"'}, [], True, "signature_agent"),
        ({}, ["truncated", "prefetch"], False, "prefetch"),
    ],
)
def test_a_request_can_show_it_where_the_user_agent_does_not(headers, flags, strict, reason):
    expected = {"strict": strict, "broad": True, "reasons": [reason]}
    if reason == "headless":
        expected["category"] = "automation"
    assert said(CHROME, flags=flags, **headers) == expected


def test_reasons_and_categories_are_closed_lists():
    results = [bot._judge(text, None, ()) for entry in CRAWLER_USER_AGENTS_DATA for text in entry["instances"][:1]]
    reasons = {reason for result in results if result for reason in result["reasons"]}
    categories = {result["category"] for result in results if result and "category" in result}
    assert reasons <= bot.STRICT.keys() | bot.BROAD.keys()
    assert categories <= {*CATEGORIES.values(), "seo"}
    assert all(len(result.get("name", "")) <= bot.NAME_LIMIT for result in results if result)


def test_the_same_signs_give_the_same_dict():
    assert said(GOOGLEBOT) is said(GOOGLEBOT)


def test_re2_takes_every_pattern_and_finds_what_re_finds():
    assert (PATTERNS.skipped, PATTERNS.count) == (
        0,
        len(CRAWLER_USER_AGENTS_DATA) - len(TOO_WIDE) + len(Bots().patterns),
    )
    patterns = [
        re.compile(entry["pattern"]) for entry in CRAWLER_USER_AGENTS_DATA if entry["pattern"] not in TOO_WIDE
    ]
    texts = [entry["instances"][0] for entry in CRAWLER_USER_AGENTS_DATA[::25] if entry["instances"]]
    for text in [*texts, " ".join(texts)[:4096], CHROME, ""]:
        found = {crawler.pattern for crawler in PATTERNS.match(text)[0]}
        assert found == {pattern.pattern for pattern in patterns if pattern.search(text)}


@pytest.mark.parametrize(
    ("text", "broad"),
    [
        ("Mozilla/5.0 (Linux; Android 14; Google Pixel 8)", False),
        ("Mozilla/5.0 (Linux; Android 14) Google Something", True),
        ("Mozilla/5.0 (Linux; Cubot X30)", False),
        ("Mozilla/5.0 (Linux; Some Bot)", True),
    ],
)
def test_patterns_that_look_around_keep_their_meaning(text, broad):
    assert PATTERNS.match(text)[1] is broad


def test_a_pattern_is_compiled_for_its_first_bot_only(monkeypatch):
    texts = [entry["instances"][0] for entry in CRAWLER_USER_AGENTS_DATA if entry["instances"]]
    results = [bot._judge(text, None, ()) for text in texts]
    re.purge()
    with monkeypatch.context() as patched:  # what reports the test compiles too
        patched.setattr(re._compiler, "compile", None)
        again = [bot._judge(text, None, ()) for text in texts]
    assert again == results


def test_too_wide_patterns_are_still_in_the_list():
    assert {entry["pattern"] for entry in CRAWLER_USER_AGENTS_DATA} >= TOO_WIDE.keys()


@pytest.mark.parametrize("text", ["\0" * 1024, "é\ufffd٣" * 340, "bot" * 340, "(" * 1024, "a/1 " * 256])
def test_hostile_user_agents_are_judged_and_nothing_more(text):
    result = said(text)
    assert result is None or result.keys() <= {"strict", "broad", "reasons", "name", "category"}


def test_status_names_the_lists():
    said(CHROME)
    assert bot.status().items() >= {"skipped": 0}.items()
    assert bot.status().keys() >= {"crawler-user-agents", "is-bot", "patterns"}


def test_a_hit_without_a_user_agent_is_still_an_event():
    sink = MemorySink()
    app = build({"PIXEL_ENRICHERS": "device,bot,mail"}, sink=sink)
    assert knock(app, "/pix?customerId=1").headers["x-pixel-outcome"] == "accepted"
    [event] = sink.events
    assert event.user_agent is None
    assert event.enrichments == {"bot": {"strict": False, "broad": True, "reasons": ["no_user_agent"]}}


@pytest.mark.parametrize(("user_agent", "provider"), [(GMAIL, "Gmail"), (YAHOO, "Yahoo Mail")])
def test_gmails_and_yahoos_proxies_come_out_as_mail_proxies_not_as_bots(user_agent, provider):
    sink = MemorySink()
    app = build({"PIXEL_ENRICHERS": "device,bot,mail"}, sink=sink)
    knock(app, "/pix?activity=open&recipient=r1", [("User-Agent", user_agent)])
    [event] = sink.events
    assert "bot" not in event.enrichments
    assert event.enrichments["mail"] == {"fetcher": "mail_proxy", "reasons": ["proxy"], "provider": provider}

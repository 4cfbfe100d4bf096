import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
import user_agents

from enrichers import device
from enrichers._client_hints import HEADERS, from_headers, from_parameter
from enrichers._device_names import BROWSERS, SYSTEMS, WIDESPREAD
from enrichers._user_agent import UserAgent
from pixel.app import build
from pixel.collect.client_ip import client_ip
from pixel.collect.parse import parse
from pixel.collect.request import Request
from pixel.deliver.sink import MemorySink
from pixel.settings import read_settings
from tests.front_door import knock

ROOT = Path(__file__).parent.parent.parent
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"
)
ANDROID = (
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
)
ANDROID_TABLET = ANDROID.replace(" Mobile", "")
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1"
EDGE = CHROME + " Edg/131.0.0.0"
OPERA = CHROME + " OPR/116.0.0.0"
BRANDS = '"Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24"'
FULL = '"Google Chrome";v="131.0.6778.86", "Chromium";v="131.0.6778.86", "Not_A Brand";v="24.0.0.0"'


def event(user_agent=None, headers=(), query=""):
    sent = dict(headers)
    if user_agent is not None:
        sent["user-agent"] = user_agent
    return parse(
        Request("GET", "/pix", query, sent, 1_795_248_000.0), "pixel", read_settings({}), client_ip("functions")
    )


def known(user_agent=None, headers=(), query=""):
    return device.enrich(event(user_agent, headers, query))


def hints(**given):
    return {
        f"sec-ch-ua-{name.replace('_', '-')}" if name != "brands" else "sec-ch-ua": value
        for name, value in given.items()
    }


USER_AGENTS = [
    ("a frozen one tells the major version only", CHROME, {"browser": "Chrome", "browser_version": "131", "os": "Windows", "type": "desktop"}),
    ("a frozen Android tells neither version nor model", ANDROID, {"browser": "Chrome", "browser_version": "131", "os": "Android", "type": "mobile"}),
    ("on Android without `Mobile` it is a tablet", ANDROID_TABLET, {"browser": "Chrome", "browser_version": "131", "os": "Android", "type": "tablet"}),
    ("an iPhone", IPHONE, {"browser": "Safari", "browser_version": "17.5", "os": "iOS", "os_version": "17.5", "device": "iPhone", "brand": "Apple", "model": "iPhone", "type": "mobile"}),
    ("an iPad", IPHONE.replace("iPhone", "iPad"), {"browser": "Safari", "browser_version": "17.5", "os": "iOS", "os_version": "17.5", "device": "iPad", "brand": "Apple", "model": "iPad", "type": "tablet"}),
    ("since Safari 26, iOS is frozen at 18.6 or 18.7", IPHONE.replace("17_5", "18_6").replace("17.5", "26.0"), {"browser": "Safari", "browser_version": "26", "os": "iOS", "device": "iPhone", "brand": "Apple", "model": "iPhone", "type": "mobile"}),
    ("and so it stays", IPHONE.replace("17_5", "18_7_2").replace("17.5", "30.1"), {"browser": "Safari", "browser_version": "30.1", "os": "iOS", "device": "iPhone", "brand": "Apple", "model": "iPhone", "type": "mobile"}),
    ("an iOS that is 18.6", IPHONE.replace("17_5", "18_6").replace("17.5", "18.6"), {"browser": "Safari", "browser_version": "18.6", "os": "iOS", "os_version": "18.6", "device": "iPhone", "brand": "Apple", "model": "iPhone", "type": "mobile"}),
    ("Android with a model", "Mozilla/5.0 (Linux; Android 13; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0.4758.87 Mobile Safari/537.36", {"browser": "Chrome", "browser_version": "98.0.4758", "os": "Android", "os_version": "13", "device": "Samsung SM-G991B", "brand": "Samsung", "model": "SM-G991B", "type": "mobile"}),
    ("a tablet that says Mobile, but whose model is one", "Mozilla/5.0 (Linux; Android 13; SM-X706B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0.4758.87 Mobile Safari/537.36", {"browser": "Chrome", "browser_version": "98.0.4758", "os": "Android", "os_version": "13", "device": "Samsung SM-X706B", "brand": "Samsung", "model": "SM-X706B", "type": "tablet"}),
    ("macOS is frozen at 10.15.7", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15", {"browser": "Safari", "browser_version": "17.5", "os": "macOS", "device": "Mac", "brand": "Apple", "model": "Mac", "type": "desktop"}),
    ("Windows before 10 is not frozen", "Mozilla/5.0 (Windows NT 6.1; rv:115.0) Gecko/20100101 Firefox/115.0", {"browser": "Firefox", "browser_version": "115", "os": "Windows", "os_version": "7", "type": "desktop"}),
    ("a mail program", "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Thunderbird/115.4.1", {"browser": "Thunderbird", "browser_version": "115.4.1", "os": "Linux", "type": "desktop"}),
    ("a spider has its name", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", {"browser": "Googlebot", "browser_version": "2.1", "type": "bot"}),
    ("an app on Android is most likely on a phone, and is no browser that we know", "Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A)", {"os": "Android", "os_version": "13", "device": "Pixel 7", "brand": "Google", "model": "Pixel 7", "type": "mobile"}),
    ("a library that names no system has no type", "curl/8.5.0", {"browser": "curl", "browser_version": "8.5"}),
    ("nothing that anyone knows", "x", None),
    ("none", None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("user_agent", "expected"), [row[1:] for row in USER_AGENTS], ids=[row[0] for row in USER_AGENTS]
)
def test_of_a_user_agent_it_says_what_is_known_and_no_more(user_agent, expected):
    assert known(user_agent) == expected


TYPES = [
    ("tv", "Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.79 Safari/537.36"),
    ("tv", "Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV Safari/537.36"),
    ("tv", "Mozilla/5.0 (Linux; Android 9; AFTMM) AppleWebKit/537.36 (KHTML, like Gecko) Silk/98.1 like Chrome/98.0.4758.101 Safari/537.36"),
    ("tv", "Roku/DVP-9.10 (519.10E04111A)"),
    ("tv", "Mozilla/5.0 (Linux; Android 11; 43U700GR) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/98.0.4758.87 Safari/537.36"),
    ("tv", "Mozilla/5.0 (Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/84.0.4147.140 Safari/537.36"),
    ("desktop", "Mozilla/5.0 (X11; Linux armv7l) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/84.0.4147.140 Safari/537.36"),
    ("desktop", "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36"),
    ("desktop", "Mozilla/5.0 (X11; U; NetBSD amd64; fr-FR; rv:1.8.0.7) Gecko/20061102 Firefox/1.5.0.7"),
    ("desktop", "Microsoft Office Word/16.78.1008 (Mac OS/14.0; Desktop; en-US; NonAppStore; Apple/Mac15,7)"),
    ("mobile", "Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0"),
    ("tablet", "Mozilla/5.0 (Android 14; Tablet; rv:131.0) Gecko/131.0 Firefox/131.0"),
    ("mobile", "Nokia6300/2.0 (04.20) Profile/MIDP-2.0 Configuration/CLDC-1.1"),
    ("mobile", "Mozilla/4.0 (compatible; MSIE 6.0; Windows CE; IEMobile 7.6) PPC; 240x320"),
    ("other", "Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.0 Safari/605.1.15"),
    ("other", "Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0; Xbox; Xbox One)"),
    ("bot", "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "user_agent"), TYPES)
def test_it_tells_what_kind_of_thing_it_is(kind, user_agent):
    assert known(user_agent)["type"] == kind


HINTS = [
    ("what Chromium always sends", CHROME, hints(brands=BRANDS, mobile="?0", platform='"Windows"'), {"browser": "Chrome", "browser_version": "131", "os": "Windows", "type": "desktop"}),
    ("Windows 11 and the full version", CHROME, hints(brands=BRANDS, platform='"Windows"', platform_version='"15.0.0"', full_version_list=FULL), {"browser": "Chrome", "browser_version": "131.0.6778.86", "os": "Windows", "os_version": "11", "type": "desktop"}),
    ("Windows 10", CHROME, hints(brands=BRANDS, platform='"Windows"', platform_version='"10.0.0"'), {"browser": "Chrome", "browser_version": "131", "os": "Windows", "os_version": "10", "type": "desktop"}),
    ("Windows 8.1", CHROME, hints(brands=BRANDS, platform='"Windows"', platform_version='"0.3.0"'), {"browser": "Chrome", "browser_version": "131", "os": "Windows", "os_version": "8.1", "type": "desktop"}),
    ("a Windows that the hint does not tell", CHROME, hints(brands=BRANDS, platform='"Windows"', platform_version='"0"'), {"browser": "Chrome", "browser_version": "131", "os": "Windows", "type": "desktop"}),
    ("the model, and the maker that ua-parser knows it by", ANDROID, hints(brands=BRANDS, mobile="?1", platform='"Android"', platform_version='"14.0.0"', model='"SM-S911B"'), {"browser": "Chrome", "browser_version": "131", "os": "Android", "os_version": "14.0.0", "device": "Samsung SM-S911B", "brand": "Samsung", "model": "SM-S911B", "type": "mobile"}),
    ("a brand that the user agent hides", CHROME, hints(brands='"Brave";v="131", "Chromium";v="131", "Not_A Brand";v="24"', platform='"Linux"'), {"browser": "Brave", "browser_version": "131", "os": "Linux", "type": "desktop"}),
    ("Edge has one name in both", EDGE, hints(brands='"Microsoft Edge";v="131", "Chromium";v="131"', platform='"macOS"', platform_version='"14.5.0"'), {"browser": "Edge", "browser_version": "131", "os": "macOS", "os_version": "14.5.0", "type": "desktop"}),
    ("the user agent names what is built on Chromium", OPERA, hints(brands='"Chromium";v="131", "Not_A Brand";v="24"'), {"browser": "Opera", "browser_version": "116", "os": "Windows", "type": "desktop"}),
    ("old full version, of the same browser", CHROME, hints(brands=BRANDS, full_version='"131.0.6778.86"', model='""'), {"browser": "Chrome", "browser_version": "131.0.6778.86", "os": "Windows", "type": "desktop"}),
    ("old full version, of the engine", OPERA, hints(brands='"Opera";v="116", "Chromium";v="131"', full_version='"131.0.6778.86"', model='""'), {"browser": "Opera", "browser_version": "116", "os": "Windows", "type": "desktop"}),
    ("Linux is less exact than Fedora", "Mozilla/5.0 (X11; Fedora; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", hints(brands=BRANDS, platform='"Linux"'), {"browser": "Chrome", "browser_version": "131", "os": "Fedora", "type": "desktop"}),
    ("form factors go before all but marks of televisions", CHROME, hints(brands=BRANDS, platform='"Windows"', form_factors='"Tablet"', model='""'), {"browser": "Chrome", "browser_version": "131", "os": "Windows", "type": "tablet"}),
    ("hints without a user agent", None, hints(brands=BRANDS, mobile="?1", platform='"Android"'), {"browser": "Chrome", "browser_version": "131", "os": "Android", "type": "mobile"}),
    ("a platform that nobody knows tells nothing", CHROME, hints(brands=BRANDS, platform='"Jane Doe"', platform_version='"7"'), {"browser": "Chrome", "browser_version": "131", "os": "Windows", "type": "desktop"}),
    ("a platform alone, without quotes", None, hints(platform="macOS"), {"os": "macOS", "type": "desktop"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("user_agent", "headers", "expected"), [row[1:] for row in HINTS], ids=[row[0] for row in HINTS]
)
def test_client_hints_win_where_they_are_more_exact(user_agent, headers, expected):
    assert known(user_agent, headers) == expected


def test_the_parameter_says_what_the_headers_say():
    sent = hints(brands=BRANDS, mobile="?1", platform='"Android"', platform_version='"14.0.0"', model='"Pixel 8"', full_version_list=FULL, form_factors='"Mobile"')  # fmt: skip
    said = "1;Android;14.0.0;Pixel 8;Mobile;Google Chrome/131.0.6778.86,Chromium/131.0.6778.86,Not A=Brand/24.0.0.0"
    assert from_parameter(said) == from_headers(*(sent.get(name, "") for name in HEADERS))
    assert known(ANDROID, query="hints=" + quote(said)) == known(ANDROID, sent)


PARAMETERS = [
    ("anything else that has this name", "hints=red", CHROME, "Windows"),
    ("too many parts", "hints=0;macOS;;;;;", CHROME, "Windows"),
    ("the first of several", "hints=0;macOS;;;;&hints=0;Linux;;;;", CHROME, "macOS"),
    ("nothing in any part", "hints=;;;;;", CHROME, "Windows"),
]


@pytest.mark.parametrize(
    ("query", "user_agent", "system"), [row[1:] for row in PARAMETERS], ids=[row[0] for row in PARAMETERS]
)
def test_the_parameter_is_read_if_it_is_ours_and_says_something(query, user_agent, system):
    assert known(user_agent, query=query)["os"] == system


GREASE = [
    "Not A;Brand",
    " Not A;Brand",
    "Not_A Brand",
    "Not/A)Brand",
    ";Not A Brand",
    '\\"Not\\\\A;Brand',
    "Not?A_Brand",
]


@pytest.mark.parametrize("grease", GREASE)
def test_a_brand_that_is_made_to_be_ignored_is(grease):
    assert from_headers(f'"{grease}";v="99", "Chromium";v="131"', "", "").brands == (("Chromium", "131"),)


HOSTILE = [
    "", '"', "\\", '"\\', '"a', '"a";', '"a";v=', '"a";v="', '"a";v="1"', '",",","', '"\\"' * 300, '"' * 8192, '\\"' * 4096, '"a";v="1",' * 800,
    "\0", "\n", "é\ufffd", "(" * 8192, ";" * 5, ";;;;;" + "/" * 8000, "9" * 8192, "?1", "-1", "٣", "PetalBot" * 1024, "Android 10; K)", "\u202e",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:12]))
def test_hostile_words_give_small_printable_values_or_nothing(text):
    for headers in (
        dict.fromkeys(HEADERS, text),
        hints(brands=text, platform='"Windows"', platform_version=text),
    ):
        for query in ("", "hints=" + quote(text), "hints=" + quote(f"{text};Windows;{text};{text};{text};{text}")):
            for value in (known(text, headers, query) or {}).values():
                assert value.isprintable()
                assert 0 < len(value) <= 64
                assert value == value.strip()


def test_the_same_words_give_the_same_object():
    assert known(CHROME) is known(CHROME)
    assert known(CHROME, hints(brands=BRANDS)) is known(CHROME, hints(brands=BRANDS))


def test_what_is_very_long_is_worked_out_and_not_kept():
    sent = hints(brands=BRANDS, platform='"Windows"', model='"' + "x" * 3000 + '"')
    before = device.status()["cache"]["currsize"]
    assert known(CHROME, sent)["browser"] == "Chrome"
    assert device.status()["cache"]["currsize"] == before


ANONYMISED = [
    ("versions, models and makers", IPHONE, {}, "", {"browser": "Safari", "os": "iOS", "type": "mobile"}),
    ("what hints tell beyond the user agent", ANDROID, hints(brands=BRANDS, platform='"Android"', platform_version='"14.0.0"', model='"Jane Doe"'), "", {"browser": "Chrome", "os": "Android", "type": "mobile"}),
    ("a browser that says whose it is", CHROME.replace("Chrome", "JaneDoeBrowser/1.2 Chrome"), {}, "", {"os": "Windows", "type": "desktop"}),
    ("a bot's name", "JaneDoeBot/1.0 (Windows NT 6.1)", {}, "", {"os": "Windows", "type": "bot"}),
    ("a brand", CHROME, hints(brands='"Jane Doe";v="1"', platform='"Windows"'), "", {"os": "Windows", "type": "desktop"}),
    ("a platform", CHROME, hints(brands=BRANDS, platform='"session 83hf93"'), "", {"browser": "Chrome", "os": "Windows", "type": "desktop"}),
    ("a platform without a user agent", None, hints(platform='"session 83hf93"'), "", None),
    ("the parameter", CHROME, {}, "hints=0;jane.doe@example.com;1;Jane;Doe;customer 4711/1", {"os": "Windows", "type": "desktop"}),
    ("a television's maker", "HbbTV/1.1.1 (JaneDoe; 2012)", {}, "", {"type": "tv"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("user_agent", "headers", "query", "left"), [row[1:] for row in ANONYMISED], ids=[row[0] for row in ANONYMISED]
)
def test_in_an_anonymised_event_nothing_stays_that_a_sender_may_have_made_up(user_agent, headers, query, left):
    sink = MemorySink()
    sent = [("DNT", "1"), *headers.items(), *([("User-Agent", user_agent)] if user_agent else [])]
    knock(build({"PIXEL_ENRICHERS": "device"}, sink=sink), f"/pix?{quote(query, safe='=;/')}", sent)
    [stored] = sink.events
    assert stored.enrichments == ({"device": left} if left else {})


@pytest.mark.parametrize("user_agent", [row[1] for row in USER_AGENTS if row[1]] + [row[1] for row in TYPES])
def test_our_way_to_user_agents_finds_what_its_own_finds(user_agent):
    ours, theirs = UserAgent(user_agent), user_agents.parse(user_agent)
    assert (ours.browser.family, ours.os.family, ours.device) == (
        theirs.browser.family,
        theirs.os.family,
        theirs.device,
    )
    for verdict in ("is_mobile", "is_tablet", "is_pc", "is_bot", "is_email_client", "is_touch_capable"):
        assert getattr(ours, verdict) == getattr(theirs, verdict)


def test_nothing_is_compiled_before_the_first_hit_and_the_legacy_parser_never():
    program = """
import json, sys
from enrichers import device
before = [name for name in ("ua_parser", "user_agents", "ua_parser_rs") if name in sys.modules]
device._by_user_agent("curl/8.5.0")
legacy = "ua_parser_builtins.regexes" in sys.modules
import user_agents
print(json.dumps([before, legacy, user_agents.parse("curl/8.5.0").browser.family]))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], False, "curl"]


def test_the_guide_prints_the_map_of_names():
    guide = (ROOT / "docs/enrichers.md").read_text("utf-8")
    for title, names in (("browser", BROWSERS), ("os", SYSTEMS)):
        printed = [f"| `{name}` | {f'`{ours}`' if ours else 'not known'} |" for name, ours in names.items()]
        assert f"| Name in the hit | `{title}` |\n|---|---|\n" + "\n".join(printed) + "\n" in guide


def test_the_guide_prints_the_browsers_that_may_stay_in_an_anonymised_event():
    guide = (ROOT / "docs/enrichers.md").read_text("utf-8")
    printed = (
        guide.partition("### What stays of it in an anonymised event\n")[2]
        .partition("\n\n###")[0]
        .rpartition(": ")[2]
    )
    assert {name.strip() for name in printed.rstrip(".").replace("\n", " ").split(",")} == WIDESPREAD

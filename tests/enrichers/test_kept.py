import functools
import gc
from urllib.parse import quote

import pytest

import enrichers
from enrichers._kept import KEY_BYTES, NotKept, kept
from pixel.collect.client_ip import client_ip
from pixel.collect.enrich import enrich, load
from pixel.collect.parse import parse
from pixel.collect.request import Request
from pixel.settings import read_settings

GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
RUNNING = load(enrichers, (), {}).running


def remembered():
    caches = [each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper)]
    return sum(each.cache_info().currsize for each in caches if (each.cache_parameters()["maxsize"] or 0) >= 20_000)


def enriched(user_agent, query="", more=""):
    headers = {"user-agent": user_agent, "x-forwarded-for": "81.2.69.1"}
    if more:
        headers["sec-ch-ua-platform"] = more
    request = Request("GET", "/pix", quote(query, safe="&=+:/;?."), headers, 1_795_248_000.0)
    event = parse(request, "pixel", read_settings({}), client_ip("functions"))
    enrich([event], RUNNING)
    assert event.enrich_errors == {}
    return event.enrichments


@pytest.mark.parametrize("more", [" " + "a" * 600, " " + "\U0001f680" * 200], ids=["long", "wide"])
@pytest.mark.parametrize("user_agent", [GMAIL, GOOGLEBOT])
def test_long_words_are_judged_like_others_and_leave_nothing_in_a_cache(user_agent, more):
    short = enriched(user_agent, "ref=https://www.google.com/")
    before = remembered()
    assert enriched(user_agent + more, "ref=https://www.google.com/" + more) == short
    for number in range(10):
        enriched(user_agent + more + str(number), f"activity=open&ref=https://s{number}.example/{more}")
        enriched(user_agent + more + str(number), f"hints={number};;;;;{more}")
        enriched(user_agent + more + str(number), "", "x")
        enriched(user_agent, "", f"{number}{more}")
    assert remembered() == before


@pytest.mark.parametrize(
    ("key", "is_kept"),
    [
        (("a" * KEY_BYTES,), True),
        (("a" * KEY_BYTES, None, ""), True),
        (("a" * KEY_BYTES, "b"), False),
        (("é" * (KEY_BYTES // 4),), True),
        (("é" * (KEY_BYTES // 4), "b"), False),
    ],
)
def test_a_key_is_measured_whole_by_the_memory_it_may_take(key, is_kept):
    if is_kept:
        assert kept("result", *key) == "result"
    else:
        with pytest.raises(NotKept) as rare:
            kept("result", *key)
        assert rare.value.result == "result"

"""Where a visit comes from: the page before (`ref`), and the campaign in the page's URL."""

from functools import lru_cache
from typing import Final
from urllib.parse import quote

from pixel.simulate.chance import Chance, Weights

_TERMS: Final = ("running%20shoes", "regenjacke", "best+loan+rates", "kfz%20versicherung", "d%C3%BCnger", "50%25+off")

REFERRERS: Final = Weights(
    {
        "": 34,
        "https://www.google.com/": 24,
        "https://www.google.de/": 4,
        "https://www.google.ch/": 2,
        "https://www.bing.com/": 3,
        "https://www.bing.com/search?q={term}": 0.6,
        "https://duckduckgo.com/": 1.6,
        "https://search.yahoo.com/search?p={term}": 0.5,
        "https://www.ecosia.org/search?q={term}": 0.7,
        "https://yandex.ru/search/?text={term}": 0.3,
        "https://www.qwant.com/?q={term}": 0.1,
        "https://www.baidu.com/link?url=abc&wd={term}": 0.1,
        "https://www.facebook.com/": 2.4,
        "https://l.facebook.com/": 1.5,
        "https://m.facebook.com/": 1,
        "https://lm.facebook.com/": 0.8,
        "https://l.instagram.com/": 1.6,
        "https://t.co/x9Yk2Qz": 1,
        "https://www.linkedin.com/": 1,
        "https://www.reddit.com/r/deals/comments/1abcd/": 0.7,
        "https://www.youtube.com/": 0.7,
        "https://www.pinterest.com/pin/4711/": 0.6,
        "https://chatgpt.com/": 1.4,
        "https://www.perplexity.ai/": 0.6,
        "https://gemini.google.com/": 0.3,
        "https://copilot.microsoft.com/": 0.3,
        "https://mail.google.com/": 0.8,
        "https://outlook.live.com/": 0.6,
        "https://navigator-bs.gmx.net/": 0.3,
        "android-app://com.google.android.googlequicksearchbox/": 1,
        "android-app://com.google.android.gm/": 0.6,
        "android-app://com.linkedin.android/": 0.2,
        "https://blog.example.net/": 1.5,
        "https://partner-shop.ch/deals/{number}": 1.2,
        "https://news-portal.de/artikel/{number}.html": 1.2,
    }
)

CAMPAIGNS: Final = Weights(
    {
        "": 66,
        "utm_source=newsletter&utm_medium=email&utm_campaign=autumn%20sale%202026&utm_content=hero": 7,
        "utm_source=google&utm_medium=cpc&utm_campaign=brand-de&gclid={id}": 8,
        "utm_source=google&utm_medium=cpc&utm_campaign=generic+shoes&utm_term=running+shoes&gclid={id}": 3,
        "gclid={id}&gad_source=1&gbraid=0AAAA{id}": 2,
        "utm_source=facebook&utm_medium=paid_social&utm_campaign=retarget&fbclid={id}": 3,
        "fbclid={id}": 4,
        "utm_source=linkedin&utm_medium=social&utm_campaign=hiring&li_fat_id={id}": 1,
        "msclkid={id}&utm_source=bing&utm_medium=cpc": 1.5,
        "ttclid={id}": 0.7,
        "mtm_campaign=spring&mtm_source=partner&mtm_medium=banner": 1,
        "mtm_campaign=loyalty&mtm_kwd=silver&mtm_cid=77&mtm_group=b": 0.5,
        "pk_campaign=legacy-promo&pk_kwd=shoes": 0.8,
        "pk_source=flyer&pk_medium=print&pk_campaign=winter": 0.4,
        "utm_source=chatgpt.com": 0.8,
        "utm_campaign=%C3%9Cbergang&utm_source=partner": 0.4,
    }
)


def referrer(chance: Chance) -> str:
    """Return the page before a visit, or nothing."""
    url = chance.weigh(REFERRERS)
    if "{" in url:
        url = url.replace("{term}", chance.pick(_TERMS)).replace("{number}", str(chance.zipf(400, 5)))
    return url


def campaign(chance: Chance) -> str:
    """Return the query of the page on which a visit lands, or nothing."""
    query = chance.weigh(CAMPAIGNS)
    return query.replace("{id}", f"Cj0KCQ{chance.hexadecimal(13)}") if "{id}" in query else query


@lru_cache(maxsize=8192)
def escape(text: str) -> str:
    """Escape as JavaScript's encodeURIComponent does."""
    return quote(text, safe="!'()*~")

"""Bots that fetch the image of a page: search, AI, monitors, previews, libraries and scanners, by what they say."""

from typing import Final, NamedTuple

from pixel.collect.request import Request
from pixel.simulate.addresses import (
    AMAZON,
    APPLE,
    BAIDU,
    DIGITAL_OCEAN,
    GOOGLE_BOT,
    HETZNER,
    META,
    MICROSOFT,
    OPENAI,
    OVH,
    YANDEX,
    Network,
    address,
    forwarded,
)
from pixel.simulate.chance import Chance, Weights
from pixel.simulate.hit import Hit
from pixel.simulate.origins import escape


class _Bot(NamedTuple):
    category: str
    user_agent: str
    network: Network


_CHROME = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.7444.59"
_BOTS: Final = Weights(
    {
        _Bot("search", f"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) {_CHROME} Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", GOOGLE_BOT): 16,
        _Bot("search", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/136.0.0.0 Safari/537.36", MICROSOFT): 12,
        _Bot("search", "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/13.1.1 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)", APPLE): 4,
        _Bot("search", "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)", YANDEX): 3,
        _Bot("search", "Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", BAIDU): 2,
        _Bot("search", "Googlebot-Image/1.0", GOOGLE_BOT): 3,
        _Bot("search", "Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", OVH): 3,
        _Bot("search", "Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)", AMAZON): 2,
        _Bot("ai", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", OPENAI): 6,
        _Bot("ai", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot", OPENAI): 4,
        _Bot("ai", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", AMAZON): 4,
        _Bot("ai", "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)", AMAZON): 2,
        _Bot("ai", "CCBot/2.0 (https://commoncrawl.org/faq/)", AMAZON): 1,
        _Bot("monitor", "Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", DIGITAL_OCEAN): 8,
        _Bot("monitor", "Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)", HETZNER): 5,
        _Bot("monitor", f"Mozilla/5.0 (X11; Linux x86_64) {_CHROME} Safari/537.36 DatadogSynthetics", AMAZON): 3,
        _Bot("monitor", f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_CHROME} Safari/537.36 Chrome-Lighthouse", GOOGLE_BOT): 2,
        _Bot("preview", "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", META): 6,
        _Bot("preview", "Twitterbot/1.0", OVH): 2,
        _Bot("preview", "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", AMAZON): 2,
        _Bot("preview", "WhatsApp/2.23.20.0", META): 2,
        _Bot("preview", "LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", MICROSOFT): 1,
        _Bot("library", "python-requests/2.32.5", HETZNER): 4,
        _Bot("library", "curl/8.14.1", HETZNER): 3,
        _Bot("library", "Go-http-client/2.0", DIGITAL_OCEAN): 3,
        _Bot("library", "okhttp/4.12.0", AMAZON): 2,
        _Bot("library", "axios/1.7.9", AMAZON): 1,
        _Bot("library", "Wget/1.21.4", OVH): 1,
        _Bot("scanner", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36", HETZNER): 3,
        _Bot("scanner", "Mozilla/5.0 (compatible; CensysInspect/1.1; +https://about.censys.io/)", DIGITAL_OCEAN): 1,
        _Bot("scanner", "Mozilla/5.0 (compatible; Nmap Scripting Engine; https://nmap.org/book/nse.html)", OVH): 1,
        _Bot("scanner", "", OVH): 1,
    }
)  # fmt: skip
_PAGES: Final = ("/", "/products", "/blog/2026/10-ways-to-save", "/p/p1", "/p/p2", "/p/p7", "/about")


def crawl(chance: Chance, at: float) -> list[Hit]:
    """Return the hits of one bot that comes by at `at`: a few pages in quick succession."""
    category, user_agent, network = chance.weigh(_BOTS)
    ip, session = address(chance, network, 0.2), f"b-{chance.hexadecimal(10)}"
    site = chance.pick(("https://www.example.com", "https://shop.example.com", "https://www.example.org"))
    found: list[Hit] = []
    for _ in range(1 + chance.zipf(6)):
        page = site + chance.pick(_PAGES)
        query = f"url={escape(page)}" if chance.random() < 0.6 else ""
        headers = {"host": "px.example.com"}
        if user_agent:
            headers["user-agent"] = user_agent
        headers |= {"accept": "*/*", "accept-encoding": "gzip, deflate"}
        if chance.random() < 0.3:
            headers["referer"] = page
        headers["x-forwarded-for"] = forwarded(chance, ip)
        found.append(Hit(Request("GET", "/pix.gif", query, headers, at, ip), "bot", category, False, "", session))
        at += 0.5 + chance.wait(8)
    return found

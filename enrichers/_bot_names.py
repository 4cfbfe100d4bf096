"""What is known of bots beside the published lists: categories, names that people have too, marks without a window."""

from typing import Final

CATEGORIES: Final = {
    "ai-crawler": "ai",
    "search-engine": "search",
    "social-preview": "preview",
    "monitoring": "monitor",
    "http-library": "library",
    "scanner": "scanner",
    "browser-automation": "automation",
    "feed-reader": "feed",
    "advertising": "advertising",
    "archiver": "archive",
    "academic": "research",
}
"""Tags of crawler-user-agents, the telling ones first. Its `seo` is left out: whatever fits nowhere is there."""

OWN: Final = {
    "ahrefs": "seo",
    "archive.org_bot": "archive",
    "blexbot": "seo",
    "censys": "scanner",
    "dataforseo": "seo",
    "dotbot": "seo",
    "java/": "library",
    "mj12bot": "seo",
    "nmap": "scanner",
    "nuclei": "scanner",
    "pinterestbot": "preview",
    "playwright": "automation",
    "postmanruntime": "library",
    "qualys": "scanner",
    "rogerbot": "seo",
    "screaming frog": "seo",
    "semrush": "seo",
    "seokicks": "seo",
    "serpstatbot": "seo",
    "sistrix": "seo",
    "slurp": "search",
    "webkit2png": "automation",
    "yandexmetrika": "monitor",
}
"""Category by a mark in lower case, for bots that are in no list or without a telling tag. Goes before a tag."""

TOO_WIDE: Final = {
    "008\\/": "the end of many a number",
    "AP3A\\.240617\\.008": "a build of Android 15, on millions of phones",
    "Code\\/1\\.": "Visual Studio Code, which shows pages to people",
    "Fluid": "a browser for the Mac",
    "Sogou": "also that company's browser; ua-parser knows its spiders",
    "Sonic": "tablets of ViewSonic",
    "Viber": "also the browser in that messenger",
}
"""Patterns of crawler-user-agents that people's user agents have too, and why. They are not used."""

HEADLESS: Final = ("headless", "phantomjs", "slimerjs")
"""Browsers without a window, in lower case."""

NO_NAMES: Final = frozenset((
    "bot", "crawler", "crawling", "fetcher", "robot", "scraper", "spider",
    "chrome", "chrome mobile", "edge", "firefox", "ie", "mobile safari", "opera", "safari",
))  # fmt: skip
"""What a pattern or ua-parser finds in some bots and is no name of one: words for any, browsers they pretend to be."""

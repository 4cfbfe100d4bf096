"""One name for each browser and system, whoever names it: ua-parser, or the browser's client hints.

A name that is not in these tables stays as it is; one that says nothing becomes empty. docs/enrichers.md prints them.
"""

from typing import Final

BROWSERS: Final = {
    # ua-parser; that it is on a phone is said by `type`
    "Android": "Android Browser",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Edge Mobile": "Edge",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "HbbTV": "",  # a standard of television
    "HeadlessChrome": "Headless Chrome",
    "IE": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "MiuiBrowser": "Mi Browser",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "iOS WebView",
    "Opera Mobile": "Opera",
    "Opera Tablet": "Opera",
    "Other": "",
    "QQ Browser Mobile": "QQ Browser",
    "VivoBrowser": "Vivo Browser",
    "YaBrowser": "Yandex Browser",
    "YaSearchBrowser": "Yandex Browser",
    "YandexSearch": "Yandex Browser",
    # client hints
    "AvastSecureBrowser": "Avast Secure Browser",
    "Brave Browser": "Brave",
    "Google Chrome": "Chrome",
    "HuaweiBrowser": "Huawei Browser",
    "Microsoft Edge": "Edge",
    "Microsoft Edge WebView2": "Edge WebView2",
    "Miui Browser": "Mi Browser",
    "OperaMobile": "Opera",
    "Silk": "Amazon Silk",
    "Yandex": "Yandex Browser",
}

ENGINES: Final = ("", "Android Browser", "Chromium", "Android WebView", "Chrome")
"""Names that other browsers bear too, so that any other name beside them is the better one; the last is the best."""

SYSTEMS: Final = {
    # ua-parser
    "ATV OS X": "tvOS",
    "Chromecast Android": "Android",
    "Chromecast Fuchsia": "Fuchsia",
    "Chromecast Linux": "Linux",
    "GoogleTV": "Android",
    "Mac OS": "macOS",
    "Mac OS X": "macOS",
    "Other": "",
    "WatchOS": "watchOS",
    "Web0S": "webOS",
    # client hints
    "Chromium OS": "Chrome OS",
    "Unknown": "",
}

PLATFORMS: Final = frozenset((*filter(None, SYSTEMS.values()), "Android", "iOS", "Linux", "Windows"))
"""What client hints may name: https://wicg.github.io/ua-client-hints/#sec-ch-ua-platform and the systems above."""

WIDESPREAD: Final = frozenset((
    "Aloha Browser", "Amazon Silk", "Android Browser", "Android WebView", "Apple Mail", "Avast Secure Browser",
    "Baidu Browser", "Baidu Explorer", "BlackBerry WebKit", "Brave", "Chrome", "Chromium", "Coc Coc", "DuckDuckGo",
    "Edge", "Edge WebView2", "Electron", "Facebook", "Facebook Messenger", "Firefox", "Google", "HeyTap Browser",
    "Huawei Browser", "Instagram", "Internet Explorer", "KakaoTalk", "LINE", "LinkedIn", "Maxthon", "Mi Browser",
    "Nokia Browser", "Oculus Browser", "Opera", "Opera GX", "Opera Mini", "Opera Touch", "Outlook", "Phoenix Browser",
    "Pinterest", "Puffin", "QQ Browser", "Safari", "Samsung Internet", "SeaMonkey", "Snapchat", "Sogou Explorer",
    "Thunderbird", "TikTok", "Twitter", "UC Browser", "Vivaldi", "Vivo Browser", "WeChat Browser", "Whale", "WhatsApp",
    "Yandex Browser", "iOS WebView",
))  # fmt: skip
"""Browsers, mail programs and apps that millions use: the names that may stay in an anonymised event."""

WINDOWS: Final = {"0.1": "7", "0.2": "8", "0.3": "8.1"}
"""Windows before 10, by the platform version of client hints; from 13 on it is 11.

https://learn.microsoft.com/en-us/microsoft-edge/web-platform/how-to-detect-win11
"""

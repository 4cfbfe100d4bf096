"""User agents of a few dozen browsers, mail programs and old systems, with the headers that come with them."""

from typing import Final, NamedTuple

_CHROMIUM_ACCEPT = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
_FIREFOX_ACCEPT = "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"
_SAFARI_ACCEPT = "image/webp,image/avif,image/jxl,image/heic,image/heic-sequence,video/*;q=0.8,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"


class Browser(NamedTuple):
    """What a browser says of itself; `hints` are the `sec-ch-ua` headers that Chromium adds."""

    user_agent: str
    accept: str
    hints: tuple[tuple[str, str], ...] = ()


def _chromium(system: str, platform: str, version: int, brand: str = "Google Chrome", suffix: str = "") -> Browser:
    mobile = " Mobile" if platform == "Android" else ""
    agent = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0{mobile} Safari/537.36{suffix}"
    hints = (
        ("sec-ch-ua-platform", f'"{platform}"'),
        ("sec-ch-ua", f'"{brand}";v="{version}", "Chromium";v="{version}", "Not_A Brand";v="24"'),
        ("sec-ch-ua-mobile", "?1" if mobile else "?0"),
    )
    return Browser(agent, _CHROMIUM_ACCEPT, hints)


_WINDOWS = "Windows NT 10.0; Win64; x64"
_MAC = "Macintosh; Intel Mac OS X 10_15_7"
_IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS {} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"

BROWSERS: Final = (
    *(_chromium(_WINDOWS, "Windows", version) for version in range(136, 143)),
    *(_chromium(_MAC, "macOS", version) for version in range(139, 143)),
    *(_chromium("X11; Linux x86_64", "Linux", version) for version in (140, 142)),
    *(_chromium("Linux; Android 10; K", "Android", version) for version in range(138, 143)),
    *(
        _chromium(_WINDOWS, "Windows", version, "Microsoft Edge", f" Edg/{version}.0.0.0")
        for version in range(140, 143)
    ),
    *(
        Browser(f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0", _FIREFOX_ACCEPT)
        for version in (128, 144, 145)
        for system in (_WINDOWS, "Macintosh; Intel Mac OS X 10.15", "X11; Linux x86_64")
    ),
    *(
        Browser(
            f"{_IPHONE.format(system)} Version/{version} Mobile/15E148 Safari/604.1",
            _SAFARI_ACCEPT,
        )
        for system, version in (("17_7", "17.7"), ("18_6", "18.6"), ("18_7", "26.0"), ("18_7", "26.1"))
    ),
    *(
        Browser(
            f"Mozilla/5.0 ({_MAC}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Safari/605.1.15",
            _SAFARI_ACCEPT,
        )
        for version in ("17.6", "18.6", "26.1")
    ),
)

MAIL_PROGRAMS: Final = (
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "Mozilla/5.0",
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.18129; Pro)",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.4.0",
    f"{_IPHONE.format('18_6')} Mobile/15E148",
)

SYSTEMS: Final = (
    "curl/8.14.1",
    "Java/1.8.0_431",
    "Mozilla/4.0 (compatible; Win32; WinHttp.WinHttpRequest.5)",
    "python-requests/2.32.5",
)

"""Chrome and what is made of it, on computers, phones and tablets.

User agent: https://www.chromium.org/updates/ua-reduction/; hints: https://wicg.github.io/ua-client-hints/
"""

from functools import lru_cache
from typing import Final

from pixel.simulate.chance import Chance
from pixel.simulate.device import CHROMIUM_ACCEPT, Device
from pixel.simulate.models import ANDROIDS, CHROMIUM, OLD_CHROMIUM, PHONES, TABLETS

WINDOWS: Final = "Windows NT 10.0; Win64; x64"
MAC: Final = "Macintosh; Intel Mac OS X 10_15_7"
LINUX: Final = "X11; Linux x86_64"

_GREASE: Final = ('"Not_A Brand";v="99"', '"Not)A;Brand";v="8"', '"Not?A_Brand";v="24"')
_WINDOWS_VERSIONS: Final = ("15.0.0", "19.0.0", "10.0.0", "10.0.0", "19.0.0", "13.0.0", "8.0.0", "14.0.0")
"""Windows 11 says 13 and more. https://learn.microsoft.com/microsoft-edge/web-platform/how-to-detect-win11"""
_OLD_SYSTEMS: Final = ("Windows NT 6.1; Win64; x64", "Windows NT 6.1", "Windows NT 6.3; Win64; x64", LINUX)
_ANDROID_VERSIONS: Final = tuple(ANDROIDS)


def build(chance: Chance) -> tuple[int, str]:
    """Return a version of Chromium: major, and in full. New ones are common."""
    major, number, patch = CHROMIUM[chance.zipf(len(CHROMIUM), 2)]
    return major, f"{major}.0.{number}.{patch - chance.zipf(90, 10)}"


def android(chance: Chance) -> tuple[str, str]:
    """Return a version of Android, and the name of one of its builds."""
    version = _ANDROID_VERSIONS[chance.zipf(len(_ANDROID_VERSIONS), 3)]
    return version, chance.pick(ANDROIDS[version])


def phone(chance: Chance) -> str:
    """Return the model of an Android phone."""
    return PHONES[chance.zipf(len(PHONES), 12)]


def chrome_windows(chance: Chance) -> Device:
    """Return Chrome on Windows."""
    return _computer(chance, WINDOWS, "Windows", chance.pick(_WINDOWS_VERSIONS))


def edge(chance: Chance) -> Device:
    """Return Edge on Windows."""
    return _computer(chance, WINDOWS, "Windows", chance.pick(_WINDOWS_VERSIONS), "Microsoft Edge", "Edg", 0)


def opera(chance: Chance) -> Device:
    """Return Opera on Windows: its versions are 16 behind Chromium's."""
    return _computer(chance, WINDOWS, "Windows", chance.pick(_WINDOWS_VERSIONS), "Opera", "OPR", 16)


def chrome_mac(chance: Chance) -> Device:
    """Return Chrome on a Mac."""
    version = f"{chance.pick((15, 14, 26, 13, 12))}.{chance.below(7)}.{chance.below(3)}"
    return _computer(chance, MAC, "macOS", version)


def chrome_linux(chance: Chance) -> Device:
    """Return Chrome on Linux or ChromeOS."""
    if chance.random() < 0.35:
        return _computer(chance, "X11; CrOS x86_64 14541.0.0", "Chrome OS", "16371.65.0")
    return _computer(chance, LINUX, "Linux", "6.8.0")


def _computer(
    chance: Chance,
    system: str,
    platform: str,
    version: str,
    brand: str = "Google Chrome",
    token: str = "",
    behind: int = 0,
) -> Device:
    major, full = build(chance)
    agent = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.0.0 Safari/537.36"
    if token:
        agent += f" {token}/{major - behind}.0.0.0"
    return _hinting(agent, (False, platform, version, "", "Desktop"), major, full, brand)


def chrome_android(chance: Chance) -> Device:
    """Return Chrome on a phone or tablet: the user agent does not say which."""
    return _mobile(chance, "Google Chrome")


def samsung(chance: Chance) -> Device:
    """Return Samsung's browser."""
    return _mobile(chance, "Samsung Internet", f"SamsungBrowser/{29 - chance.zipf(8)}.0 ")


def edge_android(chance: Chance) -> Device:
    """Return Edge on a phone or tablet."""
    return _mobile(chance, "Microsoft Edge")


def _mobile(chance: Chance, brand: str, token: str = "") -> Device:
    major, full = build(chance)
    tablet = chance.random() < 0.06
    model, mobile, form = (chance.pick(TABLETS), "", "Tablet") if tablet else (phone(chance), " Mobile", "Mobile")
    agent = f"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) {token}Chrome/{major}.0.0.0{mobile} Safari/537.36"
    if brand == "Microsoft Edge":
        agent += f" EdgA/{major}.0.0.0"
    version = f"{android(chance)[0].partition('.')[0]}.0.0"
    return _hinting(agent, (not tablet, "Android", version, model, form), major, full, brand)


def chrome_old(chance: Chance) -> Device:
    """Return Chrome from before its user agent was cut down: on old Windows, or on a phone with its model."""
    mobile = ""
    if chance.random() < 0.4:
        system = chance.pick(_OLD_SYSTEMS)
    elif chance.random() < 0.2:
        system = f"Linux; Android {android(chance)[0]}; {chance.pick(TABLETS)}"
    else:
        system, mobile = f"Linux; Android {android(chance)[0]}; {phone(chance)}", " Mobile"
    agent = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{chance.pick(OLD_CHROMIUM)}{mobile} Safari/537.36"
    return Device("browser", agent, CHROMIUM_ACCEPT)


def app_android(chance: Chance) -> Device:
    """Return the webview of Facebook, Instagram or an app of no name, with its model and build."""
    version, name = android(chance)
    major, full = build(chance)
    agent = f"Mozilla/5.0 (Linux; Android {version}; {phone(chance)} Build/{name}; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/{full} Mobile Safari/537.36"
    draw = chance.random()
    if draw < 0.45:
        agent += f" [FB_IAB/FB4A;FBAV/{540 - chance.zipf(60)}.0.0.{30 + chance.below(30)}.{60 + chance.below(50)};]"
    elif draw < 0.7:
        agent += f" Instagram {408 - chance.zipf(60)}.0.0.{20 + chance.below(20)}.{60 + chance.below(40)} Android"
    return Device("app", agent, CHROMIUM_ACCEPT, _client_hints(major, "Android WebView", "Android", "?1"))


def _hinting(agent: str, told: tuple[bool, str, str, str, str], major: int, full: str, brand: str) -> Device:
    """Return a browser that gives hints. `told`: mobile, platform, its version, model, form factor."""
    mobile, platform, version, model, form = told
    parts = f"{int(mobile)};{platform};{version};{model};{form};Chromium/{full},{brand}/{full}"
    return Device(
        "browser",
        agent,
        CHROMIUM_ACCEPT,
        _client_hints(major, brand, platform, "?1" if mobile else "?0"),
        {
            "sec-ch-ua-platform-version": f'"{version}"',
            "sec-ch-ua-model": f'"{model}"',
            "sec-ch-ua-form-factors": f'"{form}"',
            "sec-ch-ua-full-version-list": f'"Chromium";v="{full}", "{brand}";v="{full}", {_GREASE[major % 3]}',
        },
        parts.replace(";", "%3B").replace("/", "%2F").replace(",", "%2C").replace(" ", "%20"),
    )


@lru_cache(maxsize=1024)
def _client_hints(major: int, brand: str, platform: str, mobile: str) -> dict[str, str]:
    return {
        "sec-ch-ua-platform": f'"{platform}"',
        "sec-ch-ua": f'"Chromium";v="{major}", "{brand}";v="{major}", {_GREASE[major % 3]}',
        "sec-ch-ua-mobile": mobile,
    }

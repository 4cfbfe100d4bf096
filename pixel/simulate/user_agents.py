"""What visitors of a website hold: Chromium's browsers (chromium.py), Firefox, Safari, apps, televisions, consoles."""

from collections.abc import Callable
from typing import Final

from pixel.simulate import chromium
from pixel.simulate.chance import Chance, Weights
from pixel.simulate.chromium import LINUX, MAC, WINDOWS
from pixel.simulate.device import FIREFOX_ACCEPT, SAFARI_ACCEPT, Device
from pixel.simulate.models import CONSOLES, FIREFOX, IOS, IPHONES, TVS

_FIREFOX_SYSTEMS: Final = (
    WINDOWS,
    WINDOWS,
    WINDOWS,
    "Macintosh; Intel Mac OS X 10.15",
    LINUX,
    "X11; Ubuntu; Linux x86_64",
)


def device(chance: Chance) -> Device:
    """Return what a visitor holds: the common devices often, thousands of rare ones now and then."""
    return chance.weigh(_MAKERS)(chance)


def _firefox(chance: Chance) -> Device:
    version = FIREFOX[chance.zipf(len(FIREFOX), 2)]
    agent = f"Mozilla/5.0 ({chance.pick(_FIREFOX_SYSTEMS)}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
    return Device("browser", agent, FIREFOX_ACCEPT)


def _firefox_android(chance: Chance) -> Device:
    version = 145 - chance.zipf(20, 2)
    agent = (
        f"Mozilla/5.0 (Android {15 - chance.below(5)}; Mobile; rv:{version}.0) Gecko/{version}.0 Firefox/{version}.0"
    )
    return Device("browser", agent, FIREFOX_ACCEPT)


def _safari_mac(chance: Chance) -> Device:
    version = IOS[chance.zipf(len(IOS) - 3, 2)][0]
    agent = f"Mozilla/5.0 ({MAC}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Safari/605.1.15"
    return Device("browser", agent, SAFARI_ACCEPT)


def _safari_ipad(chance: Chance) -> Device:
    if chance.random() < 0.7:  # since iPadOS 13 it says that it is a Mac
        return _safari_mac(chance)
    version, _ = IOS[chance.zipf(len(IOS), 3)]
    system = _said(version)
    agent = f"Mozilla/5.0 (iPad; CPU OS {system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{version} Mobile/15E148 Safari/604.1"
    return Device("browser", agent, SAFARI_ACCEPT)


def _safari_iphone(chance: Chance) -> Device:
    start, version, _ = _iphone(chance)
    return Device("browser", f"{start} Version/{version} Mobile/15E148 Safari/604.1", SAFARI_ACCEPT)


def _other_iphone(chance: Chance) -> Device:
    """Return Chrome, Google's app, Firefox, Edge or DuckDuckGo: other names on Apple's engine."""
    start, version, _ = _iphone(chance)
    draw = chance.random()
    if draw < 0.45:
        own = f"CriOS/{chromium.build(chance)[1]} Mobile/15E148 Safari/604.1"
    elif draw < 0.75:
        own = (
            f"GSA/{330 + chance.below(60)}.0.{770_000_000 + chance.below(40) * 1_300_421} Mobile/15E148 Safari/604.1"
        )
    elif draw < 0.85:
        own = f"FxiOS/{145 - chance.zipf(20)}.0 Mobile/15E148 Safari/605.1.15"
    elif draw < 0.93:
        own = f"Version/{version} EdgiOS/{chromium.build(chance)[1]} Mobile/15E148 Safari/604.1"
    else:
        own = f"Version/{version} Mobile/15E148 DuckDuckGo/7 Safari/605.1.15"
    return Device("browser", f"{start} {own}", SAFARI_ACCEPT)


def _app_iphone(chance: Chance) -> Device:
    """Return Facebook, Instagram or an app of no name, on an iPhone."""
    start, _, full = _iphone(chance)
    model, system = IPHONES[chance.zipf(len(IPHONES), 5)], full.replace(".", "_")
    draw = chance.random()
    if draw < 0.45:
        app = f"{540 - chance.zipf(60)}.0.0.{30 + chance.below(30)}.{60 + chance.below(50)}"
        number = 780_000_000 - chance.zipf(300) * 271_013
        own = f"Mobile/15E148 [FBAN/FBIOS;FBAV/{app};FBBV/{number};FBDV/{model};FBMD/iPhone;FBSN/iOS;FBSV/{full};FBSS/3;FBCR/;FBID/phone;FBLC/de_DE;FBOP/5]"
    elif draw < 0.8:
        app = f"{408 - chance.zipf(60)}.0.0.{20 + chance.below(20)}.{60 + chance.below(40)}"
        number = 790_000_000 - chance.zipf(300) * 301_117
        own = f"Mobile/15E148 Instagram {app} ({model}; iOS {system}; de_DE; de; scale=3.00; 1170x2532; {number})"
    else:
        own = "Mobile/15E148"
    return Device("app", f"{start} {own}", SAFARI_ACCEPT)


def _iphone(chance: Chance) -> tuple[str, str, str]:
    """Return how an iPhone's user agent begins, and its system: as Safari says it, and in full."""
    version, full = IOS[chance.zipf(len(IOS), 2)]
    start = (
        f"Mozilla/5.0 (iPhone; CPU iPhone OS {_said(version)} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    )
    return start, version, full


def _said(version: str) -> str:
    """Write a system as user agents do: since 26 they go on saying 18_6."""
    return "18_6" if version.startswith("26") else version.replace(".", "_")


def _tv(chance: Chance) -> Device:
    return Device("tv", TVS[chance.zipf(len(TVS), 3)], "image/webp,*/*;q=0.8", fetch_metadata=False)


def _console(chance: Chance) -> Device:
    return Device("console", chance.pick(CONSOLES), "image/png,image/*;q=0.8,*/*;q=0.5", fetch_metadata=False)


_MAKERS: Final[Weights[Callable[[Chance], Device]]] = Weights(
    {
        _safari_iphone: 20, chromium.chrome_windows: 19, chromium.chrome_android: 16, chromium.edge: 7, _safari_mac: 6,
        chromium.chrome_mac: 6, _firefox: 5, chromium.app_android: 8, _app_iphone: 8, chromium.samsung: 4,
        _other_iphone: 4.5, chromium.chrome_linux: 1.5, chromium.chrome_old: 3, _safari_ipad: 1.5,
        chromium.opera: 1.3, _tv: 0.8, _firefox_android: 0.7, chromium.edge_android: 0.4, _console: 0.3,
    }
)  # fmt: skip
"""How common each is, of 113. Apps are as common as on sites that live from social networks."""

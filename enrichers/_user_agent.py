"""A user agent, as `ua-parser` reads it and `user-agents` classifies it.

To import this costs 0.2 s and 30 MB once: a thousand patterns are compiled. So `device` does it for the first hit.
"""

import sys
from importlib.util import LazyLoader, find_spec, module_from_spec

import ua_parser
from ua_parser.loaders import load_lazy_builtins
from ua_parser.regex import Resolver


def _postpone(package: object, name: str) -> None:
    """Let a module of a package run only once it is used.

    `user_agents` imports ua-parser's legacy module, which compiles the same thousand patterns in Python (0.2 s), only
    for a function that we do not call.
    """
    full_name = f"{package.__name__}.{name}"  # type: ignore[attr-defined]
    spec = find_spec(full_name)
    if full_name in sys.modules or spec is None or spec.loader is None:
        return
    loader = LazyLoader(spec.loader)
    spec.loader = loader
    module = sys.modules[full_name] = module_from_spec(spec)
    loader.exec_module(module)
    setattr(package, name, module)


_postpone(ua_parser, "user_agent_parser")

from user_agents.parsers import Browser, Device, OperatingSystem  # noqa: E402 - see above
from user_agents.parsers import UserAgent as _UserAgent  # noqa: E402

_patterns = Resolver(load_lazy_builtins())
_UNKNOWN_BROWSER = Browser("Other", (), "")
_UNKNOWN_SYSTEM = OperatingSystem("Other", (), "")
_UNKNOWN_DEVICE = Device("Other", None, None)


class UserAgent(_UserAgent):  # type: ignore[misc]
    """`user_agents.parsers.UserAgent`, filled by ua-parser's resolver in Rust instead of its legacy one: 20 us, not 380.

    Versions are as the user agent has them: `4.01`, which `user_agents.parse` makes 4.1.
    """

    def __init__(self, text: str) -> None:
        self.ua_string = text
        browser, system, device = _patterns.ua.extract(text), _patterns.os.extract(text), _patterns.de.extract(text)
        self.browser, self.os, self.device = _UNKNOWN_BROWSER, _UNKNOWN_SYSTEM, _UNKNOWN_DEVICE
        if browser is not None:
            version = tuple(filter(None, (browser.major, browser.minor, browser.patch)))
            self.browser = Browser(browser.family, version, ".".join(version))
        if system is not None:
            version = tuple(filter(None, (system.major, system.minor, system.patch)))
            self.os = OperatingSystem(system.family, version, ".".join(version))
        if device is not None:
            self.device = Device(device.family, device.brand, device.model)

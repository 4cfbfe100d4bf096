"""The pixel that is asked: over HTTP, as a visitor and as its operator."""

import ssl
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from pixel.collect.consent import ANONYMISE

TIMEOUT_S: Final = 30
"""A pixel that slept may take 10 s and more to answer its first hit."""


class NoAnswer(Exception):  # noqa: N818 - what happened to a request
    """Nothing came back. A sentence that says what to do."""


class Answer(msgspec.Struct, frozen=True):
    """An answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Told(msgspec.Struct):
    """What a pixel says of itself. Where /status is closed, settings are assumed to be the defaults."""

    open: bool = False
    """Whether /status could be read; if not, what follows is assumed."""
    privacy: str = ANONYMISE
    ip_rule: str = "cut"
    enrichers: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    sink: str = ""
    boot: str = ""
    """The process that answered. Another one may answer the next question."""
    spilled: int = 0
    """Events that went to the spill since that process started."""
    problems: tuple[str, ...] = ()
    address: str | None = None
    """Our own, as the pixel sees it."""
    preset: str = ""


class Remote:
    """A pixel at a URL. A path in it is where hits go, for PIXEL_PATH; else /pix."""

    def __init__(self, url: str, key: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError("a URL such as https://pixel.example.com")
        self.host = parts.hostname
        self.port = parts.port
        self.is_https = parts.scheme == "https"
        self.path = parts.path if parts.path not in ("", "/") else "/pix"
        self.base = f"{parts.scheme}://{parts.netloc}"
        self._key = key

    @property
    def is_here(self) -> bool:
        """Say whether it runs on this machine."""
        return self.host in ("localhost", "127.0.0.1", "::1")

    def ask(self, method: str, target: str, headers: Mapping[str, str]) -> Answer:
        """Send one request, on a connection of its own: a hit sent again would be two. Raises `NoAnswer`."""
        kind = HTTPSConnection if self.is_https else HTTPConnection
        connection = kind(self.host, self.port, timeout=TIMEOUT_S)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        except ssl.SSLCertVerificationError as fault:
            raise NoAnswer(f"The certificate of {self.host} is not one to trust: {fault.verify_message}.") from None
        except (OSError, HTTPException) as fault:
            why = getattr(fault, "strerror", None) or str(fault) or type(fault).__name__
            start = "Start it: `make run`, or `make stack`." if self.is_here else "Check the URL and the network."
            raise NoAnswer(f"No pixel answers at {self.base} ({why}). {start}") from None
        finally:
            connection.close()

    def told(self) -> Told:
        """Ask /status and /whoami. What they do not tell keeps its default."""
        told = Told()
        status = self._json("/status", {"X-Pixel-Key": self._key} if self._key else {})
        if isinstance(settings := status.get("settings"), dict):
            told.open = True
            ledger = status.get("ledger", {})
            told.privacy = settings.get("PIXEL_PRIVACY_SIGNAL", told.privacy)
            told.ip_rule = settings.get("PIXEL_IP", told.ip_rule)
            told.aliases = tuple(settings.get("PIXEL_ALIASES", ()))
            told.enrichers = tuple(status.get("enrichers", {}).get("running", ()))
            told.sink = status.get("sink", "")
            told.boot, told.spilled = ledger.get("boot", ""), ledger.get("spilled", 0)
            told.problems = tuple(status.get("problems", ()))
        whoami = self._json("/whoami", {})
        told.address = whoami.get("address")
        told.preset = whoami.get("preset", "")
        return told

    def health(self) -> tuple[int, str]:
        """Return the status of /health, and the problem that it tells."""
        answer = self.ask("GET", "/health", {})
        return answer.status, str(_object(answer.body).get("problem", ""))

    def _json(self, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
        return _object(self.ask("GET", path, headers).body)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value: dict[str, Any] = msgspec.json.decode(body, type=dict)
    except msgspec.DecodeError:
        return {}
    return value

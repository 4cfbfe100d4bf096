"""Who may do what: shared access signatures, checked as the service does, and JSON web tokens, taken as they are.

https://learn.microsoft.com/azure/event-hubs/authenticate-shared-access-signature
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, quote_plus, urlsplit

_SIGNATURE: Final = "SharedAccessSignature "
EXPIRED: Final = "ExpiredToken: The token is expired."


class Refused(Exception):  # noqa: N818 - what happened to the token
    """The token does not hold; the message says why."""


def expiry(kind: str, token: str, keys: Mapping[str, str]) -> float:
    """Return until when a token holds, in seconds since 1970. Raises `Refused`."""
    until = _signed_until(token, keys) if kind.endswith("sastoken") else _jwt_until(token)
    if until < time.time():
        raise Refused(EXPIRED)
    return until


def _signed_until(token: str, keys: Mapping[str, str]) -> float:
    fields = dict(parse_qsl(token.removeprefix(_SIGNATURE)))
    if (
        not token.startswith(_SIGNATURE)
        or not {"sr", "sig", "se", "skn"} <= fields.keys()
        or not fields["se"].isdigit()
    ):
        raise Refused("MalformedToken: The shared access signature lacks sr, sig, se or skn.")
    signed = f"{quote_plus(fields['sr'])}\n{fields['se']}".encode()
    key = keys.get(fields["skn"], "")
    wanted = base64.b64encode(hmac.new(key.encode(), signed, hashlib.sha256).digest()).decode()
    if not key or not hmac.compare_digest(wanted, fields["sig"]):
        raise Refused("InvalidSignature: The token has an invalid signature.")
    return float(fields["se"])


def _jwt_until(token: str) -> float:
    """Return a JWT's `exp`; its signature could only be checked by asking Microsoft."""
    try:
        claims = token.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"])
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        raise Refused("MalformedToken: The token is no JSON web token with an expiry.") from None


class Tokens:
    """What one connection was granted: audiences, and until when."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def grant(self, audience: str, until: float) -> None:
        """Note that a token for `audience` (`sb://host/hub`) holds."""
        self._until[_path(audience)] = until

    def cover(self, path: str) -> bool:
        """Say whether a token that holds covers `path` (`hub/Partitions/0`)."""
        now, wanted = time.time(), path.lower()
        return any(
            until >= now and (not granted or wanted == granted or wanted.startswith(granted + "/"))
            for granted, until in self._until.items()
        )


def _path(audience: str) -> str:
    return urlsplit(audience).path.strip("/").lower() if "://" in audience else audience.lower()

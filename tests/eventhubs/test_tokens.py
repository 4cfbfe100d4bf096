"""Who may do what."""

import base64
import json
import time

import pytest
from azure.eventhub import EventHubSharedKeyCredential

from tests.eventhubs.tokens import Refused, Tokens, expiry

KEYS = {"local": "no-secret"}
SAS = "servicebus.windows.net:sastoken"


def signed(key="no-secret", name="local"):
    return EventHubSharedKeyCredential(name, key).get_token("sb://127.0.0.1:5672/pixel").token


def jwt(**claims):
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.e30"


def test_a_token_that_the_sdk_signs_holds_until_it_says():
    assert expiry(SAS, signed(), KEYS) > time.time()
    assert expiry("jwt", jwt(exp=4_000_000_000), KEYS) == 4_000_000_000


@pytest.mark.parametrize(
    ("kind", "token", "why"),
    [
        (SAS, signed(key="guess"), "InvalidSignature"),
        (SAS, signed(name="nobody"), "InvalidSignature"),
        (SAS, signed().replace("pixel", "other"), "InvalidSignature"),
        (SAS, signed().removeprefix("SharedAccessSignature "), "MalformedToken"),
        (SAS, "SharedAccessSignature sr=a&sig=b&se=never&skn=local", "MalformedToken"),
        (SAS, "", "MalformedToken"),
        ("jwt", jwt(exp=1), "ExpiredToken"),
        ("jwt", jwt(), "MalformedToken"),
        ("jwt", "opaque", "MalformedToken"),
        ("jwt", "a.b.c", "MalformedToken"),
    ],
)
def test_a_token_that_does_not_hold_is_refused_with_its_reason(kind, token, why):
    with pytest.raises(Refused, match=why):
        expiry(kind, token, KEYS)


@pytest.mark.parametrize(
    ("audience", "until", "path", "may"),
    [
        ("sb://127.0.0.1:5672/pixel", 2**40, "pixel", True),
        ("sb://127.0.0.1:5672/Pixel", 2**40, "pixel/Partitions/0", True),
        ("sb://127.0.0.1:5672/", 2**40, "pixel", True),
        ("sb://127.0.0.1:5672/pixel", 2**40, "pixels", False),
        ("sb://127.0.0.1:5672/pixel", 0, "pixel", False),
        ("sb://127.0.0.1:5672/other", 2**40, "pixel", False),
    ],
)
def test_a_token_covers_its_audience_and_what_is_below_it(audience, until, path, may):
    tokens = Tokens()
    tokens.grant(audience, until)
    assert tokens.cover(path) == may

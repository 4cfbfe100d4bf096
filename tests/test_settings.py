import json
from pathlib import Path

import pytest

from pixel.app import build
from pixel.settings import SETTINGS, TAKEN, read_settings

ROOT = Path(__file__).parent.parent


def test_nothing_set_is_usable():
    settings = read_settings({})
    assert settings.problems == ()
    assert (settings.client_ip, settings.ip, settings.privacy_signal) == ("functions", "cut", "anonymise")


def test_an_empty_value_is_as_if_unset():
    assert read_settings(dict.fromkeys(SETTINGS, " ")) == read_settings({})


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("PIXEL_STORE", "data/store", "store", "data/store"),
        ("PIXEL_STORE", "https://a.blob.core.windows.net/b", "store", "https://a.blob.core.windows.net/b"),
        ("PIXEL_STORE_CONTAINER", "events", "store_container", "events"),
        ("PIXEL_STORE_CLIENT_ID", "4e1c-a", "store_client_id", "4e1c-a"),
        ("PIXEL_PATH", "img/spacer.gif", "path", "/img/spacer.gif"),
        ("PIXEL_PATH", "/a/b/", "path", "/a/b"),
        ("PIXEL_CLIENT_IP", "3", "client_ip", "3"),
        ("PIXEL_ALIASES", " userid = customerId ,b=c, ", "aliases", {"userid": "customerId", "b": "c"}),
        (
            "PIXEL_ORIGINS",
            "https://A.example/,*.b.example,http://localhost:8080",
            "origins",
            {"a.example", "*.b.example", "localhost"},
        ),
        ("PIXEL_ENRICHERS", "geo, campaign", "enrichers", ("geo", "campaign")),
        ("PIXEL_IP", "full", "ip", "full"),
    ],
)
def test_a_setting_is_read(name, text, field, value):
    settings = read_settings({name: text})
    assert settings.problems == ()
    assert getattr(settings, field) == value


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"PIXEL_PATH": "/a b"}, "PIXEL_PATH"),
        ({"PIXEL_PATH": "/a//b"}, "PIXEL_PATH"),
        ({"PIXEL_PATH": "/../x"}, "PIXEL_PATH"),
        ({"PIXEL_PATH": "/status"}, "PIXEL_PATH"),
        ({"PIXEL_PATH": "~x"}, "PIXEL_PATH"),
        ({"PIXEL_PATH": "/administrator.gif"}, "PIXEL_PATH"),
        ({"PIXEL_CLIENT_IP": "cloudflare"}, "PIXEL_CLIENT_IP"),
        ({"PIXEL_CLIENT_IP": "0"}, "PIXEL_CLIENT_IP"),
        ({"PIXEL_CLIENT_IP": "front_door"}, "PIXEL_FRONT_DOOR_ID"),
        ({"PIXEL_IP": "none"}, "cut, drop, full"),
        ({"PIXEL_PRIVACY_SIGNAL": "ignore"}, "anonymise, record, reject"),
        ({"PIXEL_ALIASES": "userid"}, "PIXEL_ALIASES"),
        ({"PIXEL_ORIGINS": "a b"}, "PIXEL_ORIGINS"),
        (
            {"PIXEL_STORE": "DefaultEndpointsProtocol=https;AccountName=a"},
            "PIXEL_STORE is no whole connection string",
        ),
        ({"PIXEL_STORE": "https://a.blob.core.windows.net/b?sig=c2VjcmV0"}, "signature"),
        ({"PIXEL_STORE": "/home/store", "WEBSITE_INSTANCE_ID": "abc"}, "PIXEL_STORE"),
        ({"PIXEL_PTAH": "/x"}, "Did you mean PIXEL_PATH?"),
        ({"PIXEL_CAPTURE_DIR": "/home/data", "WEBSITE_INSTANCE_ID": "abc"}, "PIXEL_CAPTURE_DIR"),
    ],
)
def test_a_setting_that_is_not_usable_is_a_sentence_and_gets_its_default(environ, said):
    settings = read_settings(environ)
    (problem,) = settings.problems
    assert said in problem
    for value in environ.values():
        assert value not in problem or value in ("front_door", "/x", "userid")  # a value may be a secret


def test_the_paths_that_are_taken_are_those_that_answer():
    paths = {endpoint.path.strip("/") for endpoint in build({}).endpoints} - {""}
    assert paths | {"live"} == TAKEN


def test_a_bad_address_preset_records_no_address_of_a_proxy():
    assert read_settings({"PIXEL_CLIENT_IP": "nonsense"}).client_ip == "direct"


def test_every_setting_is_in_the_example_with_its_default():
    values = json.loads((ROOT / "local.settings.json.example").read_text())["Values"]
    ours = {name: value for name, value in values.items() if name.startswith(("PIXEL_", "EVENT_HUB", "EDGE_HUB"))}
    expected = {name: setting.default for name, setting in SETTINGS.items()}
    assert ours == {**expected, "PIXEL_CAPTURE_DIR": "data/capture"}


def test_every_setting_is_in_the_guide_with_its_default_and_sentence():
    guide = (ROOT / "docs/settings.md").read_text()
    for name, setting in SETTINGS.items():
        default = f"`{setting.default}`" if setting.default else "empty"
        assert f"| `{name}` | {default} | {setting.about} |" in guide


HUB = "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey=c2VjcmV0"


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"EVENT_HUB": HUB}, "EVENT_HUB_NAME must name the hub"),
        ({"EVENT_HUB": "nonsense", "EVENT_HUB_NAME": "pixel"}, "no whole connection string"),
        ({"EVENT_HUB": HUB, "EVENT_HUB_NAME": "SharedAccessKey=c2VjcmV0"}, "the hub's name alone"),
        ({"EVENT_HUB": f"{HUB};EntityPath=one", "EVENT_HUB_NAME": "two"}, "name two hubs"),
        ({"EVENT_HUB__fullyQualifiedNamespace": "https://acme", "EVENT_HUB_NAME": "pixel"}, "a host name"),
        ({"EVENT_HUB__fullyQualifiedNamespce": "acme.servicebus.windows.net"}, "Did you mean EVENT_HUB__fullyQ"),
        ({"EVENT_HUB_NAME": "pixel"}, "neither EVENT_HUB nor"),
        (
            {
                "EVENT_HUB": HUB,
                "EVENT_HUB_NAME": "p",
                "EVENT_HUB__fullyQualifiedNamespace": "a.servicebus.windows.net",
            },
            "both set",
        ),
        ({"EVENT_HUB": HUB, "EVENT_HUB_NAME": "p", "EVENT_HUB__credential": "magic"}, "managedidentity"),
    ],
)
def test_a_hub_that_is_not_usable_is_told_without_its_secret(environ, said):
    settings = read_settings(environ)
    assert settings.hub is None
    assert said in " ".join(settings.problems)
    assert "c2VjcmV0" not in " ".join(settings.problems)


EDGE = {"EDGE_HUB": HUB, "EDGE_HUB_NAME": "log", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"EDGE_HUB_NAME": ""}, "EDGE_HUB_NAME must name the hub"),
        ({"EDGE_HUB": "nonsense"}, "EDGE_HUB is no whole connection string"),
        ({"EDGE_HUB": HUB.replace("SharedAccessKeyName", "Name")}, "EDGE_HUB is no whole connection string"),
        ({"EDGE_HUB": f"{HUB};SharedAccessSignature=sig"}, "EDGE_HUB is no whole connection string"),
        ({"EDGE_HUB": f"{HUB};EntityPath="}, "EDGE_HUB is no whole connection string"),
        ({"EDGE_HUB": f"{HUB};oops"}, "EDGE_HUB is no whole connection string"),
        (
            {"EDGE_HUB": f"{HUB};EntityPath=%log%", "EDGE_HUB_NAME": ""},
            "The EntityPath of EDGE_HUB is the hub's name",
        ),
        ({"EDGE_HUB": f"{HUB};EntityPath=two"}, "EDGE_HUB_NAME and the EntityPath of EDGE_HUB name two hubs"),
        ({"EDGE_HUB": ""}, "EDGE_HUB_NAME is set, and neither EDGE_HUB nor"),
        ({"EDGE_HUB__fullyQualifiedNamespace": "a.servicebus.windows.net"}, "both set"),
        ({"EDGE_HUB__credential": "magic"}, "EDGE_HUB__credential"),
        ({"AzureWebJobsStorage": ""}, "EDGE_HUB needs AzureWebJobsStorage"),
        ({"EDGE_HUB_NAEM": "log"}, "Did you mean EDGE_HUB_NAME?"),
    ],
)
def test_an_edge_that_is_not_usable_is_told_without_its_secret(environ, said):
    settings = read_settings(EDGE | environ)
    assert said in " ".join(settings.problems)
    assert (settings.edge is None) == ("EDGE_HUB_NAEM" not in environ)
    assert "c2VjcmV0" not in " ".join(settings.problems)


def test_an_edge_is_reached_by_a_connection_string_or_an_identity():
    assert read_settings(EDGE).edge.name == "log"
    assert read_settings(EDGE | {"EDGE_HUB": f"{HUB};EntityPath=log", "EDGE_HUB_NAME": ""}).edge.name == "log"
    settings = read_settings(
        {
            "EDGE_HUB__fullyQualifiedNamespace": "acme.servicebus.windows.net",
            "EDGE_HUB__credential": "managedidentity",
            "EDGE_HUB_NAME": "log",
            "AzureWebJobsStorage__accountName": "acmehost",
        }
    )
    assert settings.problems == ()
    assert (settings.edge.namespace, settings.edge.credential) == ("acme.servicebus.windows.net", "managedidentity")


def test_a_word_that_makes_no_sense_leaves_the_hub_with_its_default():
    environ = {"EVENT_HUB": HUB, "EVENT_HUB_NAME": "pixel", "EVENT_HUB_PACKING": "zip", "EVENT_HUB_ORDER_BY": "age"}
    settings = read_settings(environ)
    assert (settings.hub.packed, settings.hub.order_by) == (False, "")
    assert len(settings.problems) == 2

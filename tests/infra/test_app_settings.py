"""Settings in Bicep are those that the code reads, and the other way round."""

import json

from pixel.settings import SETTINGS, read_settings
from tests.infra.arm import Template, app_settings, of
from tests.infra.conftest import ROOT

PLATFORM = {
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING",
    "APPLICATIONINSIGHTS_CONNECTION_STRING",
    "AzureWebJobsDisableHomepage",
    "AzureWebJobsStorage__accountName",
    "AzureWebJobsStorage__clientId",
    "AzureWebJobsStorage__credential",
}
"""Settings that the Functions host reads, not we."""

EDGE = {"EDGE_HUB__fullyQualifiedNamespace", "EDGE_HUB__credential", "EDGE_HUB__clientId", "EDGE_HUB_NAME"}
"""Settings that are there in edge mode only."""


def test_every_setting_in_bicep_is_one_that_the_code_or_the_host_reads(deployed):
    example = json.loads((ROOT / "local.settings.json.example").read_text("utf-8"))["Values"]
    assert set(app_settings(deployed)) <= set(SETTINGS) | set(example) | PLATFORM


def test_every_setting_the_code_needs_on_azure_is_in_bicep_and_makes_sense_to_it(deployed):
    settings = app_settings(deployed)
    assert set(settings) >= PLATFORM
    filled = {
        name: value.replace("{data/account.primaryEndpoints.blob}", "https://acme.blob.core.windows.net/")
        for name, value in settings.items()
    }
    read = read_settings(filled | {"WEBSITE_INSTANCE_ID": "one"})
    assert read.problems == ()
    assert read.hub is not None
    assert (read.hub.name, read.hub.credential) == ("pixel", "managedidentity")
    assert read.hub.client_id == read.store_client_id == "{identities/pixel.clientId}"
    assert read.store == "https://acme.blob.core.windows.net/pixel"
    assert read.client_ip == "functions"


def test_edge_mode_has_its_settings_and_nothing_else_has_them(deployed, edge):
    settings = app_settings(deployed)
    assert {name for name in settings if name.startswith("EDGE_")} == (EDGE if edge else set())
    read = read_settings(settings)
    assert (read.edge is not None) == bool(edge)
    if edge:
        assert read.edge.name == "pixel-edge"
        namespace = of(edge, "eventhub/namespaces")[0].name
        assert settings["EDGE_HUB__fullyQualifiedNamespace"] == f"{namespace}.servicebus.windows.net"
        assert settings["EDGE_HUB_NAME"] == "pixel-edge"
        assert settings["EDGE_HUB__clientId"] == settings["EVENT_HUB__clientId"]
        assert settings["EDGE_HUB__credential"] == "managedidentity"
        assert settings["EVENT_HUB__fullyQualifiedNamespace"] != settings["EDGE_HUB__fullyQualifiedNamespace"]


def test_settings_of_the_user_count_but_cannot_cut_the_pixel_off(compiled, given):
    asked = {"PIXEL_CLIENT_IP": "app_gateway", "PIXEL_STORE": "data/store", "PIXEL_IP": "drop"}
    settings = app_settings(list(Template(compiled, given["dev.bicepparam"] | {"settings": asked}).resources()))
    assert (settings["PIXEL_CLIENT_IP"], settings["PIXEL_IP"]) == ("app_gateway", "drop")
    assert settings["PIXEL_STORE"].endswith("}pixel")


def test_outputs_are_what_the_commands_read(deployment):
    outputs = {name: each["value"] for name, each in deployment.outputs().items()}
    assert {name for name in outputs if name.startswith("PIXEL_")} - {"PIXEL_URL"} <= set(SETTINGS)
    assert outputs["PIXEL_CAPTURE_STORE"].endswith("}capture")
    assert outputs["PIXEL_STORE"].endswith("}pixel")
    own = deployment.given.get("customDomain")
    assert outputs["PIXEL_URL"] == (f"https://{own}" if own else "https://{app/site.defaultHostName}")

"""Edge mode: Front Door answers with a cached image, and its access log goes to a hub of its own."""

import pytest

from pixel.collect import edge_log
from pixel.collect.consent import CONSENT_WORDS
from pixel.collect.parse import AHEAD, PURPOSES
from pixel.collect.response import CORS_HEADERS, IMAGE_HEADERS
from pixel.settings import read_settings
from tests.infra.arm import Runtime, Template, of, only
from tests.infra.conftest import with_edge
from tests.infra.test_least_privilege import grants

MARKS = {
    "PixelOptOut": ("Cookies", "pixel_optout"),
    "PixelConsentDenied": ("Cookies", "pixel_consent"),
    "PixelGpc": ("RequestHeader", "Sec-GPC"),
    "PixelDnt": ("RequestHeader", "DNT"),
    "PixelPrefetch": ("RequestHeader", "Sec-Purpose"),
    "PixelPrefetchPurpose": ("RequestHeader", "Purpose"),
}
"""Rules whose names in the access log tell what the visitor wants."""


def rules(edge):
    """Rules of Front Door by name, in the order they apply in."""
    found = sorted(of(edge, "cdn/profiles/ruleSets/rules"), key=lambda each: each.body["properties"]["order"])
    assert len({each.body["properties"]["order"] for each in found}) == len(found)
    return {each.name.rpartition("/")[2]: each.body["properties"] for each in found}


def parameters(rule, name):
    return [each["parameters"] for each in rule["actions"] if each["name"] == name]


def test_edge_mode_is_off_unless_it_is_asked_for(given, compiled):
    assert not any("enableEdge" in said for said in given.values())
    assert compiled["parameters"]["enableEdge"]["defaultValue"] is False


def test_edge_mode_changes_nothing_else(compiled, given):
    off, on = (
        {
            (each.type, each.name): each.body
            for each in Template(compiled, given["prod.bicepparam"] | {"enableEdge": wanted}).resources()
            if each.module.split("/")[0] != "edge" and each.type != "Microsoft.Web/sites"
        }
        for wanted in (False, True)
    )
    assert {name: body for name, body in on.items() if name in off} == off
    assert {name[1].rpartition("-prod-")[2] for name in on if name not in off} == {"edge-behind", "edge-throttled"}


@with_edge
def test_the_image_is_cached_at_the_edge_and_by_no_visitor(edge):
    first, serve = next(iter(rules(edge).items()))
    assert (first, serve["order"], serve.get("conditions")) == ("PixelImage", 0, None)
    (override,) = parameters(serve, "RouteConfigurationOverride")
    cache = override["cacheConfiguration"]
    assert (cache["cacheBehavior"], cache["cacheDuration"]) == ("OverrideAlways", "7.00:00:00")
    assert cache["queryStringCachingBehavior"] == "IgnoreQueryString"
    headers = {each["headerName"]: each["value"] for each in parameters(serve, "ModifyResponseHeader")}
    same_as_pixel = dict(IMAGE_HEADERS) | dict(CORS_HEADERS)
    assert headers.items() <= same_as_pixel.items()
    assert set(same_as_pixel) - set(headers) == {"Content-Type", "Access-Control-Expose-Headers"}
    assert {each["headerAction"] for each in parameters(serve, "ModifyResponseHeader")} == {"Overwrite"}
    (rewrite,) = parameters(serve, "UrlRewrite")
    assert (rewrite["sourcePattern"], rewrite["destination"]) == ("/", "/pixel.gif")
    assert rewrite["preserveUnmatchedPath"] is False


@with_edge
def test_rules_mark_what_a_visitor_wants_and_do_no_harm(edge):
    marks = {name: rule for name, rule in rules(edge).items() if name != "PixelImage"}
    asked = {}
    for name, rule in marks.items():
        (condition,) = rule["conditions"]
        asked[name] = condition["name"], condition["parameters"]["selector"]
        assert [each["name"] for each in rule["actions"]] == ["ModifyRequestHeader"], "visitors see nothing of it"
    assert asked == MARKS
    says = {name: rule["conditions"][0]["parameters"]["matchValues"] for name, rule in marks.items()}
    assert says["PixelOptOut"] == says["PixelGpc"] == says["PixelDnt"] == ["1"]
    assert set(says["PixelConsentDenied"]) == {word for word, meant in CONSENT_WORDS.items() if meant == "denied"}
    assert set(says["PixelPrefetch"]) == set(says["PixelPrefetchPurpose"]) == set(AHEAD)
    assert {MARKS[name][1].lower() for name in ("PixelPrefetch", "PixelPrefetchPurpose")} <= set(PURPOSES)


def test_each_mark_is_one_that_the_code_knows_and_each_of_those_has_its_rule():
    meant = {name: [mark for mark in edge_log.MARKS if mark in name] for name in MARKS}
    assert all(len(marks) == 1 for marks in meant.values())
    assert {marks[0] for marks in meant.values()} == set(edge_log.MARKS)


@with_edge
def test_rules_keep_to_azures_limits(edge):
    """https://learn.microsoft.com/azure/frontdoor/front-door-rules-engine#terminology"""
    for name, rule in rules(edge).items():
        assert name.isalnum()
        assert len(rule["actions"]) <= 5
        assert len(rule.get("conditions", ())) <= 10
        assert rule["matchProcessingBehavior"] == "Continue", "one that stops would hide the others"


@with_edge
def test_only_the_pixels_paths_are_answered_and_http_is_sent_to_https(deployment, edge):
    route = only(edge, "cdn/profiles/afdEndpoints/routes")["properties"]
    own = ["/img/spacer.gif"] if deployment.given.get("settings", {}).get("PIXEL_PATH") else []
    assert route["patternsToMatch"] == ["/pix", "/pix.gif", *own]
    assert route["httpsRedirect"] == "Enabled"
    assert route["forwardingProtocol"] == "HttpsOnly"
    assert len(route["ruleSets"]) == 1
    assert only(edge, "cdn/profiles")["sku"] == {"name": "Standard_AzureFrontDoor"}


@pytest.mark.parametrize(
    "said", ["", "/", "img/x.gif", "/img/x.gif", "/img/x.gif/", "img/x.gif/", " /img/x.gif ", "x", "/x/"]
)
def test_the_edge_answers_where_the_app_does(compiled, given, said):
    asked = given["dev.bicepparam"] | {"enableEdge": True, "settings": {"PIXEL_PATH": said}}
    route = only(list(Template(compiled, asked).resources()), "cdn/profiles/afdEndpoints/routes")["properties"]
    own = read_settings({"PIXEL_PATH": said}).path
    assert route["patternsToMatch"] == ["/pix", "/pix.gif", *([own] if own else [])]


@with_edge
def test_the_pixel_reads_that_hub_and_who_deploys_writes_the_image(edge):
    namespace, name = only(edge, "eventhub/namespaces/eventhubs")["name"].split("/")
    account = only(edge, "storage/storageAccounts")["name"]
    website = f"Microsoft.Storage/storageAccounts/{account}/blobServices/default/containers/$web"
    assert set(grants(edge)) == {
        ("{identities/pixel.principalId}", "Azure Event Hubs Data Receiver", f"Microsoft.EventHub/namespaces/{namespace}/eventhubs/{name}"),
        ("WHO DEPLOYS", "Storage Blob Data Contributor", website),
    }  # fmt: skip


@with_edge
def test_what_is_done_to_the_hub_and_the_image_is_written_down(edge):
    told = {
        each.body["scope"].rpartition("/providers/")[2].split("/")[1]: {
            log["category"] for log in each.body["properties"]["logs"]
        }
        for each in of(edge, "insights/diagnosticSettings")
        if "workspaceId" in each.body["properties"]
    }
    assert told == {
        "namespaces": {"AutoScaleLogs", "OperationalLogs"},
        "storageAccounts": {"StorageWrite", "StorageDelete"},
    }


@with_edge
def test_a_host_name_of_your_own_has_a_certificate_of_azure_and_no_old_tls(deployment, edge):
    own = deployment.given.get("edgeDomain")
    domains = of(edge, "cdn/profiles/customDomains")
    assert [each.body["properties"]["hostName"] for each in domains] == ([own] if own else [])
    assert {
        (each.body["properties"]["tlsSettings"]["certificateType"], each.body["properties"]["tlsSettings"]["minimumTlsVersion"])
        for each in domains
    } <= {("ManagedCertificate", "TLS12")}  # fmt: skip
    assert len(only(edge, "cdn/profiles/afdEndpoints/routes")["properties"]["customDomains"]) == len(domains)


def test_outputs_say_where_edge_mode_is(deployment, edge):
    outputs = {name: each["value"] for name, each in deployment.outputs().items() if name.startswith("EDGE_")}
    assert set(outputs) == {"EDGE_URL", "EDGE_IMAGE_ACCOUNT", "EDGE_DOMAIN_TOKEN"}
    own = deployment.given.get("edgeDomain")
    if not edge:
        assert set(outputs.values()) == {""}
    else:
        assert outputs["EDGE_URL"] == (f"https://{own}" if own else "https://{edge/endpoint.hostName}")
        assert outputs["EDGE_IMAGE_ACCOUNT"] == of(edge, "storage/storageAccounts")[0].name
        assert bool(outputs["EDGE_DOMAIN_TOKEN"]) is bool(own)


def test_a_domain_that_is_approved_and_has_no_token_any_more_fails_no_deployment(compiled, given, monkeypatch):
    monkeypatch.setattr(
        Runtime, "get", lambda _, name: None if name == "validationProperties" else Runtime(f"{{{name}}}")
    )
    asked = given["dev.bicepparam"] | {"enableEdge": True, "edgeDomain": "img.example.com"}
    assert Template(compiled, asked).outputs()["EDGE_DOMAIN_TOKEN"] == {"value": ""}

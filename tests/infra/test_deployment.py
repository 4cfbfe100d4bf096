"""What infra/bicep/ deploys, for both parameter files: own namespace and brought, plain and with all there is."""

import json
import re

import pytest

from tests.infra.arm import Template, app_settings, of, only
from tests.infra.conftest import INFRA, ROOT, WANTED


def test_capture_writes_by_identity_what_our_reader_reads_and_may_do_so_before_it_is_switched_on(
    deployment, compiled, core
):
    hub = only(core, "eventhub/namespaces/eventhubs")["properties"]
    capture = hub["captureDescription"]
    assert (capture["enabled"], capture["encoding"], capture["skipEmptyArchives"]) == (True, "Avro", True)
    brought = deployment.given.get("existingNamespaceId")
    assert capture["destination"]["identity"]["type"] == ("SystemAssigned" if brought else "UserAssigned")
    target = capture["destination"]["properties"]
    assert target["archiveNameFormat"].startswith("{Namespace}/{EventHub}/{PartitionId}/{Year}/{Month}/{Day}/")
    names = [each.name for each in of(core, "storage/storageAccounts/blobServices/containers")]
    assert [name for name in names if name.endswith(f"/{target['blobContainer']}")]
    assert {"access", "namespace"} <= set(compiled["resources"]["hub"]["dependsOn"])


def test_a_brought_namespace_gets_a_hub_and_nothing_else(deployment, deployed, core):
    brought = deployment.given.get("existingNamespaceId")
    assert len(of(core, "eventhub/namespaces")) == (0 if brought else 1)
    theirs = {each.type for each in deployed if each.group == "THEIRS"}
    hub = {"Microsoft.EventHub/namespaces/eventhubs", "Microsoft.EventHub/namespaces/eventhubs/consumergroups"}
    assert theirs == (hub | {"Microsoft.Authorization/roleAssignments"} if brought else set())
    name = "acme" if brought else of(core, "eventhub/namespaces")[0].name
    assert app_settings(deployed)["EVENT_HUB__fullyQualifiedNamespace"] == f"{name}.servicebus.windows.net"
    watched = {
        each.body["properties"]["scopes"][0].split("/")[-1]
        for each in of(deployed, "insights/metricAlerts")
        if "-edge-" not in each.name
    }
    assert watched == {name}


@pytest.mark.parametrize(
    ("least", "most", "inflates"),
    [(None, 1, (False, 0)), (None, 8, (True, 8)), (4, 8, (True, 8)), (4, 4, (False, 0))],
)
def test_units_are_what_was_said_and_go_up_by_themselves_to_what_was_said(compiled, given, least, most, inflates):
    asked = {"enableEdge": True, "maximumThroughputUnits": most} | ({"throughputUnits": least} if least else {})
    namespaces = of(Template(compiled, given["dev.bicepparam"] | asked).resources(), "eventhub/namespaces")
    assert len(namespaces) == 2
    for namespace in namespaces:
        assert namespace.body["sku"] == {"name": "Standard", "tier": "Standard", "capacity": least or 1}
        said = namespace.body["properties"]
        assert (said["isAutoInflateEnabled"], said["maximumThroughputUnits"]) == inflates


def test_names_of_the_made_namespace_and_of_storage_lead_to_private_endpoints_and_those_of_a_brought_one_do_not(
    deployment, deployed
):
    """A zone that is linked answers for all names in it: one with no endpoint of ours would hide a brought namespace."""
    zones = {each.name for each in of(deployed, "network/privateDnsZones")}
    used = {
        each["properties"]["privateDnsZoneId"].rpartition("/")[2]
        for group in of(deployed, "network/privateEndpoints/privateDnsZoneGroups")
        for each in group.body["properties"]["privateDnsZoneConfigs"]
    }
    assert zones == used
    linked = [each.name.split("/")[0] for each in of(deployed, "network/privateDnsZones/virtualNetworkLinks")]
    assert set(linked) == zones
    ours = not deployment.given.get("existingNamespaceId")
    private = bool(deployment.given.get("privateNetworking"))
    assert ("privatelink.servicebus.windows.net" in zones) is (private and ours)


def test_the_app_runs_as_was_said(deployment, deployed):
    config = only(deployed, "web/sites")["properties"]["functionAppConfig"]
    assert config["runtime"] == {"name": "python", "version": "3.13"}
    scale = config["scaleAndConcurrency"]
    ready = deployment.given.get("alwaysReadyInstances", 0)
    assert scale["alwaysReady"] == ([{"name": "http", "instanceCount": ready}] if ready else [])
    assert scale["triggers"]["http"]["perInstanceConcurrency"] == 32
    assert config["deployment"]["storage"]["authentication"]["type"] == "UserAssignedIdentity"
    assert config["deployment"]["storage"]["value"].endswith("packages")


def test_nothing_is_said_of_the_app_that_flex_consumption_refuses(deployed):
    """https://learn.microsoft.com/azure/azure-functions/functions-app-settings#flex-consumption-plan-deprecations"""
    site = only(deployed, "web/sites")["properties"]
    refused = {"alwaysOn", "ftpsState", "functionAppScaleLimit", "healthCheckPath", "linuxFxVersion", "preWarmedInstanceCount",
               "use32BitWorkerProcess", "reserved", "containerSize"}  # fmt: skip
    assert not refused & {*site, *site["siteConfig"]}
    assert not {"FUNCTIONS_EXTENSION_VERSION", "FUNCTIONS_WORKER_RUNTIME", "WEBSITE_RUN_FROM_PACKAGE"} & set(
        app_settings(deployed)
    )


def test_prod_is_always_ready_and_dev_costs_nothing_when_nobody_comes(given):
    assert given["prod.bicepparam"]["alwaysReadyInstances"] == 1
    assert "alwaysReadyInstances" not in given["dev.bicepparam"]


def test_what_is_kept_goes_after_the_days_that_were_said(deployment, deployed):
    days = deployment.given.get("retentionDays", 395)
    rules = {
        rule["name"]: rule["definition"]
        for rule in only(deployed, "storage/storageAccounts/managementPolicies")["properties"]["policy"]["rules"]
    }
    deleted = {
        name: rule["actions"]["baseBlob"]["delete"]["daysAfterModificationGreaterThan"]
        for name, rule in rules.items()
    }
    assert deleted == {"captured-events": days, "spill-poison-and-ledger": days, "rejected": 30}
    captured = rules["captured-events"]["actions"]["baseBlob"]
    assert ("tierToArchive" in captured) is bool(deployment.given.get("archiveAfterDays"))
    assert ("tierToCool" in captured) is (days > 30)
    prefixes = {prefix for rule in rules.values() for prefix in rule["filters"]["prefixMatch"]}
    assert prefixes == {
        "capture/",
        *(f"pixel/{name}/" for name in ("spill", "poison", "replay", "ledger", "rejected")),
    }


def test_an_alert_tells_somebody_when_there_is_somebody(deployment, deployed, edge):
    rules = [*of(deployed, "insights/metricAlerts"), *of(deployed, "insights/scheduledQueryRules")]
    names = {each.name.rpartition(f"{deployment.given['name']}-")[2] for each in rules}
    ours = {"units-raised"} if edge or not deployment.given.get("existingNamespaceId") else set()
    more = {"edge-behind", "edge-throttled"} if edge else set()
    assert names == {"throttled", "capture-backlog", "spill-growing", "failed-events", "capture-behind"} | ours | more
    email = deployment.given.get("alertEmail")
    for each in rules:
        actions = each.body["properties"]["actions"]
        assert bool(actions if isinstance(actions, list) else actions["actionGroups"]) is bool(email)
    assert len(of(deployed, "consumption/budgets")) == (1 if email else 0)


def test_the_guide_has_each_alert_with_its_severity(deployment, deployed):
    guide = (ROOT / "docs/azure.md").read_text("utf-8")
    for each in [*of(deployed, "insights/metricAlerts"), *of(deployed, "insights/scheduledQueryRules")]:
        name = each.name.removeprefix(f"alert-{deployment.given['name']}-")
        assert f"| `{name}` ({each.body['properties']['severity']}) |" in guide


def test_the_workbook_is_json_about_these_very_resources(deployed):
    page = json.loads(only(deployed, "insights/workbooks")["properties"]["serializedData"])
    assert page["version"] == "Notebook/1.0"
    text = json.dumps(page)
    assert "WORKSPACE_ID" not in text
    assert "NAMESPACE_ID" not in text
    assert "Microsoft.OperationalInsights/workspaces/" in text


@pytest.mark.parametrize("where", ["spill", "ledger"])
def test_alerts_look_where_the_pixel_writes(where):
    queries = "".join(path.read_text("utf-8") for path in INFRA.glob("queries/*.kql"))
    assert f'"/pixel/{where}/"' in queries


def test_a_wrong_parameter_is_refused(compiled, given):
    good = given["dev.bicepparam"]
    for wrong in (
        {"instanceMemoryMB": 1024},
        {"name": "ab"},
        {"partitions": 33},
        {"retentionDays": 0},
        {"nobody": 1},
    ):
        with pytest.raises(ValueError, match=next(iter(wrong))):
            Template(compiled, good | wrong)


LIMITS = {
    "eventhub/namespaces": 50,
    "insights/actionGroups": 260,
    "insights/metricAlerts": 260,
    "insights/scheduledQueryRules": 260,
    "managedIdentity/userAssignedIdentities": 128,
    "operationalInsights/workspaces": 63,
    # Its host name is this with a hyphen and 16 characters more, and a part of a host name has 63 at most.
    "cdn/profiles/afdEndpoints": 46,
    "web/serverfarms": 40,
    # A site may have 60, but the Functions host tells apps that share an account apart by the first 32.
    "web/sites": 32,
}
"""Longest names: https://learn.microsoft.com/azure/azure-resource-manager/management/resource-name-rules
and https://learn.microsoft.com/azure/azure-functions/storage-considerations#host-id-considerations"""


def test_the_longest_name_is_short_enough_for_each_resource(compiled, given):
    longest = compiled["parameters"]["name"]["maxLength"]
    for name in ("Abc-ef" + "g" * (longest - 6), "x-1"):
        asked = given["prod.bicepparam"] | WANTED["all there is, edge"] | {"name": name}
        deployed = list(Template(compiled, asked).resources())
        test_names_are_ones_that_azure_takes(deployed)
        for kind, limit in LIMITS.items():
            found = of(deployed, kind)
            assert found, kind
            assert [each.name for each in found if len(each.name.rpartition("/")[2]) > limit] == []
    with pytest.raises(ValueError, match="name"):
        Template(compiled, given["prod.bicepparam"] | {"name": "a" * (longest + 1)})


def test_names_are_ones_that_azure_takes(deployed):
    for account in of(deployed, "storage/storageAccounts"):
        assert re.fullmatch("[a-z0-9]{3,24}", account.name)
    for namespace in of(deployed, "eventhub/namespaces"):
        assert re.fullmatch("[A-Za-z][A-Za-z0-9-]{4,48}[A-Za-z0-9]", namespace.name)
    assert len(only(deployed, "web/sites")["name"]) <= 60

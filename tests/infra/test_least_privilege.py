"""Who may do what, what is open, who pays: for both parameter files, own namespace and brought."""

import json
import re

from tests.infra.arm import of, only

TAGGED_NOT = {
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Cdn/profiles/afdEndpoints/routes",
    "Microsoft.Cdn/profiles/customDomains",
    "Microsoft.Cdn/profiles/originGroups",
    "Microsoft.Cdn/profiles/originGroups/origins",
    "Microsoft.Cdn/profiles/ruleSets",
    "Microsoft.Cdn/profiles/ruleSets/rules",
    "Microsoft.Consumption/budgets",
    "Microsoft.EventHub/namespaces/authorizationRules",
    "Microsoft.EventHub/namespaces/eventhubs",
    "Microsoft.EventHub/namespaces/eventhubs/consumergroups",
    "Microsoft.EventHub/namespaces/networkRuleSets",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/blobServices/containers",
    "Microsoft.Storage/storageAccounts/managementPolicies",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
    "Microsoft.Web/sites/config",
    "Microsoft.Web/sites/hostNameBindings",
}
"""Kinds that Azure gives no tags: parts of something that has them."""

ROLES = {
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1": "Storage Blob Data Reader",
    "2b629674-e913-4c01-ae53-ef4638d8f975": "Azure Event Hubs Data Sender",
    "a638d3c7-ab3a-418d-83e6-5f17a39d4fde": "Azure Event Hubs Data Receiver",
}
"""https://learn.microsoft.com/azure/role-based-access-control/built-in-roles"""


def grants(deployed):
    """Who may do what on what: (principal, role, kind and name of the resource)."""
    for each in of(deployed, "authorization/roleAssignments"):
        role = each.body["properties"]["roleDefinitionId"].rpartition("/")[2]
        scope = each.body["scope"].partition("/providers/")[2]
        yield each.body["properties"]["principalId"], ROLES[role], scope


def test_every_resource_is_tagged_with_who_pays_where_azure_takes_tags(deployed):
    untagged = {
        each.type for each in deployed if not {"businessUnit", "costCenter"} <= set(each.body.get("tags", {}))
    }
    assert untagged <= TAGGED_NOT


def test_roles_are_as_narrow_as_azure_allows(deployment, core):
    prefix = "Microsoft.Storage/storageAccounts/"
    host, data = (account.name for account in of(core, "storage/storageAccounts"))
    container = f"{prefix}{data}/blobServices/default/containers/"
    hub = only(core, "eventhub/namespaces/eventhubs")["name"].replace("/", "/eventhubs/")
    pixel = "{identities/pixel.principalId}"
    brought = deployment.given.get("existingNamespaceId")
    capture = "{brought/namespace.identity.principalId}" if brought else "{identities/capture.principalId}"
    logs = only(core, "insights/components")["name"]
    assert {grant for grant in grants(core) if grant[0] != "a group"} == {
        (pixel, "Monitoring Metrics Publisher", f"Microsoft.Insights/components/{logs}"),
        (pixel, "Storage Blob Data Owner", prefix + host),
        (pixel, "Storage Blob Data Contributor", f"{container}pixel"),
        (pixel, "Azure Event Hubs Data Sender", f"Microsoft.EventHub/namespaces/{hub}"),
        (capture, "Storage Blob Data Contributor", f"{container}capture"),
    }
    group = deployment.given.get("readersGroupId")
    readers = {(group, "Storage Blob Data Reader", container + name) for name in ("capture", "pixel")}
    assert {grant for grant in grants(core) if grant[0] == "a group"} == (readers if group else set())


def test_no_key_is_asked_for_and_none_opens_anything_but_the_hub_of_edge_mode(compiled, core, deployed):
    assert not re.search(r"\blist\w*\(", json.dumps(compiled), re.IGNORECASE)
    accounts = of(deployed, "storage/storageAccounts")
    assert not any(each.body["properties"]["allowSharedKeyAccess"] for each in accounts)
    assert not any(each.body["properties"]["isLocalUserEnabled"] for each in accounts)
    assert all(each.body["properties"]["disableLocalAuth"] for each in of(core, "eventhub/namespaces"))
    assert only(deployed, "insights/components")["properties"]["DisableLocalAuth"] is True
    assert only(deployed, "operationalinsights/workspaces")["properties"]["features"]["disableLocalAuth"] is True
    ways = {
        each.name.rpartition("/")[2]: each.body
        for each in of(deployed, "web/sites/basicPublishingCredentialsPolicies")
    }
    assert {name: way["properties"]["allow"] for name, way in ways.items()} == {"ftp": False, "scm": False}


def test_nothing_is_public_but_the_pixel_and_what_needs_a_token(deployment, core):
    private = bool(deployment.given.get("privateNetworking"))
    stores = [*of(core, "storage/storageAccounts"), *of(core, "eventhub/namespaces")]
    access = {each.body["properties"]["publicNetworkAccess"] for each in stores}
    assert access == {"Disabled" if private else "Enabled"}
    for account in of(core, "storage/storageAccounts"):
        assert account.body["properties"]["allowBlobPublicAccess"] is False
        assert account.body["properties"]["networkAcls"]["bypass"] == "AzureServices", "Capture comes this way"
    for container in of(core, "storage/storageAccounts/blobServices/containers"):
        assert container.body["properties"]["publicAccess"] == "None"
    reached = {each.body["properties"]["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceId"].split("/")[-1]
               for each in of(core, "network/privateEndpoints")}  # fmt: skip
    assert reached == ({each.name for each in stores} if private else set())
    assert bool(only(core, "web/sites")["properties"]["virtualNetworkSubnetId"]) is private


def test_tls_is_1_2_and_http_is_refused(deployed):
    for account in of(deployed, "storage/storageAccounts"):
        assert account.body["properties"]["minimumTlsVersion"] == "TLS1_2"
        assert account.body["properties"]["supportsHttpsTrafficOnly"] is True
    assert {each.body["properties"]["minimumTlsVersion"] for each in of(deployed, "eventhub/namespaces")} <= {"1.2"}
    site = only(deployed, "web/sites")["properties"]
    assert site["httpsOnly"] is True
    assert (site["siteConfig"]["minTlsVersion"], site["siteConfig"]["scmMinTlsVersion"]) == ("1.2", "1.2")


def test_diagnostics_are_on_wherever_something_can_be_read_or_lost(core):
    told = {
        each.body["scope"].partition("/providers/")[2]: {log["category"] for log in each.body["properties"]["logs"]}
        for each in of(core, "insights/diagnosticSettings")
    }
    want = {
        "web/sites": {"FunctionAppLogs"},
        "operationalinsights/workspaces": {"Audit"},
        "eventhub/namespaces": {"ArchiveLogs", "AutoScaleLogs", "OperationalLogs"},
    }
    others = {f"{each.type}/{each.name}": logs for kind, logs in want.items() for each in of(core, kind)}
    host, data = (f"{each.type}/{each.name}/blobServices/default" for each in of(core, "storage/storageAccounts"))
    assert told == others | {host: {"StorageDelete"}, data: {"StorageWrite", "StorageDelete"}}

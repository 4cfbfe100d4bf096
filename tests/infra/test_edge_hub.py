"""The hub that the access log of edge mode goes to: full addresses of visitors are in it."""

import pytest

from tests.infra.arm import Template, of, only
from tests.infra.conftest import with_edge


@with_edge
def test_the_access_log_goes_to_the_hub_and_nowhere_else(edge):
    """Full addresses are in it."""
    hub = only(edge, "eventhub/namespaces/eventhubs")["name"]
    rule = only(edge, "eventhub/namespaces/authorizationRules")
    (log,) = (each for each in of(edge, "insights/diagnosticSettings") if "/profiles/" in each.body["scope"])
    said = log.body["properties"]
    assert said.keys() == {"eventHubAuthorizationRuleId", "eventHubName", "logs"}
    assert [each["category"] for each in said["logs"]] == ["FrontDoorAccessLog"]
    namespace, name = hub.split("/")
    assert (namespace, name) == (rule["name"].split("/")[0], said["eventHubName"])
    assert said["eventHubAuthorizationRuleId"].endswith(f"/{namespace}/authorizationRules/access-log")


@with_edge
def test_the_log_is_kept_as_short_as_said_and_captured_nowhere(deployment, edge):
    hub = only(edge, "eventhub/namespaces/eventhubs")["properties"]
    hours = deployment.given.get("edgeRetentionHours", 1)
    assert hub["retentionDescription"] == {"cleanupPolicy": "Delete", "retentionTimeInHours": hours}
    assert "captureDescription" not in hub
    assert hub["partitionCount"] == deployment.given["partitions"]


@pytest.mark.parametrize("hours", [0, 25])
def test_the_log_is_kept_for_an_hour_to_a_day(compiled, given, hours):
    with pytest.raises(ValueError, match="edgeRetentionHours"):
        Template(compiled, given["dev.bicepparam"] | {"edgeRetentionHours": hours})


@with_edge
def test_keys_work_in_the_hub_of_the_log_only_and_azure_alone_uses_one(edge):
    """https://learn.microsoft.com/azure/azure-monitor/platform/diagnostic-settings#destination-limitations"""
    assert only(edge, "eventhub/namespaces")["properties"]["disableLocalAuth"] is False
    assert only(edge, "eventhub/namespaces/authorizationRules")["properties"]["rights"] == [
        "Manage",
        "Send",
        "Listen",
    ]
    assert len(of(edge, "eventhub/namespaces/eventhubs")) == 1


@with_edge
def test_with_private_networking_the_app_reads_the_hub_from_its_subnet_and_trusted_services_write(
    deployment, deployed, edge
):
    private = bool(deployment.given.get("privateNetworking"))
    # Without it there is a firewall too, an open one: else it would stay closed when that is switched off.
    firewall = only(edge, "eventhub/namespaces/networkRuleSets")["properties"]
    said = firewall["defaultAction"], len(firewall["virtualNetworkRules"])
    assert said == (("Deny", 1) if private else ("Allow", 0))
    for rule in firewall["virtualNetworkRules"]:
        assert rule["subnet"]["id"] == only(deployed, "web/sites")["properties"]["virtualNetworkSubnetId"]
        assert firewall["trustedServiceAccessEnabled"] is True
        app, _ = only(deployed, "network/virtualNetworks")["properties"]["subnets"]
        assert app["properties"]["serviceEndpoints"] == [{"service": "Microsoft.EventHub"}]


@with_edge
def test_somebody_is_woken_before_the_log_is_lost(deployed, edge):
    behind, throttled = (
        next(each.body["properties"] for each in of(deployed, "insights/metricAlerts") if each.name.endswith(name))
        for name in ("-edge-behind", "-edge-throttled")
    )
    namespace = of(edge, "eventhub/namespaces")[0].name
    for alert in (behind, throttled):
        assert alert["scopes"][0].endswith(f"/{namespace}")
        assert {each["dimensions"][0]["values"][0] for each in alert["criteria"]["allOf"]} == {"pixel-edge"}
    assert behind["windowSize"] == "PT30M", "the log is kept for an hour"
    assert [(each["metricName"], each["operator"], each["threshold"]) for each in behind["criteria"]["allOf"]] == [
        ("IncomingMessages", "GreaterThan", 0),
        ("OutgoingMessages", "LessThan", 1),
    ]

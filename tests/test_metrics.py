"""The ledger as OpenTelemetry sees it, with its real SDK."""

import json
import subprocess
import sys

import pytest

from pixel import metrics
from tests.front_door import ROOT, clean_environment

PROGRAM = """
import json, os
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from pixel.app import build
from pixel.deliver.deliveries import Deliveries
from pixel.deliver.sink import MemorySink
from tests.front_door import knock

sink = MemorySink()
sink.deliveries = Deliveries()
app = build(os.environ, sink=sink)
reader = InMemoryMetricReader()
set_meter_provider(MeterProvider(metric_readers=[reader]))  # late: any order does
knock(app, "/pix")
knock(app, "/pix")
knock(app, "/pix", [("Cookie", "pixel_optout=1")])
sink.deliveries.attempt()
sink.deliveries.batch(2, 1400, 0.01)
data = reader.get_metrics_data()
print(json.dumps(sorted((
    [metric.name, metric.unit, dict(point.attributes), point.value]
    for resource in (data.resource_metrics if data else ())
    for scope in resource.scope_metrics
    for metric in scope.metrics
    for point in metric.data.data_points
), key=str)))
"""


def seen(**env):
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=clean_environment(**env), capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_the_counts_are_metrics_where_opentelemetry_is_configured():
    assert seen(OTEL_SERVICE_NAME="pixel") == [
        ["pixel.deliveries.attempts", "{attempt}", {}, 1],
        ["pixel.deliveries.batches", "{batch}", {}, 1],
        ["pixel.deliveries.bytes", "By", {}, 1400],
        ["pixel.deliveries.duplicates_possible", "{event}", {}, 0],
        ["pixel.events", "{event}", {"outcome": "accepted", "reason": "sent"}, 2],
        ["pixel.events", "{event}", {"outcome": "accepted", "reason": "spilled"}, 0],
        ["pixel.events", "{event}", {"outcome": "rejected", "reason": "opted_out"}, 1],
        ["pixel.events.received", "{event}", {}, 3],
    ]


def test_nothing_is_counted_for_who_did_not_ask():
    assert seen() == []


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": ""}, False),
        ({"OTEL_SERVICE_NAME": "pixel"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_SERVICE_NAME": "pixel", "OTEL_SDK_DISABLED": "true"}, False),
    ],
)
def test_any_variable_of_opentelemetry_asks_for_metrics(environ, wanted):
    assert metrics.is_configured(environ) is wanted


def test_without_the_package_there_are_none(monkeypatch):
    monkeypatch.setattr("pixel.metrics.find_spec", lambda name: None)
    assert not metrics.is_configured({"OTEL_SERVICE_NAME": "pixel"})

"""function_app.py as the Functions worker sees it."""

import json
import subprocess
import sys

import pytest

from pixel.ledger import Ledger
from pixel.ledger_store import LedgerWriter
from tests.front_door import GIF_BYTES, ROOT, call_functions, captured, clean_environment
from tests.front_door_log import message, record
from tests.stores import a_container, with_store

LIST_ROUTES = """
import json, function_app
print(json.dumps({
    function.get_function_name(): [binding.route, [method.value for method in binding.methods], binding.auth_level.value]
    for function in function_app.app.get_functions()
    for binding in function.get_bindings() if binding.type == "httpTrigger"
}))
"""


def in_a_process(code, *arguments, **settings):
    ran = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=clean_environment(**settings),
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


ROUTES = {
    "pix": ["pix", ["GET", "HEAD", "OPTIONS"]],
    "pix_gif": ["pix.gif", ["GET", "HEAD", "OPTIONS"]],
    "pix_extra": ["img/own.gif", ["GET", "HEAD", "OPTIONS"]],
    "status": ["status", ["GET", "HEAD"]],
    "health": ["health", ["GET", "HEAD"]],
    "whoami": ["whoami", ["GET", "HEAD"]],
    "event_schema": ["event.schema.json", ["GET", "HEAD"]],
    "home": ["{ignored:maxlength(0)?}", ["GET", "HEAD"]],
}


def test_every_endpoint_has_its_route_and_all_its_methods():
    found = in_a_process(LIST_ROUTES, PIXEL_PATH="/img/own.gif")
    assert {name: binding[:2] for name, binding in found.items()} == ROUTES
    assert {binding[2] for binding in found.values()} == {"anonymous"}


@pytest.mark.skipif(sys.version_info < (3, 13), reason="the worker library azure-functions-runtime needs Python 3.13")
def test_the_worker_library_indexes_the_same_routes():
    code = """
import asyncio, json
from tests.worker import RuntimeApp
async def main():
    async with RuntimeApp(".") as app:
        print(json.dumps({name: [bindings[0]["route"], bindings[0]["methods"]] for name, bindings in app.functions.items()}))
asyncio.run(main())
"""
    found = in_a_process(code, PIXEL_PATH="/img/own.gif")
    assert found == ROUTES


EDGE = {
    "EDGE_HUB": "Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=listen;SharedAccessKey=eA==;EntityPath=log",
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
}
BY_IDENTITY = {
    "EDGE_HUB__fullyQualifiedNamespace": "acme.servicebus.windows.net",
    "EDGE_HUB__credential": "managedidentity",
    "EDGE_HUB__clientId": "4e1c-a",
    "EDGE_HUB_NAME": "log",
    "AzureWebJobsStorage__accountName": "acmehost",
}
LIST_HUBS = """
import json, function_app
print(json.dumps([
    [function.get_function_name(), function.get_settings_dict("retry_policy")["max_retry_count"], json.loads(raw)]
    for function in function_app.app.get_functions()
    for raw in function.get_raw_bindings() if "eventHubTrigger" in raw
]))
"""
TRIGGER = {
    "name": "messages",
    "type": "eventHubTrigger",
    "direction": "IN",
    "connection": "EDGE_HUB",
    "eventHubName": "log",
    "consumerGroup": "$Default",
    "cardinality": "MANY",
    "dataType": "BINARY",
}


@pytest.mark.parametrize("settings", [EDGE, BY_IDENTITY], ids=["connection string", "identity"])
def test_the_edge_has_a_trigger_where_its_settings_are(settings):
    assert in_a_process(LIST_HUBS, **settings) == [["edge", "-1", TRIGGER]]


@pytest.mark.parametrize("missing", ["AzureWebJobsStorage", "EDGE_HUB"])
def test_the_edge_has_no_trigger_that_the_host_could_not_start(missing):
    assert in_a_process(LIST_HUBS, **(EDGE | {missing: ""})) == []


@pytest.mark.skipif(sys.version_info < (3, 13), reason="the worker library azure-functions-runtime needs Python 3.13")
def test_the_worker_library_brings_messages_of_the_edge(tmp_path):
    code = """
import asyncio, json, sys
from tests.worker import RuntimeApp
async def main():
    async with RuntimeApp(".") as app:
        [binding], retry = app.functions["edge"], app.retries["edge"]
        brought = await app.bring("edge", [bytes.fromhex(body) for body in sys.argv[1:]])
        status = json.loads((await app.get("/status")).body)
        print(json.dumps([binding, retry["max_retry_count"], brought, status["settings"]["EDGE_HUB"], status["ledger"]]))
asyncio.run(main())
"""
    bodies = [message(record("/pix?customerId=7", {}, "203.0.113.7", reference="r-7")), b"no JSON"]
    stored = {"PIXEL_CAPTURE_DIR": str(tmp_path)}
    binding, retries, brought, told, ledger = in_a_process(code, *(body.hex() for body in bodies), **EDGE, **stored)
    assert binding == TRIGGER
    assert (retries, brought, told["name"], told["connection"]) == (-1, None, "log", "(set)")
    assert (ledger["received"], ledger["accepted"], ledger["rejected"]) == (2, 1, {"malformed": 1})
    [event] = captured(tmp_path)
    assert (event["id"], event["endpoint"], event["customer_id"]) == ("r-7", "edge", "7")
    _, _, brought, _, ledger = in_a_process(code, *(body.hex() for body in bodies), **EDGE)
    assert "UnsafeError: 1 of the hits in the edge's log could not be stored" in brought
    assert (ledger["received"], ledger["failed"]) == (1, {"no_sink": 1})


@pytest.mark.skipif(sys.version_info < (3, 13), reason="the worker library azure-functions-runtime needs Python 3.13")
def test_timers_run_in_an_instance_that_is_there_for_the_edge_alone(tmp_path):
    code = """
import asyncio, json
from tests.worker import RuntimeApp
async def main():
    async with RuntimeApp(".") as app:
        import function_app
        before = len(function_app._timers)
        await app.bring("edge", [b'{"records": []}'])
        await app.bring("edge", [b'{"records": []}'])
        print(json.dumps([before, len(function_app._timers)]))
asyncio.run(main())
"""
    assert in_a_process(code, PIXEL_STORE=str(tmp_path), **EDGE) == [0, 1]


def test_head_and_options_answer_and_record_nothing(tmp_path):
    answers = call_functions(
        [
            {"method": "HEAD", "target": "/pix?a=1"},
            {"method": "OPTIONS", "target": "/pix"},
            {"target": "/status"},
            {"target": "/"},
        ],
        {"PIXEL_CAPTURE_DIR": str(tmp_path)},
    )
    assert [answer.status for answer in answers] == [200, 204, 200, 200]
    assert json.loads(answers[2].body)["ledger"]["received"] == 0
    assert b"Pixel" in answers[3].body
    assert list(tmp_path.rglob("*.avro")) == []


def test_on_azure_with_nothing_configured_no_hit_goes_into_the_void():
    for settings in ({}, {"PIXEL_CAPTURE_DIR": "data/capture"}):
        hit, health, status = call_functions(
            [{"target": "/pix"}, {"target": "/health"}, {"target": "/status"}],
            {"WEBSITE_INSTANCE_ID": "0123456789abcdef0123", **settings},
        )
        assert (hit.status, hit.headers["x-pixel-outcome"], len(hit.body)) == (503, "failed:no_sink", GIF_BYTES)
        assert (health.status, status.status) == (503, 503)


def test_status_sums_the_ledgers_of_other_instances(azurite):
    text, container = azurite.connection_string(), a_container()

    async def another_instance(store):
        ledger = Ledger("another", "boot")
        ledger.received = 3
        await LedgerWriter(store, ledger).write()

    with_store(text, another_instance, container)
    _, status = call_functions(
        [{"target": "/pix"}, {"target": "/status"}],
        {"WEBSITE_INSTANCE_ID": "a", "PIXEL_STORE": text, "PIXEL_STORE_CONTAINER": container},
    )
    told = json.loads(status.body)
    assert (told["ledger"]["received"], told["today"]["received"], told["today"]["instances"]) == (1, 3, 1)


def test_bad_settings_never_keep_the_app_from_starting():
    hit, status = call_functions(
        [{"target": "/pix"}, {"target": "/status"}],
        {
            "PIXEL_CLIENT_IP": "x",
            "PIXEL_PATH": "::",
            "PIXEL_ALIASES": "=",
            "PIXEL_ENRICHERS": "none-such",
            "PIXEL_X": "1",
        },
    )
    assert len(hit.body) == GIF_BYTES
    assert len(json.loads(status.body)["problems"]) >= 5


def test_the_workers_chatter_is_off():
    code = """
import json, logging, function_app
print(json.dumps([logging.getLogger(name).level for name in ("azure.functions", "azure_functions_worker", "azure_functions_runtime", "proxy_worker")]))
"""
    assert in_a_process(code) == [30, 30, 30, 30]


def test_importing_it_reads_no_avro_library_and_no_server():
    code = """
import json, sys, function_app
print(json.dumps([name for name in ("fastavro", "uvicorn", "httptools") if name in sys.modules]))
"""
    assert in_a_process(code) == []


def test_the_example_settings_run_as_they_are(tmp_path):
    values = json.loads((ROOT / "local.settings.json.example").read_text("utf-8"))["Values"]
    assert values["PIXEL_CAPTURE_DIR"] == "data/capture"
    hit, health, status = call_functions(
        [{"target": "/pix?customerId=1"}, {"target": "/health"}, {"target": "/status"}],
        values | {"PIXEL_CAPTURE_DIR": str(tmp_path)},
    )
    assert (hit.headers["x-pixel-outcome"], health.status, status.status) == ("accepted", 200, 200)
    assert json.loads(status.body)["problems"] == []

"""Azure Functions: binds the tables of pixel/app.py. There is no logic here."""

import asyncio
import logging
import os
import time
from functools import lru_cache
from typing import List  # noqa: UP035 - see below

import azure.functions as func

from pixel.app import HubTrigger, build, run_timers
from pixel.collect.request import Request
from pixel.collect.response import GIF, Response
from pixel.endpoints.endpoint import Endpoint

# The worker logs two INFO lines a call, which cost half of what it does itself. The library that is the worker
# from 3.13 on names its logger azure.functions.
for _name in ("azure.functions", "azure_functions_worker", "azure_functions_runtime", "proxy_worker"):
    logging.getLogger(_name).setLevel(logging.WARNING)

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
_pixel = build(os.environ)
_timers: list[asyncio.Future[None]] = []


def _bind(endpoint: Endpoint) -> None:
    # An empty route is not possible; this one matches the empty path only (AzureWebJobsDisableHomepage=true).
    route = endpoint.path.lstrip("/") or "{ignored:maxlength(0)?}"
    handle = endpoint.handle

    async def answer(req: func.HttpRequest) -> func.HttpResponse:
        _start_timers()
        response = await handle(_request(req))
        return _image(response) if response.body is GIF else _http_response(response)

    app.function_name(endpoint.name)(app.route(route, methods=endpoint.methods)(answer))


def _bind_hub(hub: HubTrigger) -> None:
    # typing.List: the worker library takes `list[...]` for no type.
    async def take(messages: List[func.EventHubEvent]) -> None:  # noqa: UP006
        _start_timers()
        await hub.take([message.get_body() for message in messages])

    trigger = app.event_hub_message_trigger(
        "messages",
        connection=hub.connection,
        event_hub_name=hub.hub,
        data_type=func.DataType.BINARY,
        cardinality=func.Cardinality.MANY,
        consumer_group="$Default",
    )
    # The host marks a batch as read though its function failed, unless it may try again; so it may, for ever: it waits
    # meanwhile, and the hub keeps what comes. https://aka.ms/azure_functions_retries
    retry = app.retry("exponential_backoff", "-1", minimum_interval="00:00:02", maximum_interval="00:01:00")
    app.function_name(hub.name)(retry(trigger(take)))


def _start_timers() -> None:  # an instance may be there for HTTP alone, or for a hub alone
    if _pixel.timers and not _timers:
        _timers.append(asyncio.ensure_future(run_timers(_pixel.timers)))


def _request(req: func.HttpRequest) -> Request:
    rest, _, query = req.url.partition("?")
    if not query.isascii():  # one character a byte
        query = query.encode().decode("latin-1")
    path = rest.partition("://")[2].partition("/")[2]
    # The dict inside: to copy it through the mapping around it costs as much as to parse the query.
    headers = vars(req.headers)["__http_headers__"]
    return Request(req.method, "/" + path, query, headers, time.time(), "", req.get_body())


def _http_response(response: Response) -> func.HttpResponse:
    return func.HttpResponse(response.body, status_code=response.status, headers=dict(response.headers))


_image = lru_cache(maxsize=64)(_http_response)  # images are made once, pages each time

for _endpoint in _pixel.endpoints:
    _bind(_endpoint)
for _hub in _pixel.hubs:
    _bind_hub(_hub)

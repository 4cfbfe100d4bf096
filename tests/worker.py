"""Drives Microsoft's own Python worker library (PyPI azure-functions-runtime, Python 3.13 on) in this process.

No gRPC and no host: the library takes its message classes as an injected module ("protos"), so a few look-alikes
are enough. Indexing, binding validation, HttpRequest decoding, dispatch and response encoding are Microsoft's code.
It keeps global state: one app a process. Route constraints (`{x:maxlength(0)?}`) are the host's and ignored here.

    async with RuntimeApp("path/to/app") as app:
        app.functions                        # {name: [binding dict, ...]}
        answer = await app.request("GET", "/pix?a=1", headers=[("User-Agent", "x")])
        answer.status, answer.headers, answer.body
"""

import json
import re
import sys
import types
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, unquote_plus

MESSAGES = (
    "WorkerInitResponse",
    "FunctionMetadataResponse",
    "FunctionLoadResponse",
    "InvocationResponse",
    "WorkerMetadata",
    "RpcFunctionMetadata",
    "RpcRetryOptions",
    "TypedData",
    "RpcHttp",
    "ParameterBinding",
    "RpcException",
    "NullableString",
    "NullableBool",
    "NullableDouble",
    "NullableTimestamp",
    "FunctionEnvironmentReloadResponse",
)


class Message:
    """Looks like a protobuf record: built by keywords, absent fields are None, WhichOneof by what was given."""

    def __init__(self, **fields: Any) -> None:
        self.__dict__.update(fields)
        self.__dict__["_set"] = [name for name, value in fields.items() if value is not None]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "TypedData":
            raise AttributeError(name)
        return None

    def WhichOneof(self, _: str) -> str | None:  # noqa: N802 - protobuf's name
        return next((name for name in self._set if name != "name"), None)


def _protos() -> Any:
    protos = types.SimpleNamespace(**{name: type(name, (Message,), {}) for name in MESSAGES})
    protos.StatusResult = type("StatusResult", (Message,), {"Failure": 0, "Success": 1, "Cancelled": 2})
    kinds = {"inout": 2, "out": 1, "undefined": 0, "string": 1, "binary": 2, "stream": 3}
    protos.BindingInfo = type("BindingInfo", (Message,), kinds)
    same_site = types.SimpleNamespace(Lax=1, Strict=2, ExplicitNone=3, **{"None": 0})
    protos.RpcHttpCookie = type("RpcHttpCookie", (Message,), {"SameSite": same_site})
    return protos


class Answer(types.SimpleNamespace):
    """status, headers, body, and the name of the function that answered."""


class RuntimeApp:
    """A Function App's folder, loaded by the worker library."""

    def __init__(self, folder: str | Path) -> None:
        self.folder = str(Path(folder).resolve())
        self.protos = _protos()
        host = json.loads(Path(self.folder, "host.json").read_text("utf-8"))
        self.prefix: str = host.get("extensions", {}).get("http", {}).get("routePrefix", "api")
        self.functions: dict[str, list[dict[str, Any]]] = {}
        self.retries: dict[str, dict[str, Any]] = {}
        self._ids: dict[str, str] = {}
        self._routes: list[tuple[re.Pattern[str], set[str], str, str]] = []

    async def __aenter__(self) -> "RuntimeApp":
        sys.path.insert(0, self.folder)
        import azure_functions_runtime as runtime

        self.rt: Any = runtime
        runtime.start_threadpool_executor()
        init = Message(worker_init_request=Message(capabilities={}, function_app_directory=self.folder))
        properties = {"protos": self.protos, "host": "127.0.0.1"}
        ready: Any = await self.rt.worker_init_request(Message(request=init, properties=properties))
        if ready.result.status != 1:
            raise RuntimeError(ready.result.exception.message)
        indexed: Any = await self.rt.functions_metadata_request(Message(request=Message()))
        for function in indexed.function_metadata_results or []:
            bindings = [json.loads(binding) for binding in function.raw_bindings]
            self.functions[function.name] = bindings
            if function.retry_options is not None:
                self.retries[function.name] = vars(function.retry_options)
            self._ids[function.name] = function.function_id
            for binding in bindings:
                if binding["type"].lower() == "httptrigger":
                    methods = {method.upper() for method in binding.get("methods") or []}
                    self._routes.append(
                        (self._pattern(binding, function.name), methods, function.name, binding["name"])
                    )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.rt.stop_threadpool_executor()

    def _pattern(self, binding: dict[str, Any], name: str) -> re.Pattern[str]:
        full = "/".join(part for part in (self.prefix.strip("/"), (binding.get("route") or name).strip("/")) if part)

        def parameter(match: re.Match[str]) -> str:
            if match[1]:
                return f"(?:/(?P<{match[2]}>.*))?"
            return f"(?:/(?P<{match[2]}>[^/]*))?" if match[3] else f"/(?P<{match[2]}>[^/]+)"

        segments = (
            re.sub(r"\{(\*?)(\w+)(?::[^}?]+)?(\?)?\}", parameter, segment)
            if "{" in segment
            else "/" + re.escape(segment)
            for segment in full.split("/")
        )
        return re.compile("".join(segments) + "/?$", re.IGNORECASE)

    async def request(
        self, method: str, target: str, headers: Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer:
        """Send one request as the host does: repeated headers and parameters joined, the raw query in the URL."""
        path, _, query = target.partition("?")
        routed = next(
            (
                (match, name, parameter)
                for pattern, methods, name, parameter in self._routes
                if (match := pattern.match(path)) and method.upper() in methods
            ),
            None,
        )
        if routed is None:
            return Answer(status=404, headers={}, body=b"", function=None)
        match, name, parameter = routed
        joined: dict[str, list[str]] = {}
        for each in filter(None, query.split("&")):
            key, _, value = each.partition("=")
            joined.setdefault(unquote_plus(key), []).append(unquote_plus(value))
        lower: dict[str, list[str]] = {}
        for key, value in headers:
            lower.setdefault(key.lower(), []).append(value)
        typed = self.protos.TypedData
        http = self.protos.RpcHttp(
            method=method,
            url=f"https://localhost{target}",
            headers={key: ",".join(values) for key, values in lower.items()},
            query={key: ",".join(values) for key, values in joined.items() if ",".join(values)},
            params={key: unquote(value) for key, value in match.groupdict().items() if value},
            body=typed(bytes=body) if body else typed(),
        )
        answer = await self._invoke(name, parameter, typed(http=http), {})
        if answer.result.status != 1:
            return Answer(status=500, headers={}, body=answer.result.exception.message.encode(), function=name)
        http = answer.return_value.http
        return Answer(status=int(http.status_code), headers=dict(http.headers), body=http.body.bytes, function=name)

    async def bring(self, name: str, bodies: list[bytes]) -> str | None:
        """Bring a batch of Event Hubs messages as the host does; return why the function failed, None if it did not."""
        [parameter] = [binding["name"] for binding in self.functions[name]]
        typed = self.protos.TypedData
        metadata = {"SystemPropertiesArray": typed(json=json.dumps([{"SequenceNumber": 1} for _ in bodies]))}
        data = typed(collection_bytes=Message(bytes=bodies))
        answer = await self._invoke(name, parameter, data, metadata)
        return None if answer.result.status == 1 else str(answer.result.exception.message)

    async def _invoke(self, name: str, parameter: str, data: Any, metadata: dict[str, Any]) -> Any:
        invocation = Message(
            invocation_id=str(uuid.uuid4()),
            function_id=self._ids[name],
            trigger_metadata=metadata,
            input_data=[self.protos.ParameterBinding(name=parameter, data=data)],
            trace_context=Message(trace_parent="", trace_state="", attributes={}),
            retry_context=Message(),
        )
        return await self.rt.invocation_request(Message(request=Message(invocation_request=invocation)))

    async def get(self, target: str, headers: Iterable[tuple[str, str]] = ()) -> Answer:
        """Send one GET."""
        return await self.request("GET", target, headers)

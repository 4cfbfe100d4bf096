"""What a Bicep file deploys: its ARM JSON with parameters filled in, loops unrolled, modules opened, conditions decided.

What only Azure knows (an endpoint, a principal id) is a text in braces that says where it comes from.
"""

import re
from typing import NamedTuple

from tests.infra.expressions import FUNCTIONS, UnknownError, parse

HERE = {
    "subscriptionId": "SUB",
    "name": "GROUP",
    "id": "/subscriptions/SUB/resourceGroups/GROUP",
    "location": "westeurope",
}


class Resource(NamedTuple):
    """One resource as it is deployed. `module` is the path of modules to it; `group` the resource group it goes into."""

    module: str
    symbol: str
    type: str
    name: str
    group: str
    body: dict
    after: tuple[str, ...]


class Runtime(str):
    """A value that Azure tells: any property of it is one too."""

    def get(self, name):
        return Runtime(f"{self[:-1]}.{name}}}")


class Template:
    """A template under evaluation, in a resource group, with values for its parameters."""

    def __init__(self, template, parameters, group="GROUP", path=""):
        self.json, self.group, self.path = template, group, path
        self.given, self.indexes, self.modules, self.variables = parameters, {}, {}, {}
        for name, declared in template.get("parameters", {}).items():
            if name in parameters:
                check(name, parameters[name], declared)
            elif "defaultValue" not in declared:
                raise ValueError(f"{path}: parameter {name} has no value")
        if unknown := set(parameters) - set(template.get("parameters", {})):
            raise ValueError(f"{path}: no such parameter: {unknown}")

    def resources(self):
        """Yield what is deployed, modules opened."""
        for symbol, each in self.json["resources"].items():
            if each.get("existing") or not self.value(each.get("condition", True)):
                continue
            if each["type"] == "Microsoft.Resources/deployments":
                yield from self.module(symbol).resources()
                continue
            for index in range(self.value(each["copy"]["count"])) if "copy" in each else [None]:
                self.indexes[None] = index
                body = {
                    name: self.value(part)
                    for name, part in each.items()
                    if name not in ("copy", "condition", "dependsOn")
                }
                after = tuple(re.sub(r"\W.*", "", self.value(name)) for name in each.get("dependsOn", ()))
                yield Resource(self.path, symbol, body["type"], body["name"], self.group, body, after)

    def module(self, symbol):
        """Open a module. One whose condition is false must never be asked for anything."""
        if symbol not in self.modules:
            each = self.json["resources"][symbol]
            if not self.value(each.get("condition", True)):
                raise ValueError(f"{symbol} is not deployed, and something reads its outputs")
            given = {}
            for name, part in each["properties"].get("parameters", {}).items():
                part = self.value(part)
                given[name] = part["value"]
            group = self.value(each.get("resourceGroup", self.group))
            path = f"{self.path}/{symbol}".lstrip("/")
            self.modules[symbol] = Template(each["properties"]["template"], given, group, path)
        return self.modules[symbol]

    def outputs(self):
        return {name: {"value": self.value(output["value"])} for name, output in self.json.get("outputs", {}).items()}

    def value(self, part):
        """Evaluate JSON, in which a text in brackets is an expression."""
        if isinstance(part, str):
            if part.startswith("[["):
                return part[1:]
            return self.of(parse(part[1:-1])) if part.startswith("[") and part.endswith("]") else part
        if isinstance(part, list):
            return [self.value(each) for each in part]
        if isinstance(part, dict):
            made = {self.value(name): self.value(each) for name, each in part.items() if name != "copy"}
            for loop in part.get("copy", ()):
                made[loop["name"]] = self.loop(loop)
            return made
        return part

    def loop(self, loop):
        made = []
        for index in range(self.value(loop["count"])):
            self.indexes[loop["name"]] = index
            made.append(self.value(loop["input"]))
        return made

    def of(self, node):
        if node[0] in ("text", "number"):
            return node[1]
        if node[0] == "get":
            whole, key = self.of(node[1]), self.of(node[2])
            return whole.get(key) if isinstance(whole, Runtime) else whole[key]
        _, name, args = node
        if name == "if":
            return self.of(args[1] if self.of(args[0]) else args[2])
        if name in ("and", "or"):
            return (all if name == "and" else any)(self.of(arg) for arg in args)
        return self.call(name, [self.of(arg) for arg in args])

    def call(self, name, args):
        if name == "parameters":
            return (
                self.given[args[0]]
                if args[0] in self.given
                else self.value(self.json["parameters"][args[0]]["defaultValue"])
            )
        if name == "variables":
            return self.variable(args[0])
        if name == "copyIndex":
            return self.indexes[args[0] if args else None]
        if name == "reference":
            each = self.json["resources"].get(args[0])
            if each and each["type"] == "Microsoft.Resources/deployments":
                return {"outputs": self.module(args[0]).outputs()}
            return Runtime(f"{{{self.path}/{args[0]}}}")
        if name == "resourceGroup":
            return HERE
        if name == "resourceId":
            kinds, names = args[0].split("/"), args[1:]
            pairs = "/".join(f"{kind}/{each}" for kind, each in zip(kinds[1:], names, strict=True))
            return f"/subscriptions/SUB/resourceGroups/{self.group}/providers/{kinds[0]}/{pairs}"
        if name not in FUNCTIONS:
            raise UnknownError(name)
        return FUNCTIONS[name](*args)

    def variable(self, name):
        if name not in self.variables:
            variables = self.json["variables"]
            loop = next((loop for loop in variables.get("copy", ()) if loop["name"] == name), None)
            self.variables[name] = self.loop(loop) if loop else self.value(variables[name])
        return self.variables[name]


def check(name, value, declared):
    """Refuse a value that Azure would refuse for a parameter."""
    kinds = {"string": str, "securestring": str, "int": int, "bool": bool, "object": dict, "array": list}
    size = len(value) if isinstance(value, str) else 0
    if (
        not isinstance(value, kinds[declared["type"]])
        or value not in declared.get("allowedValues", [value])
        or (
            isinstance(value, int) and not declared.get("minValue", value) <= value <= declared.get("maxValue", value)
        )
        or not declared.get("minLength", 0) <= size <= declared.get("maxLength", size)
    ):
        raise ValueError(f"{name}: {value!r} is refused")


def of(deployed, kind):
    """All resources of a kind, such as `storage/storageAccounts`."""
    return [each for each in deployed if each.type.lower() == f"microsoft.{kind}".lower()]


def only(deployed, kind):
    """The body of the one resource of a kind."""
    (found,) = of(deployed, kind)
    return found.body


def app_settings(deployed):
    """What the app finds in its environment."""
    settings = only(deployed, "web/sites")["properties"]["siteConfig"]["appSettings"]
    return {each["name"]: each["value"] for each in settings}

"""ARM's language of expressions, as far as our templates use it: a parser, and its functions."""

import hashlib
import json
import re


class UnknownError(Exception):
    """A part of ARM that nothing of ours needed so far: add it here."""


TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|(-?\d+)|([A-Za-z_][\w]*)|([()\[\],.]))")


def parse(text):
    """Parse `f(a, 'b').c[0]` into nested tuples."""
    tokens, at = [], 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            raise UnknownError(text[at:])
        quoted, number, word, mark = match.groups()
        if quoted is not None:
            tokens.append(("text", quoted.replace("''", "'")))
        elif number:
            tokens.append(("number", int(number)))
        else:
            tokens.append(("word", word) if word else ("mark", mark))
        at = match.end()
    tokens.append(("mark", "end"))

    def take(mark):
        if tokens[0] != ("mark", mark):
            return False
        tokens.pop(0)
        return True

    def one():
        kind, value = tokens.pop(0)
        node = (kind, value)
        if kind == "word":
            if not take("("):
                raise UnknownError(value)
            args = []
            while not take(")"):
                args.append(one())
                take(",")
            node = ("call", value, args)
        while True:
            if take("."):
                node = ("get", node, ("text", tokens.pop(0)[1]))
            elif take("["):
                node = ("get", node, one())
                take("]")
            else:
                return node

    return one()


def digest(*parts):
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def union(*parts):
    return {name: value for part in parts for name, value in part.items()}


FUNCTIONS = {
    "add": lambda a, b: a + b,
    "cidrSubnet": lambda space, size, index: f"{space}#{size}.{index}",
    "coalesce": lambda *parts: next((part for part in parts if part is not None), None),
    "concat": lambda *parts: [each for part in parts for each in part],
    "createArray": lambda *parts: list(parts),
    "createObject": lambda *parts: dict(zip(parts[::2], parts[1::2], strict=True)),
    "deployer": lambda: {"objectId": "WHO DEPLOYS"},
    "empty": lambda part: not part,
    "environment": lambda: {"suffixes": {"storage": "core.windows.net"}},
    "endsWith": lambda text, end: text.lower().endswith(end.lower()),
    "equals": lambda a, b: a == b,
    "false": lambda: False,
    "format": lambda text, *args: text.format(*args),
    "greater": lambda a, b: a > b,
    "guid": digest,
    "items": lambda part: [{"key": name, "value": part[name]} for name in sorted(part)],
    "last": lambda part: part[-1],
    "length": len,
    "less": lambda a, b: a < b,
    "min": min,
    "mul": lambda a, b: a * b,
    "not": lambda part: not part,
    "null": lambda: None,
    "readEnvironmentVariable": lambda _name, default="": default,
    "replace": lambda text, old, new: text.replace(old, new),
    "skip": lambda part, count: part[count:],
    "split": lambda text, by: text.split(by),
    "startsWith": lambda text, start: text.lower().startswith(start.lower()),
    "sub": lambda a, b: a - b,
    "subscription": lambda: {"subscriptionId": "SUB"},
    "subscriptionResourceId": lambda kind, *names: f"/subscriptions/SUB/providers/{kind}/{'/'.join(names)}",
    "take": lambda part, count: part[:count],
    "toLower": str.lower,
    "trim": str.strip,
    "tryGet": lambda whole, key: None if whole is None else whole.get(key),
    "union": union,
    "uniqueString": lambda *parts: digest(*parts)[:13],
    "utcNow": lambda form: form.replace("yyyy", "2026").replace("MM", "11"),
}

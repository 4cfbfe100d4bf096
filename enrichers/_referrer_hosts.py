"""Hosts and patterns of hosts: those of referrer_hosts.csv, of `REFERRER_SITES` and of `REFERRER_SPAM_FILE`.

`example.org` is this host, `*.example.org` this one and all below it, `example.{cc}` that of any country (two letters).
A leading `www.` never counts. `android-app://com.example` is an app.
"""

import csv
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).with_name("referrer_hosts.csv")
MEDIA = frozenset(("search", "social", "mail", "ai", "paid"))
"""What a row of the table may say; internal, direct and unknown are found out."""

_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*|\[[0-9a-f:.]+\]")
_HOST_LIMIT = 253


class Row(NamedTuple):
    """What a pattern means; `terms` are the parameters that may hold a search term, best first."""

    medium: str
    source: str
    terms: tuple[str, ...] = ()


class Hosts:
    """Rows by pattern."""

    def __init__(self) -> None:
        self.exact: dict[str, Row] = {}
        self.below: dict[str, Row] = {}

    def __len__(self) -> int:
        return len(self.exact) + len(self.below)

    def add(self, pattern: str, row: Row) -> None:
        """Add a pattern. Raises ValueError where it is none, or there already."""
        text = pattern.strip()
        rows = self.below if text.startswith("*.") else self.exact
        text = text.removeprefix("*.")
        scheme, host = split(text.removesuffix(".{cc}") + ".cc" if text.endswith(".{cc}") else text)
        if host is None:
            raise ValueError("it is no pattern of hosts")
        if text.endswith(".{cc}"):
            host = host[:-2] + "{cc}"
        if scheme not in (None, "http", "https"):
            host = f"{scheme}://{host}"
        if host in rows:
            raise ValueError("it is there already")
        rows[host] = row

    def find(self, host: str) -> Row | None:
        """Return the row of a host that `split` gave. The longest pattern wins; a name goes before `{cc}`."""
        row = self._find(host)
        if row is None and host[-3:-2] == ".":
            return self._find(host[:-2] + "{cc}")
        return row

    def _find(self, host: str) -> Row | None:
        row = self.exact.get(host)
        while row is None and host:
            row = self.below.get(host)
            host = host.partition(".")[2]
        return row


def split(url: str) -> tuple[str | None, str | None]:
    """Return scheme and host as browsers read them, in lower case; None for what is missing or makes no sense.

    What stands before the host (`user@`, `www.`) and after it (`:443`, a last dot) is gone. Browsers send Punycode; a
    name in other letters stays as it is. What has no scheme may still have a host: `google.com/search`.
    """
    scheme, found, rest = url.strip().partition("://")
    if not found:
        scheme, rest = "", rest or scheme.removeprefix("//")
    for mark in "/?#\\":  # browsers take \ for /
        rest = rest.partition(mark)[0]
    host = rest.rpartition("@")[2]
    host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    host = host.lower().removesuffix(".")
    if host.startswith("www.") and host.count(".") > 1:
        host = host[4:]
    return scheme.lower() or None, host if len(host) <= _HOST_LIMIT and _HOST.fullmatch(host) else None


def read_table(path: Path, problems: list[str]) -> Hosts:
    """Read the table of hosts. A line that makes no sense is left out, with a sentence in `problems`."""
    hosts = Hosts()
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.reader(file)
        next(lines, None)
        for fields in lines:
            try:
                pattern, medium, source, terms = map(str.strip, fields)
                if medium not in MEDIA or not source:
                    raise ValueError("it names no medium of the table, or no source")
                hosts.add(pattern, Row(medium, source, tuple(terms.split())))
            except ValueError as fault:
                problems.append(f"Line {lines.line_num} of {path.name} is left out: {fault}.")
    return hosts


def read_spam(lines: Iterable[str], problems: list[str]) -> Hosts:
    """Read hosts, one a line, `#` before a remark. Each stands for all below it too."""
    hosts = Hosts()
    wrong = []
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        host = split(text.removeprefix("*."))[1]
        if host is not None:
            hosts.below[host] = Row("spam", host)
        elif text:
            wrong.append(number)
    if wrong:
        problems.append(f"REFERRER_SPAM_FILE has {len(wrong)} lines that are no host, the first is line {wrong[0]}.")
    return hosts

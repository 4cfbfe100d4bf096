"""Fetch a free country database: `geo`, from npm's registry into data/geo, where the enricher `geo` finds it.

Node is not needed. The registry is that of `npm_config_registry`, else what `npm config get registry` says where npm is
installed, else npm's own. The exit code is 1 when no database could be put there; one that is there stays as it was.
"""

import argparse
import base64
import hashlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request
import zlib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from enrichers._geo_database import UnreadableError, open_database
from enrichers.geo import FOLDER, ROOT

PACKAGE = "@ip-location-db/geo-whois-asn-country-mmdb"
FILE = "geo-whois-asn-country.mmdb"
REGISTRY = "https://registry.npmjs.org"
TIMEOUT_S = 30.0
SIZE_LIMIT = 500_000_000
OLD_DAYS = 90


class RefusedError(Exception):
    """What came is not what was asked for; says why."""


def run(arguments: list[str]) -> int:
    """Fetch the database, put it in place in one step, and say what comes next."""
    parser = argparse.ArgumentParser("python -m pixel geo", description=__doc__)
    parser.add_argument("--into", type=Path, default=ROOT / FOLDER, metavar="FOLDER", help=f"instead of {FOLDER}")
    folder: Path = parser.parse_args(arguments).into
    registry = _registry()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        version, built = _fetch(registry, folder)
    except RefusedError as refused:
        print(f"{PACKAGE} from {registry} was refused: {refused}. Nothing was changed.", file=sys.stderr)
        return 1
    except (OSError, http.client.HTTPException) as fault:
        print(
            f"{PACKAGE} could not be fetched from {registry} ({str(fault).removeprefix('<urlopen error ').removesuffix('>')}). Nothing was changed. Is there a network, and is "
            "this the registry to ask? npm_config_registry=URL make geo asks another, HTTPS_PROXY=URL goes through a "
            f"proxy. Or put any .mmdb file into {_shown(folder)}: docs/enrichers.md says where to get one.",
            file=sys.stderr,
        )
        return 1
    print(
        f"{_shown(folder / FILE)} is there: countries, IPv4 and IPv6, {version}, of {built}.\n"
        "Its data is the NRO's, under CC BY 4.0: where you publish it, name https://www.nro.net (see NOTICE).\n"
        "It has no networks (ASN): `datacentre` and mail's `relay_network` need another database (docs/enrichers.md)."
    )
    age = (datetime.now(UTC).date() - date.fromisoformat(built)).days
    if age > OLD_DAYS:
        print(
            f"It is {age} days old, and its makers say that npm gets no new ones: for numbers that count, "
            "docs/enrichers.md names newer sources."
        )
    if folder.resolve() == (ROOT / FOLDER).resolve():
        print("`make run` uses it; a pixel that runs already takes it within a minute.")
    else:
        print(f"GEO_DATABASES={_shown(folder)} makes the pixel use it.")
    return 0


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def _registry() -> str:
    said = os.environ.get("npm_config_registry") or os.environ.get("NPM_CONFIG_REGISTRY") or ""  # noqa: SIM112 - npm's own
    npm = None if said else shutil.which("npm")
    if npm is not None:
        try:
            said = subprocess.run(  # noqa: S603 - npm itself, no argument is from outside
                [npm, "config", "get", "registry"], capture_output=True, text=True, timeout=20, check=True
            ).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            said = ""
    return (said or REGISTRY).rstrip("/")


def _fetch(registry: str, folder: Path) -> tuple[str, str]:
    """Put the newest database into the folder; return its version and the day it was made."""
    with _open(f"{registry}/{quote(PACKAGE, safe='@')}/latest") as answer:
        try:
            about = json.loads(answer.read(10_000_000))
            dist = about["dist"]
            version, tarball, integrity = str(about["version"]), str(dist["tarball"]), str(dist["integrity"])
        except (ValueError, KeyError, TypeError) as fault:
            raise RefusedError("the registry's answer tells no tarball with an integrity") from fault
    with tempfile.TemporaryFile() as package:
        _check(_download(tarball, package), integrity)
        package.seek(0)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".geo-") as beside:
            taken = Path(beside, FILE)
            _unpack(package, taken)
            try:
                database = open_database(taken)
            except UnreadableError as fault:
                raise RefusedError(f"{FILE} in it cannot be read ({fault})") from fault
            taken.replace(folder / FILE)
    return version, database.built


def _open(url: str) -> Any:
    if not url.startswith(("https://", "http://")):
        raise RefusedError(f"{url!r} is no http address")
    return urllib.request.urlopen(url, timeout=TIMEOUT_S)  # noqa: S310 - checked above


def _download(url: str, package: IO[bytes]) -> bytes:
    """Write the tarball into the file, show how far it is, return its SHA-512."""
    digest = hashlib.sha512()
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with _open(url) as answer, Progress(*columns) as progress:
        length = answer.headers.get("Content-Length") or ""
        task = progress.add_task(PACKAGE, total=int(length) if length.isdecimal() else None)
        while block := answer.read(1 << 16):
            digest.update(block)
            package.write(block)
            progress.advance(task, len(block))
            if package.tell() > SIZE_LIMIT:
                raise RefusedError("it is too large to be a country database")
        if length.isdecimal() and package.tell() != int(length):
            raise RefusedError("it stopped coming before its end")
    return digest.digest()


def _check(digest: bytes, integrity: str) -> None:
    """Refuse what is not the tarball whose SHA-512 the registry tells, as npm does (Subresource Integrity)."""
    if f"sha512-{base64.b64encode(digest).decode()}" not in integrity.split():
        raise RefusedError("its SHA-512 is not the one that the registry tells")


def _unpack(package: IO[bytes], path: Path) -> None:
    """Write the one file that we want; no name of the archive is ever used as a path."""
    try:
        with tarfile.open(fileobj=package, mode="r:gz") as archive:
            for member in archive:
                wanted = member.isreg() and member.name == f"package/{FILE}" and member.size <= SIZE_LIMIT
                content = archive.extractfile(member) if wanted else None
                if content is not None:
                    with path.open("xb") as file:
                        shutil.copyfileobj(content, file)
                    return
    except (tarfile.TarError, EOFError, zlib.error) as fault:
        raise RefusedError(f"its archive is damaged ({fault})") from fault
    raise RefusedError(f"there is no {FILE} in it")

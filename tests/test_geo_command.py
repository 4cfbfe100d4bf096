"""`make geo` against a registry on this machine."""

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pixel.commands import geo
from tests.enrichers import geo_databases as made
from tests.front_door import ROOT, clean_environment


def tarball(**files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def linked(target):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        member = tarfile.TarInfo(f"package/{geo.FILE}")
        member.type, member.linkname = tarfile.SYMTYPE, target
        archive.addfile(member)
    return packed.getvalue()


def integrity(content, kind="sha512"):
    return f"{kind}-{base64.b64encode(hashlib.new(kind, content).digest()).decode()}"


@pytest.fixture
def registry():
    """A registry that answers each path with what it is given, and notes which were asked for."""
    answers, asked = {}, []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            body = answers.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    server.url, server.answers, server.asked = f"http://127.0.0.1:{server.server_port}", answers, asked
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


LATEST = "/@ip-location-db%2Fgeo-whois-asn-country-mmdb/latest"


def publish(registry, content, told=None):
    dist = {"tarball": f"{registry.url}/package.tgz", "integrity": told or integrity(content)}
    about = {"version": "2.3.1", "dist": {name: value for name, value in dist.items() if value != "none"}}
    registry.answers |= {LATEST: json.dumps(about).encode(), "/package.tgz": content}


def make_geo(registry_url, into, **environ):
    ran = subprocess.run(
        [sys.executable, "-m", "pixel", "geo", "--into", into],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=clean_environment(npm_config_registry=registry_url, NO_PROXY="127.0.0.1", **environ),
        timeout=60,
    )
    assert "Traceback" not in ran.stderr
    return ran.returncode, ran.stdout, ran.stderr


@pytest.fixture
def database(tmp_path):
    return made.write_flat_country(tmp_path / "made.mmdb").read_bytes()


def test_the_database_is_put_in_place_and_what_comes_next_is_said(registry, tmp_path, database):
    publish(registry, tarball(**{"package/README.md": b"x", f"package/{geo.FILE}": database}))
    code, said, wrong = make_geo(f"{registry.url}/", tmp_path / "new" / "geo")
    assert (code, wrong) == (0, "")
    assert "2.3.1" in said
    assert "CC BY 4.0" in said
    assert "no networks (ASN)" in said
    assert f"GEO_DATABASES={tmp_path}/new/geo" in said
    assert (tmp_path / "new/geo" / geo.FILE).read_bytes() == database
    assert [path.name for path in (tmp_path / "new/geo").iterdir()] == [geo.FILE]
    assert registry.asked == [LATEST, "/package.tgz"]


@pytest.mark.parametrize(
    ("content", "told", "said"),
    [
        (None, integrity(b"another"), "its SHA-512 is not the one"),
        (None, "none", "no tarball with an integrity"),
        (None, integrity(b"another", "sha1"), "its SHA-512 is not the one"),
        (tarball(**{"package/other.mmdb": b"x"}), None, f"there is no {geo.FILE} in it"),
        (tarball(**{f"../{geo.FILE}": b"x"}), None, f"there is no {geo.FILE} in it"),
        (linked("/etc/passwd"), None, f"there is no {geo.FILE} in it"),
        (tarball(**{f"package/{geo.FILE}": b"no database"}), None, "cannot be read"),
        (b"no archive", None, "its archive is damaged"),
        (tarball(**{f"package/{geo.FILE}": os.urandom(50_000)})[:30_000], None, "its archive is damaged"),
    ],
)
def test_what_is_not_what_the_registry_tells_is_refused_and_the_old_file_stays(
    registry, tmp_path, database, content, told, said
):
    publish(registry, content or tarball(**{f"package/{geo.FILE}": database}), told)
    into = tmp_path / "geo"
    into.mkdir()
    (into / geo.FILE).write_text("the old one")
    code, _, wrong = make_geo(registry.url, into)
    assert code == 1
    assert said in wrong
    assert "Nothing was changed" in wrong
    assert (into / geo.FILE).read_text() == "the old one"
    assert [path.name for path in into.iterdir()] == [geo.FILE]


def test_without_a_network_it_says_what_to_do(tmp_path):
    code, _, wrong = make_geo("http://127.0.0.1:1", tmp_path)
    assert code == 1
    assert "could not be fetched from http://127.0.0.1:1" in wrong
    assert "npm_config_registry=URL make geo" in wrong
    assert "docs/enrichers.md" in wrong


def test_a_registry_without_the_package_is_told(registry, tmp_path):
    code, _, wrong = make_geo(registry.url, tmp_path)
    assert code == 1
    assert "404" in wrong


@pytest.mark.parametrize("address", ["file:///etc", "ftp://127.0.0.1", "nonsense"])
def test_only_http_is_asked(tmp_path, address):
    code, _, wrong = make_geo(address, tmp_path)
    assert code == 1
    assert "is no http address" in wrong


def test_npm_says_which_registry_where_it_is_installed(tmp_path, monkeypatch):
    npm = tmp_path / "npm"
    npm.write_text('#!/bin/sh\n[ "$*" = "config get registry" ] && echo "https://npm.example.com/mirror/"\n')
    npm.chmod(0o755)
    monkeypatch.delenv("npm_config_registry", raising=False)
    monkeypatch.delenv("NPM_CONFIG_REGISTRY", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert geo._registry() == "https://npm.example.com/mirror"
    npm.write_text("#!/bin/sh\nexit 1\n")
    assert geo._registry() == "https://registry.npmjs.org"
    npm.unlink()
    assert geo._registry() == "https://registry.npmjs.org"

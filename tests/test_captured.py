"""Captured events are read from a file, a folder and a Blob container alike, packed or not."""

import pytest

from pixel import capture, captured
from pixel.store import StoreError
from tests.serving import command
from tests.stores import a_container, with_store

SYNC, AT = bytes(16), 1_795_248_269
NAME = "acme/pixel/{}/2026/11/21/08/04/29.avro"
WHOLE = capture.header(SYNC) + capture.block([b'{"n":1}', b'{"n":2}\n{"n":3}\n', b"no event"], 0, AT, SYNC)
EVENTS = ['{"n":1}', '{"n":2}', '{"n":3}']
SKIPPED = "1 records are no JSON objects, so not events of the pixel\n"


@pytest.fixture
def container(azurite):
    """The environment that names a container with two capture files and one that is none."""
    name = a_container()

    async def fill(store):
        await store.write(NAME.format(0), WHOLE)
        await store.write(NAME.format(1), WHOLE[:-5])
        await store.write("acme/pixel/notes.txt", b"no capture file")

    with_store(azurite.connection_string(), fill, name)
    return {"PIXEL_CAPTURE_STORE": azurite.connection_string(), "PIXEL_CAPTURE_STORE_CONTAINER": name}


def test_a_container_is_read(container):
    ran = command("read", **container)
    assert ran.stdout.decode().splitlines() == EVENTS
    first, second = ran.stderr.decode().splitlines()
    assert first == f"{NAME.format(0)}: {SKIPPED.strip()}"
    assert second.startswith(f"{NAME.format(1)}: torn tail")
    assert ran.returncode == 1


def test_a_folder_is_read_in_the_same_way(tmp_path):
    path = tmp_path / NAME.format(0)
    path.parent.mkdir(parents=True)
    path.write_bytes(WHOLE)
    for where, env in ((str(path), {}), (str(tmp_path), {}), (None, {"PIXEL_CAPTURE_STORE": str(tmp_path)})):
        ran = command("read", *filter(None, [where]), **env)
        assert ran.stdout.decode().splitlines() == EVENTS
        assert ran.stderr.decode() == f"{path}: {SKIPPED}"


def test_a_file_of_any_size_comes_whole_from_a_container(container, monkeypatch):
    monkeypatch.setattr(captured, "_PIECE", 16)
    with captured.captured("", container) as files:
        assert files.sizes() == {NAME.format(0): len(WHOLE), NAME.format(1): len(WHOLE) - 5}
        with files.open(NAME.format(0)) as file:
            assert file.read() == WHOLE


def test_a_container_that_is_empty_or_missing_is_told_without_its_key(azurite):
    ran = command("read", PIXEL_CAPTURE_STORE=azurite.connection_string(), PIXEL_CAPTURE_STORE_CONTAINER="no-such")
    assert (ran.returncode, ran.stdout) == (0, b"")
    assert ran.stderr == b"There are no capture files (.avro) in the container no-such.\n"


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("http://a.blob.core.windows.net/b", "PIXEL_CAPTURE_STORE must be a folder, an https URL"),
        ("https://a.blob.core.windows.net/", "must name one container"),
        ("https://a.blob.core.windows.net/b?sig=c2VjcmV0", "takes no signature"),
        ("AccountName=a;AccountKey=c2VjcmV0;BlobEndpoint=https://a/", "put it in PIXEL_CAPTURE_STORE"),
        ("no/such/folder", "no/such/folder does not exist"),
    ],
)
def test_what_cannot_be_read_is_told(where, said):
    ran = command("read", where)
    assert (ran.returncode, ran.stdout) == (2, b"")
    assert said in ran.stderr.decode()
    assert b"c2VjcmV0" not in ran.stderr


def test_a_wrong_key_is_told_with_the_name_of_the_setting(azurite):
    key = "d3Jvbmc="
    ran = command("read", PIXEL_CAPTURE_STORE=azurite.connection_string(key=key))
    assert ran.returncode == 2
    assert b"check the key in PIXEL_CAPTURE_STORE" in ran.stderr
    assert key.encode() not in ran.stderr


def test_a_folder_in_a_container_may_follow_its_url(monkeypatch):
    opened = []

    def open_store(text, container, client_id):
        opened.append((text, client_id))
        raise StoreError("that is all we wanted to know")

    monkeypatch.setattr(captured, "open_store", open_store)
    url = "https://a.blob.core.windows.net/capture/acme/pixel"
    with pytest.raises(StoreError), captured.captured(url, {"PIXEL_STORE_CLIENT_ID": "4e1c"}):
        pass
    assert opened == [("https://a.blob.core.windows.net/capture", "4e1c")]

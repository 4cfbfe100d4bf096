"""What a store does when disks and services fail: it says so in time, in one sentence, and stores nothing twice."""

import asyncio
import contextlib
import fcntl
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from azure.storage.blob import AccountSasPermissions, ResourceTypes, generate_account_sas
from azure.storage.blob.aio import BlobClient, BlobLeaseClient

from pixel import store_blob, store_folder, store_service
from pixel.store import StoreError, Unreachable, open_store
from tests.blob_server import ACCOUNT, KEY, blob_server
from tests.front_door import ROOT, clean_environment
from tests.stores import a_container, opened, with_store

WRONG_KEY = "c2VjcmV0" * 8


@contextlib.asynccontextmanager
async def losing_answers(azurite, which):
    """A proxy before Azurite that swallows the answers to requests of which `which` is a part of the first line."""
    lost = []

    async def relay(reader, writer):
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", azurite.port)

        async def answers():
            while data := await upstream_reader.read(65536):
                if swallow:
                    lost.append(data)
                    writer.close()
                    return
                writer.write(data)
            writer.close()

        swallow = []
        answering = asyncio.create_task(answers())
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if not lost and which in data.partition(b"\r\n")[0]:
                    swallow.append(data)
                upstream.write(data)
        upstream.close()
        await asyncio.gather(answering, return_exceptions=True)

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], lost
    finally:
        server.close()


@pytest.mark.parametrize("which", [b"PUT", b"appendblock"])
def test_an_append_whose_answer_is_lost_is_stored_once(azurite, which):
    async def run():
        name = a_container()
        async with (
            losing_answers(azurite, which) as (port, lost),
            opened(azurite.connection_string(port=port), name) as store,
        ):
            await store.append("z", b"a\n")
            await store.append("z", b"b\n")
            assert lost
            return await store.read("z")

    assert asyncio.run(run()) == b"a\nb\n"


def test_a_lease_whose_answer_is_lost_is_held_all_the_same(azurite):
    async def run():
        async with (
            losing_answers(azurite, b"comp=lease") as (port, lost),
            opened(azurite.connection_string(port=port), a_container()) as store,
            store.lease("replay") as lease,
        ):
            return lease.is_held() and bool(lost)

    assert asyncio.run(run())


def test_a_lease_that_somebody_broke_is_no_longer_held(azurite, monkeypatch):
    monkeypatch.setattr(store_blob, "RENEW_S", 0.05)

    async def run():
        text, container = azurite.connection_string(), a_container()
        async with opened(text, container) as store:
            async with store.lease("replay") as lease:
                await asyncio.sleep(0.2)
                assert lease.is_held()
                async with BlobClient.from_connection_string(text, container, ".replay.lease") as blob:
                    await BlobLeaseClient(blob).break_lease(0)
                async with asyncio.timeout(5):
                    while lease.is_held():  # noqa: ASYNC110 - nobody is told; who holds it asks
                        await asyncio.sleep(0.02)
            async with store.lease("replay") as lease:
                return lease.is_held()

    assert asyncio.run(run())


def test_a_service_that_is_killed_and_comes_back_is_used_again(monkeypatch):
    monkeypatch.setattr(store_service, "WITHIN_S", 0.5)

    async def run(server):
        async with opened(server.connection_string()) as store:
            await store.append("z", b"before\n")
            server.kill()
            with pytest.raises(StoreError, match="cannot be reached"):
                await store.append("z", b"meanwhile\n")
            server.start()  # and has forgotten all: container, blob
            await store.append("z", b"after\n")
            return await store.read("z")

    with blob_server() as server:
        assert asyncio.run(run(server)) == b"after\n"


def test_a_service_that_was_never_there_is_told_within_the_budget_of_a_hit(monkeypatch):
    monkeypatch.setattr(store_service, "WITHIN_S", 0.1)
    monkeypatch.setattr(store_service, "FIRST_WITHIN_S", 1e6)
    text = f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint=http://127.0.0.1:9/{ACCOUNT}"
    for ask in (lambda store: store.append("z", b"a\n"), lambda store: store.check()):
        with pytest.raises(Unreachable, match="cannot be reached"):
            with_store(text, ask)


def test_a_service_that_hangs_costs_no_more_than_the_budget_and_stores_nothing_twice(azurite, monkeypatch):
    monkeypatch.setattr(store_service, "TRY_S", 0.1)
    monkeypatch.setattr(store_service, "WITHIN_S", 0.5)

    async def run():
        async with opened(azurite.connection_string(), a_container()) as store:
            await store.append("z", b"before\n")
            azurite.pause()
            try:
                with pytest.raises(StoreError, match=r"did not answer within 0\.5 s"):
                    await store.append("z", b"meanwhile\n")
            finally:
                azurite.resume()
            await store.append("z", b"after\n")
            return await store.read("z")

    # Who was told that it failed may find it stored: it reached the service, which took it in the end.
    assert asyncio.run(run()) in (b"before\nafter\n", b"before\nmeanwhile\nafter\n")


@pytest.mark.parametrize("ask", [lambda store: store.append("z", b"a\n"), lambda store: store.check()])
def test_a_wrong_key_is_told_without_it(azurite, ask):
    with pytest.raises(StoreError) as refused:
        with_store(azurite.connection_string(key=WRONG_KEY), ask)
    assert type(refused.value) is StoreError
    assert "lets us not in (403, " in str(refused.value)
    assert refused.value.__suppress_context__
    for secret in (WRONG_KEY, KEY, "devstoreaccount1", "127.0.0.1"):
        assert secret not in str(refused.value)


def test_a_key_that_is_none_is_told_without_it(azurite):
    with pytest.raises(StoreError) as refused:
        with_store(azurite.connection_string(key="SECRET"), lambda store: store.append("z", b"a\n"))
    assert "PIXEL_STORE" in str(refused.value)
    assert "SECRET" not in str(refused.value)


def test_an_identity_that_gives_no_token_costs_no_more_than_the_budget(monkeypatch):
    monkeypatch.setenv("IDENTITY_ENDPOINT", "http://127.0.0.1:9/token")
    monkeypatch.setenv("IDENTITY_HEADER", "SECRET")
    monkeypatch.setattr(store_service, "FIRST_WITHIN_S", 0.5)

    async def run():
        store = open_store("https://127.0.0.1:9/pixel", "", "11111111-1111-1111-1111-111111111111")
        try:
            await store.append("z", b"a\n")
        finally:
            await store.close()

    with pytest.raises(StoreError, match=r"did not answer|lets us not in") as refused:
        asyncio.run(run())
    assert "SECRET" not in str(refused.value)


def test_a_missing_container_is_made_by_who_writes_and_not_by_who_reads(azurite):
    async def use(store):
        assert list(await store.names()) == []
        with pytest.raises(StoreError, match="no such container"):
            await store.read("z")
        await store.append("z", b"a\n")
        return await store.read("z")

    assert with_store(azurite.connection_string(), use, a_container()) == b"a\n"


def test_a_missing_container_is_made_however_long_it_took_to_hear_of_it(azurite, monkeypatch):
    monkeypatch.setattr(store_service, "WITHIN_S", 0.0)

    async def use(store):
        await store.append("z", b"a\n")
        return await store.read("z")

    assert with_store(azurite.connection_string(), use, a_container()) == b"a\n"


def test_a_signature_opens_a_container_that_it_may_not_make(azurite):
    signature = generate_account_sas(
        ACCOUNT,
        KEY,
        ResourceTypes(object=True),
        AccountSasPermissions(read=True, write=True, add=True, create=True, delete=True),
        datetime.now(UTC) + timedelta(hours=1),
    )
    text = f"BlobEndpoint=http://127.0.0.1:{azurite.port}/{ACCOUNT};SharedAccessSignature={signature}"
    container = a_container()
    for ask in (lambda store: store.append("z", b"a\n"), lambda store: store.check()):
        with pytest.raises(StoreError, match="we may not make it: create it") as refused:
            with_store(text, ask, container)
    assert signature not in str(refused.value)
    with_store(azurite.connection_string(), lambda store: store.append("z", b"a\n"), container)
    with_store(text, lambda store: store.check(), container)
    with_store(text, lambda store: store.append("z", b"b\n"), container)
    assert with_store(text, lambda store: store.read("z"), container) == b"a\nb\n"


def test_a_blob_that_takes_no_append_is_told(azurite):
    async def use(store):
        await store.write("z", b"a block blob")
        with pytest.raises(StoreError, match="InvalidBlobType"):
            await store.append("z", b"a\n")

    with_store(azurite.connection_string(), use, a_container())


@pytest.mark.parametrize("name", ["z", "a/z"])
def test_a_folder_that_is_a_file_is_told(tmp_path, name):
    (tmp_path / "store").write_text("a file")

    async def use(store):
        told = []
        for verb in (store.append(name, b"a\n"), store.write(name, b"a"), store.lease(name).__aenter__()):
            with pytest.raises(StoreError, match=r"Not a directory|File exists") as refused:
                await verb
            told.append(type(refused.value))
        return told

    assert with_store(str(tmp_path / "store"), use) == [StoreError] * 3


@pytest.mark.parametrize("is_late", [False, True])
def test_a_lease_that_a_hanging_disk_gives_too_late_is_free_again(tmp_path, monkeypatch, is_late):
    hangs, answered = threading.Event(), threading.Event()

    def flock(file, how):
        hangs.set()
        answered.wait()
        fcntl.flock(file, how)

    monkeypatch.setattr(store_folder, "fcntl", SimpleNamespace(**{**vars(fcntl), "flock": flock}))

    async def hold(store):
        async with store.lease("replay"):
            return True

    async def use(store):
        if is_late:
            monkeypatch.setattr(store_folder, "WITHIN_S", 0.05)
            with pytest.raises(StoreError, match="did not answer within"):
                await hold(store)
            monkeypatch.setattr(store_folder, "WITHIN_S", 10)
        else:  # who waits is told to stop
            holding = asyncio.create_task(hold(store))
            await asyncio.to_thread(hangs.wait)
            holding.cancel()
            await asyncio.wait({holding})
            assert holding.cancelled()
        answered.set()
        async with asyncio.timeout(10):
            while any(tmp_path.rglob(".*")):  # noqa: ASYNC110 - nobody is told when a late lease is freed
                await asyncio.sleep(0.01)
        return await hold(store)

    assert with_store(str(tmp_path), use)


READ_ONLY = """
import asyncio, os, sys
from pixel.store import StoreError, Unreachable, open_store
async def main():
    store = open_store(sys.argv[1], "")
    await store.names()  # imports what it needs, while it may
    os.chmod(sys.argv[1], 0o555)
    if os.geteuid() == 0:
        os.setuid(65534)  # root may write anywhere
    for verb in (store.append("z", b"a"), store.write("z", b"a"), store.check()):
        try:
            await verb
        except StoreError as fault:
            print(fault)
asyncio.run(main())
"""


def test_a_folder_that_may_only_be_read_is_told(tmp_path):
    ran = script(READ_ONLY, tmp_path)
    assert ran.stdout.count(f"{tmp_path}/z cannot be used (Permission denied).\n") == 2, ran.stderr
    assert f"{tmp_path} is no folder that can be written to (Permission denied).\n" in ran.stdout


FULL_DISK = """
import asyncio, resource, sys
from pixel.store import StoreError, Unreachable, open_store
async def main():
    store = open_store(sys.argv[1], "")
    line = b"x" * 99 + b"\\n"
    await store.append("z", line * 10)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1550, resource.RLIM_INFINITY))
    try:
        await store.append("z", line * 10)
    except StoreError as fault:
        print(fault)
    await store.append("z", line * 5)
    print(len(await store.read("z")))
asyncio.run(main())
"""


def test_a_full_disk_leaves_no_half_of_what_did_not_fit(tmp_path):
    ran = script(FULL_DISK, tmp_path)
    assert ran.returncode == 0, ran.stderr
    said, size = ran.stdout.splitlines()
    assert "File too large" in said
    assert size == "1500"


def script(text, *arguments):
    return subprocess.run(
        [sys.executable, "-c", text, *map(str, arguments)],
        capture_output=True,
        text=True,
        env=clean_environment(),
        cwd=ROOT,
    )

"""What every store must keep, in a folder and in Blob alike; and which settings open which."""

import asyncio
import subprocess
import sys

import pytest

from pixel import store as stores
from pixel import store_blob
from pixel.store import Entry, Missing, StoreError, Taken, open_store
from tests.front_door import ROOT, clean_environment
from tests.stores import opened, run, with_store


def test_what_is_appended_is_read_in_its_order(where):
    async def use(store):
        for line in (b"a\n", b"b\n", b"", b"c\n"):
            await store.append("x/y/z.ndjson", line)
        return await store.read("x/y/z.ndjson")

    assert run(where, use) == b"a\nb\nc\n"


def test_another_process_goes_on_at_the_end_of_a_file(where):
    for line in (b"a\n", b"b\n"):
        run(where, lambda store, line=line: store.append("z", line))
    assert run(where, lambda store: store.read("z")) == b"a\nb\n"


def test_a_part_of_a_file_is_read(where):
    async def use(store):
        await store.append("z", b"0123456789")
        parts = ((0, None), (3, None), (3, 4), (8, 100), (10, 5), (11, None))
        return [await store.read("z", start, length) for start, length in parts]

    assert run(where, use) == [b"0123456789", b"3456789", b"3456", b"89", b"", b""]


def test_more_than_a_block_takes_is_appended_whole(where):
    lines = b"".join(b"%07d\n" % number for number in range(1_200_000))  # 9.6 MB

    async def use(store):
        await store.append("z", b"first\n")
        await store.append("z", lines)
        return await store.read("z")

    assert run(where, use) == b"first\n" + lines


def test_many_writers_of_one_file_lose_and_repeat_nothing(where):
    async def use(store):
        async with opened(*where) as other:
            writers = [each.append("z", b"%d\n" % number) for number, each in enumerate([store, other] * 8)]
            await asyncio.gather(*writers)
        return await store.read("z")

    assert sorted(map(int, run(where, use).split())) == list(range(16))


def test_a_file_is_written_and_replaced_whole(where):
    async def use(store):
        await store.write("reports/a.json", b"long and old")
        await store.write("reports/a.json", b"new" * 1_000_000)
        return await store.read("reports/a.json")

    assert run(where, use) == b"new" * 1_000_000


def test_names_are_sorted_and_begin_as_asked(where):
    async def use(store):
        for name in ("b/2", "b/10", "a/1/x", "b1"):
            await store.append(name, name.encode())
        return [await store.names(prefix) for prefix in ("", "b/", "b/1", "b", "c", "a/1/")]

    entries = [Entry("a/1/x", 5), Entry("b/10", 4), Entry("b/2", 3), Entry("b1", 2)]
    assert run(where, use) == [entries, entries[1:3], entries[1:2], entries[1:], [], entries[:1]]


def test_a_check_makes_the_store_and_leaves_nothing_in_it(where, tmp_path):
    async def use(store):
        async with opened(*where) as other:
            await asyncio.gather(store.check(), other.check())
        with pytest.raises(Missing, match=r"no such blob|z does not exist"):  # so the container is there
            await store.read("z")
        with pytest.raises(Missing):
            await store.read(".check")
        return list(await store.names())

    assert run(where, use) == []
    assert where[1] != "pixel" or list((tmp_path / "store").iterdir()) == []


def test_names_come_whole_however_many_pages_they_take(where, monkeypatch):
    monkeypatch.setattr(store_blob, "_PAGE", 3)
    names = [f"spill/{number:02}" for number in range(7)]

    async def use(store):
        for name in reversed(names):
            await store.write(name, b"x")
        async with store.lease("spill/03"):  # a hidden file, on a page
            return [entry.name for entry in await store.names("spill/")]

    assert run(where, use) == names


def test_an_empty_store_has_no_names_and_no_files(where):
    async def use(store):
        await store.append("z", b"")
        assert list(await store.names()) == list(await store.names("spill/")) == []
        assert await store.delete("z")
        with pytest.raises(Missing):
            await store.read("z")

    run(where, use)


def test_a_file_that_is_deleted_is_gone_and_may_come_again(where):
    async def use(store):
        await store.append("z", b"old\n")
        assert await store.delete("z")
        assert await store.delete("z")
        await store.append("z", b"new\n")
        return await store.read("z")

    assert run(where, use) == b"new\n"


def test_a_file_that_grew_is_not_deleted_by_its_old_size(where):
    async def use(store):
        await store.append("z", b"read\n")
        await store.append("z", b"came in\n")
        assert not await store.delete("z", 5)
        assert await store.read("z") == b"read\ncame in\n"
        assert await store.delete("z", 13)
        assert list(await store.names()) == []

    run(where, use)


def test_deleting_by_size_while_others_append_loses_nothing(where):
    async def use(store):
        taken, writing = [], True

        async def write(first):
            for number in range(first, first + 20):
                await store.append("a/b/z", b"%d\n" % number)

        async def take():
            while writing:
                try:
                    data = await store.read("a/b/z")
                except Missing:
                    await asyncio.sleep(0)
                    continue
                if await store.delete("a/b/z", len(data)):
                    taken.extend(data.split())

        taking = asyncio.create_task(take())
        await asyncio.gather(write(0), write(100))
        writing = False
        await taking
        with_rest = taken + (await store.read("a/b/z")).split() if await store.names("a/b/z") else taken
        return sorted(map(int, with_rest))

    assert run(where, use) == [*range(20), *range(100, 120)]


def test_a_folder_keeps_no_empty_folders(tmp_path):
    async def use(store):
        for name in ("spill/a/1", "spill/a/2", "spill/b/1"):
            await store.append(name, b"x")
        await store.delete("spill/a/1")
        await store.delete("spill/b/1")
        left = [path.name for path in (tmp_path / "spill").iterdir()]
        await store.delete("spill/a/2")
        return left

    assert with_store(str(tmp_path), use) == ["a"]
    assert list(tmp_path.iterdir()) == []


def test_only_one_holds_a_lease_and_it_leaves_nothing_behind(where):
    async def use(store):
        async with opened(*where) as other:
            async with store.lease("lease/replay") as lease:
                assert lease.is_held()
                with pytest.raises(Taken):
                    async with other.lease("lease/replay"):
                        pass
                async with other.lease("lease/other"):
                    pass
            async with other.lease("lease/replay"):
                return list(await store.names())

    assert run(where, use) == []


HOLDER = """
import asyncio, os, sys
from pixel.store import Taken, open_store
async def main():
    store = open_store(sys.argv[1], sys.argv[2])
    try:
        async with store.lease("replay"):
            print("held", flush=True)
            await asyncio.to_thread(sys.stdin.read)
    except Taken:
        print("taken", flush=True)
    await store.close()
asyncio.run(main())
"""


def test_of_two_processes_one_holds_the_lease(where):
    def holder():
        return subprocess.Popen(
            [sys.executable, "-c", HOLDER, *where],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=clean_environment(),
            cwd=ROOT,
        )

    with holder() as first:
        assert first.stdout.readline() == "held\n"
        with holder() as second:
            assert second.stdout.readline() == "taken\n"
        first.communicate("")
    with holder() as third:
        assert third.stdout.readline() == "held\n"
        if where[1] == "pixel":  # in a folder a kill frees it at once
            third.kill()
            third.wait()
            with holder() as fourth:
                assert fourth.stdout.readline() == "held\n"
                fourth.communicate("")
        else:
            third.communicate("")


@pytest.mark.parametrize(
    ("text", "container", "said"),
    [
        ("http://account.blob.core.windows.net/pixel", "pixel", "https URL"),
        ("https://account.blob.core.windows.net/", "pixel", "one container"),
        ("https://account.blob.core.windows.net/a/b", "pixel", "one container"),
        ("https://account.blob.core.windows.net/a?sv=1&sig=SECRET", "pixel", "signature"),
        ("https://me:SECRET@account.blob.core.windows.net/a", "pixel", "signature"),
        ("abfss://a@b", "pixel", "https URL"),
        ("UseDevelopmentStorage=true", "pixel", "Azurite"),
        ("AccountName=a;AccountKey=SECRET", "UPPER", "PIXEL_STORE_CONTAINER"),
        ("AccountName=a;AccountKey=SECRET", "", "PIXEL_STORE_CONTAINER"),
        ("AccountName=a;AccountKey=SECRET", "a--b", "PIXEL_STORE_CONTAINER"),
        ("AccountName=a;AccountKey=SECRET", "a" * 64, "PIXEL_STORE_CONTAINER"),
        ("AccountName=a", "pixel", "whole connection string"),
        ("AccountKey=SECRET;", "pixel", "whole connection string"),
    ],
)
def test_a_store_that_is_not_usable_is_a_sentence_without_its_secret(text, container, said):
    assert said in stores.problem(text, container)
    with pytest.raises(StoreError, match=said) as refused:
        open_store(text, container)
    assert "SECRET" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("data/store", "FolderStore", "data/store"),
        ("/mnt/a=b store", "FolderStore", "/mnt/a=b store"),
        ("https://a.blob.core.windows.net/pixel", "BlobStore", "https://a.blob.core.windows.net/pixel"),
        ("DefaultEndpointsProtocol=https;AccountName=a;AccountKey=SECRET=;", "BlobStore", "(set)"),
        ("BlobEndpoint=https://a.example;SharedAccessSignature=sig=SECRET", "BlobStore", "(set)"),
    ],
)
def test_what_is_configured_decides_which_store_opens(text, kind, shown):
    assert stores.problem(text, "pixel") is None
    assert type(open_store(text, "pixel")).__name__ == kind
    assert stores.without_secret(text) == shown


def test_without_a_setting_there_is_no_store():
    assert stores.problem("", "") is None
    with pytest.raises(StoreError, match="PIXEL_STORE"):
        open_store("", "pixel")


def test_a_name_stays_within_a_folder(tmp_path):
    for name in ("/etc/passwd", "../x", "a/../../x"):
        with pytest.raises(StoreError, match="stays within"):
            with_store(str(tmp_path), lambda store, name=name: store.read(name))
        with pytest.raises(StoreError, match="stays within"):
            with_store(str(tmp_path), lambda store, name=name: store.names(name))


def test_nothing_of_azure_is_imported_until_the_store_is_asked():
    script = (
        "import sys; from pixel.store import open_store; import pixel.deliver.spill;"
        "open_store('https://a.blob.core.windows.net/pixel', 'pixel', 'id'); open_store('A=;AccountName=a;AccountKey=b', 'pixel');"
        "print([name for name in sys.modules if name.startswith(('azure', 'aiohttp', 'msal'))])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=clean_environment(), cwd=ROOT, check=True
    )
    assert ran.stdout == "[]\n"

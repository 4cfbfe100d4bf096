import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pixel import capture
from pixel.deliver.capture_file import CaptureFileSink
from pixel.deliver.replay import Undelivered
from pixel.event import encode
from tests.events import an_event
from tests.front_door import ROOT, captured, clean_environment

START = 1_795_248_000.0  # 2026-11-21T08:00:00Z


def send(sink, *ids):
    async def together():
        return await asyncio.gather(*(sink.send([an_event(id=each)]) for each in ids))

    return [delivery for (delivery,) in asyncio.run(together())]


def ids(folder):
    return [event["id"] for event in captured(folder)]


def numbers(folder):
    found = []
    for path in capture.files(folder):
        with path.open("rb") as file:
            found += [record.sequence for record in capture.records(file)]
    return found


def test_what_is_sent_can_be_read_at_once(tmp_path):
    sink = CaptureFileSink(tmp_path, clock=lambda: START)
    assert send(sink, "a") == ["sent"]
    assert ids(tmp_path) == ["a"]
    assert (tmp_path / "local/pixel/0/2026/11/21/08/00/00.avro").exists()


def test_of_events_that_come_in_together_all_but_the_first_share_a_block(tmp_path):
    import fastavro

    sink = CaptureFileSink(tmp_path)
    send(sink, *map(str, range(50)))
    send(sink, "last")
    (path,) = capture.files(tmp_path)
    with path.open("rb") as file:
        assert [block.num_records for block in fastavro.block_reader(file)] == [1, 49, 1]


def test_a_window_ends_by_time_and_by_size(tmp_path):
    now = [START]
    sink = CaptureFileSink(tmp_path, window_s=60, max_bytes=1000, clock=lambda: now[0])
    send(sink, "a")
    now[0] += 59
    send(sink, "b")
    assert len(list(capture.files(tmp_path))) == 1
    now[0] += 1
    send(sink, "c")
    assert len(list(capture.files(tmp_path))) == 2
    for number in range(10):  # all in one second: the names still differ
        send(sink, f"d{number}")
    assert len(list(capture.files(tmp_path))) > 3
    assert ids(tmp_path) == ["a", "b", "c", *(f"d{number}" for number in range(10))]
    assert numbers(tmp_path) == list(range(13))


def test_a_new_process_continues_the_numbers(tmp_path):
    for number in range(3):
        sink = CaptureFileSink(tmp_path)
        send(sink, str(number))
        sink.close()
    assert numbers(tmp_path) == [0, 1, 2]


def test_a_clock_set_back_repeats_no_number(tmp_path):
    for number, at in enumerate([START, START + 100, START - 3600, START - 3600]):
        sink = CaptureFileSink(tmp_path, clock=lambda at=at: at)
        send(sink, str(number))
        sink.close()
    assert numbers(tmp_path) == [0, 1, 2, 3]
    assert ids(tmp_path) == ["0", "1", "2", "3"]


def test_a_torn_tail_is_cut_at_the_next_start(tmp_path):
    sink = CaptureFileSink(tmp_path, clock=lambda: START)
    send(sink, "a")
    send(sink, "b")
    sink.close()
    (path,) = capture.files(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    sink = CaptureFileSink(tmp_path, clock=lambda: START)
    send(sink, "c")
    assert ids(tmp_path) == ["a", "c"]
    assert numbers(tmp_path) == [0, 1]


def test_a_file_torn_in_its_head_is_passed_over(tmp_path):
    sink = CaptureFileSink(tmp_path, clock=lambda: START)
    send(sink, "a")
    sink.close()
    torn = tmp_path / "local/pixel/0/2026/11/21/08/00/01.avro"
    torn.write_bytes(b"Obj\x01\x04\x14avro")
    sink = CaptureFileSink(tmp_path, clock=lambda: START + 100)
    send(sink, "b")
    assert ids(tmp_path) == ["a", "b"]
    assert numbers(tmp_path) == [0, 1]


def test_two_processes_write_two_partitions(tmp_path):
    one, two = CaptureFileSink(tmp_path), CaptureFileSink(tmp_path)
    send(one, "a")
    send(two, "b")
    send(one, "c")
    assert sorted(path.name for path in (tmp_path / "local/pixel").iterdir()) == ["0", "1"]
    assert sorted(ids(tmp_path)) == ["a", "b", "c"]


def test_a_folder_removed_while_we_write_is_made_again(tmp_path):
    sink = CaptureFileSink(tmp_path / "capture")
    send(sink, "a")
    shutil.rmtree(tmp_path / "capture")
    assert send(sink, "b") == ["sent"]
    assert ids(tmp_path) == ["b"]


def test_a_folder_that_cannot_be_written_fails_and_recovers(tmp_path):
    (tmp_path / "capture").write_text("a file, no folder")
    sink = CaptureFileSink(tmp_path / "capture")
    assert send(sink, "a", "b") == ["failed:storage", "failed:storage"]
    assert str(tmp_path / "capture") in sink.problem
    (tmp_path / "capture").unlink()
    assert send(sink, "c") == ["sent"]
    assert sink.problem is None
    assert ids(tmp_path) == ["c"]


FULL_DISK = """
import asyncio, json, pathlib, resource, sys
from pixel.deliver.capture_file import CaptureFileSink
from tests.events import an_event
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
sink = CaptureFileSink(pathlib.Path(sys.argv[1]))
async def main():
    first = [(await sink.send([an_event(id=str(n), params={"x": "y" * 900})]))[0] for n in range(40)]
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return first + [(await sink.send([an_event(id="after")]))[0]]
json.dump(asyncio.run(main()), sys.stdout)
"""


@pytest.mark.parametrize("room", [0, 300, 1500, 20_000])
def test_a_full_disk_fails_what_does_not_fit_and_spoils_nothing(tmp_path, room):
    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path), str(room)],
        capture_output=True,
        text=True,
        env=clean_environment(),
        cwd=ROOT,
    )
    assert ran.returncode == 0, ran.stderr
    deliveries = json.loads(ran.stdout)
    sent = [str(number) for number, delivery in enumerate(deliveries[:-1]) if delivery == "sent"]
    assert (len(sent) > 0) == (room > 2000)
    assert len(sent) < 40
    assert deliveries[-1] == "sent"
    assert ids(tmp_path) == [*sent, "after"]
    assert numbers(tmp_path) == list(range(len(sent) + 1))


def test_a_file_damaged_in_its_middle_is_left_as_it_is(tmp_path):
    sink = CaptureFileSink(tmp_path, clock=lambda: START)
    for each in "abc":
        send(sink, each)
    sink.close()
    (path,) = capture.files(tmp_path)
    raw = bytearray(path.read_bytes())
    raw[raw.index(raw[-16:], 700) + 17] ^= 0x7F
    path.write_bytes(raw)
    assert send(CaptureFileSink(tmp_path, clock=lambda: START), "d") == ["sent"]
    assert path.read_bytes() == bytes(raw)


def test_a_file_that_is_no_capture_file_is_passed_over(tmp_path):
    sink = CaptureFileSink(tmp_path, clock=lambda: START)
    send(sink, "a")
    sink.close()
    (tmp_path / "local/pixel/0/zzz.avro").write_bytes(b"PAR1")
    sink = CaptureFileSink(tmp_path, clock=lambda: START)
    assert send(sink, "b") == ["sent"]


def test_descriptors_do_not_leak(tmp_path):
    before = len(list(Path("/proc/self/fd").iterdir()))
    sink = CaptureFileSink(tmp_path, max_bytes=1)
    for number in range(20):
        send(sink, str(number))
    sink.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_what_replay_delivers_is_written_as_it_is_or_refused(tmp_path):
    body = encode(an_event(id="later"))[:-1] + b',"of_a_later_schema":1}'
    sink = CaptureFileSink(tmp_path / "file" / "x")
    tmp_path.joinpath("file").write_text("in the way")
    with pytest.raises(Undelivered, match="could not be written"):
        asyncio.run(sink.deliver([body]))
    tmp_path.joinpath("file").unlink()
    asyncio.run(sink.deliver([body, body]))
    assert captured(tmp_path) == [json.loads(body)] * 2

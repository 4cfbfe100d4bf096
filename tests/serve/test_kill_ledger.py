"""After `kill -9` of a served pixel, and after a polite stop, `reconcile` finds every accepted event."""

import asyncio
import json

from tests.serve.test_kill import read, storm
from tests.serving import command, eventually, serving
from tests.test_reconcile import figures

OFTEN = ("-c", "import pixel.app; pixel.app.EVERY_S = 0.05; from pixel.commands import serve; serve.run([])")
"""The pixel, with a row of the ledger every 50 ms instead of every minute."""


def reconcile(folder):
    done = command("reconcile", "--capture", str(folder / "capture"), "--store", str(folder / "store"))
    said = done.stdout.decode()
    assert done.returncode == 0, said + done.stderr.decode()
    assert "Nothing is missing" in said
    return figures(said)


def rows(folder):
    return [json.loads(line) for path in folder.glob("store/ledger/*/*") for line in path.read_bytes().splitlines()]


def test_after_kills_all_that_was_accepted_is_found_in_rows_or_beside_them(tmp_path):
    accepted = []
    for number, answers in enumerate((300, 1000, 2500)):
        with serving(tmp_path / "capture", OFTEN, PIXEL_STORE=str(tmp_path / "store")) as served:
            accepted += asyncio.run(storm(served, f"k{number}", answers, served.process.kill))
            assert served.process.wait(10) == -9
    events, _ = read(tmp_path / "capture")
    assert not set(accepted) - {event["id"] for event in events}
    got = reconcile(tmp_path)
    assert (
        0 < got["accepted"] <= got["captured"] <= got["received"]
    )  # some were in flight when a last row was written
    assert got["captured"] + got.get("in no row", 0) == len(events) >= len(accepted)
    assert "gaps among them" not in got


def test_after_a_polite_stop_the_rows_hold_all(tmp_path):
    with serving(tmp_path / "capture", PIXEL_STORE=str(tmp_path / "store")) as served:
        accepted = asyncio.run(storm(served, "stopped", 500, served.process.terminate))
        served.process.wait(10)
        assert "Traceback" not in served.said()
    got = reconcile(tmp_path)
    assert got["accepted"] == got["captured"] >= len(accepted)
    assert "in no row" not in got


def test_while_it_runs_status_sums_what_is_written(tmp_path):
    with serving(tmp_path / "capture", OFTEN, PIXEL_STORE=str(tmp_path / "store")) as served:
        for _ in range(5):
            served.get("/pix")
        eventually(lambda: rows(tmp_path) and sum(row["counts"]["received"] for row in rows(tmp_path)) == 5)
        told = json.loads(served.get("/status")[2])
    assert (told["problems"], told["today"]["received"], told["today"]["boots"]) == ([], 5, 1)

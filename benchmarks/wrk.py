"""The load generator: wrk, one thread, its connections kept busy, cycling over the hits of benchmarks/hits.py.

https://github.com/wg/wrk/blob/master/SCRIPTING
"""

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.hits import Hit
from benchmarks.process import prepared
from benchmarks.result import Failed
from benchmarks.surroundings import environment

CONNECTIONS: Final = 32

_SCRIPT = """
local hits = {{
{hits}
}}
local next = 0
request = function()
  next = next % #hits + 1
  return hits[next]
end
"""


def find() -> str | None:
    """Return the path of wrk."""
    return shutil.which("wrk")


def write_script(path: Path, hits: Sequence[Hit]) -> None:
    """Write the hits as HTTP/1.1 requests into a script for wrk."""
    path.write_text(_SCRIPT.format(hits=",\n".join(map(_lua, hits))), "ascii")


def load(program: str, script: Path, port: int, seconds: int, core: int | None) -> int:
    """Load a server for so long; return how many requests it answered, all of them with 2xx."""
    command = [program, "-t", "1", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "-s", str(script)]
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{port}/"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=seconds + 30,
        check=False,
        preexec_fn=prepared(core),
    )
    answered = re.search(r"(\d+) requests in", done.stdout)
    if done.returncode or not answered or "Socket errors" in done.stdout or "Non-2xx" in done.stdout:
        raise Failed(f"wrk did not get what it asked for:\n{done.stdout}{done.stderr}")
    return int(answered[1])


def _lua(hit: Hit) -> str:
    """Write a request as a Lua string; what is not plain ASCII as decimal escapes."""
    head = "".join(f"{name.title()}: {value}\r\n" for name, value in hit.headers.items())
    request = f"GET {hit.target} HTTP/1.1\r\n{head}\r\n"
    return '"' + re.sub(r"[^ !#-\[\]-~]", lambda found: f"\\{ord(found[0]):03d}", request) + '"'

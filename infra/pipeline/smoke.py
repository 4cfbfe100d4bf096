"""Check what was just deployed: wait until it answers, then `python -m pixel verify`.

PIXEL_URL says where it is, PIXEL_CAPTURE_STORE where Capture writes; both are outputs of the deployment. PIXEL_STATUS_KEY
is the key of /status, if it has one; VERIFY_ARGS are further options, such as --no-wait where the store is private. Needs
requirements-cli.txt, and a login that may read what is captured.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

ROOT = Path(__file__).parent.parent.parent

WAIT_S = 300.0
"""A new app starts in seconds. The login of a pipeline's task lasts some minutes only, and verify has yet to use it."""

ATTEMPTS, PAUSE_S = 3, 60.0
"""A role that was given just now may take minutes to work."""


def health(url: str) -> str:
    """Ask once; return what is wrong, or nothing."""
    try:
        with urlopen(f"{url}/health", timeout=30) as answer:  # noqa: S310 - an output of our own deployment
            return "" if answer.status == 200 else f"/health answers {answer.status}"
    except HTTPError as refused:
        return f"/health answers {refused.code}: {refused.read(200).decode(errors='replace')}"
    except (OSError, HTTPException) as fault:
        return f"no answer: {fault}"


def wait(url: str, limit_s: float = WAIT_S, sleep: Callable[[float], None] = time.sleep) -> bool:
    """Wait until the pixel is healthy; say each time what it says."""
    ends = time.monotonic() + limit_s
    while wrong := health(url):
        print(f"{url}: {wrong}", flush=True)
        if time.monotonic() >= ends:
            return False
        sleep(10)
    return True


def main(environ: Mapping[str, str], sleep: Callable[[float], None] = time.sleep) -> int:
    """Run; return the exit code: 0 all is well, 1 something is wrong, 2 it could not be checked."""
    env = {name: value for name, value in environ.items() if value != f"$({name})"}  # what the pipeline does not have
    if missing := [name for name in ("PIXEL_URL", "PIXEL_CAPTURE_STORE") if not env.get(name)]:
        print(f"{' and '.join(missing)} must be set: deploy.py prints them.", file=sys.stderr)
        return 2
    if not wait(env["PIXEL_URL"], sleep=sleep):
        print("It does not come up. Look at the app's Log stream in the portal, and at /status.", file=sys.stderr)
        return 2
    for attempt in range(1, ATTEMPTS + 1):
        print(f"Attempt {attempt} of {ATTEMPTS}", flush=True)
        verify = [
            sys.executable,
            "-m",
            "pixel",
            "verify",
            "--url",
            env["PIXEL_URL"],
            *shlex.split(env.get("VERIFY_ARGS", "")),
        ]
        code = subprocess.run(verify, cwd=ROOT, env=env, check=False).returncode
        if code == 0 or attempt == ATTEMPTS:
            break
        print(f"Once more in {PAUSE_S:g} s: roles and settings that are new take a while to work.", flush=True)
        sleep(PAUSE_S)
    return code


if __name__ == "__main__":
    sys.exit(main(os.environ))

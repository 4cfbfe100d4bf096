"""What `make stack` says once all is up: how to use it, how to break it."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

SCREEN = """
The whole system runs here: pixel -> Event Hubs SDK -> AMQP -> hub -> Capture -> {kept}

  the tag     <img src="{pixel}?customerId=123&amp;product=ac12" width="1" height="1" alt=""
              referrerpolicy="no-referrer-when-downgrade">
{live}  status      {at}/status

From another terminal, in this folder:

  fire a hit  curl -sS -D - -o /dev/null '{pixel}?customerId=123&product=ac12'
  read        env $(cat {folder}/env) {python} -m pixel read
              (Capture writes a file a few seconds after its first event)
  check all   env $(cat {folder}/env) {python} -m pixel verify

Break the hub, fire, and see that every accepted event is kept:

  throttle    curl -sS -d '{{"action": "reject", "count": null}}' {control}/faults
  drop        curl -sS -d '{{"action": "drop", "when": "after", "share": 0.3, "count": null}}' {control}/faults
  mend        curl -sS -X DELETE {control}/faults
  go away     curl -sS -X POST {control}/away
  come back   curl -sS -X POST {control}/back
  the spill   env $(cat {folder}/env) {python} -m tests.stack.spilled
  send it on  env $(cat {folder}/env) {python} -m pixel replay
              (two minutes later, when those files grow no more; the pixel does so itself, now and then)
  the hub     curl -sS {control}/stats

Ctrl-C stops it all{forgets}.
"""


def screen(pixel: str, at: str, control: str, folder: Path, *, live: bool, blob: bool) -> str:
    """Return it for a pixel at the URL `pixel` of the server `at`; what the stack keeps is in `folder`."""
    python = Path(os.path.abspath(sys.executable))  # noqa: PTH100 - a venv's python is a link, and stays one
    return SCREEN.format(
        kept="Azurite (Blob storage)" if blob else f"folders ({folder})",
        at=at,
        pixel=pixel,
        live=f"  live        {at}/live\n" if live else "",
        folder=folder,
        python=python.relative_to(ROOT) if python.is_relative_to(ROOT) else python,
        control=control,
        forgets="; Azurite forgets what it holds" if blob else f"; the files stay in {folder}",
    )

"""Lint and build infra/bicep with Microsoft's own compiler. A warning is an error, for it only warns of a wrong property.

python infra/pipeline/bicep.py FOLDER writes FOLDER/main.json, an ARM template of the same source that deploy.py deploys.
`bicep` is used, else `az bicep`. To build is to lint: https://learn.microsoft.com/azure/azure-resource-manager/bicep/linter
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

SOURCES = Path(__file__).parent.parent / "bicep"

SAID = re.compile(r"\(\d+(?:,\d+)*\)\s+:\s+(?:Warning|Error)\s")
"""What the compiler says of a line. az says other things too, such as that there is a newer Bicep."""


def compiler() -> tuple[list[str], list[str]]:
    """Return the command to say before `build`, and how it wants to be given a file."""
    if shutil.which("bicep"):
        return ["bicep"], []
    if shutil.which("az"):
        return ["az", "bicep"], ["--file"]
    raise FileNotFoundError("Neither bicep nor az is installed: https://aka.ms/bicep-install")


def build(source: Path, target: Path) -> int:
    """Compile a file; return how much is wrong with it. All that the compiler says is printed."""
    command, file = compiler()
    verb = "build-params" if source.suffix == ".bicepparam" else "build"
    asked = [*command, verb, *file, str(source), "--outfile", str(target)]
    env = os.environ | {"AZURE_CORE_ONLY_SHOW_ERRORS": "false"}  # who set that would hide the warnings
    told = subprocess.run(asked, env=env, capture_output=True, text=True, check=False)
    said = (told.stdout + told.stderr).strip()
    wrong = len(SAID.findall(said)) or int(told.returncode != 0)
    print(f"{source.name}: {wrong or 'nothing'} wrong", said, sep="\n" if said else "", flush=True)
    return wrong


def main(out: Path) -> int:
    """Build all; return the exit code."""
    out.mkdir(parents=True, exist_ok=True)
    try:
        wrong = build(SOURCES / "main.bicep", out / "main.json")
        with TemporaryDirectory() as aside:  # values come from the environment, and belong into no artifact
            wrong += sum(build(path, Path(aside, "out.json")) for path in sorted(SOURCES.glob("*.bicepparam")))
    except FileNotFoundError as missing:
        print(missing, file=sys.stderr)
        return 2
    if wrong:
        print("Warnings are errors here. A rule that is wrong for us is turned off in infra/bicep/bicepconfig.json.")
    return int(wrong > 0)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("python infra/pipeline/bicep.py FOLDER")
    sys.exit(main(Path(sys.argv[1])))

"""Deploy infra/bicep to an environment, or say what that would change. Somebody has to be logged in to az.

    RESOURCE_GROUP=rg-pixel-dev python infra/pipeline/deploy.py dev --what-if
    RESOURCE_GROUP=rg-pixel-dev python infra/pipeline/deploy.py dev

In Azure Pipelines the outputs of the deployment become variables of the steps that follow, and what would change is shown
on the page of the run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FROM_ENVIRONMENT = {
    "PIXEL_STATUS_KEY": "anybody may read /status",
    "PIXEL_ALERT_EMAIL": "alerts mail nobody, and there is no budget",
    "PIXEL_READERS_GROUP_ID": "nobody new may read events",
}
"""What parameter files read from the environment, and what is deployed without it."""


def environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without variables that the pipeline does not have: it leaves `$(NAME)` for them."""
    return {name: value for name, value in environ.items() if value != f"$({name})"}


def what_if(name: str, options: list[str], env: dict[str, str], in_pipeline: bool) -> int:
    """Print what a deployment would change. The page of the run hides no secrets by itself, as a log does."""
    asked = ["az", "deployment", "group", "what-if", *options, "--exclude-change-types", "Ignore", "NoChange"]
    told = subprocess.run(
        asked, env=env | {"AZURE_CORE_NO_COLOR": "true"}, stdout=subprocess.PIPE, text=True, check=False
    )
    key = env.get("PIXEL_STATUS_KEY")
    said = told.stdout.replace(key, "***") if key else told.stdout
    print(said)
    if in_pipeline and not told.returncode:
        page = ROOT / f"build/what-if-{name}.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(f"What a deployment to **{name}** would change:\n\n```\n{said}\n```\n", "utf-8")
        print(f"##vso[task.uploadsummary]{page}")
    return told.returncode


def deploy(options: list[str], env: dict[str, str], in_pipeline: bool) -> int:
    """Deploy, and hand the outputs on. Azure may return their names in other case."""
    run = f"run-{env.get('BUILD_BUILDID', 'by-hand')}"
    print(f"Deploying as {run}; this takes some minutes ...", flush=True)
    asked = ["az", "deployment", "group", "create", "--name", run, *options, "--query", "properties.outputs", "--output", "json"]  # fmt: skip
    told = subprocess.run(asked, env=env, stdout=subprocess.PIPE, text=True, check=False)
    if told.returncode:
        print(
            f"The deployment failed: see above, and {run} among the deployments of the resource group.",
            file=sys.stderr,
        )
        return told.returncode
    for name, output in sorted(json.loads(told.stdout).items()):
        print(f"{name.upper()}={output['value']}")
        if in_pipeline:
            print(f"##vso[task.setvariable variable={name.upper()}]{output['value']}")
    return 0


def main(arguments: list[str], environ: Mapping[str, str]) -> int:
    """Run; return the exit code."""
    bicep = ROOT / "infra/bicep"
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("name", choices=sorted(path.stem for path in bicep.glob("*.bicepparam")), help="environment")
    asked.add_argument("--what-if", action="store_true", help="only say what would change")
    told = asked.parse_args(arguments)
    env = environment(environ)
    if not env.get("RESOURCE_GROUP"):
        print(
            "RESOURCE_GROUP has to name the resource group; in the pipeline its variable group says it.",
            file=sys.stderr,
        )
        return 2
    if not shutil.which("az", path=env.get("PATH")):
        print("az is not installed: https://learn.microsoft.com/cli/azure/install-azure-cli", file=sys.stderr)
        return 2
    for unset in [each for each in FROM_ENVIRONMENT if not env.get(each)]:
        print(f"{unset} is not set: {FROM_ENVIRONMENT[unset]}.", file=sys.stderr)
    options = ["--resource-group", env["RESOURCE_GROUP"], "--parameters", str(bicep / f"{told.name}.bicepparam")]
    in_pipeline = "TF_BUILD" in env
    return what_if(told.name, options, env, in_pipeline) if told.what_if else deploy(options, env, in_pipeline)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))

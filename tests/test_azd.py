"""azure.yaml: azd finds the app, the Bicep and what `make package` makes."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent


def test_azd_finds_the_app_the_bicep_and_its_values():
    project = yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))
    infra = ROOT / project["infra"]["path"]
    for kind in ("bicep", "bicepparam"):
        assert (infra / f"{project['infra']['module']}.{kind}").is_file()
    ((name, service),) = project["services"].items()
    app = (ROOT / "infra/bicep/modules/app.bicep").read_text("utf-8")
    assert re.search(r"'azd-service-name': '(\w+)'", app)[1] == name
    assert (service["host"], service["language"], service["remoteBuild"]) == ("function", "python", False)
    assert (ROOT / service["project"] / "host.json").is_file()
    assert f'ROOT / "{service["dist"]}"' in (ROOT / "infra/package.py").read_text("utf-8")
    assert service["hooks"]["prepackage"]["posix"]["run"] == "make package ARGS=--unpack"
    # azd takes a hook without the platform it runs on for one without `run`, and fails.
    for hook in (*project["hooks"].values(), *service["hooks"].values()):
        assert {name: bool(part["shell"] and part["run"]) for name, part in hook.items()} == {
            "posix": True,
            "windows": True,
        }
    # https://raw.githubusercontent.com/Azure/azure-dev/main/schemas/v1.0/azure.yaml.json: not for a function
    assert not {"image", "docker", "k8s", "apiVersion", "env"} & set(service)

"""The image of edge mode: the account it is in, and the script that puts it there."""

import os
import subprocess

import pytest

from pixel.collect.response import GIF, IMAGE_HEADERS
from tests.infra.arm import only
from tests.infra.conftest import ROOT, with_edge

SCRIPT = ROOT / "infra/edge_image.sh"


@with_edge
def test_one_account_is_public_and_its_one_container_is_for_the_image(edge):
    account = only(edge, "storage/storageAccounts")["properties"]
    assert (account["allowBlobPublicAccess"], account["publicNetworkAccess"]) == (False, "Enabled")
    container = only(edge, "storage/storageAccounts/blobServices/containers")
    assert (container["name"].split("/")[1:], container["properties"]["publicAccess"]) == (
        ["default", "$web"],
        "None",
    )
    assert only(edge, "storage/storageAccounts/blobServices")["properties"]["staticWebsite"] == {"enabled": True}


@pytest.fixture
def azure_cli(tmp_path):
    """An `az` that writes down what it was asked, keeps the file, and refuses the first time; and a `sleep` that does not."""
    (tmp_path / "az").write_text(
        f"""#!/bin/sh
        printf '%s\\n' "$@" >{tmp_path}/asked
        while [ "$1" != --file ]; do shift; done
        cp "$2" {tmp_path}/uploaded
        [ -e {tmp_path}/refused ] || {{ touch {tmp_path}/refused; exit 1; }}
        """,
        "utf-8",
    )
    (tmp_path / "sleep").write_text("#!/bin/sh\n", "utf-8")
    for name in ("az", "sleep"):
        (tmp_path / name).chmod(0o755)
    return tmp_path


def upload(azure_cli, *args):
    environ = os.environ | {"PATH": f"{azure_cli}:{os.environ['PATH']}"}
    return subprocess.run([str(SCRIPT), *args], env=environ, capture_output=True, text=True, check=False)


def test_the_script_uploads_the_very_image_of_the_pixel_without_a_key(azure_cli):
    told = upload(azure_cli, "stpixeledge")
    assert (told.returncode, told.stdout.splitlines()[-1]) == (0, "The image is in stpixeledge.")
    assert (azure_cli / "uploaded").read_bytes() == GIF
    asked = (azure_cli / "asked").read_text("utf-8").splitlines()
    options = dict(
        zip(asked[asked.index("--auth-mode") :: 2], asked[asked.index("--auth-mode") + 1 :: 2], strict=True)
    )
    assert asked[:3] == ["storage", "blob", "upload"]
    assert options == {
        "--auth-mode": "login",
        "--overwrite": "true",
        "--account-name": "stpixeledge",
        "--container-name": "$web",
        "--name": "pixel.gif",
        "--file": options["--file"],
        "--content-type": dict(IMAGE_HEADERS)["Content-Type"],
        "--content-cache-control": "public, max-age=604800",
    }


def test_the_script_waits_for_a_role_that_is_new(azure_cli):
    assert "once more in 30 seconds" in upload(azure_cli, "stpixeledge").stdout


def test_the_script_does_nothing_where_edge_mode_is_off_and_says_so_of_a_missing_name(azure_cli):
    off, missing = upload(azure_cli, ""), upload(azure_cli)
    assert (off.returncode, "Edge mode is off" in off.stdout) == (0, True)
    assert missing.returncode != 0
    assert "EDGE_IMAGE_ACCOUNT" in missing.stderr
    assert not (azure_cli / "asked").exists()

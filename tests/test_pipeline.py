"""The pipeline: what its files name exists and agrees, and its steps run here, with a double of az and of bicep."""

import importlib.util
import json
import os
import re
import subprocess
import sys
import threading
import xml.etree.ElementTree as ElementTree
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml

from tests.serving import serving

ROOT = Path(__file__).parent.parent
CHECKER = ROOT.parent / "shared/tools/azpipe_check.py"
FILES = [ROOT / ".azure-pipelines.yml", *sorted((ROOT / "infra/pipeline").glob("*.yml"))]
STEPS = ROOT / "infra/pipeline"


def step(name, *arguments, path, **env):
    """Run a step of the pipeline with nothing on PATH but what `path` holds."""
    environ = {"PATH": str(path), **env}
    return subprocess.run(
        [sys.executable, str(STEPS / name), *arguments], env=environ, capture_output=True, text=True, check=False
    )


def double(folder, name, script):
    """Put a command on a PATH. It writes down what it was called with, one argument a line."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{folder}/{name}.log"\n{script}\n', "utf-8")
    path.chmod(0o755)
    return folder


# ---- the files


def test_microsofts_schema_finds_nothing_in_the_pipeline():
    if not CHECKER.exists():
        pytest.skip("the checker of pipelines is not here: it lies in ../shared, beside the repository")
    told = subprocess.run(
        [sys.executable, str(CHECKER), ".azure-pipelines.yml"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (told.returncode, told.stdout.strip()) == (0, "ok"), told.stdout + told.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_a_pipeline_names_only_scripts_and_targets_that_exist_and_holds_no_secret(file):
    text = file.read_text("utf-8")
    assert [path for path in re.findall(r"infra/[\w/]+\.\w+", text) if not (ROOT / path).exists()] == []
    targets = re.findall(r"script: make (\w+)", text)
    assert set(targets) <= set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for name, value in re.findall(r"^ *(\w*(?:KEY|SECRET|TOKEN|PASSWORD)\w*): (.+)$", text, re.MULTILINE):
        assert value == f"$({name})", "a secret is a variable of the pipeline"


def test_only_main_is_deployed_and_prod_last():
    stages = yaml.safe_load(FILES[0].read_text("utf-8"))["stages"]
    assert [stage.get("stage") for stage in stages] == ["build", None]
    ((condition, deployed),) = stages[1].items()
    assert condition == "${{ if eq(variables['Build.SourceBranch'], 'refs/heads/main') }}"
    assert [stage["stage"] for stage in deployed] == ["what_if", "dev", "prod"]
    assert not any(
        "dependsOn" in stage or "condition" in stage for stage in deployed
    )  # each waits for the one before


def test_make_check_writes_results_that_the_pipeline_publishes(tmp_path):
    results = tmp_path / "build/tests.xml"
    asked = ["make", "test", f"VENV={sys.prefix}", "-o", f"{sys.prefix}/.dev", f"ARGS=--junitxml={results} tests/test_number_set.py"]  # fmt: skip
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr
    suite = ElementTree.parse(results).getroot().find("testsuite")
    assert int(suite.get("tests")) > 0
    assert suite.get("failures") == "0"
    assert "check: lint types test\n" in (ROOT / "Makefile").read_text("utf-8")


# ---- Bicep: warnings are errors

UPGRADE = 'echo "WARNING: A new Bicep release is available: v0.99.1. Upgrade now." >&2'
WARNING = 'echo "/a/app.bicep(12,3) : Warning BCP037: The property \\"kinds\\" is not allowed." >&2'


@pytest.mark.parametrize(
    ("command", "script", "code", "said"),
    [
        ("bicep", ":", 0, "main.bicep: nothing wrong"),
        ("bicep", WARNING, 1, "Warning BCP037"),
        ("az", UPGRADE, 0, "main.bicep: nothing wrong"),
        ("az", f"{UPGRADE}\n{WARNING}", 1, "Warning BCP037"),
        ("bicep", 'case "$2" in *prod.bicepparam) exit 1;; esac', 1, "prod.bicepparam: 1 wrong"),
        ("python3", ":", 2, "Neither bicep nor az is installed"),
    ],
)
def test_what_the_compiler_says_decides(tmp_path, command, script, code, said):
    path = double(tmp_path / "bin", command, script)
    told = step("bicep.py", str(tmp_path / "out"), path=path)
    assert told.returncode == code
    assert said in told.stdout + told.stderr


def test_every_file_is_compiled_and_only_the_template_is_kept(tmp_path):
    path = double(tmp_path / "bin", "az", ":")
    assert step("bicep.py", str(tmp_path / "out"), path=path).returncode == 0
    called = (path / "az.log").read_text("utf-8")
    assert f"bicep\nbuild\n--file\n{ROOT}/infra/bicep/main.bicep\n--outfile\n{tmp_path}/out/main.json\n" in called
    kept = [line for line in called.splitlines() if line.startswith(str(tmp_path / "out"))]
    assert kept == [f"{tmp_path}/out/main.json"]
    for params in (ROOT / "infra/bicep").glob("*.bicepparam"):
        assert f"build-params\n--file\n{params}\n" in called


# ---- deploy

OUTPUTS = {"functioN_APP_NAME": "func-pixel-dev", "pixeL_URL": "https://func-pixel-dev.azurewebsites.net"}


def test_outputs_become_variables_of_the_pipeline_and_what_it_does_not_have_is_not_deployed(tmp_path):
    answer = json.dumps({name: {"type": "String", "value": value} for name, value in OUTPUTS.items()})
    path = double(tmp_path / "bin", "az", f'echo "key=$PIXEL_STATUS_KEY" >> "{tmp_path}/env"; echo \'{answer}\'')
    env = {
        "RESOURCE_GROUP": "rg",
        "TF_BUILD": "True",
        "BUILD_BUILDID": "7",
        "PIXEL_STATUS_KEY": "$(PIXEL_STATUS_KEY)",
    }
    told = step("deploy.py", "dev", path=path, **env)
    assert told.returncode == 0, told.stderr
    assert "##vso[task.setvariable variable=FUNCTION_APP_NAME]func-pixel-dev\n" in told.stdout
    assert f"##vso[task.setvariable variable=PIXEL_URL]{OUTPUTS['pixeL_URL']}\n" in told.stdout
    called = (path / "az.log").read_text("utf-8")
    assert called.startswith("deployment\ngroup\ncreate\n--name\nrun-7\n--resource-group\nrg\n--parameters\n")
    assert "/dev.bicepparam\n" in called
    assert (tmp_path / "env").read_text("utf-8") == "key=\n"


@pytest.mark.parametrize(
    ("installed", "arguments", "group", "code", "said"),
    [
        ("az", ["dev"], "", 2, "RESOURCE_GROUP"),
        ("az", ["dev"], "$(RESOURCE_GROUP)", 2, "RESOURCE_GROUP"),
        ("az", ["staging"], "rg", 2, "invalid choice: 'staging'"),
        ("az", ["dev"], "rg", 3, "run-by-hand among the deployments"),
        ("az", ["dev", "--what-if"], "rg", 3, ""),
        ("bicep", ["dev"], "rg", 2, "az is not installed: "),
    ],
)
def test_a_deployment_that_cannot_be_says_why(tmp_path, installed, arguments, group, code, said):
    told = step("deploy.py", *arguments, path=double(tmp_path / "bin", installed, "exit 3"), RESOURCE_GROUP=group)
    assert told.returncode == code
    assert said in told.stderr


@pytest.mark.parametrize(
    ("key", "shown"), [("a-long-random-text", "key: ***"), ("", "key: <>"), ("$(PIXEL_STATUS_KEY)", "key: <>")]
)
def test_what_would_change_is_shown_on_the_page_of_the_run_without_the_key(tmp_path, key, shown):
    """az as it would be if it showed the key."""
    az = "echo '  + Microsoft.Web/sites/func-pixel-dev'; echo \"key: ${PIXEL_STATUS_KEY:-<>}\""
    path = double(tmp_path / "bin", "az", az)
    env = {"RESOURCE_GROUP": "rg", "TF_BUILD": "True", "PIXEL_STATUS_KEY": key}
    told = step("deploy.py", "dev", "--what-if", path=path, **env)
    assert told.returncode == 0, told.stderr
    assert "what-if\n--resource-group\nrg\n" in (path / "az.log").read_text("utf-8")
    page = Path(re.search(r"##vso\[task.uploadsummary\](.+)", told.stdout)[1])
    for text in (told.stdout, page.read_text("utf-8")):
        assert "func-pixel-dev" in text
        assert f"{shown}\n" in text
        assert not key or key not in text


# ---- smoke


def test_a_pixel_that_runs_passes_the_smoke_test(tmp_path):
    with serving(tmp_path) as served:
        env = {
            "PIXEL_URL": served.url,
            "PIXEL_CAPTURE_STORE": str(tmp_path),
            "PIXEL_STATUS_KEY": "$(PIXEL_STATUS_KEY)",
        }
        told = step("smoke.py", path=os.environ["PATH"], **env)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "All is well." in told.stdout


@pytest.fixture
def smoke():
    spec = importlib.util.spec_from_file_location("smoke", STEPS / "smoke.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def waking():
    """A server that is unhealthy twice and then well. It answers nothing else."""
    answers = iter([503, 503])

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(next(answers, 200) if self.path == "/health" else 404)
            self.end_headers()
            self.wfile.write(b"starting")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_it_waits_for_a_pixel_that_wakes_and_says_what_it_says(smoke, waking, capsys):
    slept = []
    assert smoke.wait(waking, 60, slept.append)
    assert slept == [10, 10]
    assert f"{waking}: /health answers 503: starting" in capsys.readouterr().out
    assert not smoke.wait("http://127.0.0.1:1", 0)
    assert "http://127.0.0.1:1: no answer: " in capsys.readouterr().out


def test_what_is_not_the_pixel_fails_after_three_attempts(smoke, waking, tmp_path):
    slept = []
    env = os.environ | {"PIXEL_URL": waking, "PIXEL_CAPTURE_STORE": str(tmp_path)}
    assert smoke.main(env, slept.append) in (1, 2)
    assert slept == [10, 10, 60, 60]


def test_a_smoke_test_without_a_place_says_what_is_missing(tmp_path):
    told = step("smoke.py", path=tmp_path, PIXEL_URL="$(PIXEL_URL)")
    assert told.returncode == 2
    assert told.stderr == "PIXEL_URL and PIXEL_CAPTURE_STORE must be set: deploy.py prints them.\n"


def test_the_guide_names_every_role_that_is_assigned():
    bicep = "".join(path.read_text("utf-8") for path in (ROOT / "infra/bicep").rglob("*.bicep"))
    roles = set(re.findall(r"roleDefinitions', '([\w-]{36})'", bicep))
    guide = (ROOT / "docs/pipeline.md").read_text("utf-8")
    assert roles
    assert {role for role in roles if guide.count(role) != 2} == set(), "in the table and in the condition of step 3"

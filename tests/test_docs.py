"""The guides say what the code does."""

import re
from pathlib import Path

import pytest

from pixel.collect.parse import FIELDS
from pixel.event import FLAGS, Event
from pixel.outcome import FAILURES, REASONS

ROOT = Path(__file__).parent.parent
GUIDES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/*.md"))]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_links_and_files_named_in_a_guide_exist(guide):
    text = guide.read_text("utf-8")
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if not link.startswith("http")]
    assert [link for link in links if not (guide.parent / link).exists()] == []
    files = re.findall(r"`((?:pixel|tests|examples|enrichers|serve)/[\w/.]+\.\w+)`", text)
    missing = [file for file in files if not ((ROOT / file).exists() or (ROOT / "pixel" / file).exists())]
    assert set(missing) <= {
        "enrichers/daytime.py",
        "enrichers/vip.py",
        "tests/enrichers/test_daytime.py",
    }  # the guide's own examples


def test_events_md_has_every_field_flag_reason_and_parameter():
    text = (ROOT / "docs/events.md").read_text("utf-8")
    rows = [f"| `{name}` | {sentence} |" for name, sentence in FLAGS.items()]
    rows += [f"| `rejected:{name}` | {sentence} |" for name, sentence in REASONS.items()]
    rows += [f"| `failed:{name}` | {sentence} |" for name, sentence in FAILURES.items()]
    starts = [f"| `{name}` |" for name in Event.__struct_fields__]
    starts += [f"| `{name}` | `{field}` |" for name, field in FIELDS.items()]
    assert [line for line in rows + starts if line not in text] == []


def test_every_package_we_pin_has_its_line_in_decisions():
    text = (ROOT / "docs/decisions.md").read_text("utf-8")
    for requirements in ROOT.glob("requirements*.txt"):
        for package in re.findall(r"^([\w-]+)==", requirements.read_text("utf-8"), re.MULTILINE):
            assert package in text, f"{package} of {requirements.name}"


def test_every_file_of_the_map_exists_and_every_room_is_on_it():
    text = (ROOT / "pixel/__init__.py").read_text("utf-8")
    rooms = {path.name for path in (ROOT / "pixel").iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert [room for room in rooms if f"{room}/" not in text] == []
    names = set(re.findall(r"\b(\w+\.py)\b", text))
    have = {path.name for path in [*ROOT.rglob("pixel/**/*.py"), ROOT / "function_app.py"]}
    assert names <= have

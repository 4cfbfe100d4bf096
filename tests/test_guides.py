"""The guides can be followed: each command line of ours in them is one, each setting of Bicep is in the portal's."""

import argparse
import re
import shlex
from pathlib import Path
from string import Template

import pytest

from pixel.__main__ import main

ROOT = Path(__file__).parent.parent
GUIDES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
TARGETS = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
COMMANDS = {path.stem for path in ROOT.glob("pixel/commands/*.py")}


class Understood(BaseException):
    """A command line was read to its end; nothing of it is run."""


def shell_lines(guide):
    """Yield each line to type of the guide's blocks: continued lines joined, variables filled in, `$(...)` an address."""
    blocks = re.findall(r"^ *```(\w*)\n(.*?)^ *```", guide.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    typed = [text for kind, text in blocks if kind == "sh"]
    typed += ["\n".join(re.findall(r"^ *\$ (.*)$", text, re.MULTILINE)) for kind, text in blocks if not kind]
    text = re.sub(r"\$\([^()]*\)", "https://it.example.com", "\n".join(typed).replace("\\\n", " "))
    told = dict(re.findall(r"^(\w+)=(\S+)", text, re.MULTILINE))
    yield from Template(text).safe_substitute(told).splitlines()


def ours(program):
    """Return (guide, arguments) of each time that a shell block runs a program, such as `python -m pixel`."""
    found = []
    for guide in GUIDES:
        for line in shell_lines(guide):
            if run := re.search(rf"(?:^|[\s/]){program} (.+?)(?:\s[|;&>]|$)", line):
                words = shlex.split(run[1], comments=True)
                found.append(pytest.param(words, id=f"{guide.name}: {shlex.join(words)[:60]}"))
    return found


def headings(guide):
    """Return the anchors of a guide, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", guide.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("words", ours("python -m pixel"))
def test_a_command_in_a_guide_is_one_with_these_options(words, monkeypatch):
    parse = argparse.ArgumentParser.parse_args

    def read_only(*args, **kwargs):
        parse(*args, **kwargs)
        raise Understood

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", read_only)
    with pytest.raises(Understood):
        main(words)


@pytest.mark.parametrize("words", ours("make"))
def test_what_a_guide_makes_is_in_the_makefile(words):
    assert words[0] in TARGETS


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_commands_named_in_a_sentence_exist(guide):
    text = guide.read_text("utf-8")
    assert set(re.findall(r"`make ([a-z]+)", text)) <= TARGETS
    assert set(re.findall(r"`(?:\S+/)?python -m pixel ([a-z]+)", text)) <= COMMANDS


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_links_to_a_heading_lead_to_one(guide):
    links = re.findall(r"\]\(([\w./-]*)#([\w-]+)\)", guide.read_text("utf-8"))
    assert [(file, to) for file, to in links if to not in headings(guide.parent / file if file else guide)] == []


def test_each_setting_that_bicep_gives_the_app_is_in_the_portal_guide_with_its_value():
    bicep = (ROOT / "infra/bicep/modules/app.bicep").read_text("utf-8")
    given = bicep.partition("var appSettings = union(")[2].partition("\n)\n")[0]
    guide = (ROOT / "docs/portal.md").read_text("utf-8")
    told = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", guide, re.MULTILINE))
    settings = dict(re.findall(r"\b([A-Za-z]\w*_\w+|AzureWebJobs\w+): ('.*?'|\w+)", given))
    assert len(settings) >= 15
    assert [name for name in settings if name not in told] == []
    literal = {name: value.strip("'") for name, value in settings.items() if value[0] == "'" and "$" not in value}
    assert {name: value for name, value in literal.items() if f"`{value}`" not in told[name]} == {}

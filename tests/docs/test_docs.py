"""The documentation is held to what there is: commands, settings, make targets, links, tests and the glossary."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from flows.cli import duban
from flows.reference import PAGES as REFERENCE
from flows.reference import all_commands, variable
from flows.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "deployments/**/*.md", "benchmarks/**/*.md", "flows/**/*.md", "schemas/*.md")
    for path in ROOT.glob(pattern)
)
# Variables that are no settings: what the tests, the demonstration and the children of `duban up` read.
OTHER_VARIABLES = {"DUBAN_TEST_EVERYTHING", "DUBAN_INSTANCE"}

_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
# A call of the command: at the start of a line or span, after a prompt, a variable or a path, but no module or name.
_CALL = re.compile(r"(?:^|[\s;&|(/])duban((?:[ \t]+[^\s;&#()]+)+)", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def text_of(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def code_of(page: str) -> Iterator[str]:
    """The code on a page: fenced blocks and spans; in a table's cell a bar is escaped."""
    text = text_of(page).replace("\\|", "|")
    yield from _FENCE.findall(text)
    yield from _SPAN.findall(_FENCE.sub("", text))


# -- commands --------------------------------------------------------------------------------------------------------


def faults_of(call: str) -> list[str]:
    """What in a call of the command does not exist; ``a|b`` stands for either."""
    found: list[str] = []
    words = [word for word in re.sub(r"[\[\]]", " ", call).split() if word]
    commands: list[click.Command] = [duban]
    for word in words:
        if all(isinstance(one, click.Group) for one in commands):
            if word.startswith("-"):
                found += [f"duban {word}" for one in commands if word.split("=")[0] not in options_of(one)]
                continue
            if not re.fullmatch(r"[a-z][a-z|-]*", word):
                break  # prose after the name of the command
            inner = [(one, name) for one in commands for name in word.split("|")]
            with click.Context(duban) as context:
                looked_up = [one.get_command(context, name) for one, name in inner]  # type: ignore[attr-defined]
            found += [f"duban … {name}" for (_, name), command in zip(inner, looked_up, strict=True) if command is None]
            commands = [command for command in looked_up if command is not None]
            if not commands:
                break
        elif word.startswith("--"):
            option = word.split("=")[0].rstrip(".,;:，。；")
            found += [f"duban {one.name} {option}" for one in commands if option not in options_of(one)]
    return found


def options_of(command: click.Command) -> set[str]:
    with click.Context(command, info_name=command.name, help_option_names=["-h", "--help"]) as context:
        return {name for option in command.get_params(context) for name in (*option.opts, *option.secondary_opts)}


def calls_of(page: str) -> list[str]:
    return [call.strip() for code in code_of(page) for call in _CALL.findall(code)]


@pytest.mark.parametrize("page", PAGES)
def test_every_command_and_option_on_a_page_exists(page: str) -> None:
    assert [fault for call in calls_of(page) for fault in faults_of(call)] == []


@pytest.mark.parametrize(
    ("call", "faults"),
    [
        ("up", []),
        ("read FILE… --agencies FILE --out DIR", []),
        ("agencies check|suggest", []),
        ("fly", ["duban … fly"]),
        ("read --wings", ["duban read --wings"]),
        ("agencies check|fly", ["duban … fly"]),
        ("--wings", ["duban --wings"]),
    ],
)
def test_the_check_of_commands_finds_what_is_wrong(call: str, faults: list[str]) -> None:
    assert faults_of(call) == faults


def test_calls_are_found_and_names_are_not() -> None:
    text = "duban up\n$ duban drop a.txt\nDUBAN_HOME=/x duban status && .venv/bin/duban doctor  # duban.service\nduban\n"
    assert [call.strip() for call in _CALL.findall(text)] == ["up", "drop a.txt", "status", "doctor"]


def test_every_command_explains_itself() -> None:
    unexplained = []
    for words, command in all_commands():
        done = CliRunner().invoke(duban, [*words, "--help"])
        options = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
        if done.exit_code != 0 or not command.get_short_help_str() or not all(one.help for one in options):
            unexplained.append(" ".join(words))
    assert unexplained == []


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
def test_the_readme_shows_the_way_to_every_command_and_setting(page: str) -> None:
    assert {f"docs/{name}" for name in REFERENCE} <= set(_LINK.findall(text_of(page)))


@pytest.mark.parametrize("name", REFERENCE)
def test_the_reference_is_what_there_is(name: str) -> None:
    """Made by ``python -m flows.reference docs``."""
    assert text_of(f"docs/{name}") == REFERENCE[name]()


@pytest.mark.parametrize("name", REFERENCE)
def test_the_reference_is_the_same_on_every_machine(name: str) -> None:
    assert str(ROOT) not in text_of(f"docs/{name}")


# -- settings ----------------------------------------------------------------------------------------------------------


def test_every_setting_says_what_it_is_for() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def variables_in(text: str) -> set[str]:
    return set(re.findall(r"\bDUBAN_[A-Z0-9_]*[A-Z0-9]\b", text))


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_on_a_page_is_a_setting(page: str) -> None:
    known = {variable(name) for name in Settings.model_fields} | OTHER_VARIABLES
    assert sorted(variables_in(text_of(page)) - known) == []


def test_every_variable_in_the_deployments_is_a_setting() -> None:
    known = {variable(name) for name in Settings.model_fields} | OTHER_VARIABLES
    files = [path for path in (ROOT / "deployments").rglob("*") if path.is_file()]
    assert files
    assert sorted({one for path in files for one in variables_in(path.read_text("utf-8", "replace"))} - known) == []


# -- make, links, tests ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_on_a_page_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", text_of("Makefile"), re.MULTILINE))
    assert {"setup", "up", "demo", "test"} <= targets
    named = {name for code in code_of(page) for name in re.findall(r"(?:^|[\s;&|])make ([a-z][\w-]*)", code)}
    assert sorted(named - targets) == []


def anchor_of(heading: str) -> str:
    """As GitHub makes it: lower case, punctuation dropped, blanks to hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def anchors_of(page: Path) -> set[str]:
    return {anchor_of(heading) for heading in re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    broken = []
    for link in _LINK.findall(_FENCE.sub("", text_of(page))):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = ((ROOT / page).parent / path).resolve() if path else ROOT / page
        if not target.exists() or (anchor and anchor not in anchors_of(target)):
            broken.append(link)
    assert broken == []


def test_every_failure_of_folder_watching_has_its_test() -> None:
    text = text_of("docs/folder-watching.md")
    rows = re.findall(r"^\| (\d+) \|(.*)$", text, re.MULTILINE)
    assert [int(number) for number, _ in rows] == list(range(1, 26))
    there = {
        name
        for path in (ROOT / "tests" / "watcher").glob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", path.read_text("utf-8"), re.MULTILINE)
    }
    assert sorted(set(re.findall(r"`(test_\w+)`", text)) - there) == []
    assert [number for number, row in rows if "`test_" not in row] == ["25"]


# -- the glossary -----------------------------------------------------------------------------------------------------------


GLOSSARIES = {"README.md": "## Glossary", "README.zh-CN.md": "## 名词对照"}
TABLES = {"README.md": "## Using it", "README.zh-CN.md": "## 怎么用"}
FIGURES = {"README.md": "## How well it understands", "README.zh-CN.md": "## 准不准"}


def section(page: str, heading: str) -> str:
    found = text_of(page).partition(f"{heading}\n")[2]
    assert found, f"{page} has no {heading}"
    return found.partition("\n## ")[0]


def rows_in(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")][2:]


def test_both_readmes_have_the_same_pairs_of_terms() -> None:
    english, chinese = ([row[:2] for row in rows_in(section(*place))] for place in GLOSSARIES.items())
    assert english == chinese


def test_both_readmes_show_the_same_commands_figures_and_links() -> None:
    english, chinese = ([row[0] for row in rows_in(section(*place))] for place in TABLES.items())
    assert english == chinese
    ours, theirs = (sorted(re.findall(r"\d+\.\d+|\d+(?= %)|\d{3}", section(*place))) for place in FIGURES.items())
    assert len(ours) > 8
    assert ours == theirs
    pages = [set(_LINK.findall(text_of(page))) - set(FIGURES) for page in FIGURES]
    assert pages[0] == pages[1]


@pytest.mark.parametrize("page", GLOSSARIES)
def test_the_glossary_pairs_one_to_one(page: str) -> None:
    rows = rows_in(section(page, GLOSSARIES[page]))
    assert len(rows) > 20
    assert [row for row in rows if len(row) != 3 or not all(row)] == []
    for column in (0, 1):
        terms = [row[column] for row in rows]
        assert sorted(terms) == sorted(set(terms))
    assert [row[0] for row in rows if not re.fullmatch(r"[\u4e00-\u9fff]+", row[0])] == []
    assert [row[1] for row in rows if not re.fullmatch(r"[a-z][a-z -]*", row[1])] == []

"""The pages of reference, made from the settings and commands themselves: ``python -m flows.reference docs`` writes them."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import click
from pydantic.fields import FieldInfo

from flows.cli import duban
from flows.settings import Settings

_PACKAGE = Path(__file__).resolve().parent.parent
_MADE = "<!-- Made by `python -m flows.reference docs`; do not edit by hand. -->\n\n"
_SETTINGS = f"""# Settings

Each setting is an environment variable. Wrong ones are all listed at the start, and nothing starts. `duban doctor` shows
what holds.

{_MADE}| setting | default | allowed | meaning |
| --- | --- | --- | --- |
"""
_COMMANDS = f"""# Commands

`duban COMMAND --help` says the same. Exit codes: 0 done, 1 something is wrong and was said, 2 wrong usage, 3 some letters
were refused, 4 a part of the system is down (try again).

{_MADE}"""


# -- settings --------------------------------------------------------------------------------------------------------


def settings_page() -> str:
    """A Markdown table with one row for each setting, in the order they are declared."""
    return _SETTINGS + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def variable(name: str) -> str:
    """The environment variable of the setting ``name``."""
    return f"{Settings.model_config['env_prefix']}{name.upper()}"


def _row(name: str, field: FieldInfo) -> str:
    return _cells(f"`{variable(name)}`", _default(field.default), _allowed(field), field.description or "")


def _cells(*texts: str) -> str:
    return "| " + " | ".join(" ".join(text.split()).replace("|", "\\|") for text in texts) + " |\n"


def _default(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Path) and value.is_relative_to(_PACKAGE):
        return f"`{value.relative_to(_PACKAGE).as_posix()}`, shipped"
    return f"`{value}`"


def _allowed(field: FieldInfo) -> str:
    return " ".join([_kind(field.annotation), *map(_bound, field.metadata)]).strip()


def _kind(annotation: Any) -> str:
    if get_origin(annotation) is Literal:
        return " or ".join(f"`{value}`" if value else "empty" for value in get_args(annotation))
    if get_origin(annotation) in (Union, types.UnionType):
        return " or ".join("empty" if one is type(None) else _kind(one) for one in get_args(annotation))
    names = {Path: "a path", bool: "`true` or `false`", int: "a whole number", float: "a number", str: "text"}
    return names[annotation]


def _bound(rule: Any) -> str:
    words = {"ge": "from", "gt": "above", "le": "to", "lt": "below", "pattern": "like", "min_length": "of at least"}
    return " ".join(f"{word} {getattr(rule, name)}" for name, word in words.items() if getattr(rule, name, None) is not None)


# -- commands --------------------------------------------------------------------------------------------------------


def all_commands(group: click.Group = duban, *above: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Each command with the words that name it, in the order of the help page, a group before what it holds."""
    with click.Context(group) as context:
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            if command is None:
                raise LookupError(f"duban lists {name} and does not have it")
            yield (*above, name), command
            if isinstance(command, click.Group):
                yield from all_commands(command, *above, name)


def commands_page() -> str:
    """A section for each command: its call, what it does, its options."""
    return _COMMANDS + "\n".join(_section(words, command) for words, command in all_commands())


def _section(words: tuple[str, ...], command: click.Command) -> str:
    name = " ".join(["duban", *words])
    with click.Context(command, info_name=name) as context:
        call = " ".join([name, *command.collect_usage_pieces(context)])
        options = [one for one in command.params if isinstance(one, click.Option)]
        records = [record for one in options if (record := one.get_help_record(context))]
    table = "".join(_cells(f"`{option}`", text) for option, text in records)
    head = "\n| option | meaning |\n| --- | --- |\n" if table else ""
    return f"## {name}\n\n`{call}`\n\n{_text(command)}\n{head}{table}"


def _text(command: click.Command) -> str:
    """The command's help as Markdown: what click takes verbatim (after a backspace) stays as it is, line by line."""
    paragraphs = (command.help or "").replace("\f", "").strip().split("\n\n")
    return "\n\n".join(_paragraph(one) for one in paragraphs)


def _paragraph(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    if lines and lines[0] == "\b":
        return "```\n" + "\n".join(lines[1:]) + "\n```"
    return " ".join(lines)


PAGES: dict[str, Callable[[], str]] = {"settings.md": settings_page, "commands.md": commands_page}


if __name__ == "__main__":
    for page, made in PAGES.items():
        (Path(sys.argv[1]) / page).write_text(made(), encoding="utf-8")

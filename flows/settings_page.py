"""The page ``docs/settings.md``, made from the settings themselves: ``python -m flows.settings_page > docs/settings.md``."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from flows.settings import Settings

_PACKAGE = Path(__file__).resolve().parent.parent
_HEAD = """# Settings

Each setting is an environment variable. Wrong ones are all listed at the start, and nothing starts. `duban doctor` shows
what holds.

<!-- Made by `python -m flows.settings_page > docs/settings.md`; do not edit by hand. -->

| setting | default | allowed | meaning |
| --- | --- | --- | --- |
"""


def settings_page() -> str:
    """The page as Markdown: one row for each setting, in the order they are declared."""
    return _HEAD + "".join(_row(name, field) for name, field in Settings.model_fields.items())


def variable(name: str) -> str:
    """The environment variable of the setting ``name``."""
    return f"{Settings.model_config['env_prefix']}{name.upper()}"


def _row(name: str, field: FieldInfo) -> str:
    cells = (f"`{variable(name)}`", _default(field.default), _allowed(field), (field.description or "").replace("|", "\\|"))
    return "| " + " | ".join(cells) + " |\n"


def _default(value: Any) -> str:
    if value is None or value == "":
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Path) and value.is_relative_to(_PACKAGE):
        return f"`{value.relative_to(_PACKAGE).as_posix()}`, shipped"
    return f"`{value}`"


def _allowed(field: FieldInfo) -> str:
    bounds = " ".join(_bound(rule) for rule in field.metadata)
    return f"{_kind(field.annotation)} {bounds}".strip()


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


if __name__ == "__main__":
    sys.stdout.write(settings_page())

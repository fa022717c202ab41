"""Which names in the inbox are no letters, and which letters are slow to read: a table of patterns."""

from __future__ import annotations

import tomllib
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from typing import Any, Literal

import schemas
from flows.letters.errors import RulesError


@cache
def table() -> dict[str, Any]:
    """The rows of ``inbox_names.toml``, checked; ``RulesError`` lists every fault."""
    raw = (resources.files(__package__) / "inbox_names.toml").read_text("utf-8")
    rows = tomllib.loads(raw)
    faults = schemas.faults("rules/inbox_names", rows)
    if faults:
        raise RulesError("adapters/inbox_names.toml breaks its schema:\n" + "\n".join(faults))
    return rows


def ignored(name: str, of: Literal["file", "folder"]) -> str | None:
    """The reason why a file or folder of this name is left alone; None for a letter or a folder to walk."""
    low = name.lower()
    for row in table()["ignored"]:
        if row["of"] == of and matches(row["pattern"], low):
            return str(row["reason"])
    return None


def is_heavy(name: str) -> bool:
    """Whether a letter of this name may take seconds to read: recognition of its pages, LibreOffice, a bundle of such."""
    low = name.lower()
    return any(matches(row["pattern"], low) for row in table()["heavy"])


def matches(pattern: str, name: str) -> bool:
    """Whether a shell pattern fits a name, without regard to case."""
    return fnmatchcase(name.lower(), pattern.lower())

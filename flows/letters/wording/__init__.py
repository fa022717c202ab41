"""What duban says in Chinese about proof and disclosure: tables of words, read once."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import Any


@cache
def words(name: str) -> dict[str, Any]:
    """The table ``wording/<name>.toml``.  Not part of the rules: a better wording makes no new record."""
    return tomllib.loads((resources.files(__package__) / f"{name}.toml").read_text("utf-8"))


def profile() -> bytes:
    """The BagIt profile that every proof pack states."""
    return (resources.files(__package__) / "bagit-profile.json").read_bytes()

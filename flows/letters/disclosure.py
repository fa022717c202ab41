"""How public a letter is: everything made of it is at most as public as the letter itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

Level = Literal["public_full", "public_summary", "unmarked", "on_request", "not_public"]

# From the most public to the least.  A letter without any mark (nine of ten) is not public, but nobody has restricted
# it either: it stays inside the house, in the ordinary store, and those who work there see its words.
LEVELS: tuple[Level, ...] = ("public_full", "public_summary", "unmarked", "on_request", "not_public")


def level_of(record: Mapping[str, Any]) -> Level:
    """The level of a record (contract shape); a letter that does not say is unmarked: not public."""
    return as_level(record["header"]["disclosure_normalised"])


def as_level(said: str | None) -> Level:
    """The level for a normalised disclosure as ledger rows and notices carry it; an unknown word counts as not public."""
    if said is None:
        return "unmarked"
    for level in LEVELS:
        if said == level:
            return level
    return "not_public"


def is_restricted(level: Level) -> bool:
    """Whether it lives in the restricted store, and UI and logs show its number and state only."""
    return level in ("on_request", "not_public")


def is_public(level: Level) -> bool:
    """Whether anything of the letter may be published at all."""
    return level in ("public_full", "public_summary")


def shows_text(level: Level) -> bool:
    """Whether the letter's own words may be published; of a summary letter only the facts may."""
    return level == "public_full"

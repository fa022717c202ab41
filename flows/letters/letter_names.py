"""How a letter is named to people: number, title and date, of one that is not public its number only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flows.letters.disclosure import as_level, is_restricted


def number_of(letter: Mapping[str, Any]) -> str:
    """The document number of a letter's row, or that it has none, with the start of its id."""
    return str(letter["document_number"] or f"无文号（{letter['id'][:12]}）")


def name_of(letter: Mapping[str, Any]) -> str:
    """Number, title and date of a letter's row; of a letter that is not public its number only."""
    if is_restricted(as_level(letter["disclosure"])):
        return number_of(letter)
    title = f"《{letter['title']}》" if letter["title"] else ""
    return number_of(letter) + title + (f"（{letter['dated']}）" if letter["dated"] else "")


def names_of(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, str]:
    """Both of a pair that may be the same letter: where one of them is not public, the other's title would tell its own."""
    if any(is_restricted(as_level(letter["disclosure"])) for letter in (one, other)):
        return number_of(one), number_of(other)
    return name_of(one), name_of(other)

"""Reads the enumerator at the head of a sentence or item: 一是, （二）, 3., ④."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from flows.letters.rules.load import load_table

Enumerator = tuple[int, int, str, int]  # start, end, kind, number


def enumerator_at(view: str, start: int, end: int, inline: bool) -> Enumerator | None:
    """The enumerator that begins at ``start``, blanks passed over; ``inline``: after a comma, where only some kinds may stand."""
    kinds = _kinds()
    while start < end and view[start] in " \u3000":
        start += 1
    if start >= end or view[start] not in kinds.first_marks:
        return None
    hit = (kinds.inline if inline else kinds.all).match(view, start, end)
    if hit is None or hit.lastindex is None or hit.lastgroup is None:
        return None
    return start, hit.end(), hit.lastgroup, _number(hit.group(hit.lastindex + 1))


@cache
def may_begin() -> frozenset[str]:
    """The characters that an enumerator, or the blanks before it, can begin with: elsewhere there is none."""
    return _kinds().first_marks | frozenset(" \u3000")


class _Kinds(NamedTuple):
    """The characters an enumerator can begin with; the kinds that may stand inside a sentence, and all, the first first."""

    first_marks: frozenset[str]
    inline: re.Pattern[str]
    all: re.Pattern[str]


@cache
def _kinds() -> _Kinds:
    table = load_table("clauses")
    rows = table["enumerator"]
    return _Kinds(
        frozenset(table["numerals"] + table["circled"] + "第（0123456789"),
        _any_of(row for row in rows if row["inline"]),
        _any_of(rows),
    )


def _any_of(rows: Iterable[dict[str, str]]) -> re.Pattern[str]:
    """Each row's pattern in a group of its id; the group right inside it is the number."""
    return re.compile("|".join(f"(?P<{row['id']}>{row['pattern'].replace('(?P<n>', '(')})" for row in rows))


@lru_cache(maxsize=1024)
def _number(written: str) -> int:
    table = load_table("clauses")
    circled: str = table["circled"]
    numerals: str = table["numerals"]
    if written.isdecimal():
        return int(written)
    if written in circled:
        return circled.index(written) + 1
    digits = [numerals.index(char) + 1 for char in written]
    if len(digits) == 1:
        return digits[0]
    return digits[0] + digits[1] if digits[0] == 10 else digits[0] * 10 + (digits[2] if len(digits) > 2 else 0)

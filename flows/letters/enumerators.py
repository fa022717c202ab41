"""Reads the enumerator at the head of a sentence or item: 一是, （二）, 3., ④."""

from __future__ import annotations

import re
from functools import cache

from flows.letters.rules.load import load_table

Enumerator = tuple[int, int, str, int]  # start, end, kind, number


def enumerator_at(view: str, start: int, end: int, inline: bool) -> Enumerator | None:
    """The enumerator that begins at ``start``, blanks passed over; ``inline``: after a comma, where only some kinds may stand."""
    first_marks, kinds = _kinds()
    while start < end and view[start] in " \u3000":
        start += 1
    if start >= end or view[start] not in first_marks:
        return None
    for kind, also_inline, pattern in kinds:
        if (also_inline or not inline) and (hit := pattern.match(view, start, end)):
            return start, hit.end(), kind, _number(hit.group("n"))
    return None


@cache
def may_begin() -> frozenset[str]:
    """The characters that an enumerator, or the blanks before it, can begin with: elsewhere there is none."""
    return _kinds()[0] | frozenset(" \u3000")


@cache
def _kinds() -> tuple[frozenset[str], tuple[tuple[str, bool, re.Pattern[str]], ...]]:
    """The characters an enumerator can begin with, and each kind with whether it may stand inside a sentence."""
    table = load_table("clauses")
    rows = tuple((row["id"], row["inline"], re.compile(row["pattern"])) for row in table["enumerator"])
    return frozenset(table["numerals"] + table["circled"] + "第（0123456789"), rows


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

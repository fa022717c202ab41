"""Says whether the dates of a clause lie ahead of the letter or behind it."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Literal

from flows.letters.rules.load import load_table

Tense = Literal["future", "past", "same", "-"]


def tense_of(view: str, start: int, end: int, written: date | None) -> Tense:
    """The tense of the last date in ``view[start:end]`` seen from ``written``, the letter's date.

    ``same`` is a date in the letter's own year or month that may lie on either side; ``-`` is no date, or no letter date
    to compare with.
    """
    tense: Tense = "-"
    for hit in _dates().finditer(view, start, end):
        found = _tense(hit, written)
        if found != "-":
            tense = found
    return tense


@cache
def _dates() -> re.Pattern[str]:
    rows = load_table("tenses")["row"]
    return re.compile("|".join(f"(?P<{row['id']}>{row['pattern']})" for row in rows))


@cache
def _kinds() -> dict[str, str]:
    return {row["id"]: row["tense"] for row in load_table("tenses")["row"]}


def _tense(hit: re.Match[str], written: date | None) -> Tense:
    groups = hit.groupdict()
    kind = next(_kinds()[name] for name in _kinds() if groups[name] is not None)
    if kind == "future":
        return "future"
    if kind == "past":
        return "past"
    if written is None:
        return "-"
    if kind == "plan":
        return _side(int(load_table("tenses")["plan_ends"][groups["plan"]]) - written.year, True)
    if kind == "year":
        return _side(int(groups["y2"] or groups["y4"]) - written.year, bool(groups["by"] or groups["to"]))
    year = int(groups["y"]) if groups["y"] else written.year
    months = (year - written.year) * 12 + _last_month(groups, written.month) - written.month
    return _side(months, bool(groups["by2"] or groups["by3"]))


def _side(difference: int, bound: bool) -> Tense:
    """``bound``: the wording names an end ("…底前"), so that the running period still lies ahead."""
    if difference == 0:
        return "future" if bound else "same"
    return "future" if difference > 0 else "past"


def _last_month(groups: dict[str, str | None], fallback: int) -> int:
    month, quarter = groups["m"] or groups["m2"], groups["q"] or groups["q2"]
    if month:
        return int(month)
    if quarter:
        numerals: str = load_table("clauses")["numerals"]
        return 3 * (int(quarter) if quarter.isdecimal() else numerals.index(quarter) + 1)
    if groups["half"]:
        return 6 if groups["half"] == load_table("tenses")["first_half"] else 12
    return fallback

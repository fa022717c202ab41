"""Says whether the dates of a clause lie ahead of the letter or behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Literal

from flows.letters.clauses import Clause
from flows.letters.first_characters import any_guarded
from flows.letters.rules.load import load_table

Tense = Literal["future", "past", "same", "-"]


def tenses_of(bare: str, clauses: Sequence[Clause], written: date | None) -> list[Tense]:
    """The tense of the last date in each clause seen from ``written``, the letter's date; ``clauses`` in text order.

    ``same`` is a date in the letter's own year or month that may lie on either side; ``-`` is no date, or no letter date
    to compare with.
    """
    found: list[Tense] = ["-"] * len(clauses)
    if not clauses:
        return found
    at, last = 0, len(clauses) - 1
    for hit in _dates().finditer(bare, clauses[0].start, clauses[-1].end):
        start = hit.start()
        while at < last and clauses[at].end <= start:
            at += 1
        tense = _tense(hit, written)
        if tense != "-" and clauses[at].start <= start:
            found[at] = tense
    return found


@cache
def _dates() -> re.Pattern[str]:
    table = load_table("tenses")
    rows = any_guarded(f"(?P<{row['id']}>{row['pattern']})" for row in table["row"])
    return re.compile(f"(?={table['begins']})(?:{rows})")


@cache
def _kinds() -> dict[str, str]:
    return {row["id"]: row["tense"] for row in load_table("tenses")["row"]}


def _tense(hit: re.Match[str], written: date | None) -> Tense:
    kind = _kinds()[hit.lastgroup or ""]
    if kind == "future":
        return "future"
    if kind == "past":
        return "past"
    if written is None:
        return "-"
    groups = hit.groupdict()
    if kind == "event":
        events = load_table("tenses")["events"]
        return "future" if (events["month"][groups["event"]] - written.month) % 12 <= events["ahead"] else "same"
    if kind == "plan":
        return _side(int(load_table("tenses")["plan_ends"][groups["plan"]]) - written.year, True)
    if kind == "year":
        return _side(int(groups["y2"] or groups["y4"]) - written.year, bool(groups["by"] or groups["to"]))
    year = int(groups["y"]) if groups["y"] else written.year
    months = (year - written.year) * 12 + _last_month(groups, written.month) - written.month
    return _side(months, bool(groups["by2"] or groups["by3"] or groups["half2"]))


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
    if half := groups["half"] or groups["half2"]:
        return 6 if half == load_table("tenses")["first_half"] else 12
    return fallback

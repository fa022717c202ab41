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
    if kind == "event":
        events = load_table("tenses")["events"]
        return "future" if (events["month"][hit["event"]] - written.month) % 12 <= events["ahead"] else "same"
    if kind == "plan":
        return _side(int(load_table("tenses")["plan_ends"][hit["plan"]]) - written.year, True)
    if kind == "year":
        return _side(int(hit["y2"] or hit["y4"]) - written.year, bool(hit["by"] or hit["to"]))
    year = int(hit["y"]) if hit["y"] else written.year
    months = (year - written.year) * 12 + _last_month(hit, written.month) - written.month
    return _side(months, bool(hit["by2"] or hit["by3"] or hit["half2"]))


def _side(difference: int, bound: bool) -> Tense:
    """``bound``: the wording names an end ("…底前"), so that the running period still lies ahead."""
    if difference == 0:
        return "future" if bound else "same"
    return "future" if difference > 0 else "past"


def _last_month(hit: re.Match[str], fallback: int) -> int:
    month, quarter = hit["m"] or hit["m2"], hit["q"] or hit["q2"]
    if month:
        return int(month)
    if quarter:
        numerals: str = load_table("clauses")["numerals"]
        return 3 * (int(quarter) if quarter.isdecimal() else numerals.index(quarter) + 1)
    if half := hit["half"] or hit["half2"]:
        return 6 if half == load_table("tenses")["first_half"] else 12
    return fallback

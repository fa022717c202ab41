"""Finds the day a letter was signed, and where the letter contradicts itself about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date

from flows.letters.header_dates import broken_day, day_in
from flows.letters.header_labels import Labelled
from flows.letters.header_numbers import Found
from flows.letters.model import Problem, Span
from flows.letters.wordings import any_of, folded, patterns
from flows.letters.zones import Row, Zones, signing_rows

Dated = tuple[date, Span | None]


def signed_day(
    text: str, zones: Zones, labels: Sequence[Labelled], number: Found | None
) -> tuple[Dated | None, list[Problem]]:
    """The day below the text, at its end, in the web table or in the head, and doubts about it; None where none is."""
    problems: list[Problem] = []
    stated = [(found[0], label.place(found[1], found[2] - found[1])) for label, found in _labelled(labels)]
    signed = _below(zones, problems) or _at_end(text, zones) or (stated[0] if stated else None)
    signed = signed or _above(zones) or _printed(zones)
    if signed is None:
        return None, problems
    day, span = signed
    other = next((told for told, _ in stated if told != day), None)
    if other is not None:
        problems.append(Problem("date_conflict", f"落款日期{day}与标注日期{other}不一致，请核对原件", span))
    year = re.search(r"〔(\d{4})〕", number.value) if number else None
    if year and abs(int(year.group(1)) - day.year) > 1:
        problems.append(Problem("date_conflict", f"成文日期{day}与文号年份{year.group(1)}相差较大，请核对原件", span))
    return signed, problems


def _labelled(labels: Sequence[Labelled]) -> Iterator[tuple[Labelled, tuple[date, int, int]]]:
    for label in labels:
        if label.field == "date" and (found := day_in(label.value)):
            yield label, found


def _day_of(view: str, at: int) -> Dated | None:
    found = day_in(view)
    return (found[0], Span(at + found[1], at + found[2])) if found else None


def _below(zones: Zones, problems: list[Problem]) -> Dated | None:
    rules, dated = patterns("layout"), any_of("layout", "date_line", "signature_dated")
    for row in signing_rows(zones):
        if dated.fullmatch(row.view) and (day := _day_of(row.view, row.start)):
            return day
        if rules["broken_date_line"].fullmatch(row.view):
            span = Span(row.start, row.end)
            problems.append(Problem("date_broken", "成文日期不完整，请核对原件", span))
            if read := broken_day(row.view):
                return read, span
        if rules["attachment_line"].match(row.view) or rules["form_line"].search(row.view):
            break
    return None


def _at_end(text: str, zones: Zones) -> Dated | None:
    return _day_of(folded(zones.tail.quote(text)), zones.tail.start) if zones.tail else None


def _above(zones: Zones) -> Dated | None:
    return _in_lines(zones.rows[: zones.head], "date_line")


def _printed(zones: Zones) -> Dated | None:
    return _in_lines(zones.rows[zones.foot :], "print_line")


def _in_lines(rows: Sequence[Row], rule: str) -> Dated | None:
    for row in rows:
        if patterns("layout")[rule].search(row.view) and len(row.view) < 60 and (day := _day_of(row.view, row.start)):
            return day
    return None

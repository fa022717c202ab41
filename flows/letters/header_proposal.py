"""Reads what a letter says of the proposal it answers: kind, session, number, title."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flows.letters.header_labels import Labelled
from flows.letters.header_numbers import Found, kind_of, number_in, proposal_title_in, session_in
from flows.letters.model import Problem, ProposalKind, Span
from flows.letters.wordings import folded, patterns
from flows.letters.zones import Row, Zones


def proposal_of(
    text: str, zones: Zones, title: Row | None, formula: Row, labels: Sequence[Labelled]
) -> tuple[ProposalKind | None, dict[str, Found | None], list[Problem]]:
    """Kind, then session, number and title where the letter states them, and what is doubtful.

    Session and number come from the letter's title, else from the covering formula, else from labels; the proposal's
    title comes from the formula, else from the letter's title.
    """
    rows = [row for row in (title, formula) if row is not None and row.view]
    session, problems = _whole_session(_first(session_in(row) for row in rows), zones)
    number = _first(number_in(row) for row in rows) or _behind_label(labels, "number")
    name = proposal_title_in(text, formula) if formula.view else None
    name = name or _behind_label(labels, "proposal_title") or _in_first_words(text, zones) or _in_title(text, title)
    salutation = zones.salutation.quote(text) if zones.salutation else ""
    kind = kind_of(session.value if session else None, title.view if title else None, salutation, formula.view)
    return kind, {"session": session, "number": number, "title": name}, problems


def _first(found: Iterator[Found | None]) -> Found | None:
    return next((each for each in found if each is not None), None)


def _in_first_words(text: str, zones: Zones) -> Found | None:
    """The title in its marks, from the first lines of a letter that has no covering formula."""
    for row in [row for row in zones.rows if row.end > zones.opening.start][:_FIRST_LINES]:
        if hit := patterns("header")["opening_title"].search(row.view, 0, _FIRST_WORDS):
            span = Span(row.start + hit.start("title"), row.start + hit.end("title"))
            return Found(span.quote(text), span)
    return None


_FIRST_LINES, _FIRST_WORDS = 3, 300


def _in_title(text: str, title: Row | None) -> Found | None:
    """The proposal's title that the letter's own title holds."""
    hit = patterns("header")["title_in_title"].search(folded(text[title.start : title.end])) if title else None
    if hit is None or title is None:
        return None
    group = "book" if hit.group("book") else "title"
    span = Span(title.start + hit.start(group), title.start + hit.end(group))
    return Found(re.sub(r"\s*\n\s*", "", span.quote(text)), span)


def _behind_label(labels: Sequence[Labelled], field: str) -> Found | None:
    for label in labels:
        value = patterns("header")["around_value"].sub("", label.value) if label.field == field else ""
        if value and (field != "number" or "[" not in value):  # a year in brackets: the letter's own number
            return Found(value, label.span)
    return None


def _whole_session(session: Found | None, zones: Zones) -> tuple[Found | None, list[Problem]]:
    """A session whose number was lost is read from another line of the head that still has it."""
    lost = patterns("header")["session_lost"]
    if session is None or not lost.search(session.value):
        return session, []
    problem = Problem("number_missing", "会议届次的数字缺失，请核对原件", session.span)
    whole = _first(
        found if (found := session_in(row)) and not lost.search(found.value) else None
        for row in zones.rows[: zones.head]
    )
    return whole or session, [problem]

"""Reads the numbers of a letter's header: its own, and the proposal's session, number and title."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from flows.letters.header_labels import Labelled
from flows.letters.model import Problem, ProposalKind, Span
from flows.letters.wordings import patterns
from flows.letters.zones import Row


class Found(NamedTuple):
    """A value and its place; ``rest`` is what follows it on its line, as folded text."""

    value: str
    span: Span | None
    rest: str = ""


_YEAR = re.compile(r"(?:19|20)\d\d")  # every form of the number holds its year
_FULL = (("document_number", ""), ("document_number_round", ""), ("document_number_broken", "?"))


def document_number(head: Sequence[Row], labels: Sequence[Labelled]) -> tuple[Found | None, list[Problem]]:
    """The letter's own number, with 〔〕 and no blanks, from the lines above the salutation; problems where it is broken."""
    found = _in_text(head, labels)
    beside = next((label for label in labels if label.field == "document_number" and label.span is None), None)
    told = _number_in(Row(0, len(beside.value), beside.value)) if beside else None
    if told is None:
        return found
    if found[0] is None:
        return _without_place(*told)
    if found[0].value != told[0].value:
        message = f"正文文号与网页标注文号（{told[0].value}）不一致，请核对原件"
        return found[0], [*found[1], Problem("document_number_conflict", message, found[0].span)]
    return found


def _in_text(head: Sequence[Row], labels: Sequence[Labelled]) -> tuple[Found | None, list[Problem]]:
    for label in labels:
        place = label.span if label.field == "document_number" else None
        if place and (found := _number_in(Row(place.start, place.end, label.value))):
            return found
    for row in reversed(head):
        if found := _number_in(row):
            return found
    for i, row in enumerate(head):
        # 普绿容⏎〔2019〕⏎44号: one number over several lines.
        if row.view.startswith("[") and i > 0 and (found := _number_in(_joined(head[i - 1 : i + 2]))):
            return found
    return None, []


def _without_place(found: Found, problems: list[Problem]) -> tuple[Found, list[Problem]]:
    return Found(found.value, None), [Problem(problem.code, problem.message) for problem in problems]


def _joined(rows: Sequence[Row]) -> Row:
    return Row(rows[0].start, rows[-1].end, "".join(row.view for row in rows))


def _number_in(row: Row) -> tuple[Found, list[Problem]] | None:
    if _YEAR.search(row.view) is None:
        return None
    rules = patterns("header")
    for name, mark in _FULL:
        hit = rules[name].search(row.view)
        if hit is None or re.search(r"[。]", row.view[: hit.start()]):
            continue
        parts = {key.rstrip("2"): value for key, value in hit.groupdict().items() if value is not None}
        word = re.sub(r"\s", "", parts["word"]).strip("()")
        serial = re.sub(r"\s", "", parts["serial"])
        value = f"{word}〔{parts['year']}〕{serial}号"
        span = Span(row.start + hit.start("word"), min(row.end, row.start + hit.end()))
        broken = mark == "?" or not parts.get("hao")
        problems = [Problem("document_number_broken", "文号不完整，已按可辨认部分补全，请核对原件", span)] if broken else []
        return Found(value, span, row.view[hit.end() :]), problems
    return None


def session_in(row: Row) -> Found | None:
    """The session as written, blanks inside it kept out."""
    hit = patterns("header")["session"].search(row.view)
    if hit is None:
        return None
    return Found(re.sub(r"\s", "", hit.group()), Span(row.start + hit.start(), row.start + hit.end()), row.view[hit.end() :])


def number_in(row: Row) -> Found | None:
    """The proposal's number as written: letters and leading zeros matter."""
    for name in ("number", "number_bare"):
        hit = patterns("header")[name].search(row.view)
        if hit is not None:
            group = "number" if hit.group("number") else "number2"
            return Found(hit.group(group), Span(row.start + hit.start(group), row.start + hit.end(group)))
    return None


def proposal_title_in(text: str, row: Row) -> Found | None:
    """The proposal's title without its marks, from the covering formula: the first that says it is one, else the first."""
    rules = patterns("header")
    for name, groups in (("quoted_title", ("book", "quote", "phrase")), ("plain_title", ("title",))):
        named = [
            Span(row.start + hit.start(group), row.start + hit.end(group))
            for hit in rules[name].finditer(row.view)
            for group in groups
            if hit.group(group)
        ]
        if named:
            span = next((span for span in named if rules["paper_end"].search(span.quote(text))), named[0])
            return Found(re.sub(r"\s*\n\s*", "", span.quote(text)), span)
    return None


def kind_of(session: str | None, title: str | None, salutation: str, formula: str) -> ProposalKind | None:
    """What the letter answers: the session's body decides, then the title's noun, then the salutation's."""
    rules = patterns("header")
    for said in (session, title):
        if said and rules["npc"].search(said):
            return _npc(title)
        if said and rules["cppcc"].search(said):
            return "cppcc_proposal"
    if any(said and rules["cppcc_paper"].search(said) for said in (title, formula)):
        return "cppcc_proposal"
    if rules["member"].search(salutation):
        return "cppcc_proposal"
    if any(said and rules["deputy"].search(said) for said in (salutation, title, formula)):
        return _npc(title)
    return None


def _npc(title: str | None) -> ProposalKind:
    return "npc_motion" if title and patterns("header")["npc_motion"].search(title) else "npc_suggestion"

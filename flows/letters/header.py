"""Puts the header of a letter together: each value as the letter states it, with its place; nothing guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from flows.letters import header_names, header_numbers
from flows.letters.header_dates import broken_day, day_in
from flows.letters.header_labels import Labelled, labelled
from flows.letters.header_marks import disclosure_in, outcome_in
from flows.letters.header_title import title_of
from flows.letters.letter_types import letter_type_of
from flows.letters.model import Header, LetterText, Problem, Proposal, Span
from flows.letters.wordings import folded, patterns
from flows.letters.zones import Row, Zones


@dataclass
class _Draft:
    """The header while it is being filled."""

    text: str
    spans: dict[str, Span] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def put(self, name: str, found: header_numbers.Found | None) -> str | None:
        if found is None:
            return None
        self.spans[name] = found.span
        return found.value

    def put_all(self, name: str, found: Sequence[tuple[str, Span]]) -> tuple[str, ...]:
        for i, (_, span) in enumerate(found):
            self.spans[f"{name}[{i}]"] = span
        return tuple(value for value, _ in found)


def header_of(letter: LetterText, zones: Zones) -> tuple[Header, tuple[Problem, ...]]:
    """The header and what a person should look at in it; normalised values are left to the site's profile."""
    text = letter.text
    draft = _Draft(text)
    head, foot = zones.rows[: zones.head], zones.rows[zones.foot :]
    labels = [*labelled(head), *labelled(foot)]
    number, faults = header_numbers.document_number(text, head, labels)
    draft.problems += faults
    title = title_of(text, zones, labels)
    formula = _formula(zones, text)
    proposal = _proposal(draft, title, formula, labels, zones)
    salutation = zones.salutation.quote(text) if zones.salutation else ""
    letter_type = letter_type_of(title.view if title else "", salutation, formula.view, zones)
    addressees = _addressees(zones, text)
    outcome = outcome_in(zones, labels, number)
    disclosure, conflicts = disclosure_in(zones, labels, number)
    draft.problems += conflicts
    contacts = header_names.contacts_of(labels, zones)
    for i, (_, span) in enumerate(contacts):
        draft.spans[f"contacts[{i}]"] = span
    header = Header(
        letter_type=letter_type,
        document_number=draft.put("document_number", number),
        title=_title_text(draft, title),
        issuers=draft.put_all("issuers", header_names.issuers_of(zones, labels, title)),
        date=_date(draft, zones, labels, number, letter),
        addressees=draft.put_all("addressees", addressees),
        copies_to=draft.put_all("copies_to", header_names.copies_of(zones)),
        proposal=proposal if letter_type != "other" else None,
        outcome=draft.put("outcome", outcome),
        disclosure=draft.put("disclosure", disclosure),
        contacts=tuple(contact for contact, _ in contacts),
        spans=(),
    )
    if letter_type == "other":
        draft.spans = {name: span for name, span in draft.spans.items() if not name.startswith("proposal.")}
    return _with_spans(header, draft), tuple(draft.problems)


def _with_spans(header: Header, draft: _Draft) -> Header:
    from dataclasses import replace

    return replace(header, spans=tuple(sorted(draft.spans.items(), key=lambda item: (item[1], item[0]))))


def _title_text(draft: _Draft, title: Row | None) -> str | None:
    if title is None:
        return None
    draft.spans["title"] = Span(title.start, title.end)
    return re.sub(r"\s*\n\s*", "", draft.text[title.start : title.end]) if "\n" in draft.text[title.start : title.end] else (
        draft.text[title.start : title.end]
    )


def _formula(zones: Zones, text: str) -> Row:
    """The covering formula as a row."""
    quoted = folded(zones.opening.quote(text))
    stripped = quoted.strip()
    at = zones.opening.start + (quoted.index(stripped[0]) if stripped else 0)
    return Row(at, at + len(stripped), stripped)


def _addressees(zones: Zones, text: str) -> list[header_names.Named]:
    if zones.salutation is None:
        return []
    return header_names.addressees_of(folded(zones.salutation.quote(text)), zones.salutation.start)


def _proposal(draft: _Draft, title: Row | None, formula: Row, labels: Sequence[Labelled], zones: Zones) -> Proposal | None:
    """Session and number from the title, else the formula, else the labels; the proposal's title from the formula."""
    rows = [row for row in (title, formula) if row is not None and row.view]
    session = next((found for row in rows if (found := header_numbers.session_in(row))), None)
    number = next((found for row in rows if (found := header_numbers.number_in(row))), None)
    number = number or next(
        (header_numbers.Found(label.value.strip("第号"), label.span) for label in labels if label.field == "number" and label.value),
        None,
    )
    name = header_numbers.proposal_title_in(draft.text, formula) if formula.view else None
    name = name or next(
        (header_numbers.Found(label.value.strip("《》"), label.span) for label in labels if label.field == "proposal_title" and label.value), None
    )
    if session is not None and patterns("header")["session_lost"].search(session.value):
        draft.problems.append(Problem("number_missing", "会议届次的数字缺失，请核对原件", session.span))
        whole = next((found for row in zones.rows[: zones.head] if (found := header_numbers.session_in(row)) and not patterns("header")["session_lost"].search(found.value)), None)
        session = whole or session
    salutation = zones.salutation.quote(draft.text) if zones.salutation else ""
    kind = header_numbers.kind_of(session.value if session else None, title.view if title else None, salutation, formula.view)
    if not (session or number or name or kind):
        return None
    return Proposal(
        kind, draft.put("proposal.session", session), draft.put("proposal.number", number), draft.put("proposal.title", name)
    )


def _date(
    draft: _Draft, zones: Zones, labels: Sequence[Labelled], number: header_numbers.Found | None, letter: LetterText
) -> date | None:
    """The day it was signed: below the text, at its end, in the web table, in the head; conflicts are problems."""
    signed = _signed_day(draft, zones)
    stated = [
        (found[0], label.span)
        for label in labels
        if label.field == "date" and (found := day_in(label.value)) is not None
    ]
    if signed is None and stated:
        signed = stated[0]
    if signed is None:
        signed = next(
            ((found[0], Span(row.start + found[1], row.start + found[2])) for row in zones.rows[: zones.head]
             if patterns("layout")["date_line"].fullmatch(row.view) and (found := day_in(row.view))), None,
        )
    if signed is None:
        return None
    day, span = signed
    draft.spans["date"] = span
    other = next((found for found, _ in stated if found != day), None)
    if other is not None:
        draft.problems.append(Problem("date_conflict", f"落款日期{day}与标注日期{other}不一致，请核对原件", span))
    year = re.search(r"〔(\d{4})〕", number.value) if number else None
    if year and abs(int(year.group(1)) - day.year) > 1:
        draft.problems.append(Problem("date_conflict", f"成文日期{day}与文号年份{year.group(1)}相差较大，请核对原件", span))
    return day


def _signed_day(draft: _Draft, zones: Zones) -> tuple[date, Span] | None:
    rules = patterns("layout")
    for row in zones.rows[zones.foot :]:
        if rules["date_line"].fullmatch(row.view) and (found := day_in(row.view)):
            return found[0], Span(row.start + found[1], row.start + found[2])
        if rules["broken_date_line"].fullmatch(row.view):
            span = Span(row.start, row.end)
            draft.problems.append(Problem("date_broken", "成文日期不完整，请核对原件", span))
            if day := broken_day(row.view):
                return day, span
        if rules["attachment_line"].match(row.view) or rules["form_line"].search(row.view):
            break
    if zones.tail is not None and (found := day_in(folded(zones.tail.quote(draft.text)))):
        return found[0], Span(zones.tail.start + found[1], zones.tail.start + found[2])
    printed = next(
        ((found[0], Span(row.start + found[1], row.start + found[2])) for row in zones.rows[zones.foot :]
         if rules["print_line"].search(row.view) and (found := day_in(row.view))), None,
    )
    return printed

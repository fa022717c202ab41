"""Puts the header of a letter together: each value as the letter states it, with its place; nothing guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from flows.letters import header_names
from flows.letters.header_labels import Labelled, labelled, labelled_beside
from flows.letters.header_marks import disclosure_in, outcome_in
from flows.letters.header_numbers import Found, document_number
from flows.letters.header_proposal import proposal_of
from flows.letters.header_signed import signed_day
from flows.letters.header_title import other_title, title_of
from flows.letters.letter_types import letter_type_of
from flows.letters.model import Header, LetterText, Problem, Proposal, Span
from flows.letters.wordings import folded
from flows.letters.zones import Row, Zones


@dataclass(slots=True)
class _Draft:
    """The places of values and the doubts, while the header is being filled."""

    spans: dict[str, Span] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def put(self, name: str, found: Found | None) -> str | None:
        if found is None:
            return None
        if found.span is not None:
            self.spans[name] = found.span
        return found.value

    def put_all(self, name: str, found: Sequence[tuple[str, Span | None]]) -> tuple[str, ...]:
        for i, (_, span) in enumerate(found):
            if span is not None:
                self.spans[f"{name}[{i}]"] = span
        return tuple([value for value, _ in found])

    def in_order(self) -> tuple[tuple[str, Span], ...]:
        """The places in text order."""
        return tuple(sorted(self.spans.items(), key=lambda item: (item[1].start, item[1].end, item[0])))


def header_of(letter: LetterText, zones: Zones) -> tuple[Header, tuple[Problem, ...]]:
    """The header and what a person should look at in it; normalised values are left to the site's profile."""
    text, draft = letter.text, _Draft()
    beside = labelled_beside(letter.source)
    labels = (*labelled(zones.rows[: zones.head]), *labelled(zones.rows[zones.foot :]), *beside)
    number, faults = document_number(zones.rows[: zones.head], labels)
    title = title_of(zones, labels)
    formula = _formula(zones, text)
    salutation = zones.salutation.quote(text) if zones.salutation else ""
    letter_type = letter_type_of(title.view if title else "", salutation, formula.view, zones)
    if title is None and letter_type == "other":
        title = other_title(zones)
    disclosure, conflicts = disclosure_in(zones, labels)
    signed, doubts = signed_day(text, zones, labels, number)
    contacts = header_names.contacts_of(labels, zones)
    draft.problems += (*faults, *conflicts, *doubts)
    draft.put_all("contacts", [("", span) for _, span in contacts])
    if signed and signed[1]:
        draft.spans["date"] = signed[1]
    return Header(
        letter_type=letter_type,
        document_number=draft.put("document_number", number),
        title=_title_text(draft, title, text),
        issuers=draft.put_all("issuers", _as_written(header_names.issuers_of(zones, labels, title), text)),
        date=signed[0] if signed else None,
        addressees=draft.put_all("addressees", header_names.addressees_of(zones, text)),
        copies_to=draft.put_all("copies_to", _as_written(header_names.copies_of(zones), text)),
        # A paper of another kind may speak of many proposals; it answers none.
        proposal=_proposal(draft, text, zones, title, formula, labels) if letter_type != "other" else None,
        outcome=draft.put("outcome", outcome_in(zones, labels, number)),
        disclosure=draft.put("disclosure", disclosure),
        contacts=tuple([contact for contact, _ in contacts]),
        spans=draft.in_order(),  # last: every value has put its place there
    ), tuple(draft.problems)


def _as_written(found: Sequence[header_names.Named], text: str) -> list[header_names.Named]:
    """Names with the marks of the letter, which folding made half-width."""
    return [(span.quote(text) if span else name, span) for name, span in found]


def _title_text(draft: _Draft, title: Row | None, text: str) -> str | None:
    if title is None:
        return None
    draft.spans["title"] = Span(title.start, title.end)
    written = text[title.start : title.end]
    return re.sub(r"\s*\n\s*", "", written) if "\n" in written else written


def _formula(zones: Zones, text: str) -> Row:
    """The covering formula as a row."""
    quoted = folded(zones.opening.quote(text))
    stripped = quoted.strip()
    at = zones.opening.start + (quoted.index(stripped[0]) if stripped else 0)
    return Row(at, at + len(stripped), stripped)


def _proposal(
    draft: _Draft, text: str, zones: Zones, title: Row | None, formula: Row, labels: Sequence[Labelled]
) -> Proposal | None:
    kind, values, problems = proposal_of(text, zones, title, formula, labels)
    draft.problems += problems
    said = {name: draft.put(f"proposal.{name}", found) for name, found in values.items()}
    return Proposal(kind, **said) if kind or any(said.values()) else None

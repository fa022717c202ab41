"""Makes statements of drafts: owners, deadline, quantities, whether they can be checked, and how sure all that is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from datetime import date

from flows.letters import calendar_days, deadlines, owners, quantities, specificity
from flows.letters.agencies import Directory
from flows.letters.clauses import view_of
from flows.letters.confidence import Cases, cases_of, sure_of
from flows.letters.date_forms import date_forms
from flows.letters.deadlines import Dated
from flows.letters.folding import Folded, narrowed, unspaced
from flows.letters.model import COMMITMENT_STANCES, Deadline, Draft, Quantity, ReplyLetter, Statement
from flows.letters.owners import Owned
from flows.letters.script import simplified

_YEAR_GOES_ON = 200  # characters for which a year that was said holds for bare months


def complete(
    letter: ReplyLetter,
    drafts: Sequence[Draft],
    directory: Directory,
    *,
    default_months: int | None = None,
    jurisdiction: str | None = None,
) -> tuple[Statement, ...]:
    """The drafts as statements, in the same order.

    ``default_months`` is the site's policy for commitments that name no time: that many months after the letter's date,
    marked ``policy_default``; None leaves them without a deadline.  ``jurisdiction`` is the site's own, for a letter that
    does not show where it was written.
    """
    cased = completed(letter, drafts, directory, default_months=default_months, jurisdiction=jurisdiction)
    return tuple([statement for statement, _ in cased])


def completed(
    letter: ReplyLetter,
    drafts: Sequence[Draft],
    directory: Directory,
    *,
    default_months: int | None = None,
    jurisdiction: str | None = None,
) -> Iterator[tuple[Statement, Cases]]:
    """As ``complete``, each statement with the cases that its confidence is looked up by: for calibration."""
    view = view_of(letter.text.text)
    completing = _Completing(letter, view, default_months)
    for draft, whose in zip(drafts, owners.assign(letter, view, drafts, directory, jurisdiction), strict=True):
        yield completing.statement(draft, whose)


class _Completing:
    """One letter whose drafts are completed: what every statement asks of the whole is made once."""

    def __init__(self, letter: ReplyLetter, view: str, default_months: int | None) -> None:
        self._text, self._view, self._on = letter.text.text, view, letter.header.date
        self._narrow = narrowed(simplified(self._text))
        self._starts = [piece.start for piece in letter.text.pieces]
        self._pages = [letter.text.source.lines[piece.line].page for piece in letter.text.pieces]
        self._default = _policy_default(letter.header.date, default_months)

    def statement(self, draft: Draft, whose: Owned) -> tuple[Statement, Cases]:
        start, end = draft.span.start, draft.span.end
        said = unspaced(self._narrow[start:end], start, self._text[start:end])
        dated = self._dated(draft, said, whose)
        forms = date_forms()
        apart = forms.in_condition if draft.stance == "conditional" else forms.in_if_clause
        counted = quantities.find(said, dated.taken, apart) if draft.stance != "done" else ()
        cases = cases_of(draft, said.text, whose, dated, counted)
        sure = sure_of(cases)
        statement = Statement(
            span=draft.span,
            text=said.raw,
            page=self._page_at(start),
            section=draft.section,
            stance=draft.stance,
            specific=self._is_specific(draft, whose, dated, counted),
            cues=draft.cues,
            confidence=sure.overall,
            owners=whose.owners,
            deadline=dated.deadline or (self._default if draft.stance in COMMITMENT_STANCES else None),
            quantities=counted,
            problems=(*whose.problems, *dated.problems),
            confidences=sure.fields,
        )
        return statement, cases

    def _dated(self, draft: Draft, said: Folded, whose: Owned) -> Dated:
        if draft.stance not in COMMITMENT_STANCES:
            return deadlines.NOTHING
        return deadlines.find(said, self._on, lambda: self._governing(draft, whose), lambda: self._before(draft))

    def _is_specific(self, draft: Draft, whose: Owned, dated: Dated, counted: Sequence[Quantity]) -> bool:
        """A task with its own unit in a table or behind a label is a thing somebody was given to do."""
        if whose.way == "label" or draft.stance != "pledged":
            return True
        has_day = dated.deadline is not None and dated.deadline.day is not None
        said = "".join(draft.span.quote(self._view).split())
        return specificity.is_specific(said, dated=has_day, counted=bool(counted), conditional=False)

    def _governing(self, draft: Draft, whose: Owned) -> str:
        """Texts whose date holds where the statement names none: labels printed behind it, the lead-in of its list."""
        lead_in = draft.item.lead_in if draft.item is not None else None
        if whose.trailing or lead_in is None or not owners.governs(self._view, lead_in):
            return whose.trailing
        return lead_in.quote(self._text)

    def _before(self, draft: Draft) -> str:
        """What the paragraph says before the statement, as far as a year goes on."""
        start = draft.span.start
        low = max(0, start - _YEAR_GOES_ON)
        return self._text[max(low, self._text.rfind("\n", low, start) + 1) : start]

    def _page_at(self, offset: int) -> int:
        index = bisect_right(self._starts, offset) - 1
        return self._pages[index] if index >= 0 else 1


def _policy_default(on: date | None, months: int | None) -> Deadline | None:
    """The site's deadline for a commitment that names none; None without a policy, or without the letter's date."""
    if on is None or months is None:
        return None
    return Deadline("", calendar_days.add_months(on, months), "day", "policy_default")

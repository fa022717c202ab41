"""Makes statements of drafts: owners, deadline, quantities, whether they can be checked, and how sure all that is."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence

from flows.letters import calendar_days, deadlines, owners, quantities, specificity
from flows.letters.agencies import Directory
from flows.letters.clauses import view_of
from flows.letters.confidence import Cases, cases_of, sure_of
from flows.letters.date_forms import date_forms
from flows.letters.deadlines import Dated
from flows.letters.folding import fold
from flows.letters.model import COMMITMENT_STANCES, Deadline, Draft, LetterText, Quantity, ReplyLetter, Statement
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
    return tuple(statement for statement, _ in cased)


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
    owned = owners.assign(letter, view, drafts, directory, jurisdiction)
    whole = _Whole(letter.text)
    for draft, whose in zip(drafts, owned, strict=True):
        yield _statement(letter, view, whole, draft, whose, default_months)


class _Whole:
    """What every statement asks of the whole letter: its script, and the page of any place."""

    def __init__(self, text: LetterText) -> None:
        self.traditional = simplified(text.text) != text.text
        self._starts = [piece.start for piece in text.pieces]
        self._lines = [piece.line for piece in text.pieces]
        self._source = text.source.lines

    def page_at(self, offset: int) -> int:
        index = bisect_right(self._starts, offset) - 1
        return self._source[self._lines[index]].page if index >= 0 else 1


def _statement(
    letter: ReplyLetter, view: str, whole: _Whole, draft: Draft, whose: Owned, default_months: int | None
) -> tuple[Statement, Cases]:
    start, end = draft.span.start, draft.span.end
    text = letter.text.text[start:end]
    said = fold(text, start, traditional=whole.traditional)
    committed = draft.stance in COMMITMENT_STANCES
    dated = (
        deadlines.find(
            said, letter.header.date, lambda: _governing(letter, view, draft, whose), lambda: _before(letter, start)
        )
        if committed
        else deadlines.NOTHING
    )
    apart = date_forms().in_condition if draft.stance == "conditional" else None
    counted = quantities.find(said, dated.taken, apart) if draft.stance != "done" else ()
    deadline = dated.deadline
    if committed and deadline is None and default_months is not None:
        deadline = _policy_default(letter, default_months)
    cases = cases_of(draft, said.text, whose, dated, counted)
    sure = sure_of(cases)
    statement = Statement(
        span=draft.span,
        text=text,
        page=whole.page_at(start),
        section=draft.section,
        stance=draft.stance,
        specific=_is_specific(view[start:end], draft, whose, dated, counted),
        cues=draft.cues,
        confidence=sure.overall,
        owners=whose.owners,
        deadline=deadline,
        quantities=counted,
        problems=(*whose.problems, *dated.problems),
        confidences=sure.fields,
    )
    return statement, cases


def _is_specific(said: str, draft: Draft, whose: Owned, dated: Dated, counted: Sequence[Quantity]) -> bool:
    """A task with its own unit in a table or behind a label is a thing somebody was given to do."""
    return whose.way == "label" or specificity.is_specific(
        "".join(said.split()),
        dated=dated.deadline is not None and dated.deadline.day is not None,
        counted=bool(counted),
        conditional=draft.stance != "pledged",
    )


def _governing(letter: ReplyLetter, view: str, draft: Draft, whose: Owned) -> str:
    """Texts whose date holds where the statement names none: labels printed behind it, the lead-in of its list."""
    lead_in = draft.item.lead_in if draft.item is not None else None
    if whose.trailing or lead_in is None or not owners.governs(view, lead_in):
        return whose.trailing
    return lead_in.quote(letter.text.text)


def _before(letter: ReplyLetter, start: int) -> str:
    """What the paragraph says before the statement, as far as a year goes on."""
    low = max(0, start - _YEAR_GOES_ON)
    return letter.text.text[max(low, letter.text.text.rfind("\n", low, start) + 1) : start]


def _policy_default(letter: ReplyLetter, months: int) -> Deadline | None:
    if letter.header.date is None:
        return None
    return Deadline("", calendar_days.add_months(letter.header.date, months), "day", "policy_default")

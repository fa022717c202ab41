"""Makes statements of drafts: owners, deadline, quantities, whether they can be checked, and how sure all that is."""

from __future__ import annotations

import re
from collections.abc import Sequence

from flows.letters import calendar_days, confidence, deadlines, owners, quantities, specificity
from flows.letters.agencies import Directory
from flows.letters.clauses import view_of
from flows.letters.folding import fold
from flows.letters.model import COMMITMENT_STANCES, Deadline, Draft, ReplyLetter, Statement
from flows.letters.owners import Owned

_BLANK = re.compile(r"\s+")


def complete(
    letter: ReplyLetter, drafts: Sequence[Draft], directory: Directory, *, default_months: int | None = None
) -> tuple[Statement, ...]:
    """The drafts as statements, in the same order.

    ``default_months`` is the site's policy for commitments that name no time: that many months after the letter's date,
    marked ``policy_default``; None leaves them without a deadline.
    """
    view = view_of(letter.text.text)
    owned = owners.assign(letter, view, drafts, directory)
    return tuple(
        _statement(letter, view, draft, whose, default_months) for draft, whose in zip(drafts, owned, strict=True)
    )


def _statement(letter: ReplyLetter, view: str, draft: Draft, whose: Owned, default_months: int | None) -> Statement:
    start, end = draft.span.start, draft.span.end
    said = fold(letter.text.text[start:end], start)
    committed = draft.stance in COMMITMENT_STANCES
    dated = deadlines.find(said, letter.header.date, _governing(letter, view, draft, whose)) if committed else deadlines.NOTHING
    counted = quantities.find(said, dated.taken) if draft.stance != "done" else ()
    # A task with its own unit in a table or behind a label is a thing somebody was given to do.
    specific = whose.way == "label" or specificity.is_specific(
        _BLANK.sub("", view[start:end]),
        dated=dated.deadline is not None and dated.deadline.day is not None,
        counted=bool(counted),
        conditional=draft.stance != "pledged",
    )
    deadline = dated.deadline
    if committed and deadline is None and default_months is not None:
        deadline = _policy_default(letter, default_months)
    sure = confidence.of(draft, said.text, whose, dated, counted)
    return Statement(
        span=draft.span,
        text=letter.text.text[start:end],
        page=letter.text.page_at(start),
        section=draft.section,
        stance=draft.stance,
        specific=specific,
        cues=draft.cues,
        confidence=sure.overall,
        owners=whose.owners,
        deadline=deadline,
        quantities=counted,
        problems=(*whose.problems, *dated.problems) if committed else (),
        confidences=sure.fields,
    )


def _governing(letter: ReplyLetter, view: str, draft: Draft, whose: Owned) -> str:
    """Texts whose date holds where the statement names none: labels printed behind it, the lead-in of its list."""
    lead_in = draft.item.lead_in if draft.item is not None else None
    if whose.trailing or lead_in is None or not owners.governs(view, lead_in):
        return whose.trailing
    return lead_in.quote(letter.text.text)


def _policy_default(letter: ReplyLetter, months: int) -> Deadline | None:
    if letter.header.date is None:
        return None
    return Deadline("", calendar_days.add_months(letter.header.date, months), "day", "policy_default")

"""Understands one letter: from the lines a reader saw to the record, pure and repeatable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flows.letters.agencies import Directory
from flows.letters.completing import complete
from flows.letters.errors import NotAReply
from flows.letters.layout import lay_out
from flows.letters.mending import mend
from flows.letters.model import LetterText, Original, Problem, ReplyLetter, SourceText, Statement
from flows.letters.profile import SiteProfile
from flows.letters.record import Normalised, record_bytes, record_of, rules_version
from flows.letters.stance import Weights
from flows.letters.stance_model import stance_weights
from flows.letters.statements import statements_with
from flows.letters.wordings import patterns


@dataclass(frozen=True, slots=True)
class Understood:
    """``record`` is checked against its schema; ``record_bytes`` is what is archived; ``text`` is what spans refer to."""

    record: dict[str, Any]
    record_bytes: bytes
    text: LetterText
    letter: ReplyLetter


def understand(
    source: SourceText, original: Original, directory: Directory, site: SiteProfile, *, weights: Weights | None = None
) -> Understood:
    """What the letter says.  The same bytes, rules, directory and profile give the same record, byte for byte.

    ``weights`` stand in for the shipped ones of the stance: for measuring with weights that have not seen the letter.
    Raises ``SecretLetter`` for a mark of state secrecy, ``NotAReply`` where nothing of a letter is there, and
    ``InvalidRecord`` where the record breaks its schema.
    """
    text = mend(source)
    letter = lay_out(text)
    _must_be_a_letter(letter)
    jurisdiction = directory.jurisdiction_of(letter.header.issuers, text.text) or site.jurisdiction
    drafts = statements_with(letter, weights or stance_weights())
    statements = complete(
        letter, drafts, directory, default_months=site.default_deadline_months, jurisdiction=jurisdiction
    )
    normalised = Normalised(
        site.outcome(letter.header.outcome, jurisdiction), site.disclosure(letter.header.disclosure)
    )
    record = record_of(
        original,
        letter,
        statements,
        normalised,
        jurisdiction=jurisdiction,
        version=rules_version(directory.digest, site.digest),
        problems=_label_conflicts(letter, statements, normalised),
    )
    return Understood(record, record_bytes(record), text, letter)


def _must_be_a_letter(letter: ReplyLetter) -> None:
    header = letter.header
    signs = sum(map(bool, (header.title, header.issuers, header.date, header.document_number)))
    if header.letter_type != "other" or signs > 1 or patterns("header")["proposer_noun"].search(letter.text.text):
        return
    raise NotAReply("no issuer, date or number, and no word of a proposal: drop reply letters only")


_SETTLED = frozenset({"solved_or_adopted"})
_UNSETTLED = frozenset({"not_now", "reference_only"})


def _label_conflicts(
    letter: ReplyLetter, statements: tuple[Statement, ...], normalised: Normalised
) -> tuple[Problem, ...]:
    """Where the printed result and the text disagree: settled, yet promises; set aside, yet promises."""
    open_promises = sum(statement.is_commitment and statement.specific for statement in statements)
    if not open_promises or normalised.outcome not in _SETTLED | _UNSETTLED:
        return ()
    label = letter.header.outcome
    place = dict(letter.header.spans).get("outcome")
    return (Problem("label_conflict", f"办理结果标注“{label}”，正文仍有{open_promises}项具体承诺，请核对", place),)

"""The ledger's review queue of letters: may this be an earlier letter again?  A person answers, then it goes its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from flows.adapters.ledger_letters import LedgerLetters, event
from flows.adapters.ledger_placing import Entry, open_question, succeed
from flows.adapters.ledger_tables import ASKED, letters, lookalikes
from flows.letters.errors import StepRefused
from flows.letters.model import Assignment, Notice

Verdict = Literal["same", "version", "different"]
_SHOWN = ("id", "document_number", "title", "dated", "disclosure", "original_name")


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said of a letter that may be an earlier one (``other_id``) again.

    ``same``: another file of it; ``version``: a corrected re-issue of it; ``different``: a letter of its own.
    """

    letter_id: str
    other_id: str
    verdict: Verdict
    by: str
    at: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a letter stands to an earlier one: ``same`` as it, ``asked`` whether it is, a ``version`` of it, or its ``own``.

    ``other``: the earlier letter's id, number, title, date and disclosure; ``percent``: how alike, where it is asked.
    """

    kind: Literal["own", "same", "asked", "version"]
    other: Mapping[str, Any] | None = None
    percent: int | None = None
    entered_at: str = ""


class LedgerLookalikes(LedgerLetters):
    """Questions about letters that are like an earlier one, and their answers."""

    def standing(self, letter_id: str) -> Standing:
        """How the letter stands to those before it; ``own`` also where there is no such letter."""
        with self._read() as connection:
            row = connection.execute(sa.select(letters).where(letters.c.id == letter_id)).mappings().first()
            asked = open_question(connection, letter_id)
            if row is None:
                return Standing("own")
            at = str(row["entered_at"])
            if asked is not None:
                return Standing("asked", _named(connection, asked["other_id"]), asked["percent"], at)
            if row["same_as"] is not None:
                return Standing("same", _named(connection, row["same_as"]), None, at)
            if row["supersedes"] is not None:
                return Standing("version", _named(connection, row["supersedes"]), None, at)
        return Standing("own", entered_at=at)

    def lookalike(self, letter_id: str) -> dict[str, Any] | None:
        """The question about this letter, answered or not; None where none was asked."""
        with self._read() as connection:
            row = connection.execute(sa.select(lookalikes).where(lookalikes.c.letter_id == letter_id)).mappings().first()
        return dict(row) if row else None

    def open_lookalikes(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Questions without an answer, oldest first: ``percent``, ``asked_at``, and both letters (``letter``, ``other``)."""
        query = sa.select(lookalikes).where(sa.text(ASKED)).order_by(lookalikes.c.asked_at, lookalikes.c.letter_id)
        with self._read() as connection:
            rows = connection.execute(query.limit(limit)).mappings().all()
            return [
                {"percent": row["percent"], "asked_at": row["asked_at"], "letter": _named(connection, row["letter_id"]),
                 "other": _named(connection, row["other_id"])}
                for row in rows
            ]  # fmt: skip

    def decide_lookalike(
        self,
        decision: Decision,
        record: Mapping[str, Any],
        assignments: Sequence[Assignment] = (),
        queued: Sequence[Notice] = (),
    ) -> bool:
        """Write a person's answer and what follows from it, in one transaction; False where it stands already.

        Unless the letter is the ``same``, its commitments enter now, with owners, questions and notices.  ``StepRefused``
        where nothing was asked or something else was answered; only ``same`` may be taken back: its commitments were
        held, not handed out.
        """
        with self._write_history() as connection:
            mine = lookalikes.c.letter_id == decision.letter_id
            asked = connection.execute(sa.select(lookalikes).where(mine)).mappings().first()
            if asked is None:
                raise StepRefused(f"来函 {decision.letter_id} 没有待确认的重复疑问")
            if asked["answer"] == decision.verdict:
                return False
            if asked["answer"] not in (None, "same"):
                raise StepRefused(f"来函 {decision.letter_id} 已于{asked['answered_at'][:10]}确认，其承诺事项已交办，不能更改")
            self._follow(connection, decision, dict(asked), record, assignments, queued)
            values = {"answer": decision.verdict, "answered_at": decision.at, "answered_by": decision.by}
            connection.execute(sa.update(lookalikes).where(mine).values(values | {"reason": decision.reason}))
        return True

    def _follow(
        self,
        connection: sa.Connection,
        decision: Decision,
        asked: Mapping[str, Any],
        record: Mapping[str, Any],
        assignments: Sequence[Assignment],
        queued: Sequence[Notice],
    ) -> None:
        letter = dict(connection.execute(sa.select(letters).where(letters.c.id == decision.letter_id)).mappings().one())
        changes = {"answer": [asked["answer"], decision.verdict], "other_id": [None, asked["other_id"]]}
        told = event(letter, f"lookalike_{decision.verdict}", decision.at, decision.reason)
        self._note(connection, [told | {"by": decision.by, "changes": changes}])
        entry = Entry(letter, decision.at)
        letter["same_as"] = asked["other_id"] if decision.verdict == "same" else None
        if decision.verdict == "version" and letter["superseded_by"] is None:
            prior = _newest(connection, asked["other_id"])
            if open_question(connection, prior["id"]) is not None:
                raise StepRefused(f"请先确认来函 {prior['id']} 的重复疑问")
            succeed(connection, entry, prior)
        placed = {name: letter[name] for name in ("same_as", "version", "supersedes", "superseded_by")}
        connection.execute(sa.update(letters).where(letters.c.id == letter["id"]).values(placed))
        if asked["answer"] == "same":  # taken back: further files of the letter are copies of it, not of the other
            copies = sa.update(letters).where(letters.c.text_hash == letter["text_hash"], letters.c.id != letter["id"])
            connection.execute(copies.where(letters.c.same_as == asked["other_id"]).values(same_as=letter["id"]))
        if letter["same_as"] is None and letter["superseded_by"] is None:
            self._enter_commitments(connection, entry, record, assignments, queued)


def _newest(connection: sa.Connection, letter_id: str) -> Mapping[str, Any]:
    """The letter, or the last version that superseded it; of a copy the letter it is a copy of."""
    while True:
        row = connection.execute(sa.select(letters).where(letters.c.id == letter_id)).mappings().one()
        further = row["same_as"] or row["superseded_by"]
        if further is None:
            return dict(row)
        letter_id = further


def _named(connection: sa.Connection, letter_id: str) -> dict[str, Any]:
    columns = [letters.c[name] for name in _SHOWN]
    return dict(connection.execute(sa.select(*columns).where(letters.c.id == letter_id)).mappings().one())

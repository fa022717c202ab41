"""The ledger's follow-up: steps of a commitment's life, with history and optimistic locking, and the review queue."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from flows.adapters.ledger_outbox import LedgerOutbox
from flows.adapters.ledger_tables import answers, commitments, history, letters, notices, owners, unresolved
from flows.letters.errors import ChangedMeanwhile
from flows.letters.lifecycle import Change
from flows.letters.model import Notice
from flows.letters.workdays import beijing_day


class LedgerSteps(LedgerOutbox):
    """Changes that people and schedules make to commitments."""

    def commitment(self, commitment_id: str) -> dict[str, Any] | None:
        """One commitment with its letter's columns (``letter_…`` where names meet); None when there is none."""
        with self._read() as connection:
            row = connection.execute(with_letter().where(commitments.c.id == commitment_id)).mappings().first()
        return dict(row) if row else None

    def owners_of(self, commitment_id: str) -> list[dict[str, Any]]:
        """Who must do it now, the lead first; those it was reassigned away from are left out."""
        query = sa.select(owners).where(owners.c.commitment_id == commitment_id, owners.c.left_on.is_(None))
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query.order_by(owners.c.role, owners.c.agency_id)).mappings()]

    def history_of(self, commitment_id: str) -> list[dict[str, Any]]:
        """Every change of a commitment, oldest first."""
        query = sa.select(history).where(history.c.commitment_id == commitment_id).order_by(history.c.seq)
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def apply(self, change: Change, now: str, made: Sequence[Notice] = ()) -> None:
        """Write an allowed change, its history and its notices in one transaction.

        Raises ``ChangedMeanwhile`` where somebody changed the commitment since it was read; nothing is written then.
        """
        with self._write_history() as connection:
            self._apply(connection, change, now)
            self._queue(connection, made, now)

    def apply_all(self, changes: Sequence[tuple[Change, Sequence[Notice]]], now: str) -> int:
        """Many changes in one transaction, those overtaken meanwhile left out; returns how many were written."""
        done = 0
        with self._write_history() as connection:
            for change, made in changes:
                savepoint = connection.begin_nested()
                try:
                    self._apply(connection, change, now)
                except ChangedMeanwhile:
                    savepoint.rollback()
                    continue
                savepoint.commit()
                self._queue(connection, made, now)
                done += 1
        return done

    def _apply(self, connection: sa.Connection, change: Change, now: str) -> None:
        step = change.step
        query = sa.select(commitments).where(commitments.c.id == step.commitment_id)
        before = dict(connection.execute(query).mappings().one())
        values = dict(change.sets) | {"state": change.to_state, "version": change.version + 1}
        written = connection.execute(
            sa.update(commitments)
            .where(commitments.c.id == step.commitment_id, commitments.c.version == change.version)
            .values(values)
        )
        if written.rowcount != 1:
            raise ChangedMeanwhile(f"承诺 {step.commitment_id} 刚刚被他人更新，请重新查看后再办理")
        if change.owner_sets:
            connection.execute(
                sa.update(owners)
                .where(owners.c.commitment_id == step.commitment_id, owners.c.agency_id == step.agency_id)
                .values(**change.owner_sets)
            )
        if step.action in ("reassign", "issue"):
            self._hand_over(connection, change, before, now)
        if step.action == "uphold":
            self._restart_clock(connection, step.commitment_id)
        self._note(connection, [_entry(change, before, now)])

    def _hand_over(self, connection: sa.Connection, change: Change, before: Mapping[str, Any], now: str) -> None:
        """The new lead takes the old one's place; the open question, if there is one, is answered."""
        step = change.step
        agency_id = step.fields["agency_id"]
        connection.execute(
            sa.update(owners)
            .where(owners.c.commitment_id == step.commitment_id, owners.c.role == "lead", owners.c.agency_id != agency_id)
            .values(left_on=step.day.isoformat())
        )
        row = {"commitment_id": step.commitment_id, "agency_id": agency_id, "name": step.fields.get("agency_name")}
        row |= {"mention": before["lead_mention"] or "", "role": "lead", "rule": step.action}
        self._insert_once(connection, owners, [row])
        fresh = {"role": "lead", "handed_on": None, "signed_on": None, "objected_on": None, "left_on": None}
        mine = (owners.c.commitment_id == step.commitment_id, owners.c.agency_id == agency_id)
        connection.execute(sa.update(owners).where(*mine).values(fresh))
        connection.execute(
            sa.update(unresolved)
            .where(
                unresolved.c.commitment_id == step.commitment_id,
                unresolved.c.role == "lead",
                unresolved.c.answered_at.is_(None),
            )
            .values(answered_at=now, answered_by=step.by, answer=agency_id)
        )

    def _restart_clock(self, connection: sa.Connection, commitment_id: str) -> None:
        """An objection was turned down: the owner has to sign, from today's notice on."""
        mine = (owners.c.commitment_id == commitment_id, owners.c.objected_on.is_not(None))
        connection.execute(sa.update(owners).where(*mine).values(objected_on=None, handed_on=None, signed_on=None))

    # -- schedules ----------------------------------------------------------------------------------------------

    def mark_lights(self, lights: Mapping[str, str], now: str) -> int:
        """Set the lights of commitments (id → green, yellow, red) where they differ, with history; how many were set."""
        return self._set_column("light", lights, now)

    def mark_repeats(self, pairs: Sequence[tuple[str, str]], now: str) -> int:
        """Note for each (later, earlier) that the later commitment promises again what the earlier one did."""
        return self._set_column("repeats", dict(pairs), now)

    def _set_column(self, name: str, wanted: Mapping[str, str], now: str) -> int:
        """One column of many commitments, with history; no change of state, so nobody's step is overtaken by it."""
        column, ids, done = commitments.c[name], list(wanted), 0
        with self._write_history() as connection:
            for start in range(0, len(ids), 500):
                some = ids[start : start + 500]
                held = sa.select(commitments.c.id, commitments.c.letter_id, column.label("held"))
                rows = connection.execute(held.where(commitments.c.id.in_(some)).order_by(commitments.c.id)).all()
                changed = [row for row in rows if row.held != wanted[row.id]]
                for value in sorted({wanted[row.id] for row in changed}):
                    mine = [row.id for row in changed if wanted[row.id] == value]
                    connection.execute(sa.update(commitments).where(commitments.c.id.in_(mine)).values({name: value}))
                entries = [
                    {"letter_id": row.letter_id, "commitment_id": row.id, "at": now, "by": "program", "action": name,
                     "changes": {name: [row.held, wanted[row.id]]}}
                    for row in changed
                ]  # fmt: skip
                self._note(connection, entries)
                done += len(changed)
        return done

    # -- returned forms -----------------------------------------------------------------------------------------

    def answered(self, form_id: str) -> bool:
        """Whether a returned form with this hash was taken already."""
        with self._read() as connection:
            return connection.execute(sa.select(answers.c.id).where(answers.c.id == form_id)).first() is not None

    def take_form(self, form_id: str, source: str, taken: int, refused: Sequence[str], now: str) -> None:
        """Note that a returned form was worked through: how many answers were taken, which were refused and why."""
        row = {"id": form_id, "source": source, "at": now, "taken": taken}
        with self._write() as connection:
            self._insert_once(connection, answers, [row | {"refused": json.dumps(list(refused), ensure_ascii=False)}])

    def notices_about(self, commitment_id: str) -> list[dict[str, Any]]:
        """The notices about a commitment, oldest first, without their texts."""
        columns = [c for c in notices.c if c.name not in ("event", "sheet")]
        query = sa.select(*columns).where(notices.c.commitment_id == commitment_id)
        with self._read() as connection:
            found = connection.execute(query.order_by(notices.c.queued_at, notices.c.id)).mappings()
            return [dict(row) for row in found]


def with_letter() -> sa.Select[Any]:
    """Commitments with what a reader wants to know of their letter."""
    names = (
        "document_number", "title", "issuer", "issuers", "dated", "disclosure", "disclosure_text", "sha256",
        "letter_type", "proposal_kind", "proposal_session", "proposal_number", "proposal_title", "proposers", "outcome",
        "outcome_normalised", "original_name", "original_key", "package_key", "package_sha256", "entered_at",
    )  # fmt: skip
    return sa.select(commitments, *(letters.c[name] for name in names)).join(letters, letters.c.id == commitments.c.letter_id)


def _entry(change: Change, before: Mapping[str, Any], now: str) -> dict[str, Any]:
    step = change.step
    changed = {name: [before[name], value] for name, value in change.sets.items() if before[name] != value}
    if step.agency_id is not None:
        changed["agency_id"] = [None, step.agency_id]
    if step.day != beijing_day(now):  # it is told of later than it happened
        changed["day"] = [None, step.day.isoformat()]
    return {
        "letter_id": before["letter_id"],
        "commitment_id": step.commitment_id,
        "at": now,
        "by": step.by,
        "action": step.action,
        "why": step.fields.get("reason") or step.fields.get("text") or step.fields.get("evidence"),
        "from_state": change.from_state,
        "to_state": change.to_state,
        "changes": changed,
    }

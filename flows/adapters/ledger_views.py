"""What is read from the ledger: counts, rows, open questions, what is due, cohorts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa

from flows.adapters.ledger_steps import LedgerSteps, with_letter
from flows.adapters.ledger_tables import (
    ASKED,
    COPIES,
    OPEN,
    commitments,
    intake,
    letters,
    lookalikes,
    notices,
    occurrences,
    owners,
    unresolved,
)

_ORDER = (letters.c.entered_at, letters.c.id, commitments.c.place)
# In these states the owner has the word; the clocks of the promise run.
RUNNING = ("issued", "reassigned", "signed", "in_progress", "due_soon", "overdue", "extension_asked")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows of the ledger are wanted; None or empty: all.  ``due_before`` takes open commitments only."""

    agency_id: str | None = None
    states: tuple[str, ...] = ()
    year: int | None = None
    light: str | None = None
    due_before: date | None = None
    document_number: str | None = None


class LedgerViews(LedgerSteps):
    """Questions to the ledger."""

    def counts(self) -> dict[str, int]:
        """How many contents, letters, commitments, notices and open questions there are, by state."""
        with self._read() as connection:
            found = {f"intake.{state}": n for state, n in _by_state(connection, intake, "cleared").items()}
            found |= {f"notices.{state}": n for state, n in _by_state(connection, notices, "sent").items()}
            for table in (letters, commitments):
                found[table.name] = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            asked = sa.select(sa.func.count()).where(unresolved.c.answered_at.is_(None))
            found["unresolved"] = connection.scalar(asked) or 0
            duplicates = sa.select(sa.func.count()).where(occurrences.c.duplicate)
            found["letters.same"] = connection.scalar(_counted(letters, COPIES)) or 0
            found["lookalikes"] = connection.scalar(_counted(lookalikes, ASKED)) or 0
            found["duplicates"] = connection.scalar(duplicates) or 0
        return found

    def states(self) -> dict[str, int]:
        """How many commitments are in which state."""
        with self._read() as connection:
            return _by_state(connection, commitments, "closed")

    def rows(self, wanted: Filter | None = None, limit: int | None = None, offset: int = 0) -> list[dict[str, Any]]:
        """The ledger as a table: one row per commitment with its letter's columns.

        In order of entry; of one state, one year or before a day: by the day they are due.
        """
        query = _filtered(wanted or Filter())
        query = query.order_by(commitments.c.due, commitments.c.id) if _by_due(wanted) else query.order_by(*_ORDER)
        if limit is not None:
            query = query.limit(limit).offset(offset)
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def each_row(self, wanted: Filter | None = None) -> Iterator[dict[str, Any]]:
        """The same rows one after another, for exports too large for memory."""
        query = _filtered(wanted or Filter()).order_by(*_ORDER)
        with self._read() as connection:
            for row in connection.execution_options(yield_per=1000).execute(query).mappings():
                yield dict(row)

    def owners_by_commitment(self, ids: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
        """The present owners of several commitments, the lead first."""
        found: dict[str, list[dict[str, Any]]] = {}
        with self._read() as connection:
            for start in range(0, len(ids), 500):
                some = owners.c.commitment_id.in_(ids[start : start + 500])
                query = sa.select(owners).where(some, owners.c.left_on.is_(None))
                for row in connection.execute(query.order_by(owners.c.role, owners.c.agency_id)).mappings():
                    found.setdefault(row["commitment_id"], []).append(dict(row))
        return found

    def open_questions(self, limit: int | None = None) -> list[dict[str, Any]]:
        """Owners a person has to choose, with the sentence, the letter and the reason, oldest first."""
        query = (
            sa.select(unresolved, commitments.c.quote, letters.c.document_number, letters.c.title)
            .join(commitments, commitments.c.id == unresolved.c.commitment_id)
            .join(letters, letters.c.id == commitments.c.letter_id)
            .where(unresolved.c.answered_at.is_(None))
            .order_by(unresolved.c.asked_at, commitments.c.letter_id, commitments.c.place)
        )
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query.limit(limit)).mappings()]

    # -- for the schedules --------------------------------------------------------------------------------------

    def due_by(self, last: date) -> list[dict[str, Any]]:
        """Commitments the owner has the word on, due on or before ``last``, with their letters."""
        query = with_letter().where(sa.text(OPEN), commitments.c.state.in_(RUNNING), commitments.c.due <= last.isoformat())
        return self._all(query.order_by(commitments.c.due, commitments.c.id))

    def without_due(self) -> list[dict[str, Any]]:
        """Commitments the owner has the word on that have no day to be done by, with their letters."""
        query = with_letter().where(sa.text(OPEN), commitments.c.state.in_(RUNNING), commitments.c.due.is_(None))
        return self._all(query.order_by(commitments.c.id))

    def unsigned(self, handed_before: date) -> list[dict[str, Any]]:
        """Owners who have not signed for what was handed to them before that day: their rows with the commitments'."""
        asked = sa.and_(
            owners.c.handed_on.is_not(None),
            owners.c.signed_on.is_(None),
            owners.c.objected_on.is_(None),
            owners.c.left_on.is_(None),
            owners.c.handed_on < handed_before.isoformat(),
        )
        query = with_letter().add_columns(
            owners.c.agency_id.label("owner_id"),
            owners.c.name.label("owner_name"),
            owners.c.role.label("owner_role"),
            owners.c.handed_on.label("handed_on"),
        )
        query = query.join(owners, owners.c.commitment_id == commitments.c.id).where(asked)
        query = query.where(commitments.c.state.in_(RUNNING))
        return self._all(query.order_by(owners.c.handed_on, commitments.c.id, owners.c.agency_id))

    def in_state(self, *states: str) -> list[dict[str, Any]]:
        """Commitments in one of the states, with their letters."""
        return self._all(with_letter().where(commitments.c.state.in_(states)).order_by(commitments.c.id))

    def to_carry(self, year: int) -> list[dict[str, Any]]:
        """Open commitments of letters up to ``year`` that were not carried over from it yet."""
        query = with_letter().where(sa.text(OPEN), commitments.c.year <= year, commitments.c.carried_from.is_distinct_from(year))
        return self._all(query.order_by(commitments.c.year, commitments.c.id))

    def of_years(self, years: Sequence[int]) -> list[dict[str, Any]]:
        """Every commitment of the letters of these years that was not superseded or withdrawn."""
        query = with_letter().where(commitments.c.year.in_(years), commitments.c.state.not_in(("superseded", "withdrawn")))
        return self._all(query.order_by(*_ORDER))

    def cohorts(self) -> list[dict[str, Any]]:
        """Per year of promise and state, how many commitments: the ground of the fulfilment rate."""
        counted = sa.func.count().label("count")
        query = sa.select(commitments.c.year, commitments.c.state, counted)
        query = query.group_by(commitments.c.year, commitments.c.state).order_by(commitments.c.year)
        return self._all(query)

    def _all(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _counted(table: sa.Table, condition: str) -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(table).where(sa.text(condition))


def _by_state(connection: sa.Connection, table: sa.Table, usual: str) -> dict[str, int]:
    """State → how many rows.  Those in their ``usual`` state, nearly all, are what remains of all rows: a database counts
    a whole table many times faster than it counts by a column."""
    counted = sa.select(table.c.state, sa.func.count().label("n")).group_by(table.c.state)
    # Two ranges, which an index can give; "other than" it cannot.
    others = sa.union_all(counted.where(table.c.state < usual), counted.where(table.c.state > usual))
    found = {row.state: row.n for row in connection.execute(others)}
    remain = (connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0) - sum(found.values())
    return found | ({usual: remain} if remain else {})


def _by_due(wanted: Filter | None) -> bool:
    return wanted is not None and (wanted.due_before is not None or wanted.year is not None or len(wanted.states) == 1)


def _filtered(wanted: Filter) -> sa.Select[Any]:
    query = with_letter()
    if wanted.agency_id is not None:
        mine = sa.select(owners.c.commitment_id).where(owners.c.agency_id == wanted.agency_id, owners.c.left_on.is_(None))
        query = query.where(commitments.c.id.in_(mine))
    if wanted.states:
        query = query.where(commitments.c.state.in_(wanted.states))
    if wanted.year is not None:
        query = query.where(commitments.c.year == wanted.year)
    if wanted.light is not None:
        query = query.where(commitments.c.light == wanted.light)
    if wanted.document_number is not None:
        query = query.where(letters.c.document_number == wanted.document_number)
    if wanted.due_before is not None:
        query = query.where(commitments.c.due < wanted.due_before.isoformat(), sa.text(OPEN))
    return query

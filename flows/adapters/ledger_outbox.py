"""The ledger's outbox: what waits to be sent, what was sent, what no channel takes, and what goes in one bundle."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from flows.adapters import ledger_rows
from flows.adapters.ledger_lookalikes import LedgerLookalikes
from flows.adapters.ledger_tables import DEAD, LISTS, QUEUED, notices, owners, series
from flows.letters.model import Notice, OwnerRole
from flows.letters.notices import numbered, parts_of
from flows.letters.workdays import beijing_day

_HANDS_OVER = ("hand_off", "reassignment")
_LET_GO: dict[str, Any] = {"claimed_by": None, "claimed_until": None}


class LedgerOutbox(LedgerLookalikes):
    """Notices: queued in the transaction of what they tell, marked sent after the channel said so."""

    def queue(self, made: Sequence[Notice], now: str, letter_id: str | None = None) -> int:
        """Put notices into the outbox; those that are there already stay as they are.  Returns how many were new."""
        with self._write() as connection:
            return self._queue(connection, made, now, letter_id)

    def _queue(self, connection: sa.Connection, made: Sequence[Notice], now: str, letter_id: str | None = None) -> int:
        ids = [notice.id for notice in made]
        there = set(connection.scalars(sa.select(notices.c.id).where(notices.c.id.in_(ids)))) if ids else set()
        fresh = [notice for notice in made if notice.id not in there]
        self._insert_once(connection, notices, [ledger_rows.notice_row(n, now, letter_id) for n in fresh])
        return len(fresh)

    def queued(self, letter_id: str | None = None, limit: int = 500, now: str | None = None) -> list[Notice]:
        """Notices not yet sent, oldest first; with ``now``, only those whose next try has come and that no run has in hand."""
        query = sa.select(notices).where(sa.text(QUEUED))
        if letter_id is not None:
            query = query.where(notices.c.letter_id == letter_id)
        if now is not None:
            query = query.where(_its_time(now), _free(now))
        with self._read() as connection:
            rows = connection.execute(query.order_by(notices.c.queued_at, notices.c.id).limit(limit)).all()
        return [_notice(row) for row in rows]

    def waiting(self, now: str, limit: int = 5000) -> list[dict[str, Any]]:
        """Queued notices whose next try has come and that no run has in hand: rows without event and sheet, oldest first."""
        columns = [c for c in notices.c if c.name not in ("event", "sheet")]
        query = sa.select(*columns).where(sa.text(QUEUED), _its_time(now), _free(now))
        with self._read() as connection:
            found = connection.execute(query.order_by(notices.c.queued_at, notices.c.id).limit(limit)).mappings()
            return [dict(row) for row in found]

    def notice(self, wanted: str) -> Notice | None:
        """The notice with this id or number, whatever its state."""
        mine = sa.or_(notices.c.id == wanted, notices.c.number == wanted)
        with self._read() as connection:
            row = connection.execute(sa.select(notices).where(mine)).first()
        return _notice(row) if row else None

    def known(self, ids: Sequence[str]) -> set[str]:
        """Which of these ids are notices already."""
        found: set[str] = set()
        with self._read() as connection:
            for start in range(0, len(ids), 500):
                some = sa.select(notices.c.id).where(notices.c.id.in_(ids[start : start + 500]))
                found |= set(connection.scalars(some))
        return found

    def listed(self, kind: str, since: date) -> bool:
        """Whether notices of a kind that speaks of many commitments were made on or after that day."""
        query = sa.select(notices.c.id).where(sa.text(LISTS), notices.c.kind == kind)
        with self._read() as connection:
            return connection.execute(query.where(notices.c.queued_at >= since.isoformat()).limit(1)).first() is not None

    def attempts_of(self, notice_id: str) -> int:
        """How often this notice was tried so far."""
        with self._read() as connection:
            return int(connection.scalar(sa.select(notices.c.attempts).where(notices.c.id == notice_id)) or 0)

    def sent(self, delivered: Sequence[tuple[str, str]], now: str) -> None:
        """Mark notices (id, where to) as sent; a bundle takes those it carries with it.  The owners' clocks start."""
        with self._write() as connection:
            for notice_id, where in delivered:
                connection.execute(
                    sa.update(notices)
                    .where(sa.or_(notices.c.id == notice_id, notices.c.bundle_id == notice_id), notices.c.state != "sent")
                    .values(state="sent", sent_at=now, sent_to=where, attempts=notices.c.attempts + 1, last_error=None, **_LET_GO)
                )
                self._start_clocks(connection, notice_id, now)

    def _start_clocks(self, connection: sa.Connection, notice_id: str, now: str) -> None:
        handed = sa.select(notices.c.commitment_id, notices.c.agency_id).where(
            sa.or_(notices.c.id == notice_id, notices.c.bundle_id == notice_id), notices.c.kind.in_(_HANDS_OVER)
        )
        for row in connection.execute(handed).all():
            connection.execute(
                sa.update(owners)
                .where(
                    owners.c.commitment_id == row.commitment_id,
                    owners.c.agency_id == row.agency_id,
                    owners.c.handed_on.is_(None),
                )
                .values(handed_on=beijing_day(now).isoformat())
            )

    def claim(
        self, notice_id: str, by: str, now: str, until: str, *, at_once: bool = False, again: bool = False
    ) -> Notice | None:
        """Take a waiting notice for one try: until that moment no other run takes it.  None where one has it in hand.

        What comes back is to be sent as it is: taken for the first time, it gets its number here, in one transaction, and
        keeps it however often it is tried.  What never goes out on its own (a part of a bundle) takes no number.
        One conditional UPDATE, so that of two runs one gets it, on either database.  A run that dies has not lost the
        notice: it is free again when the claim is over.  ``at_once``: also before its next try has come.  ``again``: also
        where ``by`` itself has it in hand, for a claimant that can only be back because it died.
        """
        mine = notices.c.claimed_by == by if again else sa.false()
        with self._write() as connection:
            row = connection.execute(
                sa.update(notices)
                .where(
                    notices.c.id == notice_id,
                    notices.c.state == "queued",
                    sa.true() if at_once else _its_time(now),
                    sa.or_(_free(now), mine),
                )
                .values(claimed_by=by, claimed_until=until)
                .returning(*notices.c)
            ).first()
            if row is None:
                return None
            taken = _notice(row)
            if row.number is None and taken.series is not None:
                taken = numbered(taken, self._raise_series(connection, taken.series))
                self._write_number(connection, taken.id, taken.number, taken.event, taken.sheet)
        return taken

    def put_number(self, notice_id: str, number: str, event: str, sheet: str) -> None:
        """Write a notice as the archive has it, with the number it was sent under; the number's series goes on behind it."""
        with self._write() as connection:
            self._raise_series(connection, *parts_of(number))
            self._write_number(connection, notice_id, number, event, sheet)

    def _raise_series(self, connection: sa.Connection, name: str, to: int | None = None) -> int:
        """The next number of a series, or (``to``) at least that one; others wait for this transaction to end."""
        dialect = sqlite if self._sqlite else postgresql
        insert = dialect.insert(series).values(name=name, last=to or 1)
        larger = sa.case((series.c.last < to, to), else_=series.c.last) if to else series.c.last + 1
        raised = insert.on_conflict_do_update(index_elements=["name"], set_={"last": larger})
        return int(connection.scalars(raised.returning(series.c.last)).one())

    def _write_number(self, connection: sa.Connection, notice_id: str, number: str | None, event: str, sheet: str) -> None:
        told = {"number": number, "event": event, "sheet": sheet}
        connection.execute(sa.update(notices).where(notices.c.id == notice_id).values(told))

    def not_sent(self, notice_id: str, error: str, next_try_at: str | None = None, *, dead: bool = False) -> None:
        """Note a failed try: when to try again, or (``dead``) that a person has to look.  Nobody has it in hand then."""
        with self._write() as connection:
            connection.execute(
                sa.update(notices)
                .where(notices.c.id == notice_id, notices.c.state == "queued")
                .values(
                    attempts=notices.c.attempts + 1,
                    last_error=error[:2000],
                    next_try_at=next_try_at,
                    state="dead" if dead else "queued",
                    **_LET_GO,
                )
            )

    def bundle(self, parcel: Notice, carries: Sequence[str], now: str) -> bool:
        """Queue ``parcel`` in the place of the notices it carries, whose ids are given; False where one has left or is leaving.

        A notice that was tried alone has its number and goes on alone.
        From here on the bundle's content is fixed: however often it is tried, it is the same bundle.
        """
        with self._write() as connection:
            taken = connection.execute(
                sa.update(notices)
                .where(notices.c.id.in_(carries), notices.c.state == "queued", notices.c.number.is_(None), _free(now))
                .values(state="bundled", bundle_id=parcel.id)
            )
            if taken.rowcount != len(carries):
                connection.rollback()
                return False
            self._queue(connection, [parcel], now)
        return True

    def revive(self, notice_id: str) -> bool:
        """Put a dead notice back into the queue, its tries counted anew; False where none is dead under this id."""
        with self._write() as connection:
            done = connection.execute(
                sa.update(notices)
                .where(notices.c.id == notice_id, notices.c.state == "dead")
                .values(state="queued", attempts=0, next_try_at=None)
            )
        return done.rowcount == 1

    def dead(self, limit: int = 200) -> list[dict[str, Any]]:
        """Notices no channel took: id, agency, kind, tries and the last error."""
        columns = (notices.c.id, notices.c.agency_id, notices.c.kind, notices.c.attempts, notices.c.last_error)
        query = sa.select(*columns).where(sa.text(DEAD)).order_by(notices.c.id).limit(limit)
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def _its_time(now: str) -> sa.ColumnElement[bool]:
    return sa.or_(notices.c.next_try_at.is_(None), notices.c.next_try_at <= now)


def _free(now: str) -> sa.ColumnElement[bool]:
    return sa.or_(notices.c.claimed_until.is_(None), notices.c.claimed_until <= now)


def _notice(row: Any) -> Notice:
    role: OwnerRole = "lead" if row.role == "lead" else "support"
    return Notice(row.id, row.agency_id, row.commitment_id, role, row.event, row.sheet, row.kind, row.series, row.number)

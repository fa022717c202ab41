"""The ledger's intake: the fate of every content that ever lay in the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from flows.adapters.ledger_database import LedgerDatabase
from flows.adapters.ledger_tables import intake, occurrences

IntakeState = Literal["claimed", "entered", "cleared", "quarantined"]


@dataclass(frozen=True, slots=True)
class Claim:
    """What the ledger knows of a content when a run takes it up."""

    sha256: str
    state: IntakeState
    attempts: int
    received_at: str


class LedgerIntake(LedgerDatabase):
    """Which contents were seen, how often they were tried, and what became of them."""

    def see(self, sha256: str, name: str, path: str, now: str) -> Claim:
        """Note that the content lies at ``path`` and return what is known of it."""
        with self._write() as connection:
            first = {"sha256": sha256, "name": name, "state": "claimed", "attempts": 0, "received_at": now}
            self._insert_once(connection, intake, [first | {"changed_at": now}])
            row = connection.execute(sa.select(intake).where(intake.c.sha256 == sha256)).one()
            here = sa.select(occurrences.c.id).where(occurrences.c.sha256 == sha256, occurrences.c.path == path)
            duplicate = row.state == "cleared"
            if duplicate or connection.execute(here.limit(1)).first() is None:
                mark = {"sha256": sha256, "path": path, "seen_at": now, "duplicate": duplicate}
                connection.execute(sa.insert(occurrences).values(mark))
        return Claim(sha256, row.state, row.attempts, row.received_at)

    def attempt(self, sha256: str, now: str) -> int:
        """Count one more try of this content; returns which one it is (1-based)."""
        with self._write() as connection:
            connection.execute(
                sa.update(intake).where(intake.c.sha256 == sha256).values(attempts=intake.c.attempts + 1, changed_at=now)
            )
            attempts = connection.scalar(sa.select(intake.c.attempts).where(intake.c.sha256 == sha256))
        return int(attempts or 0)

    def mark(
        self,
        sha256: str,
        state: IntakeState,
        now: str,
        code: str | None = None,
        message: str | None = None,
        name: str | None = None,
    ) -> None:
        """Set the fate of a content, with the error's code and message where it has one.

        ``name`` is the file's, now that it may be known: until then the row has what ``see`` was given.
        """
        values = {"state": state, "changed_at": now, "code": code, "message": message} | ({"name": name} if name else {})
        with self._write() as connection:
            connection.execute(sa.update(intake).where(intake.c.sha256 == sha256).values(values))

    def last_seen_at(self, path: str) -> str | None:
        """The hash of the content that lay at ``path`` (relative to the inbox) last; None when none ever did."""
        query = sa.select(occurrences.c.sha256).where(occurrences.c.path == path).order_by(occurrences.c.id.desc())
        with self._read() as connection:
            found = connection.scalar(query.limit(1))
        return str(found) if found is not None else None

    def quarantined(self) -> list[dict[str, Any]]:
        """The contents in quarantine, oldest first."""
        query = sa.select(intake).where(intake.c.state == "quarantined").order_by(intake.c.changed_at)
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

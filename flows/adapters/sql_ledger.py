"""The ledger in SQL: what came in, what it promises, whom it was given to, and what still has to be sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, OperationalError

from flows.letters.errors import Unavailable
from flows.letters.model import Assignment, Notice, OwnerRole
from flows.ports import Receipt

IntakeState = Literal["claimed", "entered", "cleared", "quarantined"]

metadata = sa.MetaData()

intake = sa.Table(
    "intake",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("received_at", sa.String(32), nullable=False),
    sa.Column("changed_at", sa.String(32), nullable=False),
    sa.Column("code", sa.String(40)),
    sa.Column("message", sa.Text),
    comment="one row per content ever seen; the truth of a letter's fate",
)
occurrences = sa.Table(
    "occurrences",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("sha256", sa.ForeignKey("intake.sha256"), nullable=False, index=True),
    sa.Column("path", sa.Text, nullable=False),
    sa.Column("seen_at", sa.String(32), nullable=False),
    sa.Column("duplicate", sa.Boolean, nullable=False),
    comment="each time the content lay in the inbox",
)
letters = sa.Table(
    "letters",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("sha256", sa.ForeignKey("intake.sha256"), nullable=False, unique=True),
    sa.Column("rules_version", sa.String(64), nullable=False),
    sa.Column("letter_type", sa.String(24), nullable=False),
    sa.Column("document_number", sa.Text),
    sa.Column("title", sa.Text),
    sa.Column("issuer", sa.Text),
    sa.Column("dated", sa.String(10)),
    sa.Column("disclosure", sa.String(24)),
    sa.Column("original_key", sa.Text, nullable=False),
    sa.Column("original_version", sa.Text),
    sa.Column("record_key", sa.Text, nullable=False),
    sa.Column("problems", sa.Integer, nullable=False),
    sa.Column("entered_at", sa.String(32), nullable=False),
)
commitments = sa.Table(
    "commitments",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("letter_id", sa.ForeignKey("letters.id"), nullable=False, index=True),
    sa.Column("place", sa.Integer, nullable=False, comment="order within the letter"),
    sa.Column("stance", sa.String(12), nullable=False),
    sa.Column("specific", sa.Boolean, nullable=False),
    sa.Column("quote", sa.Text, nullable=False),
    sa.Column("page", sa.Integer, nullable=False),
    sa.Column("span_start", sa.Integer, nullable=False),
    sa.Column("span_end", sa.Integer, nullable=False),
    sa.Column("lead_mention", sa.Text),
    sa.Column("lead_name", sa.Text),
    sa.Column("lead_agency_id", sa.String(80), index=True),
    sa.Column("support", sa.Text),
    sa.Column("deadline_text", sa.Text),
    sa.Column("deadline", sa.String(10), index=True),
    sa.Column("deadline_provenance", sa.String(16)),
    sa.Column("confidence", sa.Float, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
)
notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", sa.String(80), primary_key=True),
    sa.Column("commitment_id", sa.ForeignKey("commitments.id"), nullable=False, index=True),
    sa.Column("agency_id", sa.String(80), nullable=False),
    sa.Column("role", sa.String(8), nullable=False),
    sa.Column("event", sa.Text, nullable=False),
    sa.Column("sheet", sa.Text, nullable=False),
    sa.Column("state", sa.String(8), nullable=False, index=True),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("sent_at", sa.String(32)),
    sa.Column("sent_to", sa.Text),
    sa.Column("last_error", sa.Text),
    comment="the outbox: written with the letter in one transaction, marked sent after the channel said so",
)
unresolved = sa.Table(
    "unresolved",
    metadata,
    sa.Column("commitment_id", sa.ForeignKey("commitments.id"), primary_key=True),
    sa.Column("role", sa.String(8), primary_key=True),
    sa.Column("mention", sa.Text, primary_key=True),
    comment="owners no directory entry was found for: a person has to choose",
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What the ledger knows of a content when a run takes it up."""

    sha256: str
    state: IntakeState
    attempts: int
    received_at: str


class SqlLedger:
    """The ledger behind a SQLAlchemy URL (SQLite or PostgreSQL).  Every call raises ``Unavailable`` when it is down."""

    def __init__(self, url: str) -> None:
        self._engine = sa.create_engine(url, pool_pre_ping=True)
        if self._engine.dialect.name == "sqlite":
            if self._engine.url.database:
                Path(self._engine.url.database).parent.mkdir(parents=True, exist_ok=True)
            sa.event.listen(self._engine, "connect", _harden_sqlite)

    def create(self) -> None:
        with self._begin() as connection:
            metadata.create_all(connection)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _begin(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except OperationalError as fault:
            raise Unavailable(f"the ledger cannot be reached or written: {fault.orig}; check its disk and server") from fault
        except DBAPIError as fault:
            if fault.connection_invalidated:
                raise Unavailable(f"the connection to the ledger broke: {fault.orig}") from fault
            raise

    def _insert_once(self, connection: sa.Connection, table: sa.Table, rows: Sequence[dict[str, Any]]) -> None:
        """Insert rows whose derived keys may be there already: a write may happen twice and counts once."""
        if not rows:
            return
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        connection.execute(dialect.insert(table).on_conflict_do_nothing(), list(rows))

    # -- intake -------------------------------------------------------------------------------------------------

    def see(self, sha256: str, name: str, path: str, now: str) -> Claim:
        """Note that the content lies at ``path`` and return what is known of it."""
        with self._begin() as connection:
            first = {"sha256": sha256, "name": name, "state": "claimed", "attempts": 0, "received_at": now}
            self._insert_once(connection, intake, [first | {"changed_at": now}])
            row = connection.execute(sa.select(intake).where(intake.c.sha256 == sha256)).one()
            seen = connection.scalar(
                sa.select(sa.func.count()).where(occurrences.c.sha256 == sha256, occurrences.c.path == path)
            )
            duplicate = row.state == "cleared"
            if duplicate or not seen:
                mark = {"sha256": sha256, "path": path, "seen_at": now, "duplicate": duplicate}
                connection.execute(sa.insert(occurrences).values(mark))
        return Claim(sha256, row.state, row.attempts, row.received_at)

    def attempt(self, sha256: str, now: str) -> int:
        """Count one more try of this content; returns which one it is (1-based)."""
        with self._begin() as connection:
            connection.execute(
                sa.update(intake)
                .where(intake.c.sha256 == sha256)
                .values(attempts=intake.c.attempts + 1, changed_at=now)
            )
            attempts = connection.scalar(sa.select(intake.c.attempts).where(intake.c.sha256 == sha256))
        return int(attempts or 0)

    def mark(self, sha256: str, state: IntakeState, now: str, code: str | None = None, message: str | None = None) -> None:
        with self._begin() as connection:
            connection.execute(
                sa.update(intake)
                .where(intake.c.sha256 == sha256)
                .values(state=state, changed_at=now, code=code, message=message)
            )

    # -- letters ------------------------------------------------------------------------------------------------

    def enter(
        self,
        record: dict[str, Any],
        *,
        original: Receipt,
        filed: Receipt,
        assignments: Sequence[Assignment],
        queued: Sequence[Notice],
        now: str,
    ) -> None:
        """Letter, commitments, notices and unresolved owners in one transaction; twice is once."""
        routed = {a.commitment_id for a in assignments}
        with self._begin() as connection:
            self._insert_once(connection, letters, [_letter_row(record, original, filed, now)])
            rows = [_commitment_row(record["id"], i, s, s["id"] in routed) for i, s in enumerate(record["statements"], 1)]
            kept = [r for r in rows if r["stance"] in ("pledged", "conditional") or r["id"] in routed]
            self._insert_once(connection, commitments, kept)
            self._insert_once(connection, notices, [_notice_row(n) for n in queued])
            open_ = [a for a in assignments if a.action == "review" or a.agency_id is None]
            rows = [{"commitment_id": a.commitment_id, "role": a.role, "mention": a.mention} for a in open_]
            self._insert_once(connection, unresolved, rows)
            connection.execute(
                sa.update(intake)
                .where(intake.c.sha256 == record["original"]["sha256"], intake.c.state != "cleared")
                .values(state="entered", changed_at=now, code=None, message=None)
            )

    def letter_of(self, sha256: str) -> dict[str, Any] | None:
        with self._begin() as connection:
            row = connection.execute(sa.select(letters).where(letters.c.sha256 == sha256)).mappings().first()
        return dict(row) if row else None

    # -- outbox -------------------------------------------------------------------------------------------------

    def queued(self, letter_id: str | None = None, limit: int = 500) -> list[Notice]:
        """Notices not yet sent, oldest letters first."""
        query = sa.select(notices).join(commitments).join(letters).where(notices.c.state == "queued")
        if letter_id is not None:
            query = query.where(commitments.c.letter_id == letter_id)
        with self._begin() as connection:
            rows = connection.execute(query.order_by(letters.c.entered_at, notices.c.id).limit(limit)).all()
        return [Notice(r.id, r.agency_id, r.commitment_id, _role(r.role), r.event, r.sheet) for r in rows]

    def sent(self, delivered: Sequence[tuple[str, str]], now: str) -> None:
        """Mark notices (id, where to) as sent."""
        with self._begin() as connection:
            for notice_id, where in delivered:
                connection.execute(
                    sa.update(notices)
                    .where(notices.c.id == notice_id)
                    .values(state="sent", sent_at=now, sent_to=where, attempts=notices.c.attempts + 1, last_error=None)
                )

    def not_sent(self, notice_id: str, error: str) -> None:
        with self._begin() as connection:
            connection.execute(
                sa.update(notices)
                .where(notices.c.id == notice_id)
                .values(attempts=notices.c.attempts + 1, last_error=error)
            )

    # -- reading ------------------------------------------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """How many contents, letters, commitments, notices and open questions there are, by state."""
        with self._begin() as connection:
            found = {f"intake.{s}": n for s, n in connection.execute(_by_state(intake))}
            found |= {f"notices.{s}": n for s, n in connection.execute(_by_state(notices))}
            for table in (letters, commitments, unresolved):
                found[table.name] = connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
            duplicates = sa.select(sa.func.count()).where(occurrences.c.duplicate)
            found["duplicates"] = connection.scalar(duplicates) or 0
        return found

    def rows(self) -> list[dict[str, Any]]:
        """The ledger as a table: one row per commitment with its letter's header."""
        query = (
            sa.select(
                commitments,
                letters.c.document_number,
                letters.c.title,
                letters.c.issuer,
                letters.c.dated,
                letters.c.disclosure,
                letters.c.sha256,
            )
            .join(letters)
            .order_by(letters.c.entered_at, letters.c.id, commitments.c.place)
        )
        with self._begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def open_questions(self) -> list[dict[str, Any]]:
        """Owners a person has to choose, with the sentence and the letter."""
        query = (
            sa.select(unresolved, commitments.c.quote, letters.c.document_number, letters.c.title)
            .join(commitments, commitments.c.id == unresolved.c.commitment_id)
            .join(letters)
            .order_by(letters.c.entered_at, commitments.c.place)
        )
        with self._begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def quarantined(self) -> list[dict[str, Any]]:
        query = sa.select(intake).where(intake.c.state == "quarantined").order_by(intake.c.changed_at)
        with self._begin() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def find(self, wanted: str) -> dict[str, Any] | None:
        """The letter whose id, content hash, document number or commitment is ``wanted``."""
        by_commitment = sa.select(commitments.c.letter_id).where(commitments.c.id == wanted)
        query = sa.select(letters).where(
            sa.or_(
                letters.c.id == wanted,
                letters.c.sha256 == wanted,
                letters.c.document_number == wanted,
                letters.c.id.in_(by_commitment),
            )
        )
        with self._begin() as connection:
            row = connection.execute(query).mappings().first()
        return dict(row) if row else None


def _harden_sqlite(connection: Any, _: object) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _by_state(table: sa.Table) -> sa.Select[tuple[str, int]]:
    return sa.select(table.c.state, sa.func.count()).group_by(table.c.state)


def _role(value: str) -> OwnerRole:
    return "lead" if value == "lead" else "support"


def _letter_row(record: dict[str, Any], original: Receipt, filed: Receipt, now: str) -> dict[str, Any]:
    header = record["header"]
    return {
        "id": record["id"],
        "sha256": record["original"]["sha256"],
        "rules_version": record["rules_version"],
        "letter_type": header["letter_type"],
        "document_number": header["document_number"],
        "title": header["title"],
        "issuer": "、".join(header["issuers"]) or None,
        "dated": header["date"],
        "disclosure": header["disclosure_normalised"],
        "original_key": original.key,
        "original_version": original.version_id,
        "record_key": filed.key,
        "problems": len(record["problems"]),
        "entered_at": now,
    }


def _commitment_row(letter_id: str, place: int, statement: dict[str, Any], routed: bool) -> dict[str, Any]:
    leads = [o for o in statement["owners"] if o["role"] == "lead"]
    support = [o["name"] or o["mention"] for o in statement["owners"] if o["role"] == "support"]
    deadline = statement["deadline"] or {}
    return {
        "id": statement["id"],
        "letter_id": letter_id,
        "place": place,
        "stance": statement["stance"],
        "specific": statement["specific"],
        "quote": statement["text"],
        "page": statement["page"],
        "span_start": statement["span"][0],
        "span_end": statement["span"][1],
        "lead_mention": leads[0]["mention"] if leads else None,
        "lead_name": leads[0]["name"] if leads else None,
        "lead_agency_id": leads[0]["agency_id"] if leads else None,
        "support": "、".join(support) or None,
        "deadline_text": deadline.get("text"),
        "deadline": deadline.get("date"),
        "deadline_provenance": deadline.get("provenance"),
        "confidence": statement["confidence"],
        "state": "issued" if routed else "proposed",
    }


def _notice_row(notice: Notice) -> dict[str, Any]:
    return {
        "id": notice.id,
        "commitment_id": notice.commitment_id,
        "agency_id": notice.agency_id,
        "role": notice.role,
        "event": notice.event,
        "sheet": notice.sheet,
        "state": "queued",
        "attempts": 0,
    }

"""The ledger's rows as they stand, for the archive: taken out whole, put back row for row, compared with records."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from flows.adapters import ledger_rows
from flows.adapters.ledger_database import LedgerDatabase
from flows.adapters.ledger_placing import band_rows
from flows.adapters.ledger_tables import bands, commitments, history, intake, letters, metadata, notices, readings, sketches
from flows.letters.errors import LedgerDamaged
from flows.letters.masking import Private, say_the_same
from flows.ports import Receipt, original_key

# Columns that say what the letter says; the others tell what became of it and change with time.
_SAID_BY_LETTER = (
    "sha256", "letter_type", "document_number", "title", "issuer", "issuers", "dated", "proposal_kind",
    "proposal_session", "proposal_number", "proposal_title", "proposers", "outcome", "outcome_normalised", "disclosure",
    "disclosure_text", "original_name", "original_key", "record_key", "rules_version", "problems", "fingerprint",
)  # fmt: skip
_SAID_OF_COMMITMENT = (
    "letter_id", "stance", "specific", "quote", "page", "span_start", "span_end", "section", "quantities",
    "lead_mention", "support", "deadline_text", "deadline", "deadline_precision", "deadline_provenance", "confidence",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row: its table, its primary key, its columns."""

    table: str
    key: tuple[Any, ...]
    columns: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filing:
    """A letter of the ledger, the key of its current record, and those of its records by earlier rules."""

    id: str
    sha256: str
    record_key: str
    older: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class KeptNotice:
    """A notice of the ledger as a proof pack keeps it."""

    id: str
    event: str
    sheet: str


class LedgerCopy(LedgerDatabase):
    """The rows of a ledger, whatever they mean."""

    def rows(self, only: Collection[str] = ()) -> Iterator[LedgerRow]:
        """Every row, tables in the order in which they can be put back, rows by primary key; one moment's view.

        ``only`` names the tables wanted, all if empty.
        """
        with self._read() as connection:
            for table in metadata.sorted_tables:
                if table is bands or (only and table.name not in only):  # an index over the sketches, made again from them
                    continue
                query = sa.select(table).order_by(*table.primary_key.columns)
                for row in connection.execution_options(yield_per=1000).execute(query).mappings():
                    key = tuple(row[column.name] for column in table.primary_key.columns)
                    yield LedgerRow(table.name, key, dict(row))

    def put_back(self, rows: Iterable[LedgerRow]) -> int:
        """Write rows in the order given, each over an older one of its key; how many.  All or nothing."""
        dialect = sqlite if self._sqlite else postgresql
        count = 0
        with self._write() as connection:
            for row in rows:
                table = metadata.tables[row.table]
                names = [column.name for column in table.primary_key.columns]
                # A later program may know more columns than an archived row: they take their defaults.
                insert = dialect.insert(table).values({k: v for k, v in row.columns.items() if k in table.c})
                values = {name: insert.excluded[name] for name in row.columns if name not in names and name in table.c}
                if table is history or not values:  # history is only ever added to: the database refuses the rest
                    connection.execute(insert.on_conflict_do_nothing())
                else:
                    connection.execute(insert.on_conflict_do_update(index_elements=names, set_=values))
                if table is sketches:
                    self._insert_once(connection, bands, band_rows(row.columns))
                count += 1
        return count

    def is_empty(self) -> bool:
        """Whether no letter was ever entered or seen."""
        with self._read() as connection:
            return not any(
                connection.scalar(sa.select(sa.func.count()).select_from(table)) for table in (letters, metadata.tables["intake"])
            )

    def deliveries(self, letter_id: str) -> list[tuple[KeptNotice, str | None, str | None]]:
        """The notices about a letter, by id: the notice, when and where it was sent (None while it waits)."""
        query = sa.select(notices).where(notices.c.letter_id == letter_id).order_by(notices.c.id)
        with self._read() as connection:
            found = connection.execute(query).all()
        return [(KeptNotice(row.id, row.event, row.sheet), row.sent_at, row.sent_to) for row in found]

    def letter_rows(self) -> list[dict[str, Any]]:
        """Every letter's row, in the order of entry."""
        query = sa.select(letters).order_by(letters.c.entered_at, letters.c.id)
        with self._read() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]

    def filings(self, wanted: Callable[[str], bool]) -> list[Filing]:
        """Where the records of letters are, in the order of entry: of those whose current record's key is ``wanted``."""
        query = sa.select(letters.c.id, letters.c.sha256, letters.c.record_key).order_by(letters.c.entered_at, letters.c.id)
        older = sa.select(readings.c.letter_id, readings.c.record_key).order_by(readings.c.letter_id, readings.c.rules_version)
        with self._read() as connection:
            connection.execution_options(yield_per=1000)
            found = {row.id: Filing(*row) for row in connection.execute(query) if wanted(row.record_key)}
            for row in connection.execute(older):
                one = found.get(row.letter_id)
                if one is not None and row.record_key != one.record_key:
                    one.older.append(row.record_key)
        return list(found.values())

    def filed_since(self, moment: str) -> tuple[dict[str, str], list[str]]:
        """Records filed since, or of letters that have no pack yet (key → when), and keys of containers taken in since."""
        filed = (
            sa.select(readings.c.record_key, readings.c.entered_at)
            .join(letters, letters.c.id == readings.c.letter_id)
            .where(sa.or_(readings.c.entered_at >= moment, letters.c.package_key.is_(None)))
            .order_by(readings.c.record_key)
        )
        no_letter = intake.c.sha256.not_in(sa.select(letters.c.sha256))
        held = sa.select(intake.c.sha256).where(intake.c.state == "cleared", intake.c.changed_at >= moment, no_letter)
        with self._read() as connection:
            records = {row.record_key: row.entered_at for row in connection.execute(filed)}
            return records, [original_key(sha256) for sha256 in connection.scalars(held)]

    def readings(self) -> dict[str, dict[str, str]]:
        """The records made of each letter: letter id → rules version → key of the record."""
        found: dict[str, dict[str, str]] = {}
        with self._read() as connection:
            for row in connection.execute(sa.select(readings)).mappings():
                found.setdefault(row["letter_id"], {})[row["rules_version"]] = row["record_key"]
        return found

    def differences(
        self, record: Mapping[str, Any], older: Iterable[Mapping[str, Any]], original: Receipt, filed: Receipt
    ) -> list[tuple[str, str]]:
        """Where the ledger says otherwise than ``record``: the row's id and what differs.

        ``older`` are records of the same letter by earlier rules: a commitment somebody acted on stays as it was read
        then.  A commitment of the record without a row is no difference (the site decides what enters); a row without a
        statement is.
        """
        said = ledger_rows.letter_row(record, original, filed, str(record["original"]["received_at"]))
        with self._read() as connection:
            letter = connection.execute(sa.select(letters).where(letters.c.id == record["id"])).mappings().first()
            if letter is None:
                return [(record["id"], "no row")]
            query = sa.select(commitments).where(commitments.c.letter_id == record["id"])
            rows = {row["id"]: row for row in connection.execute(query).mappings()}
        found = _differing(record["id"], said, letter, _SAID_BY_LETTER)
        statements = [_by_id(said, one) for one in (record, *older)]
        for key, row in rows.items():
            told = [_differing(key, of[key], row, _SAID_OF_COMMITMENT) for of in statements if key in of]
            # What an older reading promised and this one does not was withdrawn, not forgotten.
            if key not in statements[0] and row["state"] not in ("withdrawn", "superseded"):
                found.append((key, "not in the record"))
            elif told and all(told):
                found += told[0]
        return found

    def states_without_history(self) -> list[tuple[str, str, str]]:
        """Commitments whose state is not the one their history led to: id, state, the history's."""
        moves = history.c.to_state.is_not(None)
        seq = sa.func.max(history.c.seq).label("seq")
        ends = sa.select(history.c.commitment_id, seq).where(moves).group_by(history.c.commitment_id).subquery()
        query = (
            sa.select(commitments.c.id, commitments.c.state, history.c.to_state)
            .join(ends, ends.c.commitment_id == commitments.c.id)
            .join(history, history.c.seq == ends.c.seq)
            .where(history.c.to_state != commitments.c.state)
            .order_by(commitments.c.id)
        )
        with self._read() as connection:
            return [(row.id, row.state, row.to_state) for row in connection.execute(query)]

    def broken_history(self) -> str | None:
        """What is wrong with the chain of history; None where it holds."""
        try:
            self.check_history()
        except LedgerDamaged as fault:
            return str(fault)
        return None


def _by_id(letter: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The rows the record's statements would make, by id."""
    private = Private.of(record)
    return {s["id"]: ledger_rows.commitment_row(letter, n, s, private) for n, s in enumerate(record["statements"], 1)}


def _differing(key: str, said: Mapping[str, Any], row: Mapping[Any, Any], names: Iterable[str]) -> list[tuple[str, str]]:
    return [
        (key, f"{name}: {said[name]!r} archived, {row[name]!r} in the ledger")
        for name in names
        if said[name] != row[name] and not (name == "quote" and say_the_same(said[name], row[name]))
    ]

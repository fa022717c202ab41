"""The database under the ledger: connections, transactions, migrations, and the chain of history."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from flows.adapters.ledger_tables import chain, history
from flows.letters.errors import LedgerDamaged, Unavailable

# The newest file in migrations/versions; a test keeps it true.
HEAD = "0003"
# Rows of one INSERT: SQLite takes 32,766 values, the widest table has 60 columns.
_ROWS_AT_ONCE = 500
_MIGRATION_LOCK = 7_305_001


class LedgerDatabase:
    """A database by SQLAlchemy URL (SQLite or PostgreSQL).  Every call raises ``Unavailable`` when it is down."""

    def __init__(self, url: str) -> None:
        parsed = sa.make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+pg8000")
        # Errors must not quote the values of a statement: they are letters' words, and errors go to logs.
        self._engine = sa.create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
        self._sqlite = self._engine.dialect.name == "sqlite"
        if self._sqlite:
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            sa.event.listen(self._engine, "connect", _harden_sqlite)
            sa.event.listen(self._engine, "begin", _begin_sqlite)

    def create(self) -> None:
        """Bring the schema to the newest version; several processes may do so at once.

        Raises ``LedgerDamaged`` where the database holds tables of another making.
        """
        with self._write() as connection:
            if not self._sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))
            found = sa.inspect(connection)
            if found.has_table("alembic_version"):
                if connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == HEAD:
                    return
            elif found.has_table("intake"):
                raise LedgerDamaged(
                    f"{self._engine.url.render_as_string()} holds a ledger no migration made; "
                    "move it away and start again, the archive's records can be processed into a new one"
                )
            _migrate(connection)

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        with self._transaction(writes=False) as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        """A transaction that writes: on SQLite it takes the write lock at once, so that it can never fail half-way."""
        with self._transaction(writes=True) as connection:
            yield connection

    @contextmanager
    def _write_history(self) -> Iterator[sa.Connection]:
        """A transaction that writes history: it takes the end of the chain first, so that no two can lock each other."""
        with self._write() as connection:
            connection.execute(sa.select(chain.c.id).where(chain.c.id == 1).with_for_update())
            yield connection

    @contextmanager
    def _transaction(self, writes: bool) -> Iterator[sa.Connection]:
        try:
            with self._engine.connect().execution_options(duban_writes=writes) as connection, connection.begin():
                yield connection
        except (OperationalError, InterfaceError) as fault:
            raise Unavailable(f"the ledger cannot be reached or written: {fault.orig}; check its disk and server") from fault
        except DBAPIError as fault:
            if fault.connection_invalidated or _lost(fault):
                raise Unavailable(f"the connection to the ledger broke: {fault.orig}") from fault
            raise

    def _insert_once(self, connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows whose derived keys may be there already: a write may happen twice and counts once."""
        dialect = sqlite if self._sqlite else postgresql
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            batch = [dict(row) for row in rows[start : start + _ROWS_AT_ONCE]]
            connection.execute(dialect.insert(table).values(batch).on_conflict_do_nothing())

    # -- history ------------------------------------------------------------------------------------------------

    def _note(self, connection: sa.Connection, entries: Sequence[Mapping[str, Any]]) -> None:
        """Append entries to the chain, in the transaction of what they tell of."""
        if not entries:
            return
        end = sa.select(chain).where(chain.c.id == 1).with_for_update()
        row = connection.execute(end).one()
        seq, last = int(row.seq), str(row.hash)
        rows = []
        for entry in entries:
            seq += 1
            made = {name: entry.get(name) for name in _LINKED} | {"seq": seq}
            made["changes"] = json.dumps(entry.get("changes") or {}, ensure_ascii=False, sort_keys=True)
            last = link(last, made)
            rows.append(made | {"hash": last})
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            connection.execute(sa.insert(history).values(rows[start : start + _ROWS_AT_ONCE]))
        connection.execute(sa.update(chain).where(chain.c.id == 1).values(seq=seq, hash=last))

    def check_history(self) -> tuple[int, str]:
        """How many entries the chain has, and its last hash.  ``LedgerDamaged`` names the first broken link."""
        seq, last = 0, ""
        with self._read() as connection:
            end = connection.execute(sa.select(chain).where(chain.c.id == 1)).one()
            query = sa.select(history).where(history.c.seq <= end.seq).order_by(history.c.seq)
            for row in connection.execution_options(yield_per=2000).execute(query).mappings():
                seq += 1
                last = link(last, dict(row))
                if row["seq"] != seq or row["hash"] != last:
                    raise LedgerDamaged(f"the history is broken at entry {seq}: it was changed or one is missing")
            if (seq, last) != (end.seq, end.hash):
                raise LedgerDamaged(f"the history ends at entry {seq}, but {end.seq} were written")
        return seq, last


_LINKED = ("seq", "letter_id", "commitment_id", "at", "by", "action", "why", "from_state", "to_state", "changes")


def link(before: str, entry: Mapping[str, Any]) -> str:
    """The hash of one entry of the history, given the hash of the entry before ("" for the first)."""
    body = json.dumps([before, *(entry[name] for name in _LINKED)], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def _migrate(connection: sa.Connection) -> None:
    # Alembic costs 0.3 s to import: only a ledger that is not at its newest version pays it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _harden_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, see _begin_sqlite
    cursor = connection.cursor()
    for pragma in (
        "busy_timeout=10000",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "cache_size=-65536",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("duban_writes", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lost(fault: DBAPIError) -> bool:
    """Whether the server, not the statement, is at fault: PostgreSQL's classes 08, 53, 57 and 40 (try again)."""
    detail = fault.orig.args[0] if fault.orig is not None and fault.orig.args else None
    return isinstance(detail, dict) and str(detail.get("C", ""))[:2] in ("08", "53", "57", "40")

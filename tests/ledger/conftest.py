"""The ledger on both databases: SQLite, and a real PostgreSQL started once for all tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from flows.adapters.sql_ledger import SqlLedger
from tests.ledger.databases import Databases


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    made = Databases(tmp_path_factory.mktemp("databases"))
    yield made
    made.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, databases: Databases) -> str:
    """A ledger's URL: an empty database of its own."""
    return databases.fresh(request.param)


@pytest.fixture
def ledger(url: str) -> Iterator[SqlLedger]:
    made = SqlLedger(url)
    made.create()
    yield made
    made.close()

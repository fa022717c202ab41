"""The ledger on both databases: SQLite, and a real PostgreSQL started once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.adapters.sql_ledger import SqlLedger
from tests.ledger.databases import Databases
from tests.ledger.steps import AGENCIES, TEA, enter


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


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqlLedger:
    """The ledger of a site that commands find by their settings, with the letter ``TEA`` in it."""
    monkeypatch.setenv("DUBAN_HOME", str(tmp_path))
    monkeypatch.setenv("DUBAN_AGENCIES", str(AGENCIES))
    made = SqlLedger(f"sqlite:///{tmp_path / 'ledger' / 'ledger.db'}")
    made.create()
    enter(made, TEA)
    return made

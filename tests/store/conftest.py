"""A real SeaweedFS, started as `duban up` starts it, once per session."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.adapters.embedded_store import EmbeddedStore, prepare
from flows.adapters.s3_archive import S3Archive
from tests.store.running_store import start, stop

pytest.register_assert_rewrite("tests.store.archive_contract")


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    prepared = prepare(tmp_path_factory.mktemp("home"), port=0)
    process = start(prepared)
    prepared.create_buckets()
    yield prepared
    stop(process)


@pytest.fixture(scope="session")
def archive(store: EmbeddedStore) -> S3Archive:
    return S3Archive(store.writer, part_bytes=5 * 1024 * 1024)


@pytest.fixture
def folder() -> str:
    """Where a test's keys begin."""
    return f"t/{secrets.token_hex(6)}"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"

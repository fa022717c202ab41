"""Which archive a site has follows from one setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import wiring
from flows.adapters.embedded_store import prepare
from flows.adapters.folder_archive import FolderArchive
from flows.adapters.s3_archive import S3Archive
from flows.letters.errors import SettingsError
from flows.proving import has_locks, parts
from flows.settings import load_settings


def test_a_folder_by_its_url(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, store_url=f"file://{tmp_path}/档案%20库")
    assert isinstance(wiring.archive(settings), FolderArchive) and not has_locks(settings)
    for part in parts(settings):
        part.archive.put("k", part.name.encode(), media_type="text/plain")
    assert (tmp_path / "档案 库" / "public" / "k").read_bytes() == b"public"
    assert (tmp_path / "档案 库" / "restricted" / "k").read_bytes() == b"restricted"


def test_the_embedded_store_without_a_setting(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    with pytest.raises(SettingsError, match="start duban up"):
        wiring.archive(settings)
    prepare(tmp_path, port=0)
    assert isinstance(wiring.archive(settings), S3Archive) and has_locks(settings)

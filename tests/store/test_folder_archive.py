"""The folder archive keeps the port's promises as far as a folder can."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from flows.adapters.folder_archive import FolderArchive
from flows.letters.errors import ArchiveConflict, ArchiveDamaged, SettingsError


def test_put_get_receipt(tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path)
    receipt = archive.put("originals/sha256/ab/abc", b"1", media_type="text/plain", name="答复.txt")
    assert (receipt.sha256, receipt.bytes, receipt.existed) == (hashlib.sha256(b"1").hexdigest(), 1, False)
    assert archive.receipt("originals/sha256/ab/abc") == receipt
    assert archive.get("originals/sha256/ab/abc") == b"1"
    assert archive.put("originals/sha256/ab/abc", b"1", media_type="text/plain", name="答复.txt").existed
    assert list(archive.keys()) == ["originals/sha256/ab/abc"]


def test_other_bytes_are_a_conflict(tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path)
    archive.put("k", b"1", media_type="text/plain")
    with pytest.raises(ArchiveConflict):
        archive.put("k", b"2", media_type="text/plain")
    assert archive.get("k") == b"1"


def test_absent(tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path)
    assert archive.receipt("k") is None
    with pytest.raises(ArchiveDamaged):
        archive.get("k")


@pytest.mark.parametrize("key", ["../x", "/x", "a/../x", ".names/x", "a//b", ""])
def test_a_key_cannot_leave_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError):
        FolderArchive(tmp_path / "in").put(key, b"1", media_type="text/plain")
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    ("prefix", "keys"),
    [
        ("", ["a/1", "a/b/2", "ab", "b/1"]),
        ("a/", ["a/1", "a/b/2"]),
        ("a", ["a/1", "a/b/2", "ab"]),
        ("a/b", ["a/b/2"]),
        ("c/", []),
    ],
)
def test_keys_by_prefix_in_order(tmp_path: Path, prefix: str, keys: list[str]) -> None:
    archive = FolderArchive(tmp_path)
    for key in ("b/1", "ab", "a/b/2", "a/1"):
        archive.put(key, b"1", media_type="text/plain")
    assert list(archive.keys(prefix)) == keys

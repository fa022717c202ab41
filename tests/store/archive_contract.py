"""What the archive promises on every S3 store; test modules import these tests and say which store ``archive`` is on.

``folder`` begins every key, so that a store that stays can be tried again.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import date

import pytest

from flows.adapters.s3_archive import S3Archive
from flows.letters.errors import ArchiveConflict, ArchiveDamaged
from flows.ports import Retention


def test_what_is_put_is_read_back_with_its_checksum_and_lock(archive: S3Archive, folder: str) -> None:
    receipt = archive.put(f"{folder}/one", "答复".encode(), media_type="text/plain", name="答复 1.txt")
    assert receipt.sha256 == hashlib.sha256("答复".encode()).hexdigest()
    assert (receipt.bytes, receipt.existed, receipt.lock_mode) == (6, False, "GOVERNANCE")
    assert receipt.version_id and receipt.retain_until and receipt.retain_until > "2050"
    assert archive.receipt(f"{folder}/one") == receipt
    assert archive.get(f"{folder}/one") == "答复".encode()


def test_the_same_bytes_twice_are_one_object(archive: S3Archive, folder: str) -> None:
    first = archive.put(f"{folder}/twice", b"1", media_type="text/plain")
    again = archive.put(f"{folder}/twice", b"1", media_type="text/plain")
    assert again == replace(first, existed=True)
    assert len(archive.versions(f"{folder}/twice")) == 1


def test_what_was_left_without_its_lock_gets_it_when_it_is_put_again(archive: S3Archive, folder: str) -> None:
    over = Retention(date(2001, 1, 1))
    assert archive.put(f"{folder}/left", b"1", media_type="text/plain", retention=over).lock_mode is None
    again = archive.put(f"{folder}/left", b"1", media_type="text/plain")
    assert (again.existed, again.lock_mode) == (True, "GOVERNANCE")
    assert archive.receipt(f"{folder}/left") == replace(again, existed=False)


def test_other_bytes_under_a_key_are_a_conflict_and_change_nothing(archive: S3Archive, folder: str) -> None:
    archive.put(f"{folder}/conflict", b"1", media_type="text/plain")
    with pytest.raises(ArchiveConflict):
        archive.put(f"{folder}/conflict", b"2", media_type="text/plain")
    assert archive.get(f"{folder}/conflict") == b"1"


def test_a_large_file_goes_in_parts_and_comes_back_whole(archive: S3Archive, folder: str) -> None:
    data = os.urandom(11 * 1024 * 1024)
    receipt = archive.put(f"{folder}/large", data, media_type="application/pdf")
    assert (receipt.sha256, receipt.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert receipt.lock_mode == "GOVERNANCE" and receipt.retain_until
    assert archive.get(f"{folder}/large") == data
    assert archive.put(f"{folder}/large", data, media_type="application/pdf").existed
    with pytest.raises(ArchiveConflict):
        archive.put(f"{folder}/large", data[:-1] + bytes([data[-1] ^ 1]), media_type="application/pdf")


def test_a_large_file_that_is_kept_for_ever_is_held(archive: S3Archive, folder: str) -> None:
    receipt = archive.put(f"{folder}/held", bytes(6 * 1024 * 1024), media_type="application/pdf", retention=Retention(None))
    assert (receipt.lock_mode, receipt.legal_hold) == ("GOVERNANCE", True) and archive.receipt(f"{folder}/held") == receipt


@pytest.mark.parametrize(
    ("retention", "mode", "until", "hold"),
    [
        (Retention(date(2056, 5, 6)), "GOVERNANCE", "2056-05-06T23:59:59Z", False),
        (Retention(date(2056, 5, 6), "compliance"), "COMPLIANCE", "2056-05-06T23:59:59Z", False),
        (Retention(None), "GOVERNANCE", None, True),
    ],
)
def test_retention_is_set_with_the_object(
    archive: S3Archive, folder: str, retention: Retention, mode: str, until: str | None, hold: bool
) -> None:
    receipt = archive.put(f"{folder}/kept/{mode}/{until}", b"1", media_type="text/plain", retention=retention)
    assert (receipt.lock_mode, receipt.legal_hold) == (mode, hold)
    assert receipt.retain_until and (receipt.retain_until == until or (until is None and receipt.retain_until > "2100"))


def test_what_is_absent_is_none_or_damage(archive: S3Archive, folder: str) -> None:
    assert archive.receipt(f"{folder}/never") is None
    with pytest.raises(ArchiveDamaged):
        archive.get(f"{folder}/never")


def test_keys_come_in_order(archive: S3Archive, folder: str) -> None:
    for name in ("b", "a/2", "a/1"):
        archive.put(f"{folder}/{name}", b"1", media_type="text/plain")
    assert list(archive.keys(f"{folder}/")) == [f"{folder}/{name}" for name in ("a/1", "a/2", "b")]
    assert list(archive.keys(f"{folder}/a")) == [f"{folder}/a/1", f"{folder}/a/2"]


def test_what_is_put_back_lies_over_what_was_damaged(archive: S3Archive, folder: str) -> None:
    first = archive.put(f"{folder}/back", b"good", media_type="text/plain", name="函.txt")
    archive.put_back(f"{folder}/back", b"forged")
    back = archive.put_back(f"{folder}/back", b"good")
    assert archive.get(f"{folder}/back") == b"good" == archive.get_version(f"{folder}/back", first.version_id or "")
    assert (back.sha256, back.lock_mode) == (first.sha256, "GOVERNANCE")
    versions = [receipt.version_id for receipt in archive.versions(f"{folder}/back")]
    assert len(set(versions)) == 3 and (versions[0], versions[-1]) == (back.version_id, first.version_id)

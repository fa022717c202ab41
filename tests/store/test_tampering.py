"""Tampering with a real store: each deed is refused, or found and named by verify."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from flows.adapters.embedded_store import EmbeddedStore, prepare
from flows.adapters.folder_archive import FolderArchive
from flows.adapters.s3_archive import S3Archive
from flows.adapters.s3_client import s3_client
from flows.letters.errors import ArchiveDamaged
from flows.letters.verify_report import report
from flows.repair_archive import repair
from flows.seal_archive import append_witness, day_key, read_witness, seal_archive
from flows.verify_archive import Plan, Verification, verify_archive
from tests.proof.letters_for_proof import NOW, file_letter, told
from tests.store.running_store import start, stop

DAY_1, DAY_2 = date(2024, 5, 8), date(2024, 5, 9)


class Site:
    """A running store with two sealed days of two letters each, and the administrator's power over it."""

    def __init__(self, store: EmbeddedStore, witness: Path) -> None:
        self.store, self.witness = store, witness
        self.archive = S3Archive(store.writer)
        self.admin, self.writer = s3_client(store.admin), s3_client(store.writer)
        for numbers, day in (((1, 2), DAY_1), ((3, 4), DAY_2)):
            for number in numbers:
                file_letter(self.archive, number)
            seal = seal_archive(self.archive, told, day=day, now=NOW)
            assert seal is not None
            append_witness(witness, seal)

    def verify(self, at: str = NOW) -> Verification:
        plan = Plan(locks_at=at, witness=read_witness(self.witness), threads=4)
        return verify_archive(self.archive, plan)

    def damage(self) -> set[tuple[str, str]]:
        return {(f.code, f.object.partition("#")[0]) for f in self.verify().damage}

    def key(self, prefix: str, nth: int = 0) -> str:
        return [key for key in self.archive.keys(prefix) if not key.endswith((".txt", ".jsonl"))][nth]

    def remove(self, key: str) -> None:
        """What an administrator can do on purpose: lift the policy, bypass the lock, delete every version."""
        self.admin.delete_bucket_policy(Bucket="duban")
        for receipt in self.archive.versions(key):
            self.admin.delete_object(
                Bucket="duban", Key=key, VersionId=receipt.version_id or "", BypassGovernanceRetention=True
            )
        self.store.create_buckets()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedStore]:
    prepared = prepare(tmp_path_factory.mktemp("tampered"), port=0)
    process = start(prepared)
    yield prepared
    stop(process)


@pytest.fixture
def site(running: EmbeddedStore, tmp_path: Path) -> Iterator[Site]:
    running.create_buckets()
    yield Site(running, tmp_path / "witness.jsonl")
    admin = s3_client(running.admin)
    admin.delete_bucket_policy(Bucket="duban")
    for page in admin.get_paginator("list_object_versions").paginate(Bucket="duban"):
        for entry in [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]:
            admin.delete_object(
                Bucket="duban", Key=entry["Key"], VersionId=entry["VersionId"], BypassGovernanceRetention=True
            )


def test_a_whole_archive_verifies_with_its_locks(site: Site) -> None:
    checked = site.verify()
    assert (checked.damage, checked.letters, checked.quotes, checked.objects) == ([], 4, 4, 20)
    assert checked.locked == 20 and checked.first_expiry and checked.first_expiry > "2050"


def test_the_writer_can_neither_delete_nor_shorten_nor_unlock(site: Site) -> None:
    key = site.key("originals/")
    receipt = site.archive.receipt(key)
    assert receipt is not None and receipt.version_id is not None
    one = {"Bucket": "duban", "Key": key, "VersionId": receipt.version_id}
    soon: object = {"Mode": "GOVERNANCE", "RetainUntilDate": datetime.now(UTC) + timedelta(minutes=5)}
    attempts: list[Callable[[], object]] = [
        lambda: site.writer.delete_object(**one),  # type: ignore[arg-type]
        lambda: site.writer.delete_object(**one, BypassGovernanceRetention=True),  # type: ignore[arg-type]
        lambda: site.writer.delete_object(Bucket="duban", Key=key),
        lambda: site.writer.put_object_retention(**one, Retention=soon),  # type: ignore[arg-type]
        lambda: site.writer.put_object_retention(
            **one, Retention=soon, BypassGovernanceRetention=True  # type: ignore[arg-type]
        ),
        lambda: site.writer.put_bucket_versioning(Bucket="duban", VersioningConfiguration={"Status": "Suspended"}),
        lambda: site.writer.delete_bucket_policy(Bucket="duban"),
        lambda: site.writer.delete_bucket(Bucket="duban"),
    ]
    for attempt in attempts:
        with pytest.raises(ClientError, match=r"AccessDenied|InvalidBucketState|BucketNotEmpty"):
            attempt()
    assert site.archive.receipt(key) == receipt and site.damage() == set()


def test_an_overwritten_object_is_named_and_repaired_from_its_older_version(site: Site) -> None:
    key = site.key("packages/")
    good = site.archive.get(key)
    site.writer.put_object(Bucket="duban", Key=key, Body=good.replace(b"2024", b"2034"))
    found = site.verify()
    assert ("leaf_changed", key) in {(f.code, f.object) for f in found.damage}
    repaired = repair(site.archive, found.damage, (), now=NOW)
    assert [(r.key, (r.source or "").split()[0]) for r in repaired] == [(key, "version")]
    assert site.archive.get(key) == good and site.damage() == set()


def test_a_deleted_object_is_named_and_repaired_from_the_second_copy(site: Site, tmp_path: Path) -> None:
    copy = FolderArchive(tmp_path / "copy")
    for key in list(site.archive.keys()):
        copy.put(key, site.archive.get(key), media_type="x")
    key = site.key("originals/")
    site.remove(key)
    assert site.damage() == {("leaf_missing", key)}
    assert repair(site.archive, site.verify().damage, (), now=NOW)[0].source is None
    assert repair(site.archive, site.verify().damage, [("replica", copy)], now="2024-05-08T01:00:01Z")[0].source == "replica"
    assert site.damage() == set()


def test_a_lock_that_has_run_out_is_none_unless_the_object_is_held(site: Site) -> None:
    key, whole = site.key("originals/"), site.verify()
    site.admin.put_object_legal_hold(Bucket="duban", Key=key, LegalHold={"Status": "ON"})
    assert whole.first_expiry is not None and whole.first_expiry > NOW
    assert {f.code for f in site.verify("2040-01-01T00:00:00Z").findings} == {f.code for f in whole.findings}
    later = site.verify("2090-01-01T00:00:00Z")
    site.admin.put_object_legal_hold(Bucket="duban", Key=key, LegalHold={"Status": "OFF"})
    over = {f.object for f in later.findings if f.code == "lock_over"}
    assert (later.locked, len(over), later.first_expiry) == (1, whole.locked - 1, None) and key not in over
    assert later.damage == []  # that a period has come to its end is nobody's fault
    page = report(later, "public", NOW, "duban")
    assert "锁定已到期" in page and f"`{min(over)}`：until 20" in page


def test_two_swapped_objects_are_both_named(site: Site) -> None:
    one, other = site.key("packages/", 0), site.key("packages/", 1)
    first, second = site.archive.get(one), site.archive.get(other)
    site.writer.put_object(Bucket="duban", Key=one, Body=second)
    site.writer.put_object(Bucket="duban", Key=other, Body=first)
    assert site.damage() == {("leaf_changed", one), ("leaf_changed", other), ("lock_missing", one), ("lock_missing", other)}


def test_a_day_rolled_back_is_named(site: Site) -> None:
    document = json.loads(site.archive.get(day_key(DAY_2)))
    for key, _, _ in document["leaves"]:
        site.remove(key)
    site.remove(day_key(DAY_2))
    assert site.damage() == {("day_rolled_back", day_key(DAY_2))}


def test_a_day_in_the_middle_taken_away_breaks_the_chain(site: Site) -> None:
    site.remove(day_key(DAY_1))
    assert {("day_chain_broken", day_key(DAY_2)), ("day_rolled_back", day_key(DAY_1))} <= site.damage()


def test_what_was_never_archived_is_damage(site: Site) -> None:
    with pytest.raises(ArchiveDamaged):
        site.archive.get("originals/sha256/00/00")


def test_bytes_cut_off_on_the_disk_are_named(running: EmbeddedStore) -> None:
    """Behind the store's back a data file loses its end, and with it the last object written.  Runs last: it stays cut."""
    running.create_buckets()
    archive, key = S3Archive(running.writer), "originals/sha256/ff/" + "f" * 64
    before = _volumes(running)
    archive.put(key, b"x" * 9000, media_type="text/plain")
    grown = [path for path, size in _volumes(running).items() if size > before.get(path, 0)]
    assert len(grown) == 1
    with grown[0].open("r+b") as file:
        file.truncate(grown[0].stat().st_size - 4000)
    assert [(f.code, f.object) for f in verify_archive(archive, Plan()).damage] == [("original_changed", key)]


def _volumes(store: EmbeddedStore) -> dict[Path, int]:
    return {path: path.stat().st_size for path in (store.directory / "data").glob("duban_*.dat")}

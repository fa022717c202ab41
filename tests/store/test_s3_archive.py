"""The S3 archive and its probe against a real SeaweedFS with Object Lock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError

from flows.adapters.embedded_store import EmbeddedStore, prepare
from flows.adapters.s3_archive import LockRule, S3Archive
from flows.adapters.s3_client import s3_client
from flows.adapters.store_probe import probe
from flows.audit_share import Share
from flows.letters.errors import SettingsError, Unavailable
from flows.seal_archive import SEALED_PREFIXES
from tests.store.archive_contract import *  # noqa: F403 - these tests are this module's too


def test_a_share_of_the_keys_is_what_the_store_lists_for_it(archive: S3Archive) -> None:
    digests = [f"{number:02x}{number:062x}" for number in range(0, 256, 7)]
    every = [f"originals/sha256/{d[:2]}/{d}" for d in digests] + [f"records/{d}/1.json" for d in digests]
    every += [f"packages/{year}/{d[:20]}.zip" for d in digests for year in ("2019", "2020")]
    every += ["originals/a", "originals/sha256/zz/1", "packages/a.zip", "packages/2019/z.zip", "packages/20190/00.zip"]
    every += ["packages/2020/\u7532.zip", "packages/\u7532/1", "records/zz/1.json", "records/0"]
    for key in every:
        archive.put(key, b"1", media_type="text/plain")
    listed = []
    for turn in range(9):
        share = Share(9, frozenset({turn}), frozenset({"2019"}))
        found = [key for folder in SEALED_PREFIXES for key in share.keys(archive, folder)]
        assert all(share.lists(key) for key in found)
        listed += found
    assert sorted(listed) == sorted(every)


def test_a_store_that_is_away_is_unavailable(store: EmbeddedStore) -> None:
    away = S3Archive(replace(store.writer, endpoint="http://127.0.0.1:9"))
    with pytest.raises(Unavailable, match="cannot be reached"):
        away.receipt("x")


def test_wrong_credentials_are_a_setting_to_mend(store: EmbeddedStore) -> None:
    with pytest.raises(SettingsError, match="refuses these credentials"):
        S3Archive(replace(store.writer, secret_key="wrong")).put("t/x", b"1", media_type="text/plain")


def test_the_writers_reach_only_their_own_bucket(store: EmbeddedStore) -> None:
    S3Archive(store.restricted).put("own", b"1", media_type="text/plain")
    for access, other in ((store.writer, store.restricted.bucket), (store.restricted, store.writer.bucket)):
        with pytest.raises(SettingsError):
            S3Archive(replace(access, bucket=other)).put("foreign", b"1", media_type="text/plain")
        with pytest.raises(SettingsError):
            list(S3Archive(replace(access, bucket=other)).keys())


def test_nobody_deletes_even_what_is_not_locked(store: EmbeddedStore) -> None:
    receipt = S3Archive(store.writer, LockRule("")).put("t/unlocked", b"1", media_type="text/plain")
    assert receipt.lock_mode is None
    for access in (store.writer, store.admin):
        with pytest.raises(ClientError, match="AccessDenied"):
            s3_client(access).delete_object(Bucket="duban", Key="t/unlocked", VersionId=receipt.version_id or "")
        with pytest.raises(ClientError, match="AccessDenied"):
            s3_client(access).delete_object(Bucket="duban", Key="t/unlocked")


def test_the_embedded_store_proves_all_it_must(store: EmbeddedStore) -> None:
    for access in (store.writer, store.restricted):
        report = probe(access).require()
        assert report.worm and report.unproven == ()
        assert probe(access).unproven == ()  # the second start finds the object of the first


def test_a_plain_bucket_is_reported_and_not_trusted(store: EmbeddedStore) -> None:
    client = s3_client(store.admin)
    client.create_bucket(Bucket="plain")
    report = probe(replace(store.admin, bucket="plain"))
    missing = {proof.code for proof in report.unproven}
    assert missing == {"versioning", "object_lock", "delete_refused", "bypass_refused", "shorten_refused"}
    assert not report.worm
    with pytest.raises(SettingsError, match="versioning"):
        report.require()
    assert report.require(lock=False) is report


def test_an_administrator_is_no_writer(store: EmbeddedStore) -> None:
    """Credentials that may bypass the lock are found out: the policy alone keeps them from deleting."""
    client = s3_client(store.admin)
    client.create_bucket(Bucket="lax", ObjectLockEnabledForBucket=True)
    missing = {proof.code for proof in probe(replace(store.admin, bucket="lax")).unproven}
    assert "bypass_refused" in missing


def test_no_credentials_at_all(store: EmbeddedStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SettingsError, match="no credentials"):
        S3Archive(replace(store.writer, access_key="", secret_key="")).receipt("x")
    assert boto3.session.Session().get_credentials() is None


def test_secrets_do_not_show(home: Path) -> None:
    prepared = prepare(home, port=0)
    secret = prepared.writer.secret_key
    assert secret and secret not in repr(prepared) and secret not in " ".join(prepared.argv)

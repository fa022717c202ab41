"""Both buckets are tried as they are used, by doctor and at each start; what is not proven is refused and named."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from flows.adapters.embedded_store import EmbeddedStore
from flows.adapters.port_leases import any_port
from flows.adapters.s3_client import s3_client
from flows.adapters.store_probe import probe, reach
from flows.cli import duban
from flows.letters.errors import SettingsError
from flows.settings import load_settings
from flows.store_proof import prove_store
from flows.worker import make_sure_of_store


def given(store: EmbeddedStore, home: Path, **changed: Any) -> dict[str, Any]:
    """The store as a site's own one, by its settings."""
    as_own = {
        "home": home,
        "store_url": store.endpoint,
        "store_credentials": store.credentials_file("writer"),
        "store_restricted_credentials": store.credentials_file("restricted"),
        "prefect_port": any_port(),
    }
    return as_own | changed


def environment(settings: dict[str, Any]) -> dict[str, str]:
    return {f"DUBAN_{name.upper()}": str(value) for name, value in settings.items() if value is not None}


def doctor(settings: dict[str, Any]) -> dict[str, str]:
    """The lines of doctor on the store, by what they are about: ok, note or FAIL, and what was seen."""
    said = CliRunner().invoke(duban, ["doctor"], env=environment(settings)).stdout
    found = re.findall(r"^(ok|note|FAIL) +((?:restricted )?stores?(?: apart)?): (.*)$", said, re.MULTILINE)
    return {name: f"{mark} {seen}" for mark, name, seen in found}


@pytest.fixture(scope="module", autouse=True)
def plain(store: EmbeddedStore) -> None:
    s3_client(store.admin).create_bucket(Bucket="without-lock")


def test_both_buckets_are_proven_with_their_own_credentials(store: EmbeddedStore, tmp_path: Path) -> None:
    settings = given(store, tmp_path)
    proof = prove_store(load_settings(**settings))
    assert proof is not None and proof.require(lock=True).apart.proven
    assert [report.bucket for report in proof.reports] == ["duban", "duban-restricted"]
    told = doctor(settings)
    assert list(told) == ["store", "restricted store", "stores apart"]
    assert all(line.startswith("ok ") for line in told.values()), told


def test_a_restricted_bucket_without_lock_is_refused(store: EmbeddedStore, tmp_path: Path) -> None:
    admin = store.credentials_file("admin")
    settings = given(store, tmp_path, store_restricted_bucket="without-lock", store_restricted_credentials=admin)
    proof = prove_store(load_settings(**settings))
    assert proof is not None
    with pytest.raises(SettingsError, match=r"without-lock[^$]*object_lock"):
        proof.require(lock=True)
    told = doctor(settings)
    assert told["store"].startswith("ok ")
    assert told["restricted store"].startswith("FAIL ") and "object_lock" in told["restricted store"]
    assert doctor(settings | {"store_lock": ""})["restricted store"].startswith("note ")


def test_what_is_not_claimed_is_said_at_the_start(
    store: EmbeddedStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    admin = store.credentials_file("admin")
    without = {"store_restricted_bucket": "without-lock", "store_restricted_credentials": admin, "store_lock": ""}
    with caplog.at_level("INFO"):
        make_sure_of_store(load_settings(**given(store, tmp_path, **without)))
    told = [record.getMessage() for record in caplog.records if "without-lock" in record.getMessage()]
    assert any("8 properties of 13 proven" in line for line in told), told
    for code in ("versioning", "object_lock", "delete_refused", "shorten_refused", "bypass_refused"):
        assert any(f"{code} is not proven and not claimed" in line for line in told), told


def test_credentials_that_cannot_use_the_restricted_bucket_are_found(store: EmbeddedStore, tmp_path: Path) -> None:
    settings = given(store, tmp_path, store_restricted_credentials=None)  # as for the archive's bucket
    with pytest.raises(SettingsError, match="duban-restricted"):
        prove_store(load_settings(**settings))
    assert doctor(settings)["store"].startswith("FAIL ")


def test_a_bucket_that_is_not_there_is_told(store: EmbeddedStore) -> None:
    with pytest.raises(SettingsError, match="no bucket nowhere"):
        probe(replace(store.admin, bucket="nowhere"))


def test_one_bucket_for_both_is_refused(store: EmbeddedStore, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="bucket of their own"):
        prove_store(load_settings(**given(store, tmp_path, store_restricted_bucket="duban")))


def test_credentials_that_reach_the_restricted_bucket_are_found(store: EmbeddedStore, tmp_path: Path) -> None:
    assert not reach(store.admin, "duban-restricted").proven
    settings = given(store, tmp_path, store_credentials=store.credentials_file("admin"))
    proof = prove_store(load_settings(**settings))
    assert proof is not None
    with pytest.raises(SettingsError, match="not kept apart"):
        proof.require(lock=True)
    assert "list and read and write" in doctor(settings)["stores apart"]


def test_the_object_of_two_parts_is_sent_once_and_again_where_another_stands_there(store: EmbeddedStore) -> None:
    client, where = s3_client(store.admin), {"Bucket": "duban", "Key": "probe/parts"}

    def held() -> tuple[int, str]:
        told = client.head_object(**where)  # type: ignore[arg-type]
        return told["ContentLength"], told["VersionId"]

    assert probe(store.writer).unproven == ()
    first = held()
    assert probe(store.writer).unproven == () and held() == first
    client.put_object(**where, Body=b"another")  # type: ignore[arg-type]
    assert probe(store.writer).unproven == () and held()[0] == first[0] > 5 * 2**20


def test_a_writer_who_cannot_withdraw_parts_is_found(store: EmbeddedStore) -> None:
    client = s3_client(store.admin)
    client.create_bucket(Bucket="no-way-back", ObjectLockEnabledForBucket=True)
    denied = {"Effect": "Deny", "Principal": "*", "Action": "s3:AbortMultipartUpload", "Resource": "arn:aws:s3:::no-way-back/*"}
    client.put_bucket_policy(Bucket="no-way-back", Policy=json.dumps({"Version": "2012-10-17", "Statement": [denied]}))
    unproven = {proof.code: proof.detail for proof in probe(replace(store.admin, bucket="no-way-back")).unproven}
    assert "AccessDenied" in unproven["multipart_checksum"] and "AccessDenied" in unproven["multipart_condition"]
    assert "multipart" not in unproven and "conditional_write" not in unproven


def test_encryption_is_proven_where_it_is_asked_for(store: EmbeddedStore) -> None:
    assert "encryption" not in {proof.code for proof in probe(store.writer).proofs}
    for _ in range(2):  # the second start finds the object of the first
        proven = {proof.code: proof for proof in probe(replace(store.writer, encryption="AES256")).proofs}
        assert proven["encryption"].proven, proven["encryption"].detail


@pytest.mark.timeout(120)
def test_the_system_does_not_start_on_what_is_not_proven(store: EmbeddedStore, tmp_path: Path) -> None:
    home = tmp_path / "var"
    admin = store.credentials_file("admin")
    settings = given(store, home, store_restricted_bucket="without-lock", store_restricted_credentials=admin)
    command = [sys.executable, "-m", "flows.cli", "up"]
    done = subprocess.run(command, env=os.environ | environment(settings), capture_output=True, text=True, timeout=100)
    assert done.returncode != 0 and "object_lock" in done.stderr and "without-lock" in done.stderr, done
    assert not (home / "run" / "worker.ready").exists()
    assert json.loads((home / "run" / "ports.json").read_text())["store"] == 0

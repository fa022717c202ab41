"""Other stores than the one that comes with duban: what they cannot do is found and named, and the rest works on them.

moto is another implementation of S3, with other gaps.  A real store of yours is tried too where ``OTHER_STORE_URL`` is
set, with the further settings of a store as ``OTHER_STORE_…``; it needs two buckets that may be thrown away, for what is
written there stays locked for decades.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from flows import wiring
from flows.adapters.embedded_store import EmbeddedStore
from flows.adapters.port_leases import any_port
from flows.adapters.s3_archive import LockRule, S3Archive
from flows.adapters.s3_client import StoreAccess, s3_client
from flows.adapters.store_answers import Proof
from flows.adapters.store_probe import ProbeReport, probe
from flows.letters.errors import ArchiveConflict, ArchiveDamaged, SettingsError
from flows.settings import Settings, load_settings
from flows.store_proof import prove_store
from tests.store.archive_contract import *  # noqa: F403 - these tests are this module's too
from tests.store.running_store import stop

_OURS = "OTHER_STORE_"
PART_BYTES = 5 * 1024 * 1024


def given() -> Settings:
    """The settings of the store that was named for this run."""
    named = {f"store_{name.removeprefix(_OURS).lower()}": value for name, value in os.environ.items() if name.startswith(_OURS)}
    return load_settings(**named)


@pytest.fixture(scope="module")
def moto() -> Iterator[StoreAccess]:
    """A store that takes wrong checksums, reckons those of parts otherwise, lets anybody in and everybody go round its locks."""
    port = any_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    access = StoreAccess("duban", f"http://127.0.0.1:{port}", access_key="one-of-us", secret_key="whatever")
    try:
        wait_listening(process, access)
        for bucket in ("duban", "duban-restricted"):
            s3_client(access).create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        s3_client(access).create_bucket(Bucket="plain")
        yield access
    finally:
        stop(process)


def wait_listening(process: subprocess.Popen[bytes], access: StoreAccess) -> None:
    client, give_up = s3_client(access, attempts=1), time.monotonic() + 60
    while True:
        assert process.poll() is None, "the store ended"
        try:
            client.list_buckets()
            return
        except EndpointConnectionError:
            assert time.monotonic() < give_up, "the store did not come up"
        time.sleep(0.1)


@pytest.fixture(params=["moto", *(["given"] if f"{_OURS}URL" in os.environ else [])])
def archive(request: pytest.FixtureRequest) -> S3Archive:
    """For the tests of the contract."""
    if request.param == "given":
        return S3Archive(wiring.store_access(given()), LockRule("governance"), PART_BYTES)
    moto = request.getfixturevalue("moto")
    return S3Archive(replace(moto, without=frozenset({"checksums"})), part_bytes=PART_BYTES)


def test_all_that_the_other_store_does_not_do_is_named(moto: StoreAccess) -> None:
    lacking = {
        "wrong_checksum_refused", "shorten_refused", "bypass_refused", "anonymous_read_refused", "anonymous_write_refused",
        "multipart_checksum",
    }  # fmt: skip
    report = probe(moto)
    assert {proof.code for proof in report.unproven} == lacking
    assert probe(moto).unproven == report.unproven  # the second start is not taken in by what the first one left
    with pytest.raises(SettingsError) as refused:
        report.require()
    assert all(code in str(refused.value) for code in lacking)


def test_what_a_site_accepts_goes_no_further_than_it_says(moto: StoreAccess) -> None:
    """Without lock and checksums, as the site has said; but nobody may accept that strangers read and write."""
    report = probe(replace(moto, without=frozenset({"checksums", "conditional_writes"})))
    with pytest.raises(SettingsError) as refused:
        report.require(lock=False)
    told = str(refused.value)
    assert "anonymous_write_refused" in told and "checksum" not in told and "bypass_refused" not in told
    with pytest.raises(SettingsError, match="wrong_checksum_refused"):
        probe(moto).require(lock=False)


def test_a_store_that_says_back_whatever_encryption_it_is_asked_for_proves_none(moto: StoreAccess) -> None:
    proofs = {proof.code: proof for proof in probe(replace(moto, encryption="AES256")).proofs}
    assert not proofs["encryption"].proven and "says back" in proofs["encryption"].detail


@pytest.mark.parametrize("versions", [True, False])
def test_unconditional_writes_are_accepted_only_where_versions_keep_what_was_there(versions: bool) -> None:
    """A store that does neither overwrites: nothing could take the condition's place."""
    proofs = (Proof("conditional_write", False, "written twice"), Proof("versioning", versions, ""))
    report = ProbeReport("http://store", "duban", proofs, frozenset({"conditional_writes"}))
    assert report.holds(lock=False) is versions


def test_the_start_is_refused_on_the_other_store(moto: StoreAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", moto.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", moto.secret_key)
    settings = load_settings(home=tmp_path, store_url=moto.endpoint, store_without="checksums", store_lock="")
    proof = prove_store(settings)
    assert proof is not None
    with pytest.raises(SettingsError, match="anonymous_write_refused"):
        proof.require(lock=False)


def test_a_store_that_reckons_otherwise_is_trusted_only_where_that_is_accepted(moto: StoreAccess, folder: str) -> None:
    data = bytes(PART_BYTES + 1)
    with pytest.raises(ArchiveConflict, match="reads back"):
        S3Archive(moto, LockRule(""), PART_BYTES).put(f"{folder}/x", data, media_type="text/plain")
    accepting = S3Archive(replace(moto, without=frozenset({"checksums"})), LockRule(""), PART_BYTES)
    assert accepting.put(f"{folder}/y", data, media_type="text/plain").sha256 == hashlib.sha256(data).hexdigest()


def test_what_stands_there_is_compared_by_its_bytes(moto: StoreAccess, folder: str) -> None:
    """Without a checksum of the store's, metadata that claim ours prove nothing."""
    accepting, key = S3Archive(replace(moto, without=frozenset({"checksums"}))), f"{folder}/forged"
    right = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"  # of "1"
    s3_client(moto).put_object(Bucket="duban", Key=key, Body=b"2", Metadata={"sha256": right})
    with pytest.raises((ArchiveConflict, ArchiveDamaged)):
        accepting.put(key, b"1", media_type="text/plain")


def test_without_conditions_of_two_that_write_at_once_at_most_one_is_told_so(store: EmbeddedStore, folder: str) -> None:
    archive = S3Archive(replace(store.writer, without=frozenset({"conditional_writes"})))
    writers, told = 6, []
    at_once = Barrier(writers)

    def write(number: int) -> str:
        at_once.wait()
        try:
            return archive.put(f"{folder}/raced", f"{number}".encode(), media_type="text/plain").sha256
        except ArchiveConflict:
            return ""

    with ThreadPoolExecutor(writers) as pool:
        told = [sha256 for sha256 in pool.map(write, range(writers)) if sha256]
    kept = archive.versions(f"{folder}/raced")
    assert len(told) <= 1 and set(told) <= {receipt.sha256 for receipt in kept}
    with pytest.raises(ArchiveConflict):
        archive.put(f"{folder}/raced", b"later", media_type="text/plain")
    assert len(archive.versions(f"{folder}/raced")) == len(kept)


def test_a_lock_that_the_store_shows_otherwise_is_no_lock(moto: StoreAccess, folder: str) -> None:
    """Bytes written under a lock that the store then forgets (here: a bucket without) are not counted as archived."""
    with pytest.raises((ArchiveConflict, ClientError)):
        S3Archive(replace(moto, bucket="plain", without=frozenset({"checksums"}))).put(
            f"{folder}/x", b"1", media_type="text/plain"
        )


@pytest.mark.parametrize(("value", "right"), [("", True), ("checksums,conditional_writes", True), ("locks", False)])
def test_what_may_be_gone_without_is_a_closed_list(value: str, right: bool, tmp_path: Path) -> None:
    made: dict[str, Any] = {"home": tmp_path, "store_url": "http://127.0.0.1:9", "store_without": value}
    if right:
        assert wiring.store_access(load_settings(**made)).without == frozenset(filter(None, value.split(",")))
    else:
        with pytest.raises(SettingsError, match="DUBAN_STORE_WITHOUT"):
            load_settings(**made)


def test_the_store_that_comes_along_encrypts_where_that_is_set(store: EmbeddedStore, folder: str) -> None:
    settings = load_settings(home=store.directory.parent, store_encryption="AES256")
    wiring.archive(settings).put(f"{folder}/sse", b"1", media_type="text/plain")
    assert s3_client(store.writer).head_object(Bucket="duban", Key=f"{folder}/sse")["ServerSideEncryption"] == "AES256"

"""A store of the site's own: TLS with an authority of its own, the bucket in the host name, encryption, the boto3 chain.

Tried on a real SeaweedFS with a certificate.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from flows import wiring
from flows.adapters.embedded_store import EmbeddedStore, prepare
from flows.adapters.s3_archive import S3Archive
from flows.adapters.s3_client import StoreAccess, s3_client, speaking_to
from flows.adapters.store_probe import probe
from flows.letters.errors import SettingsError, Unavailable
from flows.settings import load_settings
from flows.store_proof import prove_store
from tests.store.running_store import stop

DOMAIN = "archive.test"


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A certificate (which is its own authority) for the store, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]), datetime.now(UTC)
    names = [x509.DNSName(DOMAIN), x509.DNSName(f"*.{DOMAIN}"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, key_pem = folder / f"{name}.pem", folder / f"{name}.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    no_password = serialization.NoEncryption()
    key_pem.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_password))
    return pem, key_pem


@dataclass(frozen=True)
class TlsStore:
    """A store that speaks TLS only."""

    prepared: EmbeddedStore
    authority: Path

    @property
    def endpoint(self) -> str:
        return f"https://127.0.0.1:{self.prepared.ports['s3']}"

    def access(self, identity: str) -> StoreAccess:
        plain: StoreAccess = getattr(self.prepared, identity)
        return replace(plain, endpoint=self.endpoint, ca_bundle=self.authority)


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TlsStore]:
    home = tmp_path_factory.mktemp("tls")
    prepared = prepare(home, port=0)
    authority, key = certificate(home, "store")
    options = [f"-s3.cert.file={authority}", f"-s3.key.file={key}", f"-s3.domainName={DOMAIN}"]
    with (prepared.directory / "log").open("ab") as log:
        process = subprocess.Popen(
            [*prepared.argv, *options], cwd=prepared.directory, env=os.environ | prepared.environment, stdout=log, stderr=log
        )
    made = TlsStore(prepared, authority)
    try:
        wait_ready(made.access("admin"))
        for bucket in ("duban", "duban-restricted"):
            s3_client(made.access("admin")).create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
            what = {"Action": ["s3:DeleteObject*"], "Resource": [f"arn:aws:s3:::{bucket}/*"]}
            policy = {"Effect": "Deny", "Principal": "*"} | what
            document = json.dumps({"Version": "2012-10-17", "Statement": [policy]})
            s3_client(made.access("admin")).put_bucket_policy(Bucket=bucket, Policy=document)
        yield made
    finally:
        stop(process)


def wait_ready(access: StoreAccess) -> None:
    client, give_up = s3_client(access), time.monotonic() + 30
    while True:
        try:
            with speaking_to(access):
                client.list_buckets()
            return
        except Unavailable:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.05)


def own(tls: TlsStore, home: Path, **changed: Any) -> dict[str, Any]:
    as_set = {
        "home": home, "store_url": tls.endpoint, "store_ca_bundle": tls.authority,
        "store_credentials": tls.prepared.credentials_file("writer"),
        "store_restricted_credentials": tls.prepared.credentials_file("restricted"),
    }  # fmt: skip
    return as_set | changed


def test_both_buckets_are_proven_over_tls_with_an_authority_of_its_own(tls: TlsStore, tmp_path: Path) -> None:
    proof = prove_store(load_settings(**own(tls, tmp_path)))
    assert proof is not None and proof.require(lock=True).apart.proven
    archive = wiring.archive(load_settings(**own(tls, tmp_path)))
    receipt = archive.put("t/tls", "答复".encode(), media_type="text/plain", name="答复.txt")
    assert archive.get("t/tls") == "答复".encode() and receipt.lock_mode == "GOVERNANCE"


def test_a_store_whose_certificate_is_not_known_is_not_spoken_to(tls: TlsStore, tmp_path: Path) -> None:
    other, _ = certificate(tmp_path, "other")
    for bundle in (None, other):
        with pytest.raises(SettingsError, match="DUBAN_STORE_CA_BUNDLE"):
            S3Archive(replace(tls.access("writer"), ca_bundle=bundle)).receipt("t/x")
    with pytest.raises(SettingsError, match="no file"):
        wiring.archive(load_settings(**own(tls, tmp_path, store_ca_bundle=tmp_path / "none.pem")))


def test_plain_http_gets_no_answer_from_a_tls_store(tls: TlsStore) -> None:
    plain = replace(tls.access("writer"), endpoint=tls.endpoint.replace("https", "http"))
    with pytest.raises((Unavailable, ClientError, SettingsError)):
        S3Archive(plain).put("t/plain", b"1", media_type="text/plain")
    assert S3Archive(tls.access("writer")).receipt("t/plain") is None


def test_the_bucket_in_the_host_name(tls: TlsStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def names(host: Any, *rest: Any, **more: Any) -> Any:
        """The site's name service: every name of the store's domain is this machine."""
        if isinstance(host, str) and host.endswith(DOMAIN):
            asked.append(host)
            host = "127.0.0.1"
        return resolve(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", names)
    url = f"https://{DOMAIN}:{tls.prepared.ports['s3']}"
    settings = load_settings(**own(tls, tmp_path, store_url=url, store_path_style=False))
    archive = wiring.archive(settings)
    archive.put("t/virtual", b"1", media_type="text/plain")
    assert archive.get("t/virtual") == b"1" and set(asked) == {f"duban.{DOMAIN}"}
    proof = prove_store(settings)
    assert proof is not None and proof.require(lock=True).reports[1].bucket == "duban-restricted"


def test_credentials_by_the_usual_chain(tls: TlsStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = json.loads(tls.prepared.credentials_file("writer").read_text("utf-8"))
    file = tmp_path / "credentials"
    file.write_text(f"[office]\naws_access_key_id = {keys['access_key']}\naws_secret_access_key = {keys['secret_key']}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "office")
    archive = wiring.archive(load_settings(**own(tls, tmp_path, store_credentials=None)))
    archive.put("t/profile", b"1", media_type="text/plain")
    monkeypatch.delenv("AWS_PROFILE")
    monkeypatch.delenv("AWS_SHARED_CREDENTIALS_FILE")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys["access_key"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys["secret_key"])
    assert wiring.archive(load_settings(**own(tls, tmp_path, store_credentials=None))).get("t/profile") == b"1"


def test_encryption_on_the_side_of_the_store(tls: TlsStore, tmp_path: Path) -> None:
    settings = load_settings(**own(tls, tmp_path, store_encryption="AES256"))
    proof = prove_store(settings)
    assert proof is not None and "encryption" in {one.code for one in proof.require(lock=True).reports[1].proofs}
    archive = S3Archive(replace(tls.access("writer"), encryption="AES256"), part_bytes=5 * 1024 * 1024)
    small, large = b"sesame " * 99, os.urandom(6 * 1024 * 1024)
    for key, data in (("t/sse", small), ("t/sse-large", large)):
        archive.put(key, data, media_type="text/plain")
        assert archive.get(key) == data
        head = s3_client(tls.access("writer")).head_object(Bucket="duban", Key=key)
        assert head["ServerSideEncryption"] == "AES256"
    volumes = list((tls.prepared.directory / "data").glob("duban_*.dat"))
    assert volumes and not any(small in volume.read_bytes() for volume in volumes)


def test_encryption_the_store_cannot_do_is_found_out(tls: TlsStore) -> None:
    report = probe(replace(tls.access("writer"), encryption="aws:kms", kms_key="a-key"))
    assert [proof.code for proof in report.unproven] == ["encryption"]
    with pytest.raises(SettingsError, match="encryption"):
        report.require(lock=False)


def test_over_tls_too_the_signature_covers_the_body(tls: TlsStore) -> None:
    """So a store that knows no checksums, such as Ceph, refuses a body changed on the way; and nothing travels behind it."""
    client, sent = s3_client(tls.access("writer")), []

    def note(request: Any, **_: Any) -> None:
        sent.append({name.lower(): value for name, value in request.headers.items()})

    client.meta.events.register("before-send.s3.PutObject", note)
    client.put_object(Bucket="duban", Key="t/signed", Body=b"right")
    assert sent[0]["x-amz-content-sha256"] == hashlib.sha256(b"right").hexdigest().encode()
    assert "x-amz-trailer" not in sent[0]

"""Certificates by which the embedded store's parts know each other: nobody else may speak on their gRPC ports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_VALID = timedelta(days=30 * 366)  # the files never leave the state directory; expiry would only stop the archive


def ensure_certificates(folder: Path) -> tuple[Path, Path, Path]:
    """The authority, the node's certificate and its key (PEM files) under ``folder``, made once.

    The authority's own key is thrown away: no further certificate can ever be signed.
    """
    authority, certificate, key = folder / "ca.pem", folder / "node.pem", folder / "node.key"
    if not (authority.exists() and certificate.exists() and key.exists()):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, content in zip((authority, certificate, key), _make(), strict=True):
            path.touch(mode=0o600)
            path.write_bytes(content)
    return authority, certificate, key


def _make() -> tuple[bytes, bytes, bytes]:
    authority_key, node_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority_name = _named("duban embedded store authority")
    authority = (
        _builder(authority_name, authority_name, authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(authority_key, hashes.SHA256())
    )
    node = (
        _builder(_named("duban embedded store"), authority_name, node_key.public_key())
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = node_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return authority.public_bytes(pem), node.public_bytes(pem), private


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # a clock that is put back a little must not stop the store
        .not_valid_after(now + _VALID)
    )

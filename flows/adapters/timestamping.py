"""RFC 3161: an authority outside the house states when a day's document existed."""

from __future__ import annotations

from pathlib import Path

import httpx
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from flows.letters.errors import SettingsError, Unavailable

_GRANTED = (0, 1)  # granted, granted with modifications


class TimestampAuthority:
    """The authority at ``url``; ``roots`` is a PEM file with the certificates its tokens are checked against."""

    def __init__(self, url: str, roots: Path) -> None:
        self._url = url
        self._roots = roots

    def stamp(self, document: bytes) -> bytes:
        """The token over ``document`` (DER), checked before it is handed back.

        ``Unavailable`` where the authority does not answer, refuses, or answers with a token that does not hold.
        """
        request = TimestampRequestBuilder().data(document).hash_algorithm(HashAlgorithm.SHA256).build()
        headers = {"Content-Type": "application/timestamp-query"}
        try:
            answer = httpx.post(self._url, content=request.as_bytes(), headers=headers, timeout=20)
            answer.raise_for_status()
            check_token(document, answer.content, self._roots)
        except httpx.HTTPError as fault:
            raise Unavailable(f"the time stamping authority {self._url} does not answer: {fault}") from fault
        except ValueError as fault:
            raise Unavailable(f"the time stamping authority {self._url} sent no good token: {fault}") from fault
        return answer.content

    def check(self, document: bytes, token: bytes) -> str:
        """As ``check_token`` with this authority's roots."""
        return check_token(document, token, self._roots)


def check_token(document: bytes, token: bytes, roots: Path) -> str:
    """The time (RFC 3339) the token proves for ``document``; ``ValueError`` where it does not.

    Needs no network.  ``SettingsError`` where the file with the roots cannot be read.
    """
    try:
        certificates = x509.load_pem_x509_certificates(roots.read_bytes())
    except (OSError, ValueError) as fault:
        raise SettingsError(f"the authority's root certificates {roots} cannot be read: {fault}") from fault
    response = decode_timestamp_response(token)
    if response.status not in _GRANTED:
        raise ValueError(f"the authority did not grant a token (status {response.status})")
    builder = VerifierBuilder()
    for certificate in certificates:
        builder = builder.add_root_certificate(certificate)
    try:
        builder.build().verify_message(response, document)
    except VerificationError as fault:
        raise ValueError(str(fault)) from fault
    return response.tst_info.gen_time.isoformat().replace("+00:00", "Z")

"""Tries whether a store takes an object in parts, which is how the archive sends a large letter."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flows.adapters.s3_client import error_code
from flows.adapters.store_answers import NO_REFUSALS, REFUSALS, Proof, refusal

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# The smallest object of two parts: S3 takes no smaller part than 5 MiB unless it is the last.
_PARTS = (bytes(5 * 1024 * 1024), b"duban writes this object to learn whether the store puts parts together\n")
_KEPT, _TRIED = "probe/parts", "probe/part"


def in_parts(client: S3Client, bucket: str) -> list[Proof]:
    """Whether parts become one object, are checked by their SHA-256, and only where no object is yet.

    The object of two parts is written at the first start and asked for at each; all else takes a few bytes.
    """
    told = _told(client, bucket)
    if told is None or told[0] != sum(map(len, _PARTS)):
        refused = refusal(lambda: _send(client, bucket, _KEPT, _PARTS))
        told = _told(client, bucket) if refused is None else None
        if told is None:
            seen = f"an object in two parts is refused: {refused}" if refused else "an object in two parts is gone once written"
            return [Proof(code, False, seen) for code in ("multipart", "multipart_checksum", "multipart_condition")]
    size, checksum = told
    whole = Proof("multipart", size == sum(map(len, _PARTS)), f"two parts became one object of {size} bytes")
    return [whole, _checked(client, bucket, checksum), _conditional(client, bucket)]


def _checked(client: S3Client, bucket: str, told: str | None) -> Proof:
    code = refusal(lambda: _send(client, bucket, _TRIED, [b"other bytes"], sha256=_sha256(_PARTS[1])))
    if code is None or code in REFUSALS | NO_REFUSALS:
        seen = f"a part whose SHA-256 is wrong: {code or 'taken'}"
        return Proof("multipart_checksum", False, seen)
    digests = b"".join(hashlib.sha256(part).digest() for part in _PARTS)
    right = told in (f"{_sha256(digests)}-{len(_PARTS)}", _sha256(b"".join(_PARTS)))
    return Proof("multipart_checksum", right, f"a wrong part was refused with {code}; SHA-256 told of the whole is {told}")


def _conditional(client: S3Client, bucket: str) -> Proof:
    first, second = (refusal(lambda: _send(client, bucket, _TRIED, _PARTS[1:], IfNoneMatch="*")) for _ in range(2))
    proven = first in (None, "PreconditionFailed") and second == "PreconditionFailed"
    answers = f"If-None-Match is not kept for parts: {first or 'written'}, then {second or 'written'}"
    return Proof("multipart_condition", proven, "a second object in parts was refused" if proven else answers)


def _send(client: S3Client, bucket: str, key: str, parts: Sequence[bytes], sha256: str | None = None, **condition: Any) -> None:
    """Send as the archive does, each part with its SHA-256 (or ``sha256``); what the store refuses is withdrawn."""
    where: Any = {"Bucket": bucket, "Key": key}
    upload = client.create_multipart_upload(**where, ChecksumAlgorithm="SHA256")["UploadId"]
    try:
        sent: Any = []
        for number, part in enumerate(parts, 1):
            checksum = sha256 or _sha256(part)
            etag = client.upload_part(**where, UploadId=upload, PartNumber=number, Body=part, ChecksumSHA256=checksum)["ETag"]
            sent.append({"PartNumber": number, "ETag": etag, "ChecksumSHA256": checksum})
        client.complete_multipart_upload(**where, UploadId=upload, MultipartUpload={"Parts": sent}, **condition)
    except ClientError:
        client.abort_multipart_upload(**where, UploadId=upload)
        raise


def _told(client: S3Client, bucket: str) -> tuple[int, str | None] | None:
    """Size and SHA-256 that the store tells of the kept object; None where it has none."""
    try:
        head = client.head_object(Bucket=bucket, Key=_KEPT, ChecksumMode="ENABLED")
    except ClientError as fault:
        if error_code(fault) in NO_REFUSALS:
            return None
        raise
    return head["ContentLength"], head.get("ChecksumSHA256")


def _sha256(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()

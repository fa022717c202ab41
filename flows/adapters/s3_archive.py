"""The archive in an S3 store: checksums the store itself checks, conditional writes, locked versions."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from botocore.exceptions import (
    ClientError,
    FlexibleChecksumError,
    IncompleteReadError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from flows.adapters.s3_client import StoreAccess, error_code, s3_client, speaking_to
from flows.letters.errors import ArchiveConflict, ArchiveDamaged
from flows.ports import Receipt, Retention

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

PART_BYTES = 16 * 1024 * 1024  # within S3's 5 MiB … 5 GiB; a part is the unit that is sent again after a hiccup
# The legal hold does not end with it.  Ceph keeps 32 bits of seconds: a date after February 2106 becomes one long past.
_FOR_EVER = datetime(2105, 12, 31, tzinfo=UTC)
_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "405"})


@dataclass(frozen=True, slots=True)
class LockRule:
    """The lock of what is put without a retention of its own: days from now, None for permanent; "" for no lock."""

    mode: Literal["governance", "compliance", ""] = "governance"
    days: int | None = 30 * 366


class S3Archive:
    """Implements ``flows.ports.Archive`` (and ``VersionedArchive``) on one bucket; safe to share between threads."""

    def __init__(self, access: StoreAccess, lock: LockRule | None = None, part_bytes: int = PART_BYTES) -> None:
        self._access = access
        self._lock = lock or LockRule()
        self._part_bytes = part_bytes
        self._client = s3_client(access)
        # A store tries for long before it gives a damaged object up: asking three times would take minutes.
        self._reader = s3_client(access, attempts=1)

    def put(
        self, key: str, data: bytes, *, media_type: str, name: str | None = None, retention: Retention | None = None
    ) -> Receipt:
        digest = hashlib.sha256(data)
        # Header values are ASCII: the file name travels percent-encoded.
        metadata = {"sha256": digest.hexdigest()} | ({"name": quote(name)} if name is not None else {})
        options: dict[str, Any] = {
            "Bucket": self._access.bucket, "Key": key, "ContentType": media_type, "Metadata": metadata,
        } | self._encryption() | self._lock_of(retention)  # fmt: skip
        with speaking_to(self._access):
            if self._unconditional and self._head(key) is not None:
                return self._already_there(key, data, options)
            try:
                if len(data) > self._part_bytes:
                    version = self._put_parts(options, data)
                else:
                    answer = self._client.put_object(**options, Body=data, **_checked(data), **self._condition())
                    version = answer.get("VersionId")
            except ClientError as fault:
                if error_code(fault) not in ("PreconditionFailed", "412"):
                    raise
                return self._already_there(key, data, options)
            written = self._confirmed(key, version, data, options)
            if self._unconditional and len({one.sha256 for one in self.versions(key)}) > 1:
                raise ArchiveConflict(f"{key} was written by two at once, with different bytes. Run `duban verify`.")
        return written

    def receipt(self, key: str) -> Receipt | None:
        with speaking_to(self._access):
            found = self._head(key)
        return found[0] if found else None

    def get(self, key: str) -> bytes:
        return self._read(key, None)

    def get_version(self, key: str, version_id: str) -> bytes:
        return self._read(key, version_id)

    def keys(self, prefix: str = "") -> Iterator[str]:
        with speaking_to(self._access):
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._access.bucket, Prefix=prefix)
            for page in pages:
                yield from (entry["Key"] for entry in page.get("Contents", ()))

    def versions(self, key: str) -> list[Receipt]:
        receipts = []
        with speaking_to(self._access):
            pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._access.bucket, Prefix=key)
            for page in pages:
                for entry in page.get("Versions", ()):
                    found = self._head(key, entry["VersionId"]) if entry["Key"] == key else None
                    if found is not None:
                        receipts.append(found[0])
        return receipts

    def put_back(self, key: str, data: bytes) -> Receipt:
        """A new version with the metadata of the damaged one, where that can still be read."""
        digest = hashlib.sha256(data)
        options: dict[str, Any] = {**self._encryption(), **self._lock_of(None)}
        with speaking_to(self._access):
            kept = self._described(key)
            answer = self._client.put_object(
                Bucket=self._access.bucket, Key=key, Body=data,
                ContentType=kept.get("ContentType", "application/octet-stream"),
                Metadata={**kept.get("Metadata", {}), "sha256": digest.hexdigest()},
                **_checked(data), **options,
            )  # fmt: skip
            return self._confirmed(key, answer.get("VersionId"), data, options)

    # -- within -------------------------------------------------------------------------------------------------

    @property
    def _unconditional(self) -> bool:
        """Whether the site accepts a store without conditional writes: then we look before and after writing."""
        return "conditional_writes" in self._access.without

    def _condition(self) -> dict[str, Any]:
        return {} if self._unconditional else {"IfNoneMatch": "*"}

    def _confirmed(self, key: str, version: str | None, data: bytes, options: dict[str, Any]) -> Receipt:
        """The receipt of what was just written; ``ArchiveConflict`` where the store shows other bytes or another lock."""
        found = self._head(key, version)
        if found is None or not self._is(found, data):
            raise ArchiveConflict(f"{key}: the store reads back other bytes than were written; it cannot be trusted")
        receipt, until = self._locked(found[0], options), options.get("ObjectLockRetainUntilDate")
        asked = (options.get("ObjectLockMode"), _stamp(until), "ObjectLockLegalHoldStatus" in options)
        shown = (receipt.lock_mode, receipt.retain_until, receipt.legal_hold)
        if until is not None and shown != asked:
            raise ArchiveConflict(f"{key}: asked for the lock (mode, until, hold) {asked}, the store shows {shown}")
        return receipt

    def _locked(self, receipt: Receipt, options: dict[str, Any]) -> Receipt:
        """``receipt`` of a version that now has a lock: Ceph forgets it where there are parts, and who dies sets none."""
        if receipt.version_id is None or receipt.lock_mode is not None or "ObjectLockMode" not in options:
            return receipt
        one: Any = {"Bucket": self._access.bucket, "Key": receipt.key, "VersionId": receipt.version_id}
        retention: Any = {"Mode": options["ObjectLockMode"], "RetainUntilDate": options["ObjectLockRetainUntilDate"]}
        self._client.put_object_retention(**one, Retention=retention)
        if "ObjectLockLegalHoldStatus" in options:
            self._client.put_object_legal_hold(**one, LegalHold={"Status": "ON"})
        found = self._head(receipt.key, receipt.version_id)
        return found[0] if found else receipt

    def _already_there(self, key: str, data: bytes, options: dict[str, Any]) -> Receipt:
        found = self._head(key)
        if found is not None and self._is(found, data):
            return replace(self._locked(found[0], options), existed=True)
        raise ArchiveConflict(f"{key} already holds other bytes; nothing was overwritten. Run `duban verify`.")

    def _is(self, found: tuple[Receipt, str], data: bytes) -> bool:
        """Whether the store's own checksum (not our metadata) is that of ``data``; without checksums, whether its bytes are."""
        receipt, checksum = found
        if not checksum and "checksums" in self._access.without:
            return self._read(receipt.key, receipt.version_id) == data
        return receipt.bytes == len(data) and checksum in (_checksum(data), self._composite(data))

    def _described(self, key: str) -> dict[str, Any]:
        """Content type and metadata of the oldest version that still answers."""
        pages = self._client.get_paginator("list_object_versions").paginate(Bucket=self._access.bucket, Prefix=key)
        versions = [entry for page in pages for entry in page.get("Versions", ()) if entry["Key"] == key]
        for entry in reversed(versions):
            try:
                version = entry["VersionId"]
                head: Any = self._client.head_object(Bucket=self._access.bucket, Key=key, VersionId=version)
                return dict(head)
            except ClientError as fault:
                if error_code(fault) not in _ABSENT:
                    raise
        return {}

    def _head(self, key: str, version_id: str | None = None) -> tuple[Receipt, str] | None:
        """The receipt and the store's checksum (base64, ``-N`` for N parts); None when absent."""
        chosen: Any = {"VersionId": version_id} if version_id else {}
        try:
            head: Any = self._client.head_object(Bucket=self._access.bucket, Key=key, ChecksumMode="ENABLED", **chosen)
        except ClientError as fault:
            if error_code(fault) in _ABSENT:
                return None
            raise
        if "checksums" in self._access.without:
            head.pop("ChecksumSHA256", None)  # what such a store tells is not believed
        return _receipt(key, head), head.get("ChecksumSHA256", "")

    def _read(self, key: str, version_id: str | None) -> bytes:
        chosen: Any = {"VersionId": version_id} if version_id else {}
        with speaking_to(self._access):
            try:
                answer = self._reader.get_object(Bucket=self._access.bucket, Key=key, ChecksumMode="ENABLED", **chosen)
                data = answer["Body"].read()
            except ClientError as fault:
                if error_code(fault) in _ABSENT:
                    raise ArchiveDamaged(f"{key} is not in the archive") from fault
                if error_code(fault) == "InternalError" and self._head(key, version_id) is not None:
                    # The store is there and knows the object, and after its own tries cannot give its bytes.
                    raise ArchiveDamaged(f"{key} is listed, but the store cannot give its bytes") from fault
                raise
            except ReadTimeoutError:
                raise
            except (FlexibleChecksumError, IncompleteReadError, ResponseStreamingError) as fault:
                raise ArchiveDamaged(f"{key} cannot be read whole: {fault}") from fault
        stated = answer["Metadata"].get("sha256")
        if stated is not None and hashlib.sha256(data).hexdigest() != stated:
            raise ArchiveDamaged(f"{key}: its bytes do not have the SHA-256 under which they were archived")
        return data

    def _put_parts(self, options: dict[str, Any], data: bytes) -> str | None:
        """Multipart with a checksum per part, conditional at completion; an upload that fails is withdrawn."""
        where = {"Bucket": options["Bucket"], "Key": options["Key"]}
        upload = self._client.create_multipart_upload(**options, ChecksumAlgorithm="SHA256")["UploadId"]
        try:
            done = []
            for number, part in enumerate(self._parts(data), 1):
                sent = self._client.upload_part(
                    **where, UploadId=upload, PartNumber=number, Body=part, ChecksumSHA256=_checksum(part)
                )
                done.append({"PartNumber": number, "ETag": sent["ETag"], "ChecksumSHA256": _checksum(part)})
            answer: Any = self._client.complete_multipart_upload(
                **where, UploadId=upload, MultipartUpload={"Parts": done}, **self._condition()  # type: ignore[typeddict-item]
            )
        except ClientError:
            self._client.abort_multipart_upload(**where, UploadId=upload)
            raise
        version: str | None = answer.get("VersionId")
        return version

    def _parts(self, data: bytes) -> Iterator[bytes]:
        return (data[at : at + self._part_bytes] for at in range(0, len(data), self._part_bytes))

    def _composite(self, data: bytes) -> str:
        """The checksum of checksums that S3 gives an object of several parts."""
        digests = [hashlib.sha256(part).digest() for part in self._parts(data)]
        return f"{base64.b64encode(hashlib.sha256(b''.join(digests)).digest()).decode()}-{len(digests)}"

    def _encryption(self) -> dict[str, str]:
        if not self._access.encryption:
            return {}
        key = {"SSEKMSKeyId": self._access.kms_key} if self._access.kms_key else {}
        return {"ServerSideEncryption": self._access.encryption} | key

    def _lock_of(self, retention: Retention | None) -> dict[str, Any]:
        now = datetime.now(UTC).replace(microsecond=0)
        if retention is not None:
            mode, permanent = retention.mode, retention.until is None
            until = _FOR_EVER if retention.until is None else datetime.combine(retention.until, time.max, UTC)
            if until <= now:
                return {}  # the period is over before it began: stores refuse a date in the past
        elif self._lock.mode:
            mode, permanent = self._lock.mode, self._lock.days is None
            until = _FOR_EVER if self._lock.days is None else now + timedelta(days=self._lock.days)
        else:
            return {}
        until = until.replace(microsecond=0)
        lock: dict[str, Any] = {"ObjectLockMode": mode.upper(), "ObjectLockRetainUntilDate": until}
        return lock | ({"ObjectLockLegalHoldStatus": "ON"} if permanent else {})


def _checksum(data: bytes) -> str:
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


def _checked(data: bytes) -> dict[str, Any]:
    """What makes the store check the bytes.  Without the algorithm's name AWS takes nothing that is to be locked."""
    return {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": _checksum(data)}


def _receipt(key: str, head: HeadObjectOutputTypeDef) -> Receipt:
    checksum, stated = head.get("ChecksumSHA256", ""), head["Metadata"].get("sha256", "")
    # A store's checksum over one part is the SHA-256 itself; over several it is not, and ours is kept beside it.
    sha256 = base64.b64decode(checksum).hex() if checksum and "-" not in checksum else stated
    return Receipt(
        key=key,
        sha256=sha256,
        bytes=head["ContentLength"],
        version_id=head.get("VersionId"),
        lock_mode=head.get("ObjectLockMode"),
        retain_until=_stamp(head.get("ObjectLockRetainUntilDate")),
        legal_hold=head.get("ObjectLockLegalHoldStatus") == "ON",
    )


def _stamp(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None

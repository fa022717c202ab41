"""Proves at start what an S3 store really does: stores accept headers they then ignore, and a promise needs proof."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from flows.adapters.s3_client import StoreAccess, error_code, s3_client, speaking_to
from flows.adapters.store_answers import NO_REFUSALS, REFUSALS, Proof, refusal
from flows.adapters.store_probe_parts import in_parts
from flows.letters.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# Without these the archive's promises are void; without the others duban says so and goes on.  Encryption is proven only
# where the site asked for it.
REQUIRED = (
    "wrong_checksum_refused", "checksum_kept", "conditional_write", "anonymous_read_refused", "anonymous_write_refused",
    "encryption", "multipart", "multipart_checksum", "multipart_condition",
)  # fmt: skip
# What a site may accept to do without, and what then takes its place: see S3Archive.
ACCEPTABLE = {
    "checksums": frozenset({"wrong_checksum_refused", "checksum_kept", "multipart_checksum"}),
    "conditional_writes": frozenset({"conditional_write", "multipart_condition"}),
}
_KEY, _BODY = "probe/locked", b"duban writes this object to learn whether the store keeps its promises\n"
_SHA256 = base64.b64encode(hashlib.sha256(_BODY).digest()).decode()


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What the store at ``endpoint`` showed for ``bucket``, in the order asked."""

    endpoint: str
    bucket: str
    proofs: tuple[Proof, ...]
    without: frozenset[str] = frozenset()

    @property
    def unproven(self) -> tuple[Proof, ...]:
        return tuple(proof for proof in self.proofs if not proof.proven)

    @property
    def worm(self) -> bool:
        """Whether duban may say that originals cannot be deleted or changed with these credentials."""
        return not any(proof.code not in REQUIRED for proof in self.unproven)

    @property
    def where(self) -> str:
        return f"{self.endpoint or 'AWS'}, bucket {self.bucket}"

    def holds(self, *, lock: bool) -> bool:
        """Whether nothing is missing that may not be missing: the lock only where it is asked for."""
        return not self._missing(lock)

    def _missing(self, lock: bool) -> list[Proof]:
        unproven = {proof.code for proof in self.unproven}
        accepted = {code for name in self.without for code in ACCEPTABLE[name]}
        if "versioning" in unproven:  # then what is overwritten is lost, and only a condition keeps it from being so
            accepted -= ACCEPTABLE["conditional_writes"]
        return [p for p in self.unproven if p.code not in accepted and (lock or p.code in REQUIRED)]

    def require(self, *, lock: bool = True) -> ProbeReport:
        """This report; ``SettingsError`` naming all that is missing and may not be missing (the lock only if asked)."""
        missing = self._missing(lock)
        if missing:
            faults = "\n".join(f"  {p.code}: {p.detail}" for p in missing)
            raise SettingsError(
                f"the store at {self.endpoint or 'AWS'} does not do for bucket {self.bucket} what an archive needs:\n"
                f"{faults}\nUse a bucket with versioning and Object Lock, and credentials that may not delete. "
                "What DUBAN_STORE_LOCK and DUBAN_STORE_WITHOUT let a site do without: docs/object-store.md."
            )
        return self


def probe(access: StoreAccess) -> ProbeReport:
    """Try the store with the writer's own credentials.

    Leaves an object (``probe/locked``), kept for a day and found again at the next start, and one of 5 MiB.  Raises
    ``Unavailable`` where the store cannot be reached and ``SettingsError`` where the credentials are refused.
    """
    client = s3_client(access)
    with speaking_to(access):
        _must_exist(client, access)
        proofs = [check(client, access.bucket) for check in (_checksum, _conditional, _checksum_kept, _versioning)]
        proofs += [*in_parts(client, access.bucket), *_locked(client, access.bucket)]
        proofs += [_encrypted(client, access)] if access.encryption else []
        nobody, bucket = s3_client(access, anonymous=True), access.bucket
        new = f"probe/no-{secrets.token_hex(8)}"  # what is there already may be guarded where a new key is not
        proofs += [
            _anonymous("anonymous_read_refused", lambda: nobody.get_object(Bucket=bucket, Key=_KEY)),
            _anonymous("anonymous_write_refused", lambda: nobody.put_object(Bucket=bucket, Key=new, Body=b"")),
        ]
    return ProbeReport(access.endpoint, access.bucket, tuple(proofs), access.without)


def _must_exist(client: S3Client, access: StoreAccess) -> None:
    try:
        client.head_bucket(Bucket=access.bucket)
    except ClientError as fault:
        if error_code(fault) not in ("404", "NoSuchBucket"):
            raise
        where = f"{access.endpoint or 'AWS'}: there is no bucket {access.bucket}"
        raise SettingsError(f"{where}; make it, with versioning and Object Lock, or name another") from fault


def reach(access: StoreAccess, other: str) -> Proof:
    """Whether the store keeps these credentials from bucket ``other``: they can neither list, read nor write there."""
    client = s3_client(access)
    attempts: dict[str, Callable[[], object]] = {
        "list": lambda: client.list_objects_v2(Bucket=other, MaxKeys=1),
        "read": lambda: client.get_object(Bucket=other, Key=_KEY),
        "write": lambda: client.put_object(Bucket=other, Key="probe/foreign", Body=b""),
    }
    with speaking_to(access):
        can = [deed for deed, call in attempts.items() if refusal(call) not in REFUSALS]
    seen = f"the credentials of bucket {access.bucket} can {' and '.join(can)} there" if can else "refused"
    return Proof("restricted_apart", not can, seen)


def _checksum(client: S3Client, bucket: str) -> Proof:
    wrong = base64.b64encode(hashlib.sha256(b"other bytes").digest()).decode()
    put: Any = {"Bucket": bucket, "Key": "probe/checksum", "Body": _BODY, "ChecksumAlgorithm": "SHA256"}
    code = refusal(lambda: client.put_object(**put, ChecksumSHA256=wrong))
    seen = f"refused with {code}" if code else "took bytes whose SHA-256 is wrong: damage in transit stays unseen"
    return Proof("wrong_checksum_refused", code is not None and code not in REFUSALS | NO_REFUSALS, seen)


def _conditional(client: S3Client, bucket: str) -> Proof:
    until = datetime.now(UTC) + timedelta(days=1)
    lock: dict[str, Any] = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": until}

    def put(**more: Any) -> str | None:
        checked: Any = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": _SHA256}
        return refusal(lambda: client.put_object(Bucket=bucket, Key=_KEY, Body=_BODY, **checked, **more))

    only_new = {"IfNoneMatch": "*"}
    first = put(**only_new, **lock)
    if first not in (None, "PreconditionFailed"):
        first = put(**only_new)  # a bucket without Object Lock refuses the lock's headers
    second = put(**only_new)
    if first not in (None, "PreconditionFailed"):
        put()  # a store that knows no conditions may still keep versions and locks: what follows needs the object
    proven = first in (None, "PreconditionFailed") and second == "PreconditionFailed"
    answers = f"If-None-Match is not kept: {first or 'written'}, then {second or 'written'}"
    return Proof("conditional_write", proven, "a second write was refused" if proven else answers)


def _checksum_kept(client: S3Client, bucket: str) -> Proof:
    """Whether the store gives the SHA-256 of what it holds, so that a write is confirmed without reading it again."""
    try:
        told = client.head_object(Bucket=bucket, Key=_KEY, ChecksumMode="ENABLED").get("ChecksumSHA256")
    except ClientError as fault:
        return Proof("checksum_kept", False, f"the probe's object cannot be asked for: {error_code(fault)}")
    seen = "no SHA-256 is told of what was written with one" if told is None else f"SHA-256 told is {told}"
    return Proof("checksum_kept", told == _SHA256, seen)


def _versioning(client: S3Client, bucket: str) -> Proof:
    try:
        status = client.get_bucket_versioning(Bucket=bucket).get("Status", "never enabled")
    except ClientError as fault:
        return Proof("versioning", False, f"cannot be asked: {error_code(fault)}")
    return Proof("versioning", status == "Enabled", f"bucket versioning is {status}")


def _locked(client: S3Client, bucket: str) -> list[Proof]:
    """Lock the probe's version for a day more, then try to get rid of it in every way the writer has."""
    codes = ("object_lock", "delete_refused", "shorten_refused", "bypass_refused")
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        version = client.head_object(Bucket=bucket, Key=_KEY).get("VersionId")
    except ClientError as fault:
        return [Proof(code, False, f"the probe's object cannot be asked for: {error_code(fault)}") for code in codes]
    if not version or version == "null":
        return [Proof(code, False, "the bucket keeps no versions, so nothing can be locked") for code in codes]
    one: Any = {"Bucket": bucket, "Key": _KEY, "VersionId": version}

    def retain(until: datetime) -> str | None:
        retention: Any = {"Mode": "GOVERNANCE", "RetainUntilDate": until}
        return refusal(lambda: client.put_object_retention(**one, Retention=retention))

    until = now + timedelta(days=1, hours=1)
    refused = retain(until)
    if refused:
        return [Proof(code, False, f"a retention cannot be set: {refused}") for code in codes]
    head = client.head_object(**one)
    held = head.get("ObjectLockMode") == "GOVERNANCE" and head["ObjectLockRetainUntilDate"] >= until
    # From the mildest on: what one of them removes, the next can no longer be tried on.
    attempts = {
        "delete_refused": refusal(lambda: client.delete_object(**one)),
        "shorten_refused": retain(now + timedelta(minutes=1)),
        "bypass_refused": refusal(lambda: client.delete_object(**one, BypassGovernanceRetention=True)),
    }
    lock = Proof("object_lock", held, "the store shows the lock it was given" if held else "the store forgot the lock")
    tried = [
        Proof(code, answer is not None and answer not in NO_REFUSALS, f"answered {answer}" if answer else "the store did it")
        for code, answer in attempts.items()
    ]
    return [lock, *tried]


def _encrypted(client: S3Client, access: StoreAccess) -> Proof:
    """Write as the archive does and ask how it was kept: a store that does not know the header takes and forgets it.

    Or takes it and says it back: such a one says back a way to encrypt, too, that there is not.
    """
    asked: Any = {"ServerSideEncryption": access.encryption} | ({"SSEKMSKeyId": access.kms_key} if access.kms_key else {})
    digest = hashlib.sha256(f"{access.encryption} {access.kms_key}".encode()).hexdigest()[:8]
    where: Any = {"Bucket": access.bucket, "Key": f"probe/encrypted-{digest}"}
    if "conditional_writes" not in access.without:
        asked["IfNoneMatch"] = "*"
    try:
        client.put_object(**where, Body=_BODY, **asked)
    except ClientError as fault:
        if error_code(fault) != "PreconditionFailed":  # 5xx too: all else was answered just now, this will not be
            return Proof("encryption", False, f"{access.encryption} is refused: {error_code(fault)}")
    nonsense: Any = {"Bucket": access.bucket, "Key": "probe/nonsense"}
    no_such: Any = {"ServerSideEncryption": "no-such-way"}
    taken = refusal(lambda: client.put_object(**nonsense, **no_such, Body=b"")) is None
    if taken and "ServerSideEncryption" in client.head_object(**nonsense):
        return Proof("encryption", False, "says back any name it is told for a way to encrypt, also one there is not")
    kept = client.head_object(**where).get("ServerSideEncryption", "not at all")
    return Proof("encryption", kept == access.encryption, f"asked for {access.encryption}, encrypted: {kept}")


def _anonymous(code: str, call: Callable[[], object]) -> Proof:
    answer = refusal(call)
    return Proof(code, answer in REFUSALS, f"answered {answer}" if answer else "done without any credentials")

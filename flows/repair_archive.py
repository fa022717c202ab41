"""Puts damaged objects right again from an older version or a second copy, and says so in the archive itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from flows.letters import merkle
from flows.letters.errors import ArchiveDamaged
from flows.letters.pack_check import Finding
from flows.letters.premis import Event
from flows.ports import Archive, RepairableArchive
from flows.seal_archive import AGENT, journal, sealed_days

_REPAIRABLE = frozenset({"leaf_missing", "leaf_changed", "original_changed"})


@dataclass(frozen=True, slots=True)
class Repair:
    """What became of one damaged object: ``source`` is where whole bytes were found, None where nowhere."""

    key: str
    source: str | None


def repair(
    archive: RepairableArchive, findings: Iterable[Finding], replicas: Sequence[tuple[str, Archive]], *, now: str
) -> tuple[Repair, ...]:
    """Restore every damaged sealed object from its own older versions or, failing that, from ``replicas``.

    Only bytes with the sealed SHA-256 are taken, and what is damaged is kept beside them.  The repair is archived as
    events.  ``ArchiveDamaged`` where the chain of days itself cannot be read.
    """
    damaged = sorted({f.object.partition("#")[0] for f in findings if f.code in _REPAIRABLE})
    if not damaged:
        return ()
    sealed = {leaf.key: leaf for _, day, _ in sealed_days(archive) for leaf in day.leaves}
    repairs = tuple(_repair_one(archive, sealed[key], replicas) for key in damaged if key in sealed)
    events = [
        Event("recovery", now, "success" if r.source else "failure", AGENT, r.key, {"source": r.source}) for r in repairs
    ]
    if events:
        journal(archive, f"{now[:10]}/recovery-{events[0].id}", events)
    return repairs


def _repair_one(archive: RepairableArchive, leaf: merkle.Leaf, replicas: Sequence[tuple[str, Archive]]) -> Repair:
    for source, read in _sources(archive, leaf.key, replicas):
        try:
            data = read()
        except ArchiveDamaged:
            continue  # this copy is no better; the next may be
        if hashlib.sha256(data).hexdigest() == leaf.sha256:
            archive.put_back(leaf.key, data)
            return Repair(leaf.key, source)
    return Repair(leaf.key, None)


def _sources(
    archive: RepairableArchive, key: str, replicas: Sequence[tuple[str, Archive]]
) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """Where whole bytes may be: older versions first, newest of them first, then the second copies."""
    for version in archive.versions(key):
        yield f"version {version.version_id}", partial(archive.get_version, key, version.version_id or "")
    for name, replica in replicas:
        yield name, partial(replica.get, key)

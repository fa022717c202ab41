"""What the proof commands and flows share: the parts of the running archive, and what was witnessed of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flows.adapters.timestamping import TimestampAuthority
from flows.letters.errors import SettingsError
from flows.ports import RepairableArchive
from flows.seal_archive import read_witness
from flows.settings import Settings
from flows.verify_archive import Plan, TokenCheck, Verification, verify_archive
from flows.wiring import archive as archive_of

STORE_THREADS = 8  # a store answers slowly; more only queue up at it


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the archive: ``public`` (whatever is not restricted) or ``restricted``, and its witness file."""

    name: str
    archive: RepairableArchive
    witness: Path


def parts(settings: Settings) -> tuple[Part, ...]:
    """Both parts of the running archive; each has its own bucket, credentials and chain of days."""
    witness = settings.home / "witness"
    return (
        Part("public", archive_of(settings), witness / "public.jsonl"),
        Part("restricted", archive_of(settings, restricted=True), witness / "restricted.jsonl"),
    )


def verify_part(
    part: Part, *, wanted: Callable[[str], bool] | None = None, check: TokenCheck | None = None, locks: bool = True
) -> Verification:
    """One part of the running archive against its proofs, its witness, and its locks."""
    plan = Plan(wanted, locks, read_witness(part.witness), check, STORE_THREADS)
    return verify_archive(part.archive, plan)


def authority(url: str, roots: Path | None) -> TimestampAuthority | None:
    """The configured time stamping authority, if any; ``SettingsError`` where its roots are missing."""
    if not url:
        return None
    if roots is None:
        raise SettingsError("DUBAN_TIMESTAMP_ROOTS is missing: the authority's tokens could not be checked")
    return TimestampAuthority(url, roots)

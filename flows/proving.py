"""What the proof commands and flows share: the parts of the running archive, sealing, checking and copying them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.adapters.folder_archive import FolderArchive
from flows.adapters.ledger_copy import LedgerCopy
from flows.adapters.sql_ledger import SqlLedger
from flows.adapters.timestamping import TimestampAuthority
from flows.audit_share import Share
from flows.ledger_archive import archive_ledger
from flows.letters.errors import SettingsError
from flows.letters.proof import Delivery
from flows.letters.publishing import Publishable
from flows.ports import RepairableArchive, Retention
from flows.seal_archive import Deliveries, Packs, Seal, append_witness, pack_letters, read_witness, seal, stamp_days
from flows.seal_scope import forget_unsealed, recent
from flows.settings import Settings
from flows.verify_archive import Plan, TokenCheck, Verification, verify_archive
from flows.verify_ledger import verify_ledger
from flows.wiring import archive as archive_of
from flows.wiring import archive_folder, retention_of, site

STORE_THREADS = 8  # a store answers slowly; more only queue up at it
_BEIJING = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the archive: ``public`` (whatever is not restricted) or ``restricted``, its witness file, and where the
    audit notes what it found unsealed."""

    name: str
    archive: RepairableArchive
    witness: Path
    unsealed: Path


def parts(settings: Settings) -> tuple[Part, Part]:
    """Both parts of the running archive; each has its own bucket, credentials and chain of days."""

    def part(name: str, *, restricted: bool) -> Part:
        kept = archive_of(settings, restricted=restricted)
        return Part(name, kept, settings.home / "witness" / f"{name}.jsonl", settings.home / "seal" / f"unsealed-{name}.json")

    return part("public", restricted=False), part("restricted", restricted=True)


def has_locks(settings: Settings) -> bool:
    """Whether every archived object must show a lock: a folder has none, nor has a site that set none."""
    return bool(settings.store_lock) and archive_folder(settings) is None


# -- sealing ------------------------------------------------------------------------------------------------------


def yesterday(moment: str) -> date:
    """The day before ``moment`` (RFC 3339) in Beijing."""
    return (datetime.fromisoformat(moment).astimezone(_BEIJING) - timedelta(days=1)).date()


def seal_parts(
    settings: Settings, ledger: SqlLedger, *, day: date, moment: str, everything: bool = False
) -> list[tuple[Part, Seal]]:
    """Seal both parts as ``day``, the ledger's changes with them, note the witness, stamp where an authority is set.

    ``everything`` lists the whole archive for what is in no sealed day; without, the ledger and the last audit say it.

    A part with nothing new is left out.  Raises ``Unavailable`` where store, ledger or authority are down: what was
    done until then stays and is not done twice.
    """
    copy = LedgerCopy(settings.database_url)
    both = parts(settings)
    tsa = _authority(settings.timestamp_url, settings.timestamp_roots)
    profile = site(settings)
    keep = partial(retention_of, settings=settings, profile=profile)
    new = [None if everything else recent(part.archive, copy, part.unsealed) for part in both]
    packs = [
        pack_letters(part.archive, _deliveries_of(copy), moment, keep, scope) for part, scope in zip(both, new, strict=True)
    ]
    for part, packed in zip(both, packs, strict=True):
        _note_packs(ledger, part, packed, moment)
    # Last, so that it tells of the packs.  It quotes letters of every level: it belongs into the restricted part.
    archive_ledger(both[1].archive, copy, day, settings.home / "seal" / "ledger.json")
    copy.close()
    for_ever = Retention(None, settings.store_lock) if settings.store_lock else None
    sealed = []
    for part, packed, scope in zip(both, packs, new, strict=True):
        made = seal(part.archive, packed, day=day, now=moment, keep=for_ever, recent=scope)
        if made is not None:
            append_witness(part.witness, made)
            forget_unsealed(part.unsealed)
            if settings.replica is not None:
                copy_part(part, settings.replica / part.name, [*(leaf.key for leaf in made.day.leaves), made.key])
            sealed.append((part, made))
        if tsa is not None:
            stamp_days(part.archive, tsa.stamp)
    return sealed


def _deliveries_of(copy: LedgerCopy) -> Deliveries:
    """The notices of a letter with how far they got, from the ledger."""

    def deliveries(letter_id: str) -> Sequence[Delivery]:
        return [Delivery(notice, sent_at, sent_to) for notice, sent_at, sent_to in copy.deliveries(letter_id)]

    return deliveries


def _note_packs(ledger: SqlLedger, part: Part, packs: Packs, moment: str) -> None:
    """The ledger's row names the letter's pack and its checksum."""
    for key in packs.made:
        receipt = part.archive.receipt(key)
        if receipt is not None:
            ledger.packed(key.rsplit("/", 1)[1].split(".", 1)[0], key, receipt.sha256, moment)


def _authority(url: str, roots: Path | None) -> TimestampAuthority | None:
    if not url:
        return None
    if roots is None:
        raise SettingsError("DUBAN_TIMESTAMP_ROOTS is missing: the authority's tokens could not be checked")
    return TimestampAuthority(url, roots)


# -- checking and copying -----------------------------------------------------------------------------------------


def verify_part(
    part: Part, *, share: Share | None = None, check: TokenCheck | None = None, locks_at: str | None = None
) -> Verification:
    """One part of the running archive (or a share of it) against its proofs, its witness, and (at a moment) its locks."""
    noted = read_witness(part.witness)
    plan = Plan(share=share, locks_at=locks_at, witness=noted, check_token=check, threads=STORE_THREADS)
    return verify_archive(part.archive, plan)


def verify_running_ledger(settings: Settings, share: Share | None = None) -> Verification:
    """The ledger against both parts of the archive, or against a share of them."""
    copy = LedgerCopy(settings.database_url)
    try:
        public, restricted = parts(settings)
        return verify_ledger(copy, [public.archive, restricted.archive], restricted.archive, share)
    finally:
        copy.close()


def copy_part(part: Part, folder: Path, keys: Iterable[str] | None = None) -> int:
    """Copy a part (or some keys of it) to ``folder`` with its witness beside it; how many objects.

    What is there already stays; raises ``ArchiveConflict`` where it is other than what the archive holds.
    """
    target, count = FolderArchive(folder), 0
    for key in part.archive.keys() if keys is None else keys:
        if not key.startswith("probe/"):
            target.put(key, part.archive.get(key), media_type="application/octet-stream")
            count += 1
    if part.witness.exists():
        (folder / "witness.jsonl").write_bytes(part.witness.read_bytes())
    return count


def publishable(settings: Settings, ledger: SqlLedger) -> Iterator[Publishable]:
    """Every letter of the public part as it counts today, with what became of its commitments.

    Copies of a letter are left out, and what may be one until a person has said so.
    """
    archive = parts(settings)[0].archive
    copy = LedgerCopy(settings.database_url)
    standing: dict[str, dict[str, dict[str, object]]] = {}
    for row in ledger.rows():
        standing.setdefault(row["letter_id"], {})[row["id"]] = {"state": row["state"], "done_on": row.get("done_on")}
    held = {asked["letter"]["id"] for asked in ledger.open_lookalikes()}
    for letter in copy.letter_rows():
        counts = letter["same_as"] is None and letter["id"] not in held
        if counts and letter["disclosure"] in ("public_full", "public_summary"):
            record = json.loads(archive.get(letter["record_key"]))
            text = archive.get(letter["record_key"].removesuffix(".json") + ".txt").decode("utf-8")
            yield Publishable(record, text, standing.get(letter["id"], {}))
    copy.close()

"""One night's audit: which share of each part is due, what the check finds, what can be repaired, what the next night knows."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from flows.adapters.folder_archive import FolderArchive
from flows.audit_share import Share, share_of
from flows.letters.errors import ArchiveDamaged
from flows.letters.premis import Event
from flows.letters.verify_report import key_of
from flows.ports import Archive
from flows.proving import Part, has_locks, parts, verify_part, verify_running_ledger
from flows.repair_archive import Repair, repair
from flows.seal_archive import AGENT, journal, read_witness
from flows.seal_scope import UNSEALED, note_unsealed, read_day
from flows.settings import Settings
from flows.verify_archive import Verification


@dataclass(frozen=True, slots=True)
class Audited:
    """What was found at one place (a part of the archive, the ledger), whether all of it was looked at, what was repaired."""

    place: str
    whole: bool
    checked: Verification
    repairs: tuple[Repair, ...] = ()


def audit(settings: Settings, moment: str, everything: bool = False) -> Iterator[Audited]:
    """Check both parts of the archive and the ledger: a small part whole, of a large one this night's share.

    What was damaged at the last audit is looked at again.  What is in no sealed day is noted for the next seal.  The night
    counts when all was gone through: one that was broken off is made up for by the next.
    """
    last, damaged = _last_audit(settings.home)
    due = None if everything else share_of(moment, settings.audit_days, last, damaged)
    whole, lost = True, list[str]()
    for part in parts(settings):
        share = _share_of_part(due, part.archive, settings.audit_whole) if due is not None else None
        checked = verify_part(part, share=share, locks_at=moment if has_locks(settings) else None)
        note_unsealed(part.unsealed, (f.object for f in checked.findings if f.code in UNSEALED), moment)
        repairs = _repaired(part, checked, settings.replica, moment)
        if checked.objects:
            _note(part, checked, moment)
        yield Audited(part.name, share is None, checked, repairs)
        whole = whole and share is None
        lost += [key_of(f) for f in checked.damage]
    yield Audited("ledger", whole, verify_running_ledger(settings, None if whole else due))
    _note_audit(settings.home, moment, lost)


def _share_of_part(due: Share, archive: Archive, objects: int) -> Share | None:
    """None where the sealed days of ``archive`` list no more than so many objects; days that cannot be read count as none."""
    count, days = 0, [key for key in archive.keys("days/") if key.endswith(".json")]
    for key in days:
        with suppress(ArchiveDamaged):  # the check that follows names it
            count += len(read_day(archive, key)[1].leaves)
        if count > objects:
            return replace(due, years=frozenset(key.split("/")[1] for key in days))
    return None


def _last_audit(home: Path) -> tuple[date | None, list[str]]:
    """The day of the last audit, None before the first, and the keys it found damaged."""
    note = home / "seal" / "audit.json"
    if not note.exists():
        return None, []
    told = json.loads(note.read_text("utf-8"))
    return date.fromisoformat(told["day"]), told["damaged"]


def _note_audit(home: Path, moment: str, damaged: Iterable[str]) -> None:
    note = home / "seal" / "audit.json"
    aside = note.with_suffix(".new")
    aside.write_text(json.dumps({"day": moment[:10], "damaged": sorted(set(damaged))}, indent=0), "utf-8")
    aside.replace(note)


def _repaired(part: Part, checked: Verification, replica: Path | None, moment: str) -> tuple[Repair, ...]:
    if checked.whole:
        return ()
    copies = [("replica", FolderArchive(replica / part.name))] if replica else []
    return repair(part.archive, checked.damage, copies, now=moment, witness=read_witness(part.witness))


def _note(part: Part, checked: Verification, moment: str) -> None:
    """The check itself is an event in the life of what was checked."""
    detail = {"objects": checked.objects, "letters": checked.letters, "damage": len(checked.damage), "head": checked.head}
    event = Event("fixity check", moment, "success" if checked.whole else "failure", AGENT, part.name, detail)
    journal(part.archive, f"{moment[:10]}/fixity-{event.id}", [event])

"""What a night's seal looks at: what the ledger and the last audit know to be new, so that no archive is listed for it.

The ledger names every record and container it took in; journals bear their date in their key; packs are made here.  What
comes another way (a pack put in late, a record whose letter never reached the ledger) the audit finds, which lists the
archive, or a share of a large one, on its own schedule and leaves a note for the next seal.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from flows.adapters.ledger_copy import LedgerCopy
from flows.letters import merkle
from flows.letters.errors import ArchiveDamaged
from flows.ports import Archive, original_key

SealedDay = tuple[str, merkle.Day, bytes]
# Looked at once more, because a ledger's moment may lie before the seal that missed its row.
_OVERLAP = timedelta(days=2)
_MOST_JOURNAL_DAYS = 60
UNSEALED = frozenset({"unsealed", "pack_unsealed"})


@dataclass(frozen=True, slots=True)
class Recent:
    """The sealed days that may hold any of it (the last one last), the records (keys) that may be new, and further keys."""

    days: tuple[SealedDay, ...]
    records: tuple[str, ...]
    others: tuple[str, ...]

    def keys(self, archive: Archive, packs: Iterable[str], now: str) -> list[str]:
        """Every key that may be new, each once and in order, the packs made just now among them; some may not exist."""
        found = {*self.others, *packs, *_journals(archive, self.days[-1][1].day, date.fromisoformat(now[:10]))}
        for key in self.records:
            stem = key.removesuffix(".json")
            found |= {key, f"{stem}.txt", f"{stem}.events.jsonl", original_key(key.split("/")[1])}
        return sorted(found)


def recent(archive: Archive, ledger: LedgerCopy, note: Path) -> Recent | None:
    """What may be new in ``archive`` since its last seal; None where nothing was sealed: then everything is to be listed.

    ``note`` is what ``note_unsealed`` left.  Raises ``ArchiveDamaged`` where a day that is needed cannot be read.
    """
    days = [key for key in archive.keys("days/") if key.endswith(".json")]
    if not days:
        return None
    since = _before(read_day(archive, days[-1])[1].sealed_at)
    records, containers = ledger.filed_since(since)
    noted_at, noted = _noted(note)
    # A letter that could not be packed for long: parts of it lie in a day of then.
    window = _sealed_since(archive, days, min([since, *records.values(), *([noted_at] if noted_at else [])]))
    sealed = {leaf.key for _, day, _ in window for leaf in day.leaves}
    wanted = dict.fromkeys([*records, *(key for key in noted if _is_record(key))])
    here = tuple(key for key in wanted if key not in sealed and archive.receipt(key) is not None)
    return Recent(window, here, (*containers, *(key for key in noted if not _is_record(key))))


def note_unsealed(note: Path, keys: Iterable[str], at: str) -> None:
    """Leave for the next seal what an audit found at ``at`` in no sealed day, beside what earlier ones left.

    An audit lists a share of a large archive: what it found last night it does not see tonight.
    """
    note.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before, noted = _noted(note)
    aside = note.with_suffix(".new")
    aside.write_text(json.dumps({"at": min(at, before or at), "keys": sorted({*noted, *keys})}, indent=0), "utf-8")
    aside.replace(note)


def forget_unsealed(note: Path) -> None:
    """A seal has taken up what was noted; what it could not seal an audit finds again."""
    note.unlink(missing_ok=True)


def read_day(archive: Archive, key: str) -> SealedDay:
    """A sealed day with its key and document; ``ArchiveDamaged`` where it cannot be read."""
    document = archive.get(key)
    try:
        sealed, _ = merkle.read_day(document)
    except ValueError as fault:
        raise ArchiveDamaged(f"{key}: {fault}; nothing is sealed on a damaged chain, run `duban verify`") from fault
    return key, sealed, document


def sealed_digests(archive: Archive, prefix: str = "") -> dict[str, str]:
    """The sealed SHA-256 by key (with ``prefix``), of every day that can be read; ``duban verify`` names those that cannot."""
    sealed: dict[str, str] = {}
    for key in archive.keys("days/"):
        if key.endswith(".json"):
            with suppress(ArchiveDamaged):
                sealed |= {leaf.key: leaf.sha256 for leaf in read_day(archive, key)[1].leaves if leaf.key.startswith(prefix)}
    return sealed


def _noted(note: Path) -> tuple[str | None, list[str]]:
    if not note.exists():
        return None, []
    told = json.loads(note.read_text("utf-8"))
    return told["at"], told["keys"]


def _sealed_since(archive: Archive, keys: Sequence[str], since: str) -> tuple[SealedDay, ...]:
    """The days (at least the last) back to the first that was sealed before ``since``."""
    days: list[SealedDay] = []
    for key in reversed(keys):
        days.append(read_day(archive, key))
        if days[-1][1].sealed_at < since:
            break
    return tuple(reversed(days))


def _before(moment: str) -> str:
    earlier = datetime.fromisoformat(moment).astimezone(UTC) - _OVERLAP
    return earlier.isoformat(timespec="seconds").replace("+00:00", "Z")


def _journals(archive: Archive, last: date, today: date) -> Iterator[str]:
    """Journals by the days in their keys, from the day before ``last`` on."""
    first, until = last - timedelta(days=1), max(today, last) + timedelta(days=1)
    if (until - first).days > _MOST_JOURNAL_DAYS:
        yield from archive.keys("journal/")
        return
    for number in range((until - first).days + 1):
        day = first + timedelta(days=number)
        yield from archive.keys(f"journal/{day}/")
        yield from archive.keys(f"journal/ledger/{day.year:04d}/{day}")


def _is_record(key: str) -> bool:
    return key.startswith("records/") and key.endswith(".json")

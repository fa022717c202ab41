"""Rebuilds a lost ledger from the archive alone: the sealed rows as they were, then every record filed since."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.adapters.ledger_copy import LedgerCopy
from flows.adapters.ledger_lookalikes import Decision
from flows.adapters.sql_ledger import SqlLedger
from flows.ledger_archive import archived_parts, archived_rows, damaged_parts, needed_parts
from flows.letters import bag, premis
from flows.letters.errors import ArchiveDamaged, SettingsError
from flows.letters.fingerprint import Fingerprint, fingerprint
from flows.letters.model import Assignment, Notice
from flows.lookalikes import archived_answers, archived_order, record_of
from flows.ports import Archive, original_key, pack_key

Routed = tuple[Sequence[Assignment], Sequence[Notice]]


@dataclass(frozen=True, slots=True)
class Restored:
    """How many rows came back as sealed, and how many records were entered anew."""

    rows: int
    records: int


@dataclass(frozen=True, slots=True)
class _Filed:
    """A record of the archive with the moment it was filed."""

    at: str
    key: str
    archive: Archive
    record: Mapping[str, Any]


def restore_ledger(
    ledger: SqlLedger,
    copy: LedgerCopy,
    archives: Sequence[Archive],
    journal: Archive,
    routed: Callable[[Mapping[str, Any]], Routed],
    *,
    before_damage: bool = False,
) -> Restored:
    """Fill an empty ledger; ``SettingsError`` where it is not empty.

    ``ArchiveDamaged`` names the parts of the ledger's copy that are gone or changed, where they are needed: put them back
    first.  With ``before_damage`` the parts before the first of them are taken, and what was filed later is entered anew.

    ``routed`` gives assignments and notices of a record, as when it was first entered; ``copy`` is the same database as
    ``ledger``.  What happened after the last seal and left no record (a sign-off, a progress report) is not in the
    archive: those who answered have to be asked again.
    """
    ledger.create()
    if not copy.is_empty():
        raise SettingsError("the ledger is not empty; move it away first, nothing was changed")
    rows = copy.put_back(archived_rows(journal, _usable_parts(journal, before_damage)))
    known = {(letter, version) for letter, made in copy.readings().items() for version in made}
    count, answers = 0, sorted(archived_answers(journal), key=lambda told: told.at)
    for filed in _in_order(sorted(_filed(archives), key=lambda f: (f.at, f.key)), archived_order(journal)):
        if (filed.record["id"], filed.record["rules_version"]) in known:
            continue
        while answers and answers[0].at < filed.at:
            _answer(ledger, answers.pop(0), archives, routed)
        _enter(ledger, filed, *routed(filed.record))
        count += 1
    for told in answers:
        _answer(ledger, told, archives, routed)
    return Restored(rows, count)


def _usable_parts(journal: Archive, before_damage: bool) -> list[str]:
    """The last full copy and what followed, all of it whole; else, if that is asked for, the same of what lies before."""
    damaged = damaged_parts(journal, archived_parts(journal))
    parts = sorted({*archived_parts(journal), *damaged})
    while lost := [key for key in needed_parts(parts) if key in damaged]:
        if not before_damage:
            told = "; ".join(f"{key}: {damaged[key]}" for key in lost)
            raise ArchiveDamaged(
                f"the archived ledger is not whole: {told}. Put it back from a second copy (audit-archive does so), or restore"
                " what was archived before it with --before-damage; nothing was written"
            )
        parts = parts[: parts.index(lost[0])]
    return needed_parts(parts)


def _in_order(filed: Sequence[_Filed], after: Mapping[str, str]) -> Iterator[_Filed]:
    """The records in the order given, but each behind the letter that it came after, though in the same second."""
    first: dict[str, _Filed] = {}
    for one in filed:
        first.setdefault(one.record["id"], one)
    done: set[str] = set()
    for one in filed:
        waiting = [one]
        while (other := first.get(after.get(waiting[-1].record["id"], ""))) and other.key not in done and other not in waiting:
            waiting.append(other)
        for ready in reversed(waiting):
            if ready.key not in done:
                done.add(ready.key)
                yield ready


def _answer(
    ledger: SqlLedger, told: Decision, archives: Sequence[Archive], routed: Callable[[Mapping[str, Any]], Routed]
) -> None:
    """Say again what a person said of a letter, unless the sealed rows know it, or the question is not asked this time."""
    asked = ledger.lookalike(told.letter_id)
    if asked is None or (asked["answered_at"] is not None and asked["answered_at"] >= told.at):
        return
    record = record_of(ledger, archives, told.letter_id)
    ledger.decide_lookalike(told, record, *routed(record))
    for archive in archives:
        _told_by_pack(ledger, archive, record)


def _filed(archives: Sequence[Archive]) -> Iterator[_Filed]:
    for archive in archives:
        for key in archive.keys("records/"):
            if key.endswith(".json"):
                record = json.loads(archive.get(key))
                yield _Filed(_filed_at(archive, key, record), key, archive, record)


def _filed_at(archive: Archive, key: str, record: Mapping[str, Any]) -> str:
    log = f"{key.removesuffix('.json')}.events.jsonl"
    if archive.receipt(log) is None:
        return str(record["original"]["received_at"])
    return next(e.at for e in premis.from_lines(archive.get(log)) if e.type == "validation")


def _enter(ledger: SqlLedger, filed: _Filed, assignments: Sequence[Assignment], notices: Sequence[Notice]) -> None:
    record = filed.record
    original = record["original"]
    kept, stored = filed.archive.receipt(original_key(original["sha256"])), filed.archive.receipt(filed.key)
    if kept is None or stored is None:
        raise SettingsError(f"{filed.key}: its original is not in the archive; run `duban verify --all` first")
    ledger.see(original["sha256"], original["name"], original["name"], original["received_at"])
    ledger.enter(
        record,
        original=kept,
        filed=stored,
        assignments=assignments,
        queued=notices,
        now=filed.at,
        text=_text(filed.archive, filed.key),
    )
    ledger.mark(original["sha256"], "cleared", filed.at)
    _told_by_pack(ledger, filed.archive, record)


def _text(archive: Archive, key: str) -> Fingerprint | None:
    """Of the text filed beside the record; None where an archive has none: then the letter is like no other."""
    text = f"{key.removesuffix('.json')}.txt"
    return fingerprint(archive.get(text).decode("utf-8")) if archive.receipt(text) is not None else None


def _told_by_pack(ledger: SqlLedger, archive: Archive, record: Mapping[str, Any]) -> None:
    """What the letter's pack says was sent is not sent again, and keeps its number."""
    key = pack_key(int(record["original"]["received_at"][:4]), record["id"])
    if archive.receipt(key) is None:
        return
    pack = bag.read_bag(archive.get(key))
    for told in json.loads(pack.payload("notices/deliveries.json") or b"[]"):
        event, sheet = (pack.payload(f"notices/{told['id']}.{ending}") or b"" for ending in ("json", "html"))
        if (number := json.loads(event)["data"].get("number")) is not None:
            ledger.put_number(told["id"], number, event.decode("utf-8"), sheet.decode("utf-8"))
        if told["sent_at"] is not None:
            ledger.sent([(told["id"], told["sent_to"])], told["sent_at"])

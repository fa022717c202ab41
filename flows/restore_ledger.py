"""Rebuilds a lost ledger from the archive alone: the sealed rows as they were, then every record filed since."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.adapters.ledger_copy import LedgerCopy
from flows.adapters.sql_ledger import SqlLedger
from flows.ledger_archive import archived_rows
from flows.letters import bag, premis
from flows.letters.errors import SettingsError
from flows.letters.model import Assignment, Notice
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
) -> Restored:
    """Fill an empty ledger; ``SettingsError`` where it is not empty.

    ``routed`` gives assignments and notices of a record, as when it was first entered; ``copy`` is the same database as
    ``ledger``.  What happened after the last seal and left no record (a sign-off, a progress report) is not in the
    archive: those who answered have to be asked again.
    """
    ledger.create()
    if not copy.is_empty():
        raise SettingsError("the ledger is not empty; move it away first, nothing was changed")
    rows = copy.put_back(archived_rows(journal))
    known = {(letter, version) for letter, made in copy.readings().items() for version in made}
    count = 0
    for filed in sorted(_filed(archives), key=lambda f: (f.at, f.key)):
        if (filed.record["id"], filed.record["rules_version"]) in known:
            continue
        _enter(ledger, filed, *routed(filed.record))
        count += 1
    return Restored(rows, count)


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
    ledger.enter(record, original=kept, filed=stored, assignments=assignments, queued=notices, now=filed.at)
    ledger.mark(original["sha256"], "cleared", filed.at)
    pack = pack_key(int(original["received_at"][:4]), record["id"])
    if filed.archive.receipt(pack) is not None:
        _delivered(ledger, bag.read_bag(filed.archive.get(pack)))


def _delivered(ledger: SqlLedger, pack: bag.Bag) -> None:
    """What the pack says was sent is not sent again."""
    for told in json.loads(pack.payload("notices/deliveries.json") or b"[]"):
        if told["sent_at"] is not None:
            ledger.sent([(told["id"], told["sent_to"])], told["sent_at"])

"""Checks the ledger against the archive: what the letters say, and what became of it up to the last seal."""

from __future__ import annotations

import json
from collections.abc import Sequence

from flows.adapters.ledger_copy import Filing, LedgerCopy
from flows.audit_share import Share
from flows.ledger_archive import archived_rows
from flows.letters.errors import ArchiveDamaged
from flows.ports import Archive, original_key
from flows.verify_archive import Verification

_SEALED = ("commitments", "history")


def verify_ledger(
    ledger: LedgerCopy, archives: Sequence[Archive], journal: Archive, share: Share | None = None
) -> Verification:
    """Every letter and commitment against its record, the chain of history, and the rows sealed in ``journal``.

    ``share`` limits the letters that are compared with their records to those of a share of the archive.
    """
    result = Verification()
    broken = ledger.broken_history()
    if broken:
        result.add("ledger_changed", "ledger: history", broken)
    entered = set()
    for letter in ledger.filings(share.reads if share is not None else lambda _: True):
        entered.add(letter.sha256)
        _verify_letter(ledger, letter, archives, result)
    for archive in archives:
        for key in archive.keys("records/") if share is None else share.keys(archive, "records/"):
            if key.endswith(".json") and key.split("/")[1] not in entered:
                result.add("ledger_missing", f"ledger: {key}")
    _verify_sealed(ledger, journal, result)
    return result


def _verify_letter(ledger: LedgerCopy, letter: Filing, archives: Sequence[Archive], result: Verification) -> None:
    for archive in archives:
        filed = archive.receipt(letter.record_key)
        if filed is None:
            continue
        try:
            record = json.loads(archive.get(letter.record_key))
            original = archive.receipt(original_key(record["original"]["sha256"]))
            before = [json.loads(archive.get(key)) for key in letter.older if archive.receipt(key) is not None]
            if original is not None:
                for key, what in ledger.differences(record, before, original, filed):
                    result.add("ledger_changed", f"ledger: {key}", what)
            result.letters += 1
        except (ArchiveDamaged, ValueError, KeyError) as fault:
            result.add("record_unreadable", letter.record_key, str(fault))
        return
    result.add("ledger_extra", f"ledger: {letter.id}", f"{letter.record_key} is not in the archive")


def _verify_sealed(ledger: LedgerCopy, journal: Archive, result: Verification) -> None:
    """A commitment that stands otherwise than sealed must have a history since; what was sealed may not be gone."""
    # Notices with their sheets are the bulk of a ledger, and are not looked at: they stay out of memory.
    sealed = {(row.table, row.key): row.columns for row in archived_rows(journal) if row.table in _SEALED}
    last = max((key[0] for table, key in sealed if table == "history"), default=0)
    present = {(row.table, row.key): row.columns for row in ledger.rows(_SEALED)}
    for (table, key), columns in sealed.items():
        now = present.get((table, key))
        name = f"ledger: {table} {'/'.join(map(str, key))}"
        if now is None:
            result.add("ledger_missing", name, "sealed, but not in the ledger")
        elif dict(now) != dict(columns) and (table == "history" or not ledger.history_of(key[0], last)):
            differing = [n for n in columns if columns[n] != now.get(n)]
            result.add("ledger_changed", name, f"differs from what was sealed without a history: {', '.join(differing)}")

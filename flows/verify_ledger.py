"""Checks the ledger against the archive: what the letters say, and what became of it up to the last seal."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from flows.adapters.ledger_copy import Filing, LedgerCopy, LedgerRow
from flows.audit_share import Share
from flows.ledger_archive import archived_parts, archived_rows
from flows.letters.errors import ArchiveDamaged
from flows.ports import Archive, original_key
from flows.verify_archive import Verification

_SEALED = ("commitments", "history")
_Key = tuple[str, tuple[Any, ...]]


def verify_ledger(
    ledger: LedgerCopy, archives: Sequence[Archive], journal: Archive, share: Share | None = None
) -> Verification:
    """Every letter and commitment against its record, the chain of history, and the rows sealed in ``journal``.

    ``share`` limits the letters that are compared with their records to those of a share of the archive.
    """
    result = Verification(of_ledger=True)
    broken = ledger.broken_history()
    if broken:
        result.add("ledger_changed", "ledger: history", broken)
    for key, state, told in ledger.states_without_history():
        result.add("ledger_changed", f"ledger: commitments {key}", f"state: {state}, in its history {told}")
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
    """What was sealed may not be gone, and a commitment changes only with a history: from seal to seal, and since the last."""
    sealed: dict[_Key, bytes] = {}
    for part in archived_parts(journal):
        try:
            _go_on(sealed, archived_rows(journal, [part]), result)
        except (ArchiveDamaged, OSError, EOFError, ValueError, zlib.error) as fault:
            result.add("ledger_part_unreadable", part, str(fault))
    result.rows = len(sealed)
    present = _go_on(sealed, ledger.rows(_SEALED), result)
    for key in sorted(sealed.keys() - present, key=_name):
        result.add("ledger_missing", _name(key), "sealed, but not in the ledger")


def _go_on(sealed: dict[_Key, bytes], rows: Iterable[LedgerRow], result: Verification) -> set[_Key]:
    """Take ``rows`` up into ``sealed``, naming what changed without a history among them; the keys of ``rows``."""
    told, found, changed = set[str](), set[_Key](), list[tuple[_Key, list[str]]]()
    for row in rows:
        if row.table not in _SEALED:
            continue  # notices with their sheets are the bulk of a ledger, and are not looked at
        key, kept = (row.table, row.key), _kept(row)
        before = sealed.get(key)
        if before is None and row.table == "history":
            told.add(row.columns["commitment_id"])
        elif before is not None and before != kept and (differing := _differing(before, kept)):
            changed.append((key, differing))
        found.add(key)
        sealed[key] = kept
    for key, names in changed:
        if key[0] == "history" or key[1][0] not in told:
            result.add("ledger_changed", _name(key), f"differs from what was sealed without a history: {', '.join(names)}")
    return found


def _kept(row: LedgerRow) -> bytes:
    """What is remembered of a row, small: of an entry of the history its hash, which is over all of it."""
    columns = {"hash": row.columns["hash"]} if row.table == "history" else dict(row.columns)
    return json.dumps(columns, ensure_ascii=False, sort_keys=True).encode("utf-8")


def _differing(before: bytes, now: bytes) -> list[str]:
    """The names of the columns that differ; those that only one of both has are of another version of the program."""
    held, found = json.loads(before), json.loads(now)
    return [name for name in held if name in found and held[name] != found[name]]


def _name(key: _Key) -> str:
    return f"ledger: {key[0]} {'/'.join(map(str, key[1]))}"

"""What one night's seal costs in an archive that holds many sealed letters: with and without listing it.

    python -m benchmarks.seal_archive [--letters 10000] [--new 20] [--folder DIR]

Makes the archive of `benchmarks.verify_archive`, a ledger that knows all its letters, and `--new` letters of today; then
finds and packs what is new and seals it, as the nightly flow does, once by listing and once by the ledger.  Prints
seconds, keys listed, and bytes read from the archive for each.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from benchmarks.verify_archive import QuickFolder, build, letter
from flows.adapters.ledger_copy import LedgerCopy
from flows.adapters.sql_ledger import SqlLedger
from flows.letters.premis import to_lines
from flows.letters.proof import filing_events
from flows.ports import Receipt, original_key, record_key
from flows.seal_archive import AGENT, pack_letters, seal, sealed_days
from flows.seal_scope import recent

LONG_AGO, TODAY, TONIGHT = "2024-04-01T03:00:00Z", "2024-06-01T03:00:00Z", "2024-06-01T16:10:00Z"


class Counting(QuickFolder):
    """Counts what is asked of it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.listed = self.read = self.asked = 0

    def keys(self, prefix: str = "") -> Iterator[str]:
        for key in super().keys(prefix):
            self.listed += 1
            yield key

    def get(self, key: str) -> bytes:
        data = super().get(key)
        self.read += len(data)
        return data

    def receipt(self, key: str) -> Receipt | None:
        self.asked += 1
        return super().receipt(key)


def enter(ledger: SqlLedger, number: int, at: str) -> None:
    """The ledger's rows of a letter, with no commitments: they are not asked for here."""
    _, _, record = letter(number)
    sha256 = record["original"]["sha256"]
    record |= {"statements": []}
    kept = Receipt(original_key(sha256), sha256, 1, None)
    filed = Receipt(record_key(sha256, record["rules_version"]), sha256, 1, None)
    ledger.see(sha256, "a", "a", at)
    ledger.enter(record, original=kept, filed=filed, assignments=(), queued=(), now=at)
    ledger.mark(sha256, "cleared", at)


def file(archive: Counting, number: int) -> None:
    """What is filed of a letter."""
    original, text, record = letter(number)
    sha256, rules = record["original"]["sha256"], record["rules_version"]
    events = to_lines(filing_events(record, [[0, 1]], [], at=TODAY, agent=AGENT))
    content = json.dumps(record, ensure_ascii=False, sort_keys=True).encode()
    archive.put(original_key(sha256), original, media_type="application/pdf")
    for ending, data in ((".txt", text.encode()), (".events.jsonl", events), (".json", content)):
        archive.put(record_key(sha256, rules, ending), data, media_type="x")


def night(folder: Path, ledger: LedgerCopy | None) -> None:
    """One seal of what is new; undone afterwards, so that the other way finds the same."""
    archive = Counting(folder)
    begun = time.monotonic()
    scope = None if ledger is None else recent(archive, ledger, folder.parent / "note.json")
    packs = pack_letters(archive, lambda _: (), TONIGHT, recent=scope)
    sealed = seal(archive, packs, day=date(2024, 6, 1), now=TONIGHT, recent=scope)
    took = time.monotonic() - begun
    way = "by listing   " if ledger is None else "by the ledger"
    count = len(sealed.day.leaves) if sealed else 0
    print(
        f"{way}: {took:.2f} s, {archive.listed} keys listed, {archive.asked} objects asked for, "
        f"{archive.read / 1e6:.1f} MB read; {len(packs.made)} packs made, {count} objects sealed"
    )
    for key in (*packs.made, *([sealed.key] if sealed else [])):
        (folder / key).unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=10_000)
    parser.add_argument("--new", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="keep the archive there and use it again")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (told.folder or Path(temporary)) / "archive"
        if not (folder / "days").exists():
            build(folder, told.letters)
        ledger_file = folder.parent / "ledger.db"
        ledger_file.unlink(missing_ok=True)
        ledger, copy = SqlLedger(f"sqlite:///{ledger_file}"), LedgerCopy(f"sqlite:///{ledger_file}")
        ledger.create()
        sealed = [day for _, day, _ in sealed_days(QuickFolder(folder))]
        print(f"{sum(len(day.leaves) for day in sealed)} objects sealed in {len(sealed)} days")
        for number in range(told.letters):
            enter(ledger, number, LONG_AGO)
            ledger.packed(letter(number)[2]["id"], "packages/2024/x.zip", "0" * 64, LONG_AGO)
        for number in range(told.letters, told.letters + told.new):
            file(Counting(folder), number)
            enter(ledger, number, TODAY)
        night(folder, None)
        night(folder, copy)
        ledger.close()
        copy.close()
        if told.folder is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()

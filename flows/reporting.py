"""A day's report: the workbook (台账) and the digest, made from the ledger and put beside the earlier ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from flows.adapters.sql_ledger import SqlLedger
from flows.letters.digest import digest
from flows.letters.repeats import Repeat, find_repeats
from flows.letters.workbook import LedgerView, workbook

# More rows than an office reads in one workbook: the report then holds the last years only.
MOST_ROWS = 50_000
_YEARS = 3


@dataclass(frozen=True, slots=True)
class Reported:
    """Where the workbook lies, how many rows it holds, the digest (Markdown), and the repeats that were found."""

    path: Path
    rows: int
    page: str
    repeats: tuple[Repeat, ...]


def report_day(ledger: SqlLedger, folder: Path, today: date, now: str) -> Reported:
    """Write ``台账-<day>.xlsx`` into ``folder``, whole or not at all; again the same day it is written anew."""
    years = [today.year - back for back in range(_YEARS)] if ledger.counts()["commitments"] > MOST_ROWS else []
    rows = ledger.of_years(years) if years else ledger.rows()
    repeats = find_repeats(rows)
    ledger.mark_repeats([(repeat.later, repeat.earlier) for repeat in repeats], now)
    owners = ledger.owners_by_commitment([row["id"] for row in rows])
    questions, asked = ledger.open_questions(), ledger.open_lookalikes()
    view = LedgerView(rows, today, owners, questions, repeats, lookalikes=asked)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"台账-{today.isoformat()}.xlsx"
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(workbook(view))
    aside.replace(path)
    return Reported(path, len(rows), digest(view), tuple(repeats))

"""The ledger as an office's workbook (台账): all rows, a sheet per agency, fulfilment by year, conflicts, repeats, questions."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from flows.letters import workbook_cells as cells
from flows.letters.fixed_package import fixed
from flows.letters.letter_names import names_of
from flows.letters.repeats import Repeat
from flows.letters.rules.load import load_table
from flows.letters.workdays import beijing_day

Row = Mapping[str, Any]
# Excel allows 255 sheets in old readers; more agencies than this are in the whole ledger and its summary.
MOST_AGENCY_SHEETS = 200


@dataclass(frozen=True, slots=True)
class LedgerView:
    """What a workbook shows: ledger rows with their letters, present owners by commitment, open questions, repeats.

    ``lookalikes``: the open questions about letters that may be an earlier one again, as the ledger gives them.

    ``private``: with the proposers' names, for the office alone.  ``day``: the day it is made.
    """

    rows: Sequence[Row]
    day: date
    owners: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    questions: Sequence[Row] = ()
    repeats: Sequence[Repeat] = ()
    private: bool = False
    lookalikes: Sequence[Row] = ()


def workbook(view: LedgerView) -> bytes:
    """The workbook as XLSX; the same view gives the same bytes."""
    table = load_table("workbook")
    names = table["sheets"]
    book = openpyxl.Workbook()
    _ledger(book.worksheets[0], names["ledger"], view.rows, view)
    cells.table(book.create_sheet(names["cohorts"]), names["cohorts"], table["cohort"]["headings"], cohorts(view.rows))
    by_agency = rows_by_agency(view)
    cells.table(book.create_sheet(names["agencies"]), names["agencies"], table["agency"]["headings"], _summary(by_agency))
    conflict = table["conflict"]
    cells.table(book.create_sheet(names["conflicts"]), names["conflicts"], conflict["headings"], conflicts(view.rows))
    cells.table(book.create_sheet(names["repeats"]), names["repeats"], table["repeat"]["headings"], _repeats(view))
    if view.questions:
        headings = table["review"]["headings"]
        lines = [[q["commitment_id"], q["document_number"], q["quote"], q["mention"], q["reason"]] for q in view.questions]
        cells.table(book.create_sheet(names["review"]), names["review"], headings, lines)
    if view.lookalikes:
        spec, lines = table["lookalike"], lookalikes(view)
        cells.table(book.create_sheet(names["lookalikes"]), names["lookalikes"], spec["headings"], lines, spec["note"])
    for name, rows in list(by_agency.items())[:MOST_AGENCY_SHEETS]:
        _ledger(book.create_sheet(cells.sheet_name(name, book.sheetnames)), name, rows, view)
    out = io.BytesIO()
    book.save(out)
    return fixed(out.getvalue())


def rows_by_agency(view: LedgerView) -> dict[str, list[Row]]:
    """Agency name → the rows it has a part in, by name; what nobody has yet is left out."""
    found: dict[str, list[Row]] = {}
    for row in view.rows:
        held = view.owners.get(row["id"])
        names = [owner["name"] or owner["mention"] for owner in held] if held else [row["lead_name"]]
        for name in dict.fromkeys(filter(None, names)):
            found.setdefault(name, []).append(row)
    return dict(sorted(found.items()))


def cohorts(rows: Iterable[Row]) -> list[list[Any]]:
    """Per year of promise: total, fulfilled, failed, running, overdue, and the share fulfilled (None without any)."""
    years: dict[int, list[str]] = {}
    for row in rows:
        years.setdefault(row["year"], []).append(row["state"])
    return [[year, *_counted(states)] for year, states in sorted(years.items()) if _counted(states)[0]]


def conflicts(rows: Iterable[Row]) -> list[list[Any]]:
    """Letters whose mark says settled while their text still promises: number, title, mark, how many, how many open, ids."""
    table = load_table("workbook")
    letters: dict[str, list[Row]] = {}
    for row in rows:
        if row["outcome_normalised"] in table["conflict"]["settled"] and row["state"] not in ("superseded", "withdrawn"):
            letters.setdefault(row["letter_id"], []).append(row)
    fulfilled = table["cohort"]["fulfilled"]
    return [
        [
            held[0]["document_number"],
            held[0]["title"],
            held[0]["outcome"],
            len(held),
            sum(1 for row in held if row["state"] not in fulfilled),
            "、".join(row["id"] for row in held),
        ]
        for held in letters.values()
    ]


def lookalikes(view: LedgerView) -> list[list[Any]]:
    """Letters held back: id, name, the earlier letter's id and name, how alike (0 to 1), the day it was asked."""
    lines = []
    for row in view.lookalikes:
        name, earlier = names_of(row["letter"], row["other"])
        asked = beijing_day(row["asked_at"])
        lines.append([row["letter"]["id"], name, row["other"]["id"], earlier, row["percent"] / 100, asked])
    return lines


def _counted(states: Sequence[str]) -> list[Any]:
    table = load_table("workbook")["cohort"]
    held = [state for state in states if state not in table["left_out"]]
    done, failed, late = (sum(1 for s in held if s in table[name]) for name in ("fulfilled", "failed", "late"))
    rate = done / len(held) if held else None
    return [len(held), done, failed, len(held) - done - failed - late, late, rate]


def _summary(by_agency: Mapping[str, Sequence[Row]]) -> list[list[Any]]:
    lines = []
    for name, rows in by_agency.items():
        total, done, _, running, late, rate = _counted([row["state"] for row in rows])
        lines.append([name, total, done, running, late, rate])
    return lines


def _repeats(view: LedgerView) -> list[list[Any]]:
    by_id = {row["id"]: row for row in view.rows}
    lines = []
    for repeat in view.repeats:
        later, earlier = by_id.get(repeat.later), by_id.get(repeat.earlier)
        if later is not None and earlier is not None:
            lines.append([
                later["id"], later["document_number"], later["quote"], earlier["id"], earlier["document_number"],
                earlier["quote"], cells.state_word(earlier), round(repeat.likeness, 2),
            ])  # fmt: skip
    return lines


def _ledger(sheet: Worksheet, name: str, rows: Sequence[Row], view: LedgerView) -> None:
    sheet.title = cells.sheet_name(name, []) if sheet.title == "Sheet" else sheet.title
    cells.ledger(sheet, name, rows, view.day, private=view.private)

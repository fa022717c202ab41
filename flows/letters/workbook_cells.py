"""How the workbook's sheets are laid out: frozen heads, filters, colours, lists to choose from."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from flows.letters.lifecycle import states
from flows.letters.rules.load import load_table

_HEAD_ROW = 3
_HEAD_FILL, _HEAD_FONT = PatternFill("solid", fgColor="8C1D2F"), Font(name="黑体", bold=True, color="FFFFFF", size=11)
_TITLE, _NOTE, _BODY = (
    Font(name="方正小标宋简体", size=18, color="8C1D2F"),
    Font(name="仿宋", size=10),
    Font(name="仿宋", size=11),
)
_THIN = Side(style="thin", color="BFBFBF")
_GRID = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_LIGHTS = {"green": PatternFill("solid", fgColor="C6E7C8"), "yellow": PatternFill("solid", fgColor="FFE699"),
           "red": PatternFill("solid", fgColor="F4A6A6")}  # fmt: skip
_BAND = PatternFill("solid", fgColor="F7F5F2")
_NOT_IN_NAMES = re.compile(r"[\[\]:*?/\\']")


def ledger(sheet: Worksheet, title: str, rows: Sequence[Mapping[str, Any]], day: date, *, private: bool) -> None:
    """All columns of the ledger for these rows; the light colours its cell, state and rating are lists to choose from."""
    table = load_table("workbook")
    columns = [column for column in table["column"] if private or not column.get("private")]
    restricted = any(row["disclosure"] not in ("public_full", "public_summary") for row in rows)
    note = table["title"]["made"].format(day=day.isoformat(), count=len(rows))
    _head(sheet, title, f"{note}　{table['title']['restricted']}" if restricted else note, [c["heading"] for c in columns])
    for number, row in enumerate(rows, 1):
        shown = shown_row(number, row)
        for column, spec in enumerate(columns, 1):
            cell = sheet.cell(_HEAD_ROW + number, column)
            put(cell, _typed(shown.get(spec["key"]), spec.get("kind", "text")))
            cell.font, cell.border = _BODY, _GRID
            short = spec.get("kind", "text") in ("day", "number", "choice") or spec["key"] == "light_word"
            cell.alignment = Alignment(horizontal="center" if short else None, vertical="center", wrap_text=True)
            if spec["key"] == "light_word" and row["light"]:
                cell.fill = _LIGHTS[row["light"]]
            elif number % 2 == 0:
                cell.fill = _BAND
    for column, spec in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(column)].width = spec["width"]
    _choices(sheet, columns, len(rows), table)
    sheet.freeze_panes = sheet.cell(_HEAD_ROW + 1, 3).coordinate
    sheet.auto_filter.ref = f"A{_HEAD_ROW}:{get_column_letter(len(columns))}{_HEAD_ROW + max(len(rows), 1)}"
    _printed(sheet)


def table(
    sheet: Worksheet, title: str, headings: Sequence[str], lines: Sequence[Sequence[Any]], note: str = ""
) -> None:
    """A small table: frozen head, filter; shares (floats) as percentages; ``note`` stands below the title."""
    _head(sheet, title, note, headings)
    for number, line in enumerate(lines, 1):
        for column, value in enumerate(line, 1):
            cell = sheet.cell(_HEAD_ROW + number, column)
            put(cell, value)
            cell.font, cell.border = _BODY, _GRID
            across = None if isinstance(value, str) else "center"
            cell.alignment = Alignment(horizontal=across, vertical="center", wrap_text=True)
            if isinstance(value, float):
                cell.number_format = "0.0%"
    for column, heading in enumerate(headings, 1):
        longest = max([len(heading), *(min(len(str(line[column - 1] or "")), 24) for line in lines)])
        sheet.column_dimensions[get_column_letter(column)].width = 2 * longest + 4
    sheet.freeze_panes = sheet.cell(_HEAD_ROW + 1, 1).coordinate
    sheet.auto_filter.ref = f"A{_HEAD_ROW}:{get_column_letter(len(headings))}{_HEAD_ROW + max(len(lines), 1)}"
    _printed(sheet)


def shown_row(number: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """A ledger row as the workbook shows it: codes as Chinese words, lists joined."""
    words, notices = load_table("workbook")["words"], load_table("notices")["words"]
    outcome = row["outcome_normalised"]
    return {
        **row,
        "index": number,
        "source": words["source"][row["proposal_kind"] or "none"],
        "proposers": "、".join(json.loads(row["proposers"] or "[]")),
        "outcome_normalised": words["outcome"].get(outcome, outcome),
        "disclosure_word": notices["disclosure"][row["disclosure"] or "none"],
        "span": f"{row['span_start']}—{row['span_end']}",
        "stance_word": notices["stance"][row["stance"]],
        "specific_word": words["specific"]["yes" if row["specific"] else "no"],
        "quantities": "、".join(json.loads(row["quantities"] or "[]")),
        "lead": row["lead_name"] or row["lead_mention"],
        "provenance_word": notices["provenance"][row["deadline_provenance"] or "none"],
        "light_word": notices["light"][row["light"]] if row["light"] else None,
        "state_word": state_word(row),
    }


def state_word(row: Mapping[str, Any]) -> str:
    return states()[row["state"]]


def sheet_name(name: str, taken: Sequence[str]) -> str:
    """A name a sheet can have: 31 characters, none that Excel refuses, not used yet."""
    plain = _NOT_IN_NAMES.sub("", name)[:31] or "—"
    number = 2
    chosen = plain
    while chosen in taken:
        chosen = f"{plain[:27]}（{number}）"
        number += 1
    return chosen


def put(cell: Any, value: object) -> None:
    """Text stays text: what begins like a formula is never one."""
    if isinstance(value, str):
        value = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "", value)
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"


def _typed(value: Any, kind: str) -> Any:
    if kind == "day" and isinstance(value, str):
        return date.fromisoformat(value)
    return value


def _head(sheet: Worksheet, title: str, note: str, headings: Sequence[str]) -> None:
    put(sheet.cell(1, 1), title)
    sheet.cell(1, 1).font = _TITLE
    put(sheet.cell(2, 1), note)
    sheet.cell(2, 1).font = _NOTE
    sheet.row_dimensions[1].height, sheet.row_dimensions[_HEAD_ROW].height = 30, 34
    for column, heading in enumerate(headings, 1):
        cell = sheet.cell(_HEAD_ROW, column)
        put(cell, heading)
        cell.font, cell.fill, cell.border = _HEAD_FONT, _HEAD_FILL, _GRID
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)


def _choices(sheet: Worksheet, columns: Sequence[Mapping[str, Any]], lines: int, table: Mapping[str, Any]) -> None:
    lists = {"state_word": list(states().values()), "proposer_rating": table["words"]["rating"]["list"]}
    for column, spec in enumerate(columns, 1):
        if spec.get("kind") == "choice" and lines:
            choice = DataValidation(type="list", formula1=f'"{",".join(lists[spec["key"]])}"', allow_blank=True)
            letter = get_column_letter(column)
            choice.add(f"{letter}{_HEAD_ROW + 1}:{letter}{_HEAD_ROW + lines}")
            sheet.add_data_validation(choice)


def _printed(sheet: Worksheet) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A3
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = f"1:{_HEAD_ROW}"

"""The workbook of a form (XLSX): drawn once a process, each form then written into that drawing."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from flows.letters.fixed_package import EPOCH, fixed
from flows.letters.rules.load import load_table

HEADING_ROW = 4
_FIRST = HEADING_ROW + 1
_GIVEN, _TO_FILL = PatternFill("solid", fgColor="EFEFEF"), PatternFill("solid", fgColor="FFF9E5")
_HEAD, _RED = Font(bold=True, color="FFFFFF"), "B3001B"
SHEET_PART = "xl/worksheets/sheet1.xml"
# What a cell holds in the drawing where each form says something of its own: @agency@.
_PLACE = re.compile(r' t="inlineStr"><is><t>@(\w+)@</t></is>')
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD_KEYS = ("agency", "agency_name", "number", "day", "code", "hint")
_KEPT = {"\r": "&#13;"}  # else XML reads a line's end
_LONGEST_CELL = 32767  # Excel's own limit

Cells = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class _Drawing:
    """The drawing in pieces: the package without its sheet, and the sheet before, in and behind its one line."""

    package: bytes
    before: str
    line: str
    behind: str


def written(head: Cells, lines: Sequence[Cells]) -> bytes:
    """A form as XLSX, cell by cell what ``drawn`` gives, many times as fast; the same words give the same bytes.

    ``head``: agency, agency_name, number, day, code, hint; ``lines``: the given columns of each by their keys, None where
    a cell is empty.  A character that no workbook may hold becomes U+FFFD.
    """
    drawing = _drawing()
    end = str(HEADING_ROW + len(lines))
    rows = (_filled(drawing.line.replace("@row@", str(number)), line) for number, line in enumerate(lines, _FIRST))
    sheet = _filled(drawing.before.replace("@end@", end), head) + "".join(rows) + _choice_to(end, lines, drawing.behind)
    out = io.BytesIO(drawing.package)
    with zipfile.ZipFile(out, "a") as package:
        package.writestr(zipfile.ZipInfo(SHEET_PART, EPOCH), sheet.encode("ascii", "xmlcharrefreplace"), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def drawn(head: Cells, lines: Sequence[Cells]) -> bytes:
    """The form by the library for workbooks: the given cells locked, the answer chosen from a list."""
    table = load_table("returns")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = table["sheet"]
    _head(sheet, table, head)
    _headings(sheet, table["column"])
    for number, line in enumerate(lines, _FIRST):
        for column, spec in enumerate(table["column"], 1):
            cell = sheet.cell(number, column)
            _put(cell, line.get(spec["key"]))
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.protection = Protection(locked=bool(spec.get("given")))
            cell.fill = _GIVEN if spec.get("given") else _TO_FILL
    _choices(sheet, table, len(lines))
    sheet.protection.enable()
    sheet.freeze_panes = sheet.cell(_FIRST, 2).coordinate
    out = io.BytesIO()
    book.save(out)
    return fixed(out.getvalue())


def _choice_to(end: str, lines: Sequence[Cells], behind: str) -> str:
    """The answer is chosen in every line, not in the first alone."""
    if len(lines) < 2:
        return behind
    return re.sub(rf' sqref="([A-Z]+){_FIRST}"', rf' sqref="\g<1>{_FIRST}:\g<1>{end}"', behind)


@cache
def _drawing() -> _Drawing:
    keys = [spec["key"] for spec in load_table("returns")["column"] if spec.get("given")]
    head, line = ({key: f"@{key}@" for key in some} for some in (_HEAD_KEYS, keys))
    whole = drawn(head, [line])
    with zipfile.ZipFile(io.BytesIO(whole)) as package:
        sheet = package.read(SHEET_PART).decode("ascii")
    before, row, behind = re.split(rf'(<row r="{_FIRST}".*?</row>)', sheet)
    return _Drawing(
        fixed(whole, without=SHEET_PART),
        re.sub(rf'(<dimension ref="A1:[A-Z]+){_FIRST}"', r'\g<1>@end@"', before),
        re.sub(rf'( r="[A-Z]*){_FIRST}"', r'\g<1>@row@"', row),
        behind,
    )


def _filled(piece: str, cells: Cells) -> str:
    """A piece of the drawing with the cells' words in their places."""
    return _PLACE.sub(lambda place: _cell(cells.get(place[1])), piece)


def _cell(value: str | None) -> str:
    if not value:
        return ' t="n">'
    text = _NO_XML.sub("\ufffd", value[:_LONGEST_CELL])
    kept = ' xml:space="preserve"' if text != text.strip() else ""
    return f' t="inlineStr"><is><t{kept}>{escape(text, _KEPT)}</t></is>'


def _head(sheet: Worksheet, table: Mapping[str, Any], head: Cells) -> None:
    words = table["form"]
    for column, keys in ((1, ("agency", "agency_name", "by")), (3, ("number", "day", "code"))):
        for line, key in enumerate(keys, 1):
            sheet.cell(line, column, words[key]).font = Font(bold=True)
            filled, given = sheet.cell(line, column + 1), key in _HEAD_KEYS
            _put(filled, head.get(key))
            filled.protection = Protection(locked=given)
            filled.fill = _GIVEN if given else _TO_FILL
    hint = sheet.cell(1, 7)
    _put(hint, head["hint"])
    hint.font, hint.alignment = Font(italic=True, color=_RED), Alignment(wrap_text=True, vertical="top")
    sheet.merge_cells(start_row=1, end_row=HEADING_ROW - 1, start_column=7, end_column=len(table["column"]))
    for line in range(1, HEADING_ROW):
        sheet.merge_cells(start_row=line, end_row=line, start_column=4, end_column=6)
        sheet.row_dimensions[line].height = 20


def _headings(sheet: Worksheet, columns: Sequence[Mapping[str, Any]]) -> None:
    for column, spec in enumerate(columns, 1):
        cell = sheet.cell(HEADING_ROW, column, spec["heading"])
        cell.font, cell.fill = _HEAD, PatternFill("solid", fgColor=_RED)
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        sheet.column_dimensions[get_column_letter(column)].width = spec["width"]


def _choices(sheet: Worksheet, table: Mapping[str, Any], lines: int) -> None:
    words = ",".join(row["word"] for row in table["action"])
    choice = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True, showErrorMessage=True)
    letter = get_column_letter(1 + [spec["key"] for spec in table["column"]].index("action"))
    choice.add(f"{letter}{HEADING_ROW + 1}:{letter}{HEADING_ROW + max(lines, 1)}")
    sheet.add_data_validation(choice)


def _put(cell: Any, value: object) -> None:
    """Text stays text: what begins like a formula is never one."""
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"

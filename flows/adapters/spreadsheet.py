"""Reads the first sheet of a workbook as plain cells: what a spreadsheet made by people is to us."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import openpyxl
from openpyxl import Workbook
from openpyxl.utils.exceptions import InvalidFileException

from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.rules.load import load_table

_MOST_ROWS = 200_000
# Of a form that comes back: more than any form has, little enough to be read whole.
_FORM_UNPACKED, _FORM_PARTS, _FORM_TAGS, _FORM_ROWS, _FORM_COLUMNS = 40_000_000, 500, 1_000_000, 5_000, 40


def form_cells(data: bytes, name: str, sheet: str) -> list[list[Any]]:
    """The cells of a form that somebody filled in: one visible sheet of plain values.

    ``UnknownFormat`` for what is no workbook or unpacks to more than a form; ``UnreadableLetter`` says what a form must not
    hold: formulas, hidden sheets, rows or columns, macros, embedded objects, links to other workbooks or programs, more rows
    than were issued.
    """
    _check_package(data, name)
    try:
        book = openpyxl.load_workbook(io.BytesIO(data))
    except Exception as fault:  # a stranger's bytes: the library raises whatever its parts raise
        raise UnknownFormat(f"{name}：不是 XLSX 工作簿（{type(fault).__name__}），请另存为 .xlsx") from fault
    _refuse(name, _not_of_a_form(book, sheet))
    rows = [[cell.value for cell in row] for row in book[sheet].iter_rows()]
    while rows and not any(value not in (None, "") for value in rows[-1]):
        rows.pop()
    return rows


def _refuse(name: str, faults: Iterable[str]) -> None:
    if told := list(dict.fromkeys(faults)):
        raise UnreadableLetter(f"{name}：" + "；".join(told) + "。请使用系统下发的回执表，只填写空白栏")


def _check_package(data: bytes, name: str) -> None:
    """Refuse, before anything of it is understood, what is more than a form or holds parts that no form has."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            members = package.infolist()
            if sum(member.file_size for member in members) > _FORM_UNPACKED or len(members) > _FORM_PARTS:
                raise UnknownFormat(f"{name}：展开后超过{_FORM_UNPACKED // 1_000_000}MB或{_FORM_PARTS}个部分，不是回执表")
            parts = {m.filename: package.read(m) for m in members if m.filename.lower().endswith((".xml", ".rels"))}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError, zlib.error) as fault:
        raise UnknownFormat(f"{name}：不是 XLSX 工作簿（{fault}），请另存为 .xlsx") from fault
    if declared := [part for part, content in parts.items() if _declares(content)]:
        raise UnknownFormat(f"{name}：{declared[0]}含有文档类型声明，不是电子表格软件所存")
    told = [member.filename.lower() for member in members]
    # Without its zero bytes UTF-16 reads like ASCII.
    of_parts = [content for part, content in parts.items() if part.endswith((".rels", "[Content_Types].xml"))]
    told += [content.replace(b"\0", b"").decode("latin-1").lower() for content in of_parts]
    _refuse(name, (f"含有{row['what']}" for row in load_table("returns")["foreign"] if _marked(row["marks"], told)))
    if sum(content.count(b"<") for content in parts.values()) > _FORM_TAGS:
        raise UnknownFormat(f"{name}：单元格过多，不是回执表")


def _marked(marks: Sequence[str], told: Sequence[str]) -> bool:
    return any(mark in text for text in told for mark in marks)


def _declares(content: bytes) -> bool:
    """Whether a part declares entities, which no spreadsheet does and which unpack to anything."""
    return b"<!DOCTYPE" in content or b"<!ENTITY" in content or b"\x00<\x00!\x00D" in content or b"<\x00!\x00D" in content


def _not_of_a_form(book: Workbook, sheet: str) -> Iterator[str]:
    if sheet not in book.sheetnames:
        yield f"没有工作表“{sheet}”"
        return
    if len(book.sheetnames) > 1:
        others = "、".join(name for name in book.sheetnames if name != sheet)
        yield f"除“{sheet}”外另有工作表（{others}），其中可能有隐藏内容"
    page = book[sheet]
    if page.max_row > _FORM_ROWS or page.max_column > _FORM_COLUMNS:
        yield f"有{page.max_row}行、{page.max_column}列，超出回执表"
        return
    hidden = [str(number) for number, row in page.row_dimensions.items() if row.hidden]
    hidden += [letter for letter, column in page.column_dimensions.items() if column.hidden]
    if hidden:
        yield f"有隐藏的行或列（{'、'.join(hidden[:5])}）"
    formulas = [cell.coordinate for row in page.iter_rows() for cell in row if cell.data_type == "f"]
    if formulas:
        yield f"单元格{'、'.join(formulas[:5])}含有公式"


def cells_of(data: bytes, name: str, sheet: str | None = None) -> list[list[Any]]:
    """The cells of the first sheet (or the named one), formulas by their stored values; ``UnknownFormat`` where it is none."""
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as fault:
        raise UnknownFormat(f"{name} is no XLSX workbook ({fault}); save it as .xlsx") from fault
    try:
        chosen = book[sheet] if sheet is not None and sheet in book.sheetnames else book.worksheets[0]
        rows: list[list[Any]] = [list(row) for _, row in zip(range(_MOST_ROWS), chosen.iter_rows(values_only=True), strict=False)]
    finally:
        book.close()
    while rows and not any(cell not in (None, "") for cell in rows[-1]):
        rows.pop()
    return rows

"""Reads the first sheet of a workbook as plain cells: what a spreadsheet made by people is to us."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from flows.letters.errors import UnknownFormat

_MOST_ROWS = 200_000


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

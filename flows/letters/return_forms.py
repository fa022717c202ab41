"""The forms owners fill in (XLSX), each issued with a number and a code that nobody else can make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from flows.letters.fixed_package import fixed
from flows.letters.model import Notice
from flows.letters.rules.load import load_table
from flows.letters.workdays import beijing_day

HEADING_ROW = 4
_GIVEN, _TO_FILL = PatternFill("solid", fgColor="EFEFEF"), PatternFill("solid", fgColor="FFF9E5")
_HEAD = Font(bold=True, color="FFFFFF")
_CODE_BYTES = 15  # 120 bits: 24 characters that can be read out over the telephone


@dataclass(frozen=True, slots=True)
class Issue:
    """What ties a form to its being issued: its number (a notice's id, or one of its own), the day, the code."""

    number: str
    day: str
    code: str


class Forms:
    """Makes forms and knows them again: the code is an HMAC over agency, number and day with a key of this machine."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, agency_id: str, number: str, day: date) -> Issue:
        """The issue of a form for one agency."""
        return Issue(number, day.isoformat(), self._code(agency_id, number, day.isoformat()))

    def issued(self, agency_id: str, issue: Issue | None) -> bool:
        """Whether a form for this agency was issued so; False for none."""
        if issue is None:
            return False
        wanted = self._code(agency_id, issue.number, issue.day)
        return hmac.compare_digest(wanted.encode(), issue.code.strip().upper().encode())

    def of_notice(self, notice: Notice) -> bytes | None:
        """The form that goes with a notice that wants an answer; None for the others."""
        event = json.loads(notice.event)
        data = event["data"]
        kinds = {notice.kind, f"{notice.kind}/{data.get('stage')}"}
        if not kinds & set(load_table("returns")["with_form"]):
            return None
        issue = self.issue(notice.agency_id, notice.id, beijing_day(event["time"]))
        return form(notice.agency_id, data["to"]["name"], data["items"], issue, data.get("number"))

    def of_event(self, notice: Notice) -> Issue:
        """The issue that a system which answers by JSON gives back."""
        return self.issue(notice.agency_id, notice.id, beijing_day(json.loads(notice.event)["time"]))

    def _code(self, agency_id: str, number: str, day: str) -> str:
        said = json.dumps(["duban-form-1", agency_id, number, day], ensure_ascii=False).encode("utf-8")
        found = base64.b32encode(hmac.new(self._key, said, hashlib.sha256).digest()[:_CODE_BYTES]).decode("ascii")
        return "-".join(found[at : at + 4] for at in range(0, len(found), 4))


def form_number(agency_id: str, moment: str) -> str:
    """The number of a form made on demand, at ``moment`` (RFC 3339)."""
    seed = f"form\0{agency_id}\0{moment}".encode()
    return f"F{datetime.fromisoformat(moment):%Y%m%d}{hashlib.sha256(seed).hexdigest()[:8]}"


def form(agency_id: str, agency_name: str, items: Sequence[Mapping[str, Any]], issue: Issue, paper: str | None = None) -> bytes:
    """The form for one agency: a line an item of a notice, the given cells locked, the answer chosen from a list.

    ``paper`` is the number of the paper it goes with, where it goes with one.
    """
    table = load_table("returns")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = table["sheet"]
    _head(sheet, table, agency_id, agency_name, issue, paper)
    _headings(sheet, table["column"])
    for number, item in enumerate(items, HEADING_ROW + 1):
        due = item.get("due") or (item["deadline"] or {}).get("date")
        given = {"commitment_id": item["commitment_id"], "quote": item["quote"], "due": due, "state": item.get("state")}
        for column, spec in enumerate(table["column"], 1):
            cell = sheet.cell(number, column)
            _put(cell, given.get(spec["key"]))
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.protection = Protection(locked=bool(spec.get("given")))
            cell.fill = _GIVEN if spec.get("given") else _TO_FILL
    _choices(sheet, table, len(items))
    sheet.protection.enable()
    sheet.freeze_panes = sheet.cell(HEADING_ROW + 1, 2).coordinate
    out = io.BytesIO()
    book.save(out)
    return fixed(out.getvalue())


def _head(sheet: Worksheet, table: Mapping[str, Any], agency_id: str, agency_name: str, issue: Issue, paper: str | None) -> None:
    words = table["form"]
    left = ((words["agency"], agency_id), (words["agency_name"], agency_name), (words["by"], None))
    right = ((words["number"], issue.number), (words["day"], issue.day), (words["code"], issue.code))
    for column, pairs in ((1, left), (3, right)):
        for line, (label, value) in enumerate(pairs, 1):
            sheet.cell(line, column, label).font = Font(bold=True)
            filled = sheet.cell(line, column + 1)
            _put(filled, value)
            filled.protection = Protection(locked=value is not None)
            filled.fill = _GIVEN if value is not None else _TO_FILL
    hint = sheet.cell(1, 7, (table["goes_with"].format(number=paper) if paper else "") + table["hint"])
    hint.font, hint.alignment = Font(italic=True, color="B3001B"), Alignment(wrap_text=True, vertical="top")
    sheet.merge_cells(start_row=1, end_row=HEADING_ROW - 1, start_column=7, end_column=len(table["column"]))
    for line in range(1, HEADING_ROW):
        sheet.merge_cells(start_row=line, end_row=line, start_column=4, end_column=6)
        sheet.row_dimensions[line].height = 20


def _headings(sheet: Worksheet, columns: Sequence[Mapping[str, Any]]) -> None:
    for column, spec in enumerate(columns, 1):
        cell = sheet.cell(HEADING_ROW, column, spec["heading"])
        cell.font, cell.fill = _HEAD, PatternFill("solid", fgColor="B3001B")
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

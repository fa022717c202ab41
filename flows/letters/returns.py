"""Answers of owners: the form they fill in (XLSX), and what a returned form or JSON file says."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import openpyxl
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

import schemas
from flows.letters.errors import UnreadableLetter
from flows.letters.fixed_package import fixed
from flows.letters.model import Notice
from flows.letters.papers import LISTS
from flows.letters.rules.load import load_table

_HEADING_ROW = 4
_GIVEN, _TO_FILL = PatternFill("solid", fgColor="EFEFEF"), PatternFill("solid", fgColor="FFF9E5")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an owner: the step it wants, and what it says (fields of the step)."""

    commitment_id: str
    action: str
    agency_id: str
    by: str
    fields: tuple[tuple[str, str], ...]
    place: str


def form(agency_id: str, agency_name: str, items: Sequence[Mapping[str, Any]]) -> bytes:
    """The form for one agency: a line an item of a notice, the given cells locked, the answer chosen from a list."""
    table = load_table("returns")
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = table["sheet"]
    for line, (label, value) in enumerate(
        ((table["form"]["agency"], agency_id), (table["form"]["agency_name"], agency_name), (table["form"]["by"], None)), 1
    ):
        sheet.cell(line, 1, label).font = Font(bold=True)
        filled = sheet.cell(line, 2, value)
        filled.protection = Protection(locked=value is not None)
    sheet.cell(1, 4, table["hint"]).font = Font(italic=True, color="B3001B")
    _headings(sheet, table["column"])
    for number, item in enumerate(items, _HEADING_ROW + 1):
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
    sheet.freeze_panes = sheet.cell(_HEADING_ROW + 1, 2).coordinate
    out = io.BytesIO()
    book.save(out)
    return fixed(out.getvalue())


def form_for(notice: Notice) -> bytes | None:
    """The receipt form that goes with a notice of several items; None for the others."""
    if notice.kind not in LISTS:
        return None
    data = json.loads(notice.event)["data"]
    return form(data["to"]["agency_id"], data["to"]["name"], data["items"])


def answers_of(cells: Sequence[Sequence[Any]], name: str) -> tuple[Answer, ...]:
    """What a returned form says: its answered lines, in order.

    Raises ``UnreadableLetter`` listing every fault with its cell: a form is taken whole or not at all.
    """
    table = load_table("returns")
    head = {_text(row[0]): _text(row[1]) for row in cells[: _HEADING_ROW - 1] if len(row) > 1}
    agency_id, by = head.get(table["form"]["agency"], ""), head.get(table["form"]["by"], "")
    faults = [f"缺少“{label}”" for label, value in ((table["form"]["agency"], agency_id), (table["form"]["by"], by)) if not value]
    headings = [_text(cell) for cell in cells[_HEADING_ROW - 1]] if len(cells) >= _HEADING_ROW else []
    known = {spec["heading"]: spec["key"] for spec in table["column"]}
    if missing := [heading for heading in known if heading not in headings]:
        faults.append(f"缺少栏目：{'、'.join(missing)}；请使用系统下发的回执表")
    if faults:
        raise UnreadableLetter(f"{name}：" + "；".join(faults))
    lines = [
        (number, {known[heading]: cell for heading, cell in zip(headings, row, strict=False) if heading in known})
        for number, row in enumerate(cells[_HEADING_ROW:], _HEADING_ROW + 1)
    ]
    found = [answer for number, line in lines for answer in _answer(line, number, agency_id, by, faults)]
    if not found and not faults:
        faults.append("没有填写任何办理意见")
    if faults:
        raise UnreadableLetter(f"{name}：" + "；".join(faults))
    return tuple(found)


def answers_of_json(data: bytes, name: str) -> tuple[Answer, ...]:
    """What a JSON file says (``schemas/v1/answer``); ``UnreadableLetter`` lists every fault."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as fault:
        raise UnreadableLetter(f"{name}：不是有效的 JSON（{fault}）") from fault
    if faults := schemas.faults("v1/answer", document):
        raise UnreadableLetter(f"{name}：" + "；".join(faults))
    return tuple(
        Answer(
            answer["commitment_id"],
            answer["action"],
            document["agency_id"],
            document["by"],
            tuple((key, value) for key, value in answer.items() if key not in ("commitment_id", "action")),
            f"/answers/{number}",
        )
        for number, answer in enumerate(document["answers"])
    )


def _answer(line: Mapping[str, Any], number: int, agency_id: str, by: str, faults: list[str]) -> Iterator[Answer]:
    word, commitment_id = _text(line["action"]), _text(line["commitment_id"])
    if not word:
        return
    rows = load_table("returns")["action"]
    chosen = next((row for row in rows if row["word"] == word), None)
    if chosen is None or not commitment_id:
        known = "、".join(row["word"] for row in rows)
        faults.append(f"第{number}行：办理意见“{word}”无法识别，应为{known}" if chosen is None else f"第{number}行：缺少承诺编号")
        return
    said, day = _text(line["said"]), _day(line["day"])
    fields = {"responsible": _text(line["responsible"]), "evidence": _text(line["evidence"])}
    if said and "said" in chosen:
        fields[chosen["said"]] = said
    if day and "day" in chosen:
        fields[chosen["day"]] = day
    filled = tuple((key, value) for key, value in fields.items() if value)
    yield Answer(commitment_id, chosen["action"], agency_id, by, filled, f"第{number}行")


def _headings(sheet: Worksheet, columns: Sequence[Mapping[str, Any]]) -> None:
    for column, spec in enumerate(columns, 1):
        cell = sheet.cell(_HEADING_ROW, column, spec["heading"])
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="B3001B")
        cell.alignment = Alignment(horizontal="center", vertical="center", wrap_text=True)
        sheet.column_dimensions[get_column_letter(column)].width = spec["width"]


def _choices(sheet: Worksheet, table: Mapping[str, Any], lines: int) -> None:
    words = ",".join(row["word"] for row in table["action"])
    choice = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True, showErrorMessage=True)
    letter = get_column_letter(1 + [spec["key"] for spec in table["column"]].index("action"))
    choice.add(f"{letter}{_HEADING_ROW + 1}:{letter}{_HEADING_ROW + max(lines, 1)}")
    sheet.add_data_validation(choice)


def _put(cell: Any, value: object) -> None:
    """Text stays text: what begins like a formula is never one."""
    cell.value = value
    if isinstance(value, str):
        cell.data_type = "s"


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _day(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else _text(value).replace("/", "-")

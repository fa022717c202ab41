"""What a returned form or JSON file says: whose answers they are, how the form was issued, and which steps they want."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import schemas
from flows.letters.errors import UnreadableLetter
from flows.letters.form_sheet import HEADING_ROW
from flows.letters.lifecycle import step_name
from flows.letters.return_forms import Issue
from flows.letters.rules.load import load_table


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of an owner: the step it wants, and what it says (fields of the step)."""

    commitment_id: str
    action: str
    agency_id: str
    by: str
    fields: tuple[tuple[str, str], ...]
    place: str


@dataclass(frozen=True, slots=True)
class Returned:
    """A form that came back; ``issue`` None where it does not say how it was issued."""

    agency_id: str
    by: str
    issue: Issue | None
    answers: tuple[Answer, ...]


def returned_form(cells: Sequence[Sequence[Any]], name: str) -> Returned:
    """What a returned form says: its answered lines, in order.

    Raises ``UnreadableLetter`` listing every fault with its cell: a form is taken whole or not at all.
    """
    table = load_table("returns")
    head = dict(_pairs(cells[: HEADING_ROW - 1], set(table["form"].values())))
    agency_id, by = head.get(table["form"]["agency"], ""), head.get(table["form"]["by"], "")
    faults = [f"缺少“{label}”" for label, value in ((table["form"]["agency"], agency_id), (table["form"]["by"], by)) if not value]
    headings = [_text(cell) for cell in cells[HEADING_ROW - 1]] if len(cells) >= HEADING_ROW else []
    known = {spec["heading"]: spec["key"] for spec in table["column"]}
    # Forms issued before a column was added come back without it.
    wanted = [spec["heading"] for spec in table["column"] if not spec.get("optional")]
    if missing := [heading for heading in wanted if heading not in headings]:
        faults.append(f"缺少栏目：{'、'.join(missing)}；请使用系统下发的回执表")
    if faults:
        raise UnreadableLetter(f"{name}：" + "；".join(faults))
    lines = [
        (number, {known[heading]: cell for heading, cell in zip(headings, row, strict=False) if heading in known})
        for number, row in enumerate(cells[HEADING_ROW:], HEADING_ROW + 1)
    ]
    found = [answer for number, line in lines for answer in _answer(line, number, agency_id, by, faults)]
    if not found and not faults:
        faults.append("没有填写任何办理意见")
    if faults:
        raise UnreadableLetter(f"{name}：" + "；".join(faults))
    told = [head.get(table["form"][key], "") for key in ("number", "day", "code")]
    return Returned(agency_id, by, Issue(*told) if all(told) else None, tuple(found))


def returned_json(data: bytes, name: str) -> Returned:
    """What a JSON file says (``schemas/v1/answer``); ``UnreadableLetter`` lists every fault."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as fault:
        raise UnreadableLetter(f"{name}：不是有效的 JSON（{fault}）") from fault
    if faults := schemas.faults("v1/answer", document):
        raise UnreadableLetter(f"{name}：" + "；".join(faults))
    answers = tuple(
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
    issue = Issue(**document["form"]) if "form" in document else None
    return Returned(document["agency_id"], document["by"], issue, answers)


def outdated(answer: Answer, issue: Issue | None, history: Sequence[tuple[str, str]]) -> str | None:
    """Why a form is older than what the office decided since (day and action of each step so far); None where it is not."""
    if issue is None:
        return None
    decisions = load_table("returns")["decisions"]
    later = [(day, action) for day, action in history if action in decisions and day > issue.day]
    if not later:
        return None
    day, action = later[-1]
    word = step_name(action)
    return f"回执表出具于{issue.day}，督办部门已于{day}对承诺 {answer.commitment_id} 作出“{word}”决定，请使用新的回执表"


def _pairs(rows: Sequence[Sequence[Any]], labels: set[str]) -> Iterator[tuple[str, str]]:
    """Each label in the head of the form with the cell to its right."""
    for row in rows:
        for label, value in pairwise(row):
            if _text(label) in labels:
                yield _text(label), _day(value)


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
    said, day = _text(line["said"]), _iso(line["day"])
    fields = {"responsible": _text(line["responsible"]), "evidence": _text(line["evidence"])}
    if said and "said" in chosen:
        fields[chosen["said"]] = said
    if day and "day" in chosen:
        fields[chosen["day"]] = day
    fields["day"] = _iso(line.get("happened"))
    filled = tuple((key, value) for key, value in fields.items() if value)
    yield Answer(commitment_id, chosen["action"], agency_id, by, filled, f"第{number}行")


def _iso(value: object) -> str:
    """A day as YYYY-MM-DD, also where a clerk wrote 2026/3/6 or 2026年3月6日; other text as it is."""
    text = _day(value)
    found = re.fullmatch(r"([0-9]{4})[^0-9]([0-9]{1,2})[^0-9]([0-9]{1,2})[^0-9]?", text)
    return f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}" if found else text


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()


def _day(value: object) -> str:
    """A cell as text, a day as YYYY-MM-DD."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else _text(value)

"""Each form's examples, the context's examples, and the table of whole statements."""

from __future__ import annotations

import tomllib
from datetime import date
from pathlib import Path

import chinese_calendar
import pytest

from flows.letters import deadlines
from flows.letters.date_forms import date_forms
from flows.letters.folding import fold
from flows.letters.rules.load import load_table
from flows.letters.script import simplified

TABLE = load_table("deadlines")
ON = date(2024, 5, 6)
SPECS = tomllib.loads((Path(__file__).parent / "specs" / "deadlines.toml").read_text("utf-8"))


def kinds(say: str, on: date = ON) -> set[str]:
    return {m.kind for m in date_forms().mentions(fold(say).text, on, None)}


def found(say: str, on: date | None, lead_in: str = "", before: str = "") -> str:
    said = fold(say, traditional=simplified(say, always=True) != say)
    deadline = deadlines.find(said, on, lambda: lead_in, lambda: before).deadline
    return "" if deadline is None else f"{deadline.day or '-'} {deadline.precision}"


@pytest.mark.parametrize(
    ("form", "hit"), [(f["kind"], h) for f in TABLE["form"] for h in f["hits"]], ids=lambda v: str(v)[:24]
)
def test_form_hits(form: str, hit: dict[str, str]) -> None:
    on = date.fromisoformat(hit.get("on", ON.isoformat()))
    deadline = deadlines.find(fold(hit["say"]), on).deadline
    assert deadline is not None
    assert (form in kinds(hit["say"], on), str(deadline.day or "")) == (True, hit["day"])


@pytest.mark.parametrize(("form", "miss"), [(f["kind"], m) for f in TABLE["form"] for m in f["misses"]])
def test_form_misses(form: str, miss: str) -> None:
    # A miss of this form is either not found at all, or ruled out by what stands around it.
    deadline = deadlines.find(fold(miss), ON).deadline
    assert deadline is None or deadline.day is None or form not in kinds(miss)


@pytest.mark.parametrize("row", TABLE["context"], ids=lambda row: row["id"])
def test_context(row: dict[str, list[str]]) -> None:
    forces = {"none": "", "event": "- vague"}
    for hit in row["hits"]:
        if row["force"] in forces:
            assert found(hit, ON) == forces[row["force"]], hit
    for miss in row["misses"]:
        assert found(miss, ON) not in ("", "- vague"), miss


@pytest.mark.parametrize("row", SPECS["statement"], ids=lambda row: row["say"][:24])
def test_statement(row: dict[str, str]) -> None:
    on = date.fromisoformat(row.get("on", "2024-05-06")) if row.get("on") != "" else None
    assert found(row["say"], on, row.get("lead_in", ""), row.get("before", "")) == row["found"]


def test_lunar_feasts_agree_with_the_holiday_tables() -> None:
    names = {"春节", "端午", "中秋", "清明"}
    checked = 0
    for row in TABLE["moon_feast"]:
        if row["names"][0] not in names:
            continue
        for day in map(date.fromisoformat, row["days"]):
            if day.year <= 2026:
                assert chinese_calendar.is_holiday(day), (row["names"], day)
                checked += 1
    assert checked == 4 * 17


def test_a_deadline_quotes_itself() -> None:
    text = "我局将于 2024 年 9 月\n底前完成。"
    deadline = deadlines.find(fold(text, 0), ON).deadline
    assert deadline is not None and deadline.span is not None
    assert deadline.span.quote(text) == "2024 年 9 月\n底前"

"""On which day a step happened: a clerk types on Monday what was phoned on Friday, and both days are kept."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from flows.adapters.sql_ledger import SqlLedger
from flows.answering import take
from flows.history_lines import history_lines
from flows.letters.errors import StepRefused
from flows.letters.lifecycle import Party, Step
from flows.letters.returns import Answer, outdated
from flows.letters.workdays import beijing_day
from flows.moment import today
from flows.receive_returns import CommitmentAnswer
from flows.receiving import receive
from tests.ledger.steps import TEA, TEA_LEAD, enter
from tests.ledger.steps import take as at_once
from tests.ledger.test_returns import COLUMNS, DIRECTORY, FORMS, ONE, as_json, desk, filled, put, run, state

FRIDAY, MONDAY, NOW = date(2026, 3, 6), date(2026, 3, 9), "2026-03-09T01:00:00Z"
HAPPENED = COLUMNS["办理日期"]


def told(ledger: SqlLedger, action: str, day: date, party: Party = "owner", **fields: Any) -> None:
    """What happened on ``day`` is typed on Monday the 9th."""
    step = Step(ONE, action, "张某", day, party, TEA_LEAD if party == "owner" else None, fields)
    take(ledger, DIRECTORY, step, NOW)


def row_of(ledger: SqlLedger) -> dict[str, Any]:
    row = ledger.commitment(ONE)
    assert row is not None
    return row


def test_both_days_are_kept(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    told(ledger, "sign", FRIDAY)
    told(ledger, "progress", MONDAY, text="已开工")
    assert (row_of(ledger)["signed_on"], row_of(ledger)["progress_on"]) == ("2026-03-06", "2026-03-09")
    sign, progress = ledger.history_of(ONE)[-2:]
    assert (sign["at"], json.loads(sign["changes"])["day"]) == (NOW, [None, "2026-03-06"])
    assert "day" not in json.loads(progress["changes"])
    lines = history_lines(ledger.history_of(ONE))
    assert "2026-03-09 09:00" in lines[-2] and "（2026-03-06办理）" in lines[-2]
    assert "办理）" not in lines[-1]
    ledger.check_history()


BEFORE = [
    ((), date(2026, 3, 10), "尚未到来，今天是2026-03-09"),
    ((), date(2026, 3, 1), "早于此前的“登记”（2026-03-02）|早于此前的“交办”（2026-03-02）"),
    ((("sign", date(2026, 3, 5)),), date(2026, 3, 4), "早于此前的“签收”（2026-03-05）"),
]


@pytest.mark.parametrize(("before", "day", "said"), BEFORE)
def test_a_day_that_cannot_be_is_refused_and_changes_nothing(
    ledger: SqlLedger, before: Sequence[tuple[str, date]], day: date, said: str
) -> None:
    enter(ledger, TEA)
    for action, when in before:
        told(ledger, action, when)
    row, length = row_of(ledger), ledger.check_history()
    with pytest.raises(StepRefused, match=said):
        told(ledger, "sign", day)
    assert (row_of(ledger), ledger.check_history()) == (row, length)


def test_what_a_schedule_noted_meanwhile_does_not_stand_before_it(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    at_once(ledger, ONE, "soon", by="chase-deadlines", day="2026-03-09", party="program")
    ledger.mark_lights({ONE: "yellow"}, NOW)
    told(ledger, "sign", FRIDAY)
    assert row_of(ledger)["signed_on"] == "2026-03-06"


def test_an_objection_by_telephone_is_in_time_by_its_day_and_its_paper_bears_the_day_it_is_written(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    ledger.sent([(notice.id, "outbox") for notice in ledger.queued()], "2026-03-02T02:00:00Z")
    late = "2026-03-16T01:00:00Z"
    step = Step(ONE, "object", "张某", date(2026, 3, 11), "owner", TEA_LEAD, {"reason": "非本局职责"})
    with pytest.raises(StepRefused, match="退回期限"):
        take(ledger, DIRECTORY, Step(ONE, "object", "张某", date(2026, 3, 16), "owner", TEA_LEAD, step.fields), late)
    take(ledger, DIRECTORY, step, late)
    (paper,) = [json.loads(notice.event) for notice in ledger.queued()]
    assert (paper["data"]["kind"], paper["data"]["day"]) == ("objection", "2026-03-16")
    assert row_of(ledger)["objected_on"] == "2026-03-11"


def test_the_form_that_comes_with_a_decision_told_late_is_not_outdated(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    told(ledger, "sign", date(2026, 3, 3))
    told(ledger, "extend", date(2026, 3, 4), until="2030-01-01", reason="汛期")
    told(ledger, "refuse", FRIDAY, party="office", reason="不准")
    (paper,) = [notice for notice in ledger.queued() if notice.kind == "extension" and notice.agency_id == TEA_LEAD]
    history = [(beijing_day(entry["at"]).isoformat(), str(entry["action"])) for entry in ledger.history_of(ONE)]
    form = FORMS.of_event(paper)
    assert form.day == MONDAY.isoformat()
    assert outdated(Answer(ONE, "progress", TEA_LEAD, "张某", (), "第5行"), form, history) is None


@pytest.mark.parametrize("written", ["2026-03-06", "2026/3/6", "2026年3月6日", datetime(2026, 3, 6), FRIDAY])  # noqa: DTZ001
def test_a_form_says_itself_when_it_happened(ledger: SqlLedger, tmp_path: Path, written: object) -> None:
    enter(ledger, TEA)
    put(tmp_path, "回执.xlsx", filled(ledger, "张某", {"办理意见": "签收", "办理日期": written}))
    done = receive(tmp_path, desk(ledger, MONDAY))
    assert (done.refused, row_of(ledger)["signed_on"]) == ([], "2026-03-06")


def test_a_form_issued_before_there_was_such_a_column_is_taken(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    book = openpyxl.load_workbook(io.BytesIO(filled(ledger, "张某", {"办理意见": "签收"})))
    sheet = book.worksheets[0]
    assert "办理日期" in str(sheet.cell(4, HAPPENED).value)
    sheet.delete_cols(HAPPENED)
    put(tmp_path, "回执.xlsx", b"")
    book.save(tmp_path / "回执.xlsx")
    assert receive(tmp_path, desk(ledger, MONDAY)).forms == {"taken": 1}
    assert row_of(ledger)["signed_on"] == "2026-03-09"


WRONG_DAYS = [("2026-03-10", "尚未到来"), ("2026-02-27", "早于此前的"), ("上周五", "“上周五”无法识别")]


@pytest.mark.parametrize(("written", "said"), WRONG_DAYS)
def test_a_form_with_a_wrong_day_comes_back_with_its_reason(ledger: SqlLedger, tmp_path: Path, written: str, said: str) -> None:
    enter(ledger, TEA)
    put(tmp_path, "回执.xlsx", filled(ledger, "张某", {"办理意见": "签收", "办理日期": written}))
    done = receive(tmp_path, desk(ledger, MONDAY))
    assert done.forms == {"refused": 1} and said in done.refused[0] and "第5行" in done.refused[0]
    assert state(ledger) == "issued"


def test_json_says_the_day_too_and_no_owner_dates_its_objection_back(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    ledger.sent([(notice.id, "outbox") for notice in ledger.queued()], "2026-03-02T02:00:00Z")
    late = {"commitment_id": ONE, "action": "object", "reason": "非本局职责", "day": "2026-03-05"}
    put(tmp_path, "a.json", as_json(answers=[late]))
    assert "退回期限" in receive(tmp_path, desk(ledger, date(2026, 3, 16))).refused[0]
    put(tmp_path, "b.json", as_json(answers=[{"commitment_id": ONE, "action": "sign", "day": "2026-03-06"}]))
    assert receive(tmp_path, desk(ledger, date(2026, 3, 16))).forms == {"taken": 1}
    assert row_of(ledger)["signed_on"] == "2026-03-06"


def test_the_form_in_the_ui_has_the_day(ledger: SqlLedger) -> None:
    asked = CommitmentAnswer(commitment_id=ONE, action="sign", by="张某", agency_id=TEA_LEAD, day=FRIDAY)
    assert (asked.step(MONDAY).day, "day" in asked.step(MONDAY).fields) == (FRIDAY, False)
    assert asked.model_copy(update={"day": None}).step(MONDAY).day == MONDAY


def test_the_commands_take_a_day(site: SqlLedger) -> None:
    owner = ("--agency", TEA_LEAD, "--by", "张某")
    steps = [
        ("sign", ONE, *owner, "--day", "2026-03-04"),
        ("progress", ONE, *owner, "--text", "已开工", "--day", "2026-03-05"),
        ("done", ONE, *owner, "--evidence", "验收单", "--day", "2026-03-06"),
        ("verify", ONE, "--by", "督查室", "--day", "2026-03-09"),
    ]
    for arguments in steps:
        result = run(*arguments)
        assert result.exit_code == 0, (result.output, result.exception)
    row = row_of(site)
    days = [row[name] for name in ("signed_on", "progress_on", "done_on", "done_claimed_on", "verified_on")]
    assert days == ["2026-03-04", "2026-03-05", "2026-03-06", "2026-03-06", "2026-03-09"]
    assert {beijing_day(entry["at"]) for entry in site.history_of(ONE)[2:]} == {today()}
    assert "尚未到来" in str(run("close", ONE, "--by", "督查室", "--day", "2999-01-01").exception)
    assert run("close", ONE, "--by", "督查室", "--day", "Friday").exit_code == 2

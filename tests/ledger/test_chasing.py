"""Reminders on the right working days: the clock is turned, nothing sleeps, the same day again changes nothing."""

from __future__ import annotations

import copy
import json
from datetime import date
from typing import Any

import pytest

from flows.adapters.sql_ledger import SqlLedger
from flows.answering import take as answer
from flows.chasing import chase_day
from flows.letters.agencies import Directory
from flows.letters.clocks import calendar_problems
from flows.letters.errors import RulesError, StepRefused
from flows.letters.holidays import calendar_of
from flows.letters.lifecycle import Step
from flows.letters.workdays import WorkCalendar, months_after
from tests.ledger.steps import TEA, TEA_LEAD, enter, take
from tests.notices.ledger_samples import DIRECTORY, LETTERS

ONE = TEA["statements"][0]["id"]
CALENDAR = WorkCalendar()


def one_promise(due: str | None) -> dict[str, Any]:
    record = copy.deepcopy(TEA)
    record["header"]["date"] = "2026-08-28"
    statement = record["statements"][0]
    statement["owners"] = [o for o in statement["owners"] if o["role"] == "lead"]
    statement["deadline"] = due and {"text": "限期", "date": due, "precision": "day", "provenance": "stated"}
    record["statements"] = [statement]
    return record


def sent(ledger: SqlLedger, now: str) -> list[str]:
    """Deliver everything; what kinds (and stages) went out."""
    made = ledger.queued(now=now)
    ledger.sent([(notice.id, "outbox") for notice in made], now)
    data = [json.loads(notice.event)["data"] for notice in made]
    return ["/".join(filter(None, [one["kind"], one.get("stage")])) for one in data]


def on(ledger: SqlLedger, day: str) -> list[str]:
    """Chase as of ``day``, twice; what was sent."""
    for _ in range(2):
        chase_day(ledger, DIRECTORY, CALENDAR, date.fromisoformat(day), f"{day}T02:00:00Z")
    return sent(ledger, f"{day}T03:00:00Z")


# 2026: 16 September is a Wednesday; 20 September and 10 October are make-up workdays; 1-7 October and 25-27 September are free.
DUE_DAYS = [
    ("2026-09-15", [], "green"),
    ("2026-09-16", ["reminder/near"], "green"),  # ten working days before 30 September
    ("2026-09-23", [], "green"),
    ("2026-09-24", ["reminder/close"], "yellow"),  # the festival takes three days out of the rest
    ("2026-09-28", [], "yellow"),
    ("2026-09-30", [], "yellow"),
    ("2026-10-01", [], "red"),  # late, but nobody is reminded on the national holiday
    ("2026-10-08", ["overdue"], "red"),
    ("2026-10-13", [], "red"),
    ("2026-10-14", ["overdue"], "red"),  # five working days on, the worked Saturday counted
    ("2026-10-16", [], "red"),
]


def test_due_reminders_fall_on_working_days(ledger: SqlLedger) -> None:
    enter(ledger, one_promise("2026-09-30"), "2026-08-31T01:00:00Z")
    sent(ledger, "2026-08-31T02:00:00Z")
    take(ledger, ONE, "sign", party="owner", agency_id=TEA_LEAD, by="张某", day="2026-09-01")
    for day, kinds, light in DUE_DAYS:
        assert [kind for kind in on(ledger, day) if kind != "annual_list"] == kinds, day
        row = ledger.commitment(ONE)
        assert row is not None
        assert row["light"] == light, day
    assert row["state"] == "overdue"
    steps = [e["action"] for e in ledger.history_of(ONE) if e["action"] != "light"]
    assert steps == ["propose", "issue", "sign", "soon", "late"]
    lights = [json.loads(e["changes"])["light"] for e in ledger.history_of(ONE) if e["action"] == "light"]
    assert lights == [["green", "yellow"], ["yellow", "red"]]


def test_who_does_not_sign_is_reminded_after_the_days_allowed(ledger: SqlLedger) -> None:
    enter(ledger, one_promise(None), "2026-09-24T01:00:00Z")
    assert on(ledger, "2026-09-24") == ["hand_off"]
    # 25-27 September are the festival: 28, 29, 30 are the first three working days, 8 October the fourth.
    assert [on(ledger, day) for day in ("2026-09-30", "2026-10-07")] == [[], []]
    assert sorted(on(ledger, "2026-10-08")) == ["annual_list", "reminder/unsigned"]
    assert on(ledger, "2026-10-10") == []
    take(ledger, ONE, "sign", party="owner", agency_id=TEA_LEAD, by="张某", day="2026-10-11")
    assert on(ledger, "2026-10-20") == []


def test_an_extension_starts_the_clock_anew(ledger: SqlLedger) -> None:
    enter(ledger, one_promise("2026-09-30"), "2026-08-31T01:00:00Z")
    take(ledger, ONE, "sign", party="owner", agency_id=TEA_LEAD, by="张某", day="2026-09-01")
    assert "reminder/close" in on(ledger, "2026-09-29")
    take(ledger, ONE, "extend", party="owner", agency_id=TEA_LEAD, by="张某", day="2026-09-29", until="2026-11-30", reason="汛期")
    take(ledger, ONE, "grant", by="李副县长", day="2026-09-30")
    assert [kind for kind in on(ledger, "2026-10-09") if kind != "annual_list"] == []
    assert ledger.commitment(ONE)["light"] == "green"  # type: ignore[index]
    assert on(ledger, "2026-11-26") == ["reminder/close"]


def test_at_the_years_end_what_is_open_is_carried_and_keeps_its_id(ledger: SqlLedger) -> None:
    enter(ledger, one_promise("2027-06-30"), "2026-08-31T01:00:00Z")
    sent(ledger, "2026-08-31T02:00:00Z")
    take(ledger, ONE, "sign", party="owner", agency_id=TEA_LEAD, by="张某", day="2026-09-01")
    assert on(ledger, "2026-10-12") == ["annual_list"]
    assert on(ledger, "2026-12-30") == []
    assert on(ledger, "2026-12-31") == ["carry_over"]
    assert on(ledger, "2027-01-04") == []
    row = ledger.commitment(ONE)
    assert row is not None
    assert (row["state"], row["carried_from"]) == ("signed", 2026)
    assert "carry" in [e["action"] for e in ledger.history_of(ONE)]
    ledger.check_history()


def test_a_missed_new_years_eve_is_made_up_in_january(ledger: SqlLedger) -> None:
    enter(ledger, one_promise("2027-06-30"), "2026-08-31T01:00:00Z")
    take(ledger, ONE, "sign", party="owner", agency_id=TEA_LEAD, by="张某", day="2026-09-01")
    assert "carry_over" in on(ledger, "2027-01-05")
    assert ledger.commitment(ONE)["carried_from"] == 2026  # type: ignore[index]


def test_a_missing_holiday_table_is_said_before_it_matters() -> None:
    assert calendar_problems(date(2026, 6, 1), CALENDAR) == ()
    (problem,) = calendar_problems(date(2026, 12, 1), CALENDAR)
    assert problem.code == "calendar_missing"
    assert "2027年" in problem.message
    own = calendar_of(b"[[year]]\nyear = 2027\nholidays = [2027-01-01]\nworkdays = [2027-01-02]")
    assert calendar_problems(date(2026, 12, 1), own) == ()
    assert [own.works(date(2027, 1, day)) for day in (1, 2, 3, 4)] == [False, True, False, True]


@pytest.mark.parametrize("text", ["year = 1", "[[year]]\nyear = 2027\nholidays = [2028-01-01]\nworkdays = []", "x ="])
def test_a_wrong_holiday_table_is_refused(text: str) -> None:
    with pytest.raises(RulesError, match="holiday table"):
        calendar_of(text.encode())


@pytest.mark.parametrize(
    ("first", "days", "expected"),
    [
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-09-30", 3, "2026-10-10"),  # a Saturday that is worked
        ("2026-10-10", 1, "2026-10-12"),
        ("2026-02-14", 1, "2026-02-24"),  # spring festival
        ("2026-11-25", 0, "2026-11-25"),
    ],
)
def test_working_days_after(first: str, days: int, expected: str) -> None:
    last = date.fromisoformat(expected)
    assert CALENDAR.after(date.fromisoformat(first), days) == last
    assert CALENDAR.between(date.fromisoformat(first), last) == days
    assert CALENDAR.between(last, date.fromisoformat(first)) == -days


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2024-01-31", 1, "2024-02-29"),
        ("2025-01-31", 1, "2025-02-28"),
        ("2025-11-15", 3, "2026-02-15"),
        ("2025-12-31", 6, "2026-06-30"),
    ],
)
def test_months_end_on_their_anniversary(day: str, months: int, expected: str) -> None:
    assert months_after(date.fromisoformat(day), months) == date.fromisoformat(expected)


def test_an_objection_must_come_in_time_and_the_office_must_decide(ledger: SqlLedger) -> None:
    enter(ledger, one_promise(None), "2026-03-02T01:00:00Z")
    sent(ledger, "2026-03-02T02:00:00Z")
    directory = Directory.load(LETTERS / "own" / "agencies-south.toml")

    def objects(day: str) -> Step:
        return Step(ONE, "object", "张某", date.fromisoformat(day), "owner", TEA_LEAD, {"reason": "非本局职责"})

    with pytest.raises(StepRefused, match="7个工作日"):
        answer(ledger, directory, objects("2026-03-12"), "2026-03-12T02:00:00Z")
    answer(ledger, directory, objects("2026-03-11"), "2026-03-11T02:00:00Z")
    assert on(ledger, "2026-03-11") == ["objection/raised"]
    assert on(ledger, "2026-03-18") == []
    assert on(ledger, "2026-03-19") == ["reminder/undecided"]
    take(ledger, ONE, "uphold", reason="职责明确", day="2026-03-20")
    assert on(ledger, "2026-03-24") == []

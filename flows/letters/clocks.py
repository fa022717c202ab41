"""Whom to remind today: lights and due reminders from the clocks of rules/chase.toml.  Today is always an argument."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any, Literal

from flows.letters.errors import StepRefused
from flows.letters.follow_up import Row, about, days_left, desk, name_of
from flows.letters.lifecycle import Change, Step, decide
from flows.letters.model import Notice, OwnerRole, Problem
from flows.letters.notices import notice_id
from flows.letters.routing import Bodies
from flows.letters.rules.load import load_table
from flows.letters.sheets import Templates
from flows.letters.workdays import WorkCalendar

CHASER = "chase-deadlines"
Light = Literal["green", "yellow", "red"]
Owners = Mapping[str, Sequence[Row]]


@dataclass(frozen=True, slots=True)
class Reminder:
    """A notice that today asks for, before it is made: its id tells whether it was made on an earlier day."""

    row: Row
    rule: Mapping[str, Any]
    to: tuple[str, str]
    role: OwnerRole
    occasion: str
    day: date
    left: int | None

    @property
    def id(self) -> str:
        told = "/".join(filter(None, (self.rule.get("stage"), self.occasion)))
        return notice_id(self.rule["kind"], self.row["id"], self.to[0], self.role, told)

    def make(self, templates: Templates | None = None) -> Notice:
        return about(
            self.row,
            self.rule["kind"],
            self.to,
            role=self.role,
            stage=self.rule.get("stage"),
            day=self.day,
            occasion=self.occasion,
            days_left=self.left,
            templates=templates,
        )


@dataclass(frozen=True, slots=True)
class Chase:
    """What today asks for: reminders, steps of the ledger, lights by commitment, and what is doubtful."""

    reminders: tuple[Reminder, ...]
    changes: tuple[Change, ...]
    lights: Mapping[str, Light]
    problems: tuple[Problem, ...]


def light_of(left: int | None) -> Light:
    """Green; yellow from the set number of working days before the due day; red when it has passed."""
    if left is None or left > _settings()["soon_days"]:
        return "green"
    return "yellow" if left >= 0 else "red"


def look_ahead(today: date) -> date:
    """The last due day that is looked at today."""
    return today + timedelta(days=_settings()["look_ahead_days"])


def chase(
    due: Sequence[Row],
    unsigned: Sequence[Row],
    quiet: Sequence[Row],
    undecided: Sequence[Row],
    owners: Owners,
    *,
    today: date,
    calendar: WorkCalendar,
    bodies: Bodies,
) -> Chase:
    """Reminders (not made yet), steps and lights for today.

    ``due``: open commitments with a due day not beyond ``look_ahead``; ``unsigned``: rows of owners with ``handed_on``;
    ``quiet``: open commitments without a due day; ``undecided``: those the office has to decide on; ``owners``: by
    commitment.  Everything has derived ids and steps are taken once: running it again the same day changes nothing.
    On a day that is not worked nobody is reminded: what is due then is said on the next working day.
    """
    lights: dict[str, Light] = {}
    reminders: list[Reminder] = []
    changes: list[Change] = []
    for row in due:
        left = days_left(row, today, calendar)
        if left is None:
            continue
        lights[row["id"]] = light_of(left)
        changes += _steps(row, owners.get(row["id"], ()), left, today)
        reminders += _of_due(row, owners.get(row["id"], ()), left, today, bodies)
    for row in unsigned:
        reminders += _of_unsigned(row, today, calendar, bodies)
    for row in quiet:
        reminders += _of_quiet(row, owners.get(row["id"], ()), today, calendar, bodies)
    for row in undecided:
        reminders += _of_undecided(row, today, calendar, bodies)
    said = tuple(reminders) if calendar.works(today) else ()
    return Chase(said, tuple(changes), lights, calendar_problems(today, calendar, due))


def calendar_problems(today: date, calendar: WorkCalendar, due: Sequence[Row] = ()) -> tuple[Problem, ...]:
    """A plain word for each year whose holiday table is missing though days are reckoned in it."""
    last = today + timedelta(days=_settings()["calendar_warning_days"])
    days = [last, *(date.fromisoformat(row["due"]) for row in due if row["due"])]
    return tuple(
        Problem(
            "calendar_missing",
            f"{year}年的放假安排尚未录入：该年的工作日暂按周一至周五推算，催办日期可能有误；"
            f"请升级节假日数据包，或在站点节假日表中补录{year}年。",
        )
        for year in calendar.missing(min(today, min(days)), max(days))
    )


def _of_due(row: Row, owners: Sequence[Row], left: int, today: date, bodies: Bodies) -> Iterator[Reminder]:
    for rule in _rules("due"):
        if left > rule["from"] or left < rule.get("until", left):
            continue
        turn = (rule["from"] - left) // rule["every"] if "every" in rule else 0
        for owner in owners:
            if owner["role"] == "lead":
                to = _recipient(rule, owner, bodies)
                # A due day that moved starts the row anew: the day is part of the occasion.
                yield Reminder(row, rule, to, "lead", f"{rule['id']}/{row['due']}/{turn}", today, left)


def _of_unsigned(row: Row, today: date, calendar: WorkCalendar, bodies: Bodies) -> Iterator[Reminder]:
    waited = calendar.between(date.fromisoformat(row["handed_on"]), today)
    owner = {"agency_id": row["owner_id"], "name": row["owner_name"]}
    for rule in _rules("unsigned"):
        if (turn := _turn(rule, waited)) is not None:
            to = _recipient(rule, owner, bodies)
            role: OwnerRole = "lead" if row["owner_role"] == "lead" else "support"
            yield Reminder(row, rule, to, role, f"{rule['id']}/{row['handed_on']}/{turn}", today, None)


def _of_quiet(
    row: Row,
    owners: Sequence[Row],
    today: date,
    calendar: WorkCalendar,
    bodies: Bodies,
) -> Iterator[Reminder]:
    last = row["progress_on"] or row["signed_on"] or row["issued_on"]
    if last is None:
        return
    waited = calendar.between(date.fromisoformat(last), today)
    for rule in _rules("quiet"):
        if (turn := _turn(rule, waited)) is not None:
            for owner in owners:
                if owner["role"] == "lead":
                    to = _recipient(rule, owner, bodies)
                    yield Reminder(row, rule, to, "lead", f"{rule['id']}/{last}/{turn}", today, None)


def _of_undecided(row: Row, today: date, calendar: WorkCalendar, bodies: Bodies) -> Iterator[Reminder]:
    since = row[load_table("chase")["since"][row["state"]]]
    if since is None:
        return
    waited = calendar.between(date.fromisoformat(since), today)
    for rule in _rules("undecided"):
        if (turn := _turn(rule, waited)) is not None:
            yield Reminder(row, rule, desk("office"), "lead", f"{rule['id']}/{row['state']}/{since}/{turn}", today, None)


def undecided_states() -> tuple[str, ...]:
    """States in which the office has the word."""
    return tuple(load_table("chase")["since"])


def objection_fault(handed_on: str | None, day: date, calendar: WorkCalendar) -> str | None:
    """Why an owner's objection comes too late; None where it is in time, or the day of hand-over is not known."""
    within = load_table("notices")["clocks"]["object_within"]
    if handed_on is None or calendar.between(date.fromisoformat(handed_on), day) <= within:
        return None
    return f"已超过{within}个工作日的退回期限（{handed_on}送达），视为接受交办；确需改派的，请联系督办部门办理"


def _turn(rule: Mapping[str, Any], waited: int) -> int | None:
    """Which time the row fires after so many days of waiting; None when it does not."""
    if waited < rule["from"] or waited > rule.get("until", waited):
        return None
    return (waited - int(rule["from"])) // int(rule["every"]) if "every" in rule else 0


def _recipient(rule: Mapping[str, Any], owner: Row, bodies: Bodies) -> tuple[str, str]:
    if rule["to"] == "owner":
        return owner["agency_id"], name_of(owner["agency_id"], bodies, owner["name"])
    above = getattr(bodies.get(owner["agency_id"]), "escalate_to", None)
    return (above, name_of(above, bodies)) if above else desk("office")


def _steps(row: Row, owners: Sequence[Row], left: int, today: date) -> Iterator[Change]:
    """The steps whose rows fit: due soon, overdue; those the state does not allow (any more) are none."""
    for rule in _rules("due"):
        if "step" not in rule or left > rule["from"] or left < rule.get("until", left):
            continue
        step = Step(row["id"], rule["step"], CHASER, today, "program", fields={"reason": f"剩余工作日：{left}"})
        try:
            yield decide(row, owners, step)
        except StepRefused:
            continue  # already there, or an answer (extension asked, objected) is pending


def _rules(clock: str) -> list[Mapping[str, Any]]:
    return [row for row in load_table("chase")["chase"] if row["clock"] == clock]


@cache
def _settings() -> Mapping[str, int]:
    found: dict[str, int] = load_table("chase")["settings"]
    return found

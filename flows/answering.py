"""Takes the answers of owners and the office's decisions: one step, its history and its notices in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flows.adapters.sql_ledger import SqlLedger
from flows.letters.agencies import Directory
from flows.letters.clocks import objection_fault
from flows.letters.errors import StepRefused
from flows.letters.follow_up import notices_of
from flows.letters.lifecycle import Step, day_fault, decide, states
from flows.letters.returns import Answer
from flows.letters.sheets import Templates
from flows.letters.workdays import WorkCalendar, beijing_day

_TAKES_AGENCY = ("issue", "reassign")


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: the commitment, its state before and after in Chinese, how many notices it made."""

    commitment_id: str
    before: str
    after: str
    notices: int


def take(
    ledger: SqlLedger,
    directory: Directory,
    step: Step,
    now: str,
    templates: Templates | None = None,
    calendar: WorkCalendar | None = None,
    received: date | None = None,
) -> Taken:
    """Take a step; ``StepRefused`` says why not, ``ChangedMeanwhile`` that somebody was faster.  Nothing is half done.

    The step's day is when it happened, ``now`` when it is said.  ``received``: the day a form came in that says itself when
    it happened; an objection is in time by that day.
    """
    row = ledger.commitment(step.commitment_id)
    if row is None:
        raise StepRefused(f"台账中没有承诺 {step.commitment_id}；请用 duban ledger 查看现有编号")
    today = beijing_day(now)
    if step.day != today and (fault := day_fault(step, today, ledger.history_of(step.commitment_id))):
        raise StepRefused(fault)
    if step.action in _TAKES_AGENCY:
        step = _with_agency(step, row["state"], directory)
    owners = ledger.owners_of(step.commitment_id)
    if step.action == "object" and step.party == "owner":
        mine = next((owner["handed_on"] for owner in owners if owner["agency_id"] == step.agency_id), None)
        if fault := objection_fault(mine, received or step.day, calendar or WorkCalendar()):
            raise StepRefused(fault)
    change = decide(row, owners, step)
    made = notices_of(change, row, owners, directory, today, templates)
    ledger.apply(change, now, made)
    return Taken(step.commitment_id, states()[change.from_state], states()[change.to_state], len(made))


def take_answer(
    ledger: SqlLedger,
    directory: Directory,
    answer: Answer,
    day: date,
    now: str,
    templates: Templates | None = None,
    calendar: WorkCalendar | None = None,
) -> Taken:
    """Take an owner's answer from a returned form: it speaks for the agency the form was made for.

    ``day`` is when the form came in; it may say itself on which day it happened.
    """
    fields = dict(answer.fields)
    happened = _said_day(fields.pop("day")) if "day" in fields else day
    step = Step(answer.commitment_id, answer.action, answer.by, happened, "owner", answer.agency_id, fields)
    return take(ledger, directory, step, now, templates, calendar, day)


def _said_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise StepRefused(f"办理日期“{text}”无法识别，请写成 2025-12-31 的样子") from None


def _with_agency(step: Step, state: str, directory: Directory) -> Step:
    """The new owner by its id or its name; what nobody was told of yet is issued, anything else is reassigned."""
    wanted = str(step.fields.get("agency_id") or "")
    agency = directory.get(wanted) or directory.resolve(wanted, None)
    if agency is None:
        likely = "、".join(f"{one.id}（{one.name}）" for one in directory.suggest(wanted, None)[:3])
        raise StepRefused(f"名录中没有单位“{wanted}”" + (f"，是否指：{likely}" if likely else ""))
    action = "issue" if state in ("proposed", "confirmed") else "reassign"
    fields = {**step.fields, "agency_id": agency.id, "agency_name": agency.name}
    return Step(step.commitment_id, action, step.by, step.day, step.party, step.agency_id, fields)

"""The life of a commitment: whether a step is allowed now and to whom, and what it changes (rules/states.toml)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Literal

from flows.letters.errors import StepRefused
from flows.letters.rules.load import load_table
from flows.letters.workdays import beijing_day

Party = Literal["owner", "office", "program"]


@dataclass(frozen=True, slots=True)
class Step:
    """Somebody wants to take a step: ``by`` names the person (or the program's part), ``agency_id`` the body acted for.

    ``day`` is when it happened, which may be before it is said.  ``party`` owner acts for ``agency_id``; office and program
    act for the supervising office.  ``fields`` hold what the step says (reason, text, evidence, until, …), dates as ISO
    strings.
    """

    commitment_id: str
    action: str
    by: str
    day: date
    party: Party = "office"
    agency_id: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Change:
    """What an allowed step changes: columns of the commitment, and of the acting owner's own row."""

    step: Step
    version: int
    from_state: str
    to_state: str
    sets: Mapping[str, Any]
    owner_sets: Mapping[str, Any]


@cache
def states() -> dict[str, str]:
    """State → its Chinese name, in the order of a commitment's life."""
    return {row["id"]: row["name"] for row in load_table("states")["state"]}


@cache
def final_states() -> frozenset[str]:
    return frozenset(row["id"] for row in load_table("states")["state"] if row.get("final"))


@cache
def open_states() -> tuple[str, ...]:
    """States in which somebody still has to do something, in order."""
    return tuple(name for name in states() if name not in final_states())


def step_name(action: str) -> str:
    """What a clerk calls the step; the action itself where the table has none."""
    return next((str(row["name"]) for row in load_table("states")["step"] if row["action"] == action), action)


def day_fault(step: Step, today: date, history: Sequence[Mapping[str, Any]]) -> str | None:
    """Why a step cannot have happened on its day: still to come, or before what had to come first; None where it can.

    ``history`` are the ledger's entries about the commitment.  What a schedule noted meanwhile (a light, overdue, the
    carry-over) does not stand before it: the day the clerk heard of the step is not the day it was taken.
    """
    if step.day > today:
        return f"办理日期{step.day}尚未到来，今天是{today}，请核对"
    steps = [entry for entry in history if entry["to_state"] is not None and entry["action"] not in _of_schedules()]
    if not steps:
        return None
    last = max(steps, key=happened_on)
    if step.day >= happened_on(last):
        return None
    before = "登记" if last["action"] == "propose" else step_name(last["action"])
    return f"办理日期{step.day}早于此前的“{before}”（{happened_on(last)}），请核对"


def happened_on(entry: Mapping[str, Any]) -> date:
    """The day on which what an entry of the history tells of happened; ``at`` is when it was said."""
    told = json.loads(entry["changes"]).get("day")
    return date.fromisoformat(told[1]) if told else beijing_day(entry["at"])


@cache
def _of_schedules() -> frozenset[str]:
    return frozenset(row["action"] for row in load_table("states")["step"] if row["by"] == ["program"])


def decide(row: Mapping[str, Any], owners: Sequence[Mapping[str, Any]], step: Step) -> Change:
    """The change ``step`` makes to the commitment ``row`` (ledger columns) with its ``owners`` (ledger rows).

    Raises ``StepRefused``, saying why and what is possible, where the table does not allow it.
    """
    rule = _rule(row["state"], step)
    mine = next((owner for owner in owners if owner["agency_id"] == step.agency_id), None) if step.agency_id else None
    _check_party(rule, step, mine, owners, row)
    _check_fields(rule, step)
    values = {"day": step.day.isoformat(), "by": step.by, "done_on": step.day.isoformat(), **step.fields}
    sets = {column: values[name] for column, name in rule.get("sets", {}).items() if values.get(name) is not None}
    to_state = row["state"] if rule["to"] == "same" else rule["to"]
    owner_sets: dict[str, Any] = {}
    if mine is not None and step.action in ("sign", "object"):
        owner_sets = {"signed_on": values["day"]} if step.action == "sign" else {"objected_on": values["day"]}
    if mine is not None and mine["role"] == "support" and step.party == "owner":
        # A supporting body answers for itself; the commitment's state follows its lead alone.
        to_state, sets = row["state"], {name: sets[name] for name in ("progress", "progress_on") if name in sets}
    sets |= _effects(row, step)
    return Change(step, row["version"], row["state"], to_state, sets, owner_sets)


def _rule(state: str, step: Step) -> Mapping[str, Any]:
    rows = [row for row in load_table("states")["step"] if row["action"] == step.action]
    if not rows:
        raise StepRefused(f"没有名为 {step.action!r} 的步骤")
    found: Mapping[str, Any] | None = next((row for row in rows if state in row["from"]), None)
    if found is None:
        allowed = "、".join(dict.fromkeys(states()[name] for row in rows for name in row["from"]))
        raise StepRefused(f"承诺 {step.commitment_id} 当前为“{states()[state]}”，不能{step_name(step.action)}；须处于：{allowed}")
    return found


def _check_party(
    rule: Mapping[str, Any],
    step: Step,
    mine: Mapping[str, Any] | None,
    owners: Sequence[Mapping[str, Any]],
    row: Mapping[str, Any],
) -> None:
    allowed, name = rule["by"], rule["name"]
    if step.party == "owner":
        if mine is None:
            raise StepRefused(f"{step.agency_id} 不是承诺 {step.commitment_id} 的责任单位，不能代为答复")
        if "owner" in allowed or ("lead" in allowed and mine["role"] == "lead"):
            return
        if "lead" in allowed:
            raise StepRefused(f"{step.agency_id} 是承诺 {step.commitment_id} 的配合单位，“{name}”须由牵头单位办理")
        raise StepRefused(f"“{name}”不能由责任单位自己办理，须由督办部门办理" if "office" in allowed
                          else f"“{name}”只能由程序按日程办理")  # fmt: skip
    if step.party not in allowed:
        raise StepRefused(f"“{name}”不能由{'督办部门' if step.party == 'office' else '程序'}办理")
    if allowed == ["office"]:
        if step.agency_id is not None and any(owner["agency_id"] == step.agency_id for owner in owners):
            raise StepRefused(f"{step.agency_id} 是承诺 {step.commitment_id} 的责任单位，不能办理自己的“{name}”")
        if step.action in ("verify", "close") and step.by in (row.get("done_by"), row.get("responsible")):
            raise StepRefused(f"{step.by} 是报告办结的人或责任人，核实和销号须由他人办理")


def _check_fields(rule: Mapping[str, Any], step: Step) -> None:
    given = {"by": step.by, **step.fields}
    missing = [name for name in rule.get("needs", []) if given.get(name) in (None, "")]
    if missing:
        words = load_table("states")["field"]
        raise StepRefused(f"“{rule['name']}”还须写明：{'、'.join(words.get(name, name) for name in missing)}")


def _effects(row: Mapping[str, Any], step: Step) -> dict[str, Any]:
    """What a step changes beyond copying its fields."""
    if step.action == "extend":
        until = _day(step, "until")
        if row.get("due") and until <= date.fromisoformat(row["due"]):
            raise StepRefused(f"延期至 {until.isoformat()} 不晚于现有时限 {row['due']}，请核对日期")
    if step.action == "grant":
        extended = {"due": row["extension_until"], "due_basis": "extension", "light": "green"}
        return extended | {"extensions": (row["extensions"] or 0) + 1}
    if step.action == "refuse":
        return {"extension_until": None}
    if step.action in ("reassign", "issue") and step.fields.get("agency_id"):
        given = {"lead_agency_id": step.fields["agency_id"], "lead_name": step.fields.get("agency_name")}
        return given | ({"light": "green"} if step.action == "issue" else {})
    if step.action == "done" and _day(step, "done_on", step.day) > step.day:
        raise StepRefused(f"办结日期不能晚于办理日期{step.day}")
    if step.action == "reopen":
        return {"closed_on": None, "closed_by": None}
    return {}


def _day(step: Step, name: str, default: date | None = None) -> date:
    text = step.fields.get(name)
    if text is None and default is not None:
        return default
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise StepRefused(f"日期“{text}”无法识别，请写成 2025-12-31 的样子") from None

"""A district's office over two simulated years: letters come in, owners behave each in their way, the office decides."""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl

from flows.adapters.sql_ledger import SqlLedger
from flows.answering import take
from flows.chasing import chase_day
from flows.delivery import Channels, deliver_waiting
from flows.letters.agencies import Directory
from flows.letters.follow_up import item_of_row
from flows.letters.lifecycle import Step
from flows.letters.model import Notice
from flows.letters.outgoing import later
from flows.letters.return_forms import Forms, form
from flows.letters.workdays import WorkCalendar
from flows.ports import Channel
from flows.receiving import Desk, receive
from tests.ledger.steps import enter

FORMS = Forms(b"a key of this story, long enough")
WAYS = ("keen", "silent", "objects", "upheld", "extends", "late", "fails", "keen", "on paper", "sent back")


class Crash(BaseException):
    """The process dies."""


@dataclass
class Dying:
    """A channel whose process dies after every ninth delivery, before the ledger hears of it."""

    inner: Channel
    calls: int = 0

    def deliver(self, notice: Notice) -> str:
        where = self.inner.deliver(notice)
        self.calls += 1
        if self.calls % 9 == 0:
            raise Crash
        return where


@dataclass
class Office:
    """What it has, and what it did: ``deaths`` counts crashes, ``deeds`` the steps by action."""

    ledger: SqlLedger
    directory: Directory
    channels: Channels
    returns: Path
    calendar: WorkCalendar = field(default_factory=WorkCalendar)
    deaths: int = 0
    deeds: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    plan: dict[date, list[tuple[str, str]]] = field(default_factory=dict)

    def day(self, today: date, letters: list[dict[str, Any]]) -> None:
        """One day: what comes in, what was planned for it, forms, reminders, delivery."""
        now = f"{today.isoformat()}T01:00:00Z"
        for record in letters:
            enter(self.ledger, record, now)
            self._plan(record, today)
        for commitment_id, action in self.plan.pop(today, []):
            self._act(commitment_id, action, today, now)
        received = receive(self.returns, Desk(self.ledger, self.directory, FORMS, today, now))
        self.refused += received.refused
        chase_day(self.ledger, self.directory, self.calendar, today, now)
        self._deliver(now)

    def _deliver(self, now: str) -> None:
        for _ in range(200):
            try:
                deliver_waiting(self.ledger, self.channels, now)
            except Crash:
                self.deaths += 1
                now = later(now, 180)  # started again when the dead one's lease is over
                continue
            return
        raise AssertionError("delivery never ends")

    def _plan(self, record: dict[str, Any], today: date) -> None:
        """What will happen to each commitment, by the way its owner has."""
        for statement in record["statements"]:
            row = self.ledger.commitment(statement["id"])
            if row is None or row["state"] != "issued":
                continue
            due = date.fromisoformat(row["due"]) if row["due"] else today + timedelta(days=200)
            due = max(due, today + timedelta(days=30))
            for days, action in _course(way_of(row["id"]), (due - today).days):
                self.plan.setdefault(today + timedelta(days=days), []).append((row["id"], action))

    def _act(self, commitment_id: str, action: str, today: date, now: str) -> None:
        row = self.ledger.commitment(commitment_id)
        assert row is not None
        lead = row["lead_agency_id"]
        if action in ("sign on paper", "sign by json"):
            self._send_form(row, action, today)
            return
        fields: dict[str, Any] = {
            "object": {"reason": "职责不在本单位"},
            "reassign": {"agency_id": self._another(lead), "reason": "按三定方案调整"},
            "uphold": {"reason": "职责明确"},
            "progress": {"text": "正在推进"},
            "extend": {"until": (today + timedelta(days=120)).isoformat(), "reason": "招标延后"},
            "done": {"evidence": "验收报告"},
            "return": {"reason": "缺少验收意见"},
            "rate": {"rating": "满意"},
            "fail": {"reason": "资金未落实", "signer": "单位主要负责人", "number": "某函1号"},
        }.get(action, {})
        owner = action in ("sign", "object", "progress", "extend", "done")
        by = f"{lead} 经办人" if owner else "督查室 王某"
        step = Step(commitment_id, action, by, today, "owner" if owner else "office", lead if owner else None, fields)
        take(self.ledger, self.directory, step, now)
        self.deeds[action] += 1

    def _send_form(self, row: dict[str, Any], action: str, today: date) -> None:
        """The owner's answer comes as a file: the office's own form filled in, or JSON."""
        lead = row["lead_agency_id"]
        self.returns.mkdir(exist_ok=True)
        if action == "sign by json":
            answer = {"commitment_id": row["id"], "action": "sign", "responsible": "经办人"}
            issued = asdict(FORMS.issue(lead, "N1", today))
            document = {"agency_id": lead, "by": "经办人", "form": issued, "answers": [answer]}
            (self.returns / f"{row['id']}.json").write_text(json.dumps(document), encoding="utf-8")
            return
        book = openpyxl.load_workbook(io.BytesIO(form(lead, row["lead_name"], [item_of_row(row)], FORMS.issue(lead, "N1", today))))
        book.worksheets[0]["B3"], book.worksheets[0]["E5"] = "经办人", "签收"
        book.save(self.returns / f"{row['id']}.xlsx")

    def _another(self, agency_id: str) -> str:
        agency = self.directory.get(agency_id)
        assert agency is not None
        return next(a.id for a in self.directory.agencies if a.jurisdiction == agency.jurisdiction and a.id != agency_id)


def way_of(commitment_id: str) -> str:
    return WAYS[int(hashlib.sha256(commitment_id.encode()).hexdigest(), 16) % len(WAYS)]


def _course(way: str, due: int) -> list[tuple[int, str]]:
    """Days after receipt → action, for an owner of this way and a promise due after so many days."""
    closing = [(3, "verify"), (6, "rate"), (7, "close")]
    good = [(due - 10, "done"), *((due - 10 + days, action) for days, action in closing)]
    if way == "keen":
        return [(2, "sign by json"), (15, "progress"), *good]
    if way == "on paper":
        return [(3, "sign on paper"), *good]
    if way == "objects":
        return [(2, "object"), (5, "reassign"), (8, "sign"), *good]
    if way == "upheld":
        return [(2, "object"), (4, "uphold"), (6, "sign"), *good]
    if way == "extends":
        late = due + 90
        return [(2, "sign"), (due - 8, "extend"), (due - 6, "grant"), (late, "done"),
                *((late + days, action) for days, action in closing)]  # fmt: skip
    if way == "late":
        late = due + 40
        return [(2, "sign"), (late, "done"), *((late + days, action) for days, action in closing)]
    if way == "fails":
        return [(2, "sign"), (due + 35, "fail")]
    if way == "sent back":
        return [(2, "sign"), (due - 15, "done"), (due - 13, "return"), *good]
    return []  # silent: never answers

"""A district's office over two simulated years: letters come in, owners behave each in their way, the office decides."""

from __future__ import annotations

import io
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import openpyxl

from flows.letters.return_forms import Forms
from flows.letters.rules.load import load_table
from tests.story.house import FlowDied, House
from tests.story.letters import Letter, Promise

FIRST, LAST = date(2023, 1, 9), date(2024, 12, 31)
# Days lived through one by one: around a week of holidays with its make-up days, in autumn and in spring.
CLOSELY = ((date(2023, 9, 21), date(2023, 10, 16)), (date(2024, 1, 31), date(2024, 2, 22)))
OFFICE = "督查室 王某"
_FORMS_OF = load_table("returns")["column"]
_COLUMN = {spec["key"]: number for number, spec in enumerate(_FORMS_OF, 1)}
_WORD = {row["action"]: row["word"] for row in load_table("returns")["action"]}
_DECISIONS = frozenset(load_table("returns")["decisions"])
# What an owner says with each answer: columns of the form.
_SAYS: dict[str, dict[str, str]] = {
    "sign": {"responsible": "经办人"}, "object": {"said": "职责不在本单位"}, "progress": {"said": "正在推进"},
    "extend": {"said": "招标延后"}, "done": {"evidence": "验收报告"},
}  # fmt: skip


@dataclass
class Office:
    """What it has, and what it did: ``deeds`` counts the steps asked for by action, ``told`` the runs' messages by flow."""

    house: House
    deeds: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    deaths: int = 0
    plan: dict[date, list[tuple[str, Promise, str]]] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)

    def live(self, letters: list[Letter]) -> None:
        """The two years, day by day; a day on which nothing can happen is passed over."""
        today = FIRST
        while today <= LAST:
            coming = [letter for letter in letters if letter.day == today]
            if coming or today in self.plan or chases(today):
                self._day(today, coming)
            today += timedelta(days=1)
        while self.house.ledger.counts().get("notices.queued"):  # what the last day's mail server lost
            self._run("deliver-notices", today)
            today += timedelta(days=1)
        self._run("seal-archive", today)

    def _day(self, today: date, coming: list[Letter]) -> None:
        if coming:
            self._take_in(today, coming)
        acts = self.plan.pop(today, [])
        for number, promise, action in acts:
            if action in _WORD:
                self._answer(number, promise, action, today)
        if any(path.is_file() for path in self.house.settings.returns.glob("*")):
            self._run("receive-returns", today)
        for number, promise, action in acts:
            if action not in _WORD:
                self._decide(number, promise, action, today)
        if chases(today):
            self._run("chase-deadlines", today)
        if self.house.ledger.counts().get("notices.queued"):
            self._run("deliver-notices", today)
        if today == LAST or (today.month % 3 == 0 and today.day > 24 and today.weekday() == 0):
            self._run("report-ledger", today)
            self._run("seal-archive", today)

    def _run(self, flow: str, today: date, **parameters: Any) -> dict[str, Any]:
        try:
            told = self.house.run(flow, today, **parameters)
        except FlowDied:
            self.deaths += 1
            (told,) = self.house.take_up()
        self.told.append((flow, told["message"] or ""))
        return told

    # -- letters --------------------------------------------------------------------------------------------------

    def _take_in(self, today: date, coming: list[Letter]) -> None:
        inbox = self.house.settings.inbox
        for letter in coming:
            (inbox / letter.name).write_bytes(letter.data)
            if letter.again:
                (inbox / f"副本{letter.name}").write_bytes(letter.data)
        told = self._run("sweep-inbox", today, older_than_seconds=0.0)
        assert told["type"] == "COMPLETED", told
        for letter in coming:
            for promise in letter.promises:
                for day, action in course(promise, today):
                    self._plan(letter.document, promise, action, day)

    def _plan(self, number: str, promise: Promise, action: str, day: date) -> None:
        while day.weekday() not in (0, 3):
            day += timedelta(days=1)
        self.plan.setdefault(day, []).append((number, promise, action))

    def row(self, number: str, promise: Promise) -> dict[str, Any]:
        """The commitment as it stands: the newest version of the letter's."""
        rows = [r for r in self.house.ledger.rows() if r["document_number"] == number and promise.what in r["quote"]]
        found: dict[str, Any] = next((row for row in rows if row["state"] != "superseded"), rows[0])
        return found

    # -- owners ---------------------------------------------------------------------------------------------------

    def _answer(self, number: str, promise: Promise, action: str, today: date) -> None:
        """The owner fills in the newest form it was sent, or asks for one."""
        row = self.row(number, promise)
        form = self.form_of(row)
        if form is None:
            self._plan(number, promise, action, today + timedelta(days=1))  # it has not come yet
            return
        book = openpyxl.load_workbook(io.BytesIO(form))
        sheet = book.worksheets[0]
        line = next(cell.row for cell in sheet["A"] if cell.value == row["id"])
        said = dict(_SAYS[action])
        if action == "extend":
            said["day"] = (promise.due + timedelta(days=120)).isoformat()
        sheet["B3"] = "经办人"
        sheet.cell(line, _COLUMN["action"], _WORD[action])
        for key, value in said.items():
            sheet.cell(line, _COLUMN[key], value)
        name = f"{row['id']}-{action}-{today}"
        if promise.way == "keen" and action == "sign":
            self.drop_json(f"{name}.json", sheet, [{"commitment_id": row["id"], "action": "sign", "responsible": "经办人"}])
        else:
            out = io.BytesIO()
            book.save(out)
            self.drop(f"{name}.xlsx", out.getvalue())
        self.sent.append((row["id"], action))
        self.deeds[action] += 1

    def form_of(self, row: dict[str, Any]) -> bytes | None:
        """The form of the newest notice about the commitment that its lead has been given."""
        ledger, lead = self.house.ledger, row["lead_agency_id"]
        notices = [n for n in ledger.notices_about(row["id"]) if n["agency_id"] == lead]
        decided = max((h["at"][:10] for h in ledger.history_of(row["id"]) if h["action"] in _DECISIONS), default="")
        for notice in reversed(notices):
            found = self.received(lead, notice["id"])
            if found is not None:
                return found if notice["queued_at"][:10] >= decided else None
        if notices:
            return None
        # What a new version of a letter took over was never handed over anew: the owner asks for a form.
        out = self.house.settings.home / "asked.xlsx"
        assert self.house.duban("form", lead, "--out", out).exit_code == 0
        return out.read_bytes()

    def received(self, agency_id: str, notice_id: str) -> bytes | None:
        """The form that came with a notice, from the agency's folder or mailbox."""
        path = self.house.settings.outbox / agency_id / f"{notice_id}.xlsx"
        if path.exists():
            return path.read_bytes()
        for mail in self.house.postman.box.mails:
            if mail["X-Duban-Notice"] == notice_id:
                for part in mail.iter_attachments():
                    if (part.get_filename() or "").endswith(".xlsx"):
                        return bytes(part.get_content())
        return None

    def drop(self, name: str, data: bytes) -> None:
        self.house.settings.returns.mkdir(exist_ok=True)
        (self.house.settings.returns / name).write_bytes(data)

    def drop_json(self, name: str, sheet: Any, answers: list[dict[str, Any]]) -> None:
        """The same as JSON, by a system that read number, day and code off its form."""
        issue = {"number": sheet["D1"].value, "day": sheet["D2"].value, "code": sheet["D3"].value}
        document = {"agency_id": sheet["B1"].value, "by": "经办人", "form": issue, "answers": answers}
        self.drop(name, json.dumps(document, ensure_ascii=False).encode())

    # -- the office -----------------------------------------------------------------------------------------------

    def _decide(self, number: str, promise: Promise, action: str, today: date) -> None:
        if action.startswith("try"):
            self._try(number, promise, action, today)
            return
        row = self.row(number, promise)
        said: dict[str, Any] = {
            "reassign": {"to_agency": "yh-parks", "reason": "按三定方案调整"}, "issue": {"to_agency": "示例市云湖区水务局"},
            "uphold": {"reason": "职责明确"}, "return": {"reason": "缺少验收意见"}, "refuse": {"reason": "未到期，应按期完成"},
            "rate": {"rating": "满意"}, "fail": {"reason": "资金未落实", "signer": "单位主要负责人", "number": "云湖函1号"},
        }.get(action, {})  # fmt: skip
        asked = {"commitment_id": row["id"], "action": action, "by": OFFICE, **said}
        told = self._run("answer-commitment", today, answer=asked)
        assert told["type"] == "COMPLETED", (asked, told)
        self.deeds[action] += 1

    def _try(self, number: str, promise: Promise, action: str, today: date) -> None:
        """What must not be possible, tried."""
        row = self.row(number, promise)
        lead = row["lead_agency_id"]
        if action == "try to verify one's own":
            asked = {"commitment_id": row["id"], "action": "verify", "by": "经办人", "agency_id": lead}
            told = self._run("answer-commitment", today, answer=asked)
            assert told["type"] == "FAILED" and "须由督办部门办理" in told["message"]
            return
        answers = [{"commitment_id": row["id"], "action": "done", "evidence": "验收报告"}]
        if action == "try an old form":
            first = next(n for n in self.house.ledger.notices_about(row["id"]) if n["kind"] == "hand_off")
            self._send(lead, first["id"], answers, today)
        elif action == "try as a supporter":
            mine = [n for n in self.house.ledger.notices_about(row["id"]) if n["role"] == "support"]
            self._send(mine[0]["agency_id"], mine[0]["id"], answers, today)
        elif action == "try a forged form":
            issue = Forms(b"a key of somebody else, not ours").issue(lead, "N1", today)
            document = {"agency_id": lead, "by": "某人", "answers": answers}
            document["form"] = {"number": issue.number, "day": issue.day, "code": issue.code}
            self.drop("来历不明.json", json.dumps(document, ensure_ascii=False).encode())
        told = self._run("receive-returns", today)
        self.refused.append(told["message"])

    def _send(self, agency_id: str, notice_id: str, answers: list[dict[str, Any]], today: date) -> None:
        form = self.received(agency_id, notice_id)
        assert form is not None
        self.drop_json(f"{agency_id}-{today}.json", openpyxl.load_workbook(io.BytesIO(form)).worksheets[0], answers)


def chases(today: date) -> bool:
    """The days on which deadlines are chased: every fourth Monday, the days lived through closely, the last of the year."""
    if any(first <= today <= last for first, last in CLOSELY) or (today.month, today.day) == (12, 31):
        return True
    return today.weekday() == 0 and (today - FIRST).days % 28 == 0


def course(promise: Promise, day: date) -> list[tuple[date, str]]:
    """Day → action, for an owner of this way and a promise that came on ``day``."""
    due, way = promise.due, promise.way

    def settled(done: date, *, rated: bool = False) -> list[tuple[date, str]]:
        rate = [(done + timedelta(days=7), "rate")] if rated else []
        return [(done, "done"), (done + timedelta(days=4), "verify"), *rate, (done + timedelta(days=10), "close")]

    def after(days: int) -> date:
        return day + timedelta(days=days)

    def before(days: int) -> date:
        return due - timedelta(days=days)

    signed = [(after(3), "sign")]
    ways: dict[str, list[tuple[date, str]]] = {
        "keen": [*signed, (after(17), "progress"), *settled(before(20), rated=True), (before(19), "try to verify one's own")],
        "plain": [*signed, *settled(before(20))],
        "late": [*signed, *settled(before(-40))],
        "long": [*signed, (after(60), "progress")],
        "objects": [(after(3), "object"), (after(7), "reassign"), (after(10), "sign"), *settled(before(20))],
        "upheld": [(after(3), "object"), (after(7), "uphold"), (after(10), "sign"), *settled(before(20))],
        "supported": [*signed, (after(14), "try as a supporter"), *settled(before(20))],
        "extends": [*signed, (before(10), "extend"), (before(6), "grant"), *settled(before(-80))],
        "refused": [*signed, (before(20), "extend"), (before(15), "refuse"), *settled(before(8))],
        "fails": [*signed, (after(21), "try a forged form"), (before(-35), "fail")],
        "sent back": [
            *signed, (before(40), "done"), (before(33), "return"), (before(26), "try an old form"), *settled(before(20)),
        ],
        "issued by hand": [(after(3), "issue"), (after(10), "sign"), *settled(before(20))],
    }  # fmt: skip
    return ways.get(way, [])

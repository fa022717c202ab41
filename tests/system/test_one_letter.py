"""One letter through the whole system, on real parts, and what a person sees of it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import asdict
from email.message import EmailMessage
from typing import Any

import pytest

import schemas
from flows import wiring
from flows.form_key import forms
from flows.moment import today
from flows.schedule import DEPLOYMENTS
from tests.system.running import System, letter, wait_for

pytestmark = pytest.mark.timeout(240)


def archived(system: System, text: str) -> dict[str, Any]:
    """The ledger's row and the record of a letter that has left the inbox."""
    system.wait_empty_inbox()
    row = system.ledger().letter_of(hashlib.sha256(text.encode()).hexdigest())
    assert row is not None, system.logs_tail()
    record: dict[str, Any] = json.loads(wiring.archive(system.settings).get(row["record_key"]))
    return record


def test_a_letter_becomes_record_rows_and_sheets(system: System) -> None:
    text = letter(101)
    system.drop("2026/答复函.txt", text)
    record = archived(system, text)
    assert schemas.faults("v1/record", record) == []
    assert record["header"]["document_number"] == "云湖交提复〔2026〕101号"
    assert wiring.archive(system.settings).get(f"originals/sha256/{record['original']['sha256'][:2]}/"
                                               f"{record['original']['sha256']}") == text.encode()
    pledged = [s for s in record["statements"] if s["stance"] in ("pledged", "conditional")]
    rows = [row for row in system.ledger().rows() if row["sha256"] == record["original"]["sha256"]]
    assert [row["id"] for row in rows] == [s["id"] for s in pledged]
    sheets = {path.parent.name for path in (system.home / "outbox").rglob("*") if path.is_file()}
    assert {"demo-yunhu-transport", "demo-yunhu-civil", "demo-yunhu-chengguan"} <= sheets
    assert not system.ledger().queued(record["id"])


def test_the_run_is_named_after_the_letter_and_shows_its_page(system: System) -> None:
    text = letter(102)
    system.drop("run.txt", text)
    record = archived(system, text)

    def run() -> Any:
        found = system.api("/flow_runs/filter", {"flow_runs": {"name": {"like_": "〔2026〕102号"}}})
        return found and found[0]["state"]["type"] == "COMPLETED" and found[0]

    found = wait_for(run, 20, "a completed run named after the letter")
    assert "示例市云湖区交通运输局" in found["tags"]
    key = f"letter-{record['id'].lower()}"
    page = system.api("/artifacts/filter", {"artifacts": {"key": {"any_": [key]}}})[0]["data"]
    assert "2026年9月底前再改造公交站点25个" in page
    table = system.api(
        "/artifacts/filter", {"artifacts": {"key": {"any_": ["commitments"]}, "flow_run_id": {"any_": [found["id"]]}}}
    )[0]["data"]
    assert [row["承诺编号"] for row in json.loads(table)] == [
        s["id"] for s in record["statements"] if s["stance"] in ("pledged", "conditional")
    ]
    tasks = system.api("/task_runs/filter", {"flow_runs": {"id": {"any_": [found["id"]]}}})
    assert [(task["name"], task["state"]["type"]) for task in tasks] == [("run.txt", "COMPLETED")]


def test_the_same_bytes_again_make_no_second_record(system: System) -> None:
    text = letter(103)
    system.drop("first.txt", text)
    record = archived(system, text)
    before = system.ledger().counts()
    system.drop("again.txt", text)
    system.wait_empty_inbox()
    after = system.ledger().counts()
    assert after["duplicates"] == before.get("duplicates", 0) + 1
    assert after["letters"] == before["letters"]
    assert after["notices.sent"] == before["notices.sent"]
    assert record["id"]


def test_a_person_can_run_it_again_from_the_archive(system: System) -> None:
    text = letter(104)
    system.drop("rerun.txt", text)
    sha256 = archived(system, text)["original"]["sha256"]
    before = system.ledger().counts()
    for which in ({"path": "rerun.txt", "sha256": sha256}, {"sha256": sha256}):
        state = system.run_deployment("process-letter", {"letters": [which]})
        assert (state["type"], state["message"]) == ("COMPLETED", "归档1件")
    assert system.run_deployment("process-letter", {"letters": [{"path": "no-such.txt"}]})["message"] == "无此文件1件"
    assert system.ledger().counts() == before


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("empty.txt", b"", "unreadable_letter"), ("program.txt", b"MZ\x90\x00\x03\x00\x00\x00", "unknown_format")],
)
def test_what_cannot_be_read_waits_in_quarantine(system: System, name: str, content: bytes, code: str) -> None:
    aside = system.home / f".{name}"
    aside.write_bytes(content)
    aside.rename(system.home / "inbox" / name)
    system.wait_empty_inbox()
    why = json.loads((system.home / "quarantine" / f"{name}.why.json").read_text("utf-8"))
    assert (system.home / "quarantine" / name).read_bytes() == content
    assert why["code"] == code
    assert why["reason_zh"]
    assert why["advice_zh"]
    assert code in {row["code"] for row in system.ledger().quarantined()}


def test_commands_find_the_running_system(system: System) -> None:
    def duban(*words: str) -> str:
        command = [sys.executable, "-m", "flows.cli", *words]
        done = subprocess.run(command, env=system.environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    system.wait_empty_inbox()
    assert "承诺事项" in duban("status")
    assert "already running" in duban("up")
    assert "properties proven" in duban("doctor")
    assert "示例市云湖区民政局" in duban("ledger")
    number = next(row["document_number"] for row in system.ledger().rows())
    assert "第1页" in duban("show", number)


def test_two_sub_folders_may_hold_the_same_name(system: System) -> None:
    system.drop("甲/同名.txt", letter(105))
    system.drop("乙/同名.txt", letter(106))
    system.wait_empty_inbox()
    numbers = {row["document_number"] for row in system.ledger().rows()}
    assert {"云湖交提复〔2026〕105号", "云湖交提复〔2026〕106号"} <= numbers


def test_the_follow_up_is_run_from_the_ui(system: System) -> None:
    text = letter(107)
    system.drop("follow-up.txt", text)
    record = archived(system, text)
    row = next(r for r in system.ledger().rows() if r["letter_id"] == record["id"] and r["state"] == "issued")
    answer = {"commitment_id": row["id"], "by": "张某", "agency_id": row["lead_agency_id"]}
    assert system.run_deployment("answer-commitment", {"answer": answer | {"action": "sign"}})["type"] == "COMPLETED"
    refused = system.run_deployment("answer-commitment", {"answer": answer | {"action": "verify"}})
    assert (refused["type"], "报告办结" in refused["message"]) == ("FAILED", True)
    issue = forms(system.settings).issue(row["lead_agency_id"], "F1", today())
    form = {"agency_id": row["lead_agency_id"], "by": "张某", "form": asdict(issue), "answers": [
        {"commitment_id": row["id"], "action": "progress", "text": "已开工"},
    ]}  # fmt: skip
    system.settings.returns.mkdir(exist_ok=True)
    aside = system.home / ".returns.aside"
    aside.write_text(json.dumps(form), "utf-8")
    aside.rename(system.settings.returns / "回执.json")
    wait_for(lambda: "已受理1份" in system.run_deployment("receive-returns", {})["message"], 30, "the form, once it is settled")
    for name, parameters in (("chase-deadlines", {}), ("deliver-notices", {}), ("report-ledger", {})):
        state = system.run_deployment(name, parameters)
        assert state["type"] == "COMPLETED", state
    after = system.ledger().commitment(row["id"])
    assert after is not None
    assert (after["state"] in ("in_progress", "due_soon", "overdue"), after["progress"]) == (True, "已开工")
    assert list(system.settings.reports.glob("台账-*.xlsx"))
    assert system.api("/artifacts/filter", {"artifacts": {"key": {"any_": ["digest"]}}})[0]["data"].startswith("# 承诺事项")
    assert not system.ledger().queued()


def test_letters_in_a_mail_become_letters_of_their_own_and_say_where_they_came_from(system: System) -> None:
    first, second = letter(117), letter(118)
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "office@example.gov.cn", "duban@example.gov.cn", "答复函两件"
    mail.set_content("见附件。")
    for name, text in (("甲.txt", first), ("乙.txt", second)):
        mail.add_attachment(text.encode(), maintype="text", subtype="plain", filename=name)
    aside = system.home / ".mail.aside"
    aside.write_bytes(mail.as_bytes())
    aside.rename(system.home / "inbox" / "来函.eml")
    for text in (first, second):
        digest = hashlib.sha256(text.encode()).hexdigest()
        row = wait_for(lambda digest=digest: system.ledger().letter_of(digest), 60, f"a letter of the mail {system.logs_tail()}")
        log = wiring.archive(system.settings).get(row["record_key"].replace(".json", ".events.jsonl")).decode()
        origin = json.loads(log.splitlines()[0])["eventDetail"]
        assert origin.get("container_name") == "来函.eml", (log, sorted((system.home / "origins").glob("*")))
        assert "答复函两件" in origin.values()
    system.wait_empty_inbox()


def test_every_schedule_makes_its_runs(system: System) -> None:
    """Prefect's scheduler is a service of its server: a library it does not get on with stops it, and nothing else shows it."""

    def planned() -> Any:
        found = system.api("/flow_runs/filter", {"flow_runs": {"state": {"type": {"any_": ["SCHEDULED"]}}}, "limit": 200})
        return {run["deployment_id"] for run in found if run["auto_scheduled"]}

    deployments = {d["id"]: d["name"] for d in system.api("/deployments/filter", {"limit": 50}) if d["schedules"]}
    assert set(deployments.values()) == {row.flow.name for row in DEPLOYMENTS if row.cron}
    wait_for(lambda: planned() == set(deployments), 90, "a run planned for each schedule")

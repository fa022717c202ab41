"""Answers of owners: a form goes out, comes back filled in, counts once; the same through commands and JSON."""

from __future__ import annotations

import io
import json
from dataclasses import asdict, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from flows.adapters.sql_ledger import SqlLedger
from flows.cli import duban
from flows.form_key import forms
from flows.letters.agencies import Directory
from flows.letters.errors import LetterError, StepRefused
from flows.letters.follow_up import item_of_row
from flows.letters.return_forms import Forms, Issue, form
from flows.letters.returns import Returned
from flows.moment import now, today
from flows.receiving import Desk, read_form, receive
from flows.settings import load_settings
from tests.ledger.steps import AGENCIES, TEA, TEA_LEAD, enter

NOW, TODAY = "2026-03-05T01:00:00Z", date(2026, 3, 5)
DIRECTORY = Directory.load(AGENCIES)
ONE, TWO = (s["id"] for s in TEA["statements"][:2])
FORMS = Forms(b"a key of this test, long enough!")
ISSUE = FORMS.issue(TEA_LEAD, "N1", TODAY)
COLUMNS = {"办理意见": 5, "责任人": 6, "进展或理由": 7, "佐证材料": 8, "日期（延期至／办结）": 9, "办理日期": 10}


def desk(ledger: SqlLedger, today: date = TODAY) -> Desk:
    return Desk(ledger, DIRECTORY, FORMS, today, f"{today.isoformat()}T01:00:00Z")


def filled(ledger: SqlLedger, by: str | None, *lines: dict[str, Any], issue: Issue = ISSUE) -> bytes:
    """The form of TEA_LEAD with its first lines filled in."""
    rows = [ledger.commitment(one) for one in (ONE, TWO)]
    items = [item_of_row(row) for row in rows if row]
    book = openpyxl.load_workbook(io.BytesIO(form(TEA_LEAD, "瓯溪县农业农村局", items, issue)))
    sheet = book.worksheets[0]
    sheet["B3"] = by
    for number, line in enumerate(lines, 5):
        for heading, value in line.items():
            sheet.cell(number, COLUMNS[heading], value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def state(ledger: SqlLedger, commitment_id: str = ONE) -> str:
    row = ledger.commitment(commitment_id)
    assert row is not None
    return str(row["state"])


def put(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)


def test_a_filled_in_form_is_taken_once(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    data = filled(ledger, "张某", {"办理意见": "签收", "责任人": "李某"})
    put(tmp_path, "回执.xlsx", data)
    first = receive(tmp_path, desk(ledger))
    assert (first.forms, first.answers, first.refused) == ({"taken": 1}, 1, [])
    row = ledger.commitment(ONE)
    assert row is not None
    assert (row["state"], row["responsible"], row["signed_on"]) == ("signed", "李某", "2026-03-05")
    put(tmp_path, "回执（再发）.xlsx", data)
    again = receive(tmp_path, desk(ledger))
    assert (again.forms, again.answers) == ({"known": 1}, 0)
    assert len(list((tmp_path / "taken").iterdir())) == 2
    assert [event["action"] for event in ledger.history_of(ONE)].count("sign") == 1


def test_the_way_to_done_on_forms(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    for number, (line, leads_to) in enumerate([
        ({"办理意见": "签收"}, "signed"),
        ({"办理意见": "报告进展", "进展或理由": "已开工"}, "in_progress"),
        ({"办理意见": "申请延期", "进展或理由": "材料短缺", "日期（延期至／办结）": datetime(2027, 6, 30)}, "extension_asked"),  # noqa: DTZ001
        ({"办理意见": "报告办结", "佐证材料": "验收单", "日期（延期至／办结）": "2026/03/04"}, "done_claimed"),
    ]):  # fmt: skip
        put(tmp_path, f"{number}.xlsx", filled(ledger, "张某", line))
        done = receive(tmp_path, desk(ledger))
        assert (done.refused, state(ledger)) == ([], leads_to)
    row = ledger.commitment(ONE)
    assert row is not None
    assert (row["extension_until"], row["done_on"], row["evidence"]) == ("2027-06-30", "2026-03-04", "验收单")
    kinds = {notice.kind for notice in ledger.queued()}
    assert "extension" in kinds


def test_what_is_wrong_comes_back_with_its_reason(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    put(tmp_path, "回执.xlsx", filled(ledger, "张某", {"办理意见": "报告办结"}, {"办理意见": "签收"}))
    done = receive(tmp_path, desk(ledger))
    assert done.forms == {"refused": 1}
    (why,) = [json.loads(p.read_text("utf-8")) for p in (tmp_path / "refused").glob("*.why.json")]
    assert why["file"] == "回执.xlsx"
    assert "第5行" in why["refused"][0]
    assert state(ledger) == "issued"


def as_json(**changes: Any) -> bytes:
    issued = asdict(FORMS.issue(str(changes.get("agency_id", TEA_LEAD)), "N1", TODAY))
    answers = [{"commitment_id": ONE, "action": "sign"}]
    document = {"agency_id": TEA_LEAD, "by": "张某", "form": issued, "answers": answers} | changes
    return json.dumps(document, ensure_ascii=False).encode()


WRONG_FILES = [
    (b"no form at all", "XLSX"),
    (b"{not json", "JSON"),
    (as_json(by=""), "by"),
    (as_json(answers=[]), "answers"),
    (as_json(answers=[{"commitment_id": ONE, "action": "verify"}]), "action"),
    (as_json(answers=[{"commitment_id": ONE, "action": "sign", "state": "closed"}]), "state"),
    (as_json(form={"number": "N1"}), "code"),
    (b"[" * 100_000, "XLSX"),
    (b"{" + b'"a":{' * 100_000, "JSON"),
]


@pytest.mark.parametrize(("data", "said"), WRONG_FILES)
def test_what_is_no_answer_is_refused(data: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(LetterError, match=said):
        read(tmp_path, data)


def read(folder: Path, data: bytes) -> Returned:
    (folder / "回执").write_bytes(data)
    return read_form(folder / "回执")


def test_a_form_without_a_name_or_with_a_strange_word_is_refused(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    with pytest.raises(LetterError, match="填报人"):
        read(tmp_path, filled(ledger, None, {"办理意见": "签收"}))
    with pytest.raises(LetterError, match="销号"):
        read(tmp_path, filled(ledger, "张某", {"办理意见": "销号"}))
    with pytest.raises(LetterError, match="没有填写"):
        read(tmp_path, filled(ledger, "张某"))


def test_an_answer_for_another_agencys_matter_is_refused(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    put(tmp_path, "a.json", as_json(agency_id="zj-ouxi-fin"))
    put(tmp_path, "b.json", as_json())
    (tmp_path / ".hidden.json").write_bytes(as_json())
    (tmp_path / "link.json").symlink_to("/etc/passwd")
    done = receive(tmp_path, desk(ledger))
    assert done.forms == {"taken": 1, "refused": 1}
    assert "不是承诺" in done.refused[0]
    assert (state(ledger), (tmp_path / ".hidden.json").exists()) == ("signed", True)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(duban, list(arguments))


OWNER = ("--agency", TEA_LEAD, "--by", "张某")
OTHER = ("--agency", TEA["statements"][1]["owners"][0]["agency_id"], "--by", "钱某")
STORY = [
    (("sign", ONE, *OWNER, "--responsible", "李某"), "已交办 → 已签收"),
    (("progress", ONE, *OWNER, "--text", "已开工"), "已签收 → 办理中"),
    (("extend", ONE, *OWNER, "--until", "2030-06-30", "--reason", "汛期"), "办理中 → 申请延期，生成通知1件"),
    (("extend", ONE, "--grant", "--by", "李副县长"), "申请延期 → 办理中，生成通知1件"),
    (("done", ONE, *OWNER, "--evidence", "验收单", "--on", "2026-03-04"), "办理中 → 报告办结"),
    (("send-back", ONE, "--by", "督查室", "--reason", "缺附件"), "报告办结 → 办理中，生成通知1件"),
    (("done", ONE, *OWNER, "--evidence", "验收单及附件"), "办理中 → 报告办结"),
    (("verify", ONE, "--by", "督查室"), "报告办结 → 已核实，生成通知1件"),
    (("object", TWO, *OTHER, "--reason", "非本局职责"), "已交办 → 有异议，生成通知1件"),
    (("reassign", TWO, "--keep", "--by", "督查室", "--reason", "职责明确"), "有异议 → 已交办，生成通知1件"),
    (("reassign", TWO, "--to", "瓯溪县供销合作社联合社", "--by", "督查室", "--reason", "调整"), "已交办 → 已改派，生成通知2件"),
    (("fail", TWO, "--by", "督查室", "--reason", "资金未落实", "--signer", "赵局长"), "已改派 → 未落实"),
    (("reopen", TWO, "--by", "督查室", "--reason", "资金已到位"), "未落实 → 办理中"),
    (("withdraw", TWO, "--by", "督查室", "--reason", "原答复撤销"), "办理中 → 已撤回"),
]


def test_the_commands_tell_the_same_story(site: SqlLedger) -> None:
    for arguments, said in STORY:
        if arguments[:2] == ("withdraw", TWO):
            assert state(site, TWO) == "in_progress"
        result = run(*arguments)
        assert result.exit_code == 0, (arguments, result.output, result.exception)
        assert said in result.output
    site.check_history()


def test_commands_refuse_what_is_not_allowed(site: SqlLedger) -> None:
    assert isinstance(run("close", ONE, "--by", "督查室").exception, StepRefused)
    assert isinstance(run("sign", "C-none", *OWNER).exception, StepRefused)
    assert isinstance(run("reassign", ONE, "--to", "火星局", "--by", "x", "--reason", "y").exception, StepRefused)
    assert run("reassign", ONE, "--by", "x", "--reason", "y").exit_code == 2
    assert state(site) == "issued"


def test_the_ledger_as_table_json_workbook_and_paper(site: SqlLedger, tmp_path: Path) -> None:
    table = run("ledger", "--state", "issued")
    assert TEA["statements"][0]["text"] in table.output
    rows = [json.loads(line) for line in run("ledger", "--json", "--agency", TEA_LEAD).output.splitlines()]
    assert ONE in {row["id"] for row in rows}
    assert not {"proposers"} & set(rows[0])
    assert run("ledger", "--state", "nowhere").exit_code == 2
    assert run("ledger", "--xlsx", str(tmp_path / "台账.xlsx")).exit_code == 0
    book = openpyxl.load_workbook(tmp_path / "台账.xlsx")
    assert "承诺事项台账" in book.sheetnames
    notice = site.queued()[0]
    assert run("notice", notice.id, "--out", str(tmp_path / "papers")).exit_code == 0
    assert sorted(path.suffix for path in (tmp_path / "papers").iterdir()) == [".docx", ".html", ".json", ".pdf"]
    assert "没有通知" in run("notice", "N0").output
    assert site.claim(notice.id, "d", NOW, NOW) is not None
    assert run("notice", "督交[2026]1号", "--out", str(tmp_path / "sent")).exit_code == 0
    assert {path.stem for path in (tmp_path / "sent").iterdir()} == {"督交〔2026〕1号"}


def test_the_form_of_an_agency_comes_back_answered(site: SqlLedger, tmp_path: Path) -> None:
    path = tmp_path / "回执.xlsx"
    assert run("form", TEA_LEAD, "--out", str(path)).exit_code == 0
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    sheet["B3"], sheet["E5"] = "张某", "签收"
    assert (sheet["B1"].value, sheet["A5"].value) == (TEA_LEAD, ONE)
    book.save(path)
    put(tmp_path / "returns", "回执.xlsx", path.read_bytes())
    here = replace(desk(site), forms=forms(load_settings()), today=today(), now=now())
    assert receive(tmp_path / "returns", here).forms == {"taken": 1}
    assert state(site) == "signed"
    assert run("form", "nobody", "--out", str(path)).exit_code == 1

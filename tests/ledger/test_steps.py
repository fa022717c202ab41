"""The life of a commitment in the ledger: what is allowed, what is refused, and that nothing can be rewritten."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

from flows.adapters.ledger_database import HEAD
from flows.adapters.ledger_tables import OPEN, metadata
from flows.adapters.sql_ledger import Filter, SqlLedger
from flows.history_lines import history_lines
from flows.letters.errors import ChangedMeanwhile, LedgerDamaged, StepRefused, Unavailable
from flows.letters.lifecycle import Step, decide, final_states, states
from flows.letters.rules.load import load_table
from tests.ledger.steps import NOW, TEA, TEA_LEAD, enter, take

ONE = TEA["statements"][0]["id"]
OWNER = {"party": "owner", "agency_id": TEA_LEAD, "by": "张某"}

LIFE = [
    # action, what it says, who, the state it leads to
    ("sign", {"responsible": "张某"}, OWNER, "signed"),
    ("progress", {"text": "已完成选址"}, OWNER, "in_progress"),
    ("soon", {}, {"party": "program", "by": "chase-deadlines"}, "due_soon"),
    ("late", {}, {"party": "program", "by": "chase-deadlines"}, "overdue"),
    ("extend", {"until": "2027-06-30", "reason": "汛期影响施工"}, OWNER, "extension_asked"),
    ("grant", {}, {"by": "李副县长"}, "in_progress"),
    ("done", {"evidence": "验收报告", "done_on": "2026-03-01"}, OWNER, "done_claimed"),
    ("return", {"reason": "缺验收意见"}, {}, "in_progress"),
    ("done", {"evidence": "验收报告及意见"}, OWNER, "done_claimed"),
    ("verify", {}, {}, "verified"),
    ("tell", {}, {}, "told"),
    ("rate", {"rating": "满意"}, {}, "told"),
    ("close", {}, {}, "closed"),
]


def test_a_promise_from_signature_to_closure(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    for action, says, who, leads_to in LIFE:
        assert take(ledger, ONE, action, **who, **says) == leads_to, action
    row = ledger.commitment(ONE)
    assert row is not None
    assert (row["due"], row["due_basis"], row["extensions"], row["extension_by"]) == ("2027-06-30", "extension", 1, "李副县长")
    assert (row["done_on"], row["verified_by"], row["closed_by"]) == ("2026-03-03", "督查室 王某", "督查室 王某")
    assert row["deadline"] == TEA["statements"][0]["deadline"]["date"]
    assert [event["action"] for event in ledger.history_of(ONE)] == ["propose", "issue", *(step[0] for step in LIFE)]
    ledger.check_history()


REFUSED = [
    # steps before, the refused step, part of what is said
    ([], ("done", {"evidence": "报告"}, OWNER), "已交办"),
    ([], ("verify", {}, {}), "报告办结"),
    ([], ("sign", {}, {"party": "owner", "agency_id": "zj-ouxi-fin", "by": "赵某"}), "不是承诺"),
    (["sign"], ("progress", {}, OWNER), "还须写明"),
    (["sign"], ("extend", {"until": "2020-01-01", "reason": "忙"}, OWNER), "不晚于现有时限"),
    (["sign"], ("extend", {"until": "明年", "reason": "忙"}, OWNER), "无法识别"),
    (["sign"], ("done", {"evidence": "报告", "done_on": "2030-01-01"}, OWNER), "不能晚于办理日期"),
    (["sign", "progress", "done"], ("verify", {}, OWNER), "不能由责任单位自己办理"),
    (["sign", "progress", "done"], ("verify", {}, {"agency_id": TEA_LEAD}), "不能办理自己的"),
    (["sign", "progress", "done"], ("verify", {}, {"by": "张某"}), "须由他人办理"),
    ([], ("soon", {}, {}), "不能由督办部门办理"),
    ([], ("fly", {}, {}), "没有名为"),
]
SAYS = {"sign": {}, "progress": {"text": "推进中"}, "done": {"evidence": "报告"}}


@pytest.mark.parametrize(("before", "step", "said"), REFUSED)
def test_what_the_table_does_not_allow_is_refused_and_changes_nothing(
    ledger: SqlLedger, before: list[str], step: tuple[str, dict[str, str], dict[str, str]], said: str
) -> None:
    enter(ledger, TEA)
    for action in before:
        take(ledger, ONE, action, **OWNER, **SAYS[action])
    row, length = ledger.commitment(ONE), ledger.check_history()
    with pytest.raises(StepRefused, match=said):
        take(ledger, ONE, step[0], **step[2], **step[1])
    assert (ledger.commitment(ONE), ledger.check_history()) == (row, length)


def test_two_who_read_the_same_row_cannot_both_write(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    row, owners = ledger.commitment(ONE), ledger.owners_of(ONE)
    assert row is not None
    steps = [Step(ONE, "sign", by, date(2026, 3, 3), "owner", TEA_LEAD) for by in ("张某", "李某")]
    first, second = (decide(row, owners, step) for step in steps)
    ledger.apply(first, NOW)
    with pytest.raises(ChangedMeanwhile):
        ledger.apply(second, NOW)
    assert ledger.apply_all([(second, ())], NOW) == 0
    assert [event["by"] for event in ledger.history_of(ONE)][2:] == ["张某"]


def test_reassigning_moves_the_lead_and_answers_the_open_question(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    take(ledger, ONE, "object", **OWNER, reason="不属本局职责")
    row = ledger.commitment(ONE)
    assert row is not None
    step = Step(ONE, "reassign", "督查室", date(2026, 3, 4), fields={
        "agency_id": "zj-ouxi-fin", "agency_name": "瓯溪县财政局", "reason": "职责在财政",
    })  # fmt: skip
    ledger.apply(decide(row, ledger.owners_of(ONE), step), NOW)
    after = ledger.commitment(ONE)
    assert after is not None
    assert (after["state"], after["lead_agency_id"], after["lead_name"]) == ("reassigned", "zj-ouxi-fin", "瓯溪县财政局")
    assert [owner["agency_id"] for owner in ledger.owners_of(ONE)] == ["zj-ouxi-fin", "zj-ouxi-market"]
    assert [r["id"] for r in ledger.rows(Filter(agency_id="zj-ouxi-fin")) if r["id"] == ONE] == [ONE]
    with pytest.raises(StepRefused, match="不是承诺"):
        take(ledger, ONE, "sign", **OWNER)


@pytest.mark.parametrize("statement", ["UPDATE history SET why = 'x'", "DELETE FROM history"])
def test_history_cannot_be_rewritten(ledger: SqlLedger, url: str, statement: str) -> None:
    enter(ledger, TEA)
    engine = sa.create_engine(url)
    with pytest.raises(sa.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()
    ledger.check_history()


def test_a_rewritten_history_is_found(databases: object, tmp_path: Path) -> None:
    made = SqlLedger(f"sqlite:///{tmp_path / 'l.db'}")
    made.create()
    enter(made, TEA)
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'l.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TRIGGER history_no_UPDATE"))
        connection.execute(sa.text("UPDATE history SET \"by\" = 'somebody' WHERE seq = 3"))
    with pytest.raises(LedgerDamaged, match="entry 3"):
        made.check_history()


def test_the_migrations_make_exactly_the_tables_of_the_code(ledger: SqlLedger, url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = sa.create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == HEAD
    engine.dispose()
    ledger.create()


def test_tables_of_another_making_are_refused(tmp_path: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'l.db'}")
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE intake (sha256 TEXT)"))
    with pytest.raises(LedgerDamaged, match="move it away"):
        SqlLedger(f"sqlite:///{tmp_path / 'l.db'}").create()


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        SqlLedger("postgresql+pg8000://postgres@127.0.0.1:1/none").create()


def test_every_state_can_be_reached_and_every_step_sets_a_column_there_is() -> None:
    table = load_table("states")
    columns = set(metadata.tables["commitments"].c.keys())
    assert {column for row in table["step"] for column in row.get("sets", {})} <= columns
    reached = {"proposed"} | {row["to"] for row in table["step"]} - {"same"}
    assert reached == set(states())
    pairs = [(row["action"], state) for row in table["step"] for state in row["from"]]
    assert len(pairs) == len(set(pairs))
    for state in set(states()) - final_states():
        assert any(state in row["from"] for row in table["step"]), state


def test_the_open_states_of_the_index_are_those_of_the_table() -> None:
    named = {part for part in OPEN.split("'") if part in states()}
    assert named == set(final_states())


def test_the_history_is_told_in_even_columns(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    take(ledger, ONE, "sign", party="owner", agency_id=TEA_LEAD, by="张某", responsible="张某")
    ledger.mark_lights({ONE: "yellow"}, "2026-03-05T16:30:00Z")
    take(ledger, ONE, "progress", party="owner", agency_id=TEA_LEAD, by="张某", text="已完成\n选址")
    lines = history_lines(ledger.history_of(ONE))
    assert len(lines) == 6
    assert lines[0].split() == ["时间", "办理人", "事项", "状态变化", "说明"]
    assert [line.split()[2] for line in lines[1:]] == ["系统", "系统", "张某", "系统", "张某"]
    assert [line[:16] for line in lines[3:5]] == ["2026-03-03 10:00", "2026-03-06 00:30"]
    assert "已交办 → 已签收" in lines[3] and "绿灯 → 黄灯" in lines[4] and lines[5].endswith("已完成 选址")
    wide = [sum(2 if ord(char) > 0x2E80 else 1 for char in line[: line.index(word)]) for line, word in
            zip(lines[:1] + lines[3:], ("事项", "签收", "调整", "报告"), strict=True)]  # fmt: skip
    assert len(set(wide)) == 1
    assert history_lines([]) == []

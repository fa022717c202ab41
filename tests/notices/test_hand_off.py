"""Routing and hand-off: who is told, what the sheet says, and that the same record gives the same bytes."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import schemas
from flows.adapters.folder_channel import FolderChannel
from flows.letters.errors import RulesError, Unavailable
from flows.letters.notices import hand_off
from flows.letters.routing import RoutingRules, route
from flows.letters.schema_check import schema_faults, shipped
from flows.letters.sheets import Templates
from tests.notices.ledger_samples import DIRECTORY, GOLD, record_of

TEA = record_of(GOLD[0])


def with_statement(**changes: Any) -> dict[str, Any]:
    record = copy.deepcopy(TEA)
    record["statements"] = [record["statements"][0] | changes]
    return record


def owner(role: str, agency_id: str | None) -> dict[str, Any]:
    return {"mention": "县财政局", "name": "瓯溪县财政局", "agency_id": agency_id, "role": role, "basis": "named"}


LEAD, SUPPORT, UNKNOWN = owner("lead", "zj-ouxi-agri"), owner("support", "zj-ouxi-fin"), owner("lead", None)
CASES = [
    # what the statement is, what each owner gets (agency, action, row)
    ({"owners": [LEAD, SUPPORT]}, [("zj-ouxi-agri", "notify", "lead"), ("zj-ouxi-fin", "notify", "support-copy")]),
    ({"owners": [LEAD, LEAD]}, [("zj-ouxi-agri", "notify", "lead")]),
    ({"owners": [UNKNOWN]}, [(None, "review", "owner-unknown")]),
    ({"owners": []}, [(None, "review", "owner-unknown")]),
    ({"owners": [LEAD], "confidence": 0.3}, [("zj-ouxi-agri", "review", "unsure")]),
    ({"owners": [LEAD], "specific": False}, []),
    ({"owners": [LEAD], "stance": "ongoing"}, []),
    ({"owners": [LEAD], "stance": "done"}, []),
    ({"owners": [LEAD], "stance": "conditional"}, [("zj-ouxi-agri", "notify", "lead")]),
]


@pytest.mark.parametrize(("changes", "expected"), CASES)
def test_the_first_row_that_fits_decides(changes: dict[str, Any], expected: list[tuple[str | None, str, str]]) -> None:
    got = route(with_statement(**changes), DIRECTORY)
    assert [(a.agency_id, a.action, a.rule) for a in got] == expected


SITE_ROWS = [
    {"id": "big-money", "when": {"amount": {"unit": "元", "at_least": 1e8}}, "then": "review", "because": "重大资金"},
    {"id": "party", "when": {"agency_kind": ["party"]}, "then": "notify", "to": "duchashi", "because": "统一交办"},
    {"id": "closed", "when": {"disclosure": ["none"]}, "then": "review", "because": "未公开的先审核"},
]  # fmt: skip


def test_a_sites_rows_stand_before_the_shipped_ones() -> None:
    rules = RoutingRules.load(SITE_ROWS[:1])
    money = with_statement(owners=[LEAD], quantities=[{"text": "2亿元", "value": 2e8, "unit": "元"}])
    assert [a.rule for a in route(money, DIRECTORY, rules)] == ["big-money"]
    less = with_statement(owners=[LEAD], quantities=[{"text": "2万元", "value": 2e4, "unit": "元"}])
    assert [a.rule for a in route(less, DIRECTORY, rules)] == ["lead"]
    assert [a.rule for a in route(less, DIRECTORY, RoutingRules.load(SITE_ROWS[2:]))] == ["closed"]


def test_the_site_may_send_a_body_of_one_kind_elsewhere() -> None:
    class Party:
        name, kind = "中共某县委组织部", "party"

    class Everyone:
        def get(self, agency_id: str) -> Party:
            return Party()

    sent = route(with_statement(owners=[LEAD]), Everyone(), RoutingRules.load(SITE_ROWS[1:2]))
    assert [(a.agency_id, a.instead_of) for a in sent] == [("duchashi", "zj-ouxi-agri")]


BROKEN = [
    ([{"id": "x", "when": {"weather": ["rain"]}, "then": "notify", "because": "没有这个条件"}], "weather"),
    ([{"id": "lead", "when": {}, "then": "notify", "because": "同名的行"}], "used twice"),
    ([{"id": "x", "when": {}, "then": "keep", "to": "a", "because": "不交办却有去向"}], "then"),
]


@pytest.mark.parametrize(("rows", "said"), BROKEN)
def test_wrong_rows_are_refused_with_their_place(rows: list[dict[str, Any]], said: str) -> None:
    with pytest.raises(RulesError, match=said):
        RoutingRules.load(rows)


@pytest.mark.parametrize("path", GOLD, ids=lambda path: path.name[:3])
def test_every_hand_off_keeps_the_schema_and_repeats_byte_for_byte(path: Path) -> None:
    record = record_of(path)
    first = hand_off(record, route(record, DIRECTORY), DIRECTORY)
    assert first == hand_off(record, route(record, DIRECTORY), DIRECTORY)
    assert len({notice.id for notice in first}) == len(first)
    for notice in first:
        event = json.loads(notice.event)
        assert schemas.faults("v1/notice", event) == []
        assert event["id"] == notice.id


def test_who_proposed_and_how_to_reach_them_stays_out() -> None:
    record = with_statement(owners=[LEAD])
    record["header"] |= {
        "addressees": ["王某某"], "copies_to": ["某代表工委"],
        "contacts": [{"name": "李某", "phone": "13800138000", "address": None, "postcode": None}],
    }  # fmt: skip
    (notice,) = hand_off(record, route(record, DIRECTORY), DIRECTORY)
    for private in ("王某某", "某代表工委", "李某", "13800138000"):
        assert private not in notice.event + notice.sheet


def test_the_sheet_tells_a_clerk_what_why_by_when_and_where_it_stands() -> None:
    record = with_statement(owners=[LEAD, SUPPORT])
    lead, support = hand_off(record, route(record, DIRECTORY), DIRECTORY)
    statement = record["statements"][0]
    for part in ("承诺事项交办单", "瓯溪县农业农村局：", statement["text"], "原件第1页", record["original"]["sha256"],
                 "请自收到本单之日起3个工作日内签收", "7个工作日内退回", "牵头", "来源文件"):  # fmt: skip
        assert part in lead.sheet
    assert "配合单位副本" in support.sheet
    assert "主动与牵头单位对接" in support.sheet


def test_what_a_letter_says_is_text_never_markup() -> None:
    record = with_statement(owners=[LEAD], text="建成<script>alert(1)</script>{{ 7 * 7 }}泵站2座")
    (notice,) = hand_off(record, route(record, DIRECTORY), DIRECTORY)
    assert "<script>" not in notice.sheet
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }}" in notice.sheet


def test_a_site_may_bring_its_own_template() -> None:
    record = with_statement(owners=[LEAD])
    own = Templates((("hand_off.html.j2", b"<p>{{ notice.to.name }}</p>"),))
    (notice,) = hand_off(record, route(record, DIRECTORY), DIRECTORY, own)
    assert notice.sheet == "<p>瓯溪县农业农村局</p>"
    with pytest.raises(RulesError, match="template"):
        hand_off(record, route(record, DIRECTORY), DIRECTORY, Templates((("hand_off.html.j2", b"{{ nothing }}"),)))


def test_the_folder_holds_each_notice_once(tmp_path: Path) -> None:
    record = with_statement(owners=[LEAD])
    (notice,) = hand_off(record, route(record, DIRECTORY), DIRECTORY)
    channel = FolderChannel(tmp_path)
    assert channel.deliver(notice) == channel.deliver(notice) == str(tmp_path / "zj-ouxi-agri" / f"{notice.id}.json")
    assert sorted(path.name for path in (tmp_path / "zj-ouxi-agri").iterdir()) == [
        f"{notice.id}.html", f"{notice.id}.json",
    ]  # fmt: skip


def test_a_folder_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file, no folder")
    record = with_statement(owners=[LEAD])
    (notice,) = hand_off(record, route(record, DIRECTORY), DIRECTORY)
    with pytest.raises(Unavailable, match="cannot be written"):
        FolderChannel(tmp_path / "outbox").deliver(notice)


@pytest.mark.parametrize("field", ["id", "kind", "time", "sha256", None])
def test_both_validators_say_the_same_of_a_notice(field: str | None) -> None:
    record = with_statement(owners=[LEAD])
    (notice,) = hand_off(record, route(record, DIRECTORY), DIRECTORY)
    text = notice.event if field is None else notice.event.replace(f'"{field}":"', f'"{field}":"!')
    event = json.loads(text)
    fast, slow = schema_faults(event, shipped("v1/notice")), schemas.faults("v1/notice", event)
    assert (bool(fast), bool(slow)) == (field is not None, field is not None)
    assert {fault.split(":")[0] for fault in slow} <= {fault.split(":")[0] for fault in fast} or not slow

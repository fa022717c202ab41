"""Statements of short bodies: where they begin and end, and their stance."""

from __future__ import annotations

import time
from datetime import date
from itertools import pairwise

import pytest

from flows.letters.clauses import sentences_of, view_of
from flows.letters.model import Draft, Header, LetterText, Reader, ReplyLetter, Section, SourceText, Span
from flows.letters.statements import find_statements

WRITTEN = date(2025, 5, 20)


def letter_of(body: str, heading: str = "", letter_type: str = "reply") -> ReplyLetter:
    """A letter of one section whose text is ``body``; its date is 20 May 2025."""
    source = SourceText((), Reader("test", "1"), "text/plain")
    text = f"{heading}\n{body}" if heading else body
    start = len(text) - len(body)
    sections = (Section("二", heading, Span(0, len(text)), Span(0, len(heading))),) if heading else ()
    header = Header(letter_type=letter_type, date=WRITTEN)  # type: ignore[arg-type]
    return ReplyLetter(LetterText(text, source, ()), header, sections, (Span(start, len(text)),))


def found(body: str, heading: str = "") -> list[tuple[str, str]]:
    """Stance and text of each statement but the reports."""
    letter = letter_of(body, heading)
    return [(d.stance, d.span.quote(letter.text.text)) for d in find_statements(letter) if d.stance != "done"]


CASES: list[tuple[str, str, list[tuple[str, str]]]] = [
    (
        "a list takes the stance of its lead-in, item by item",
        "下一步，我局将做好以下工作：一是完善管网台账；二是新增监测点12处；三是探索引入第三方养护。",
        [("pledged", "完善管网台账"), ("pledged", "新增监测点12处"), ("conditional", "探索引入第三方养护。")],
    ),
    (
        "a lead-in that reports hands on no promise",
        "近年来，我局主要做了以下工作：一是完善管网台账；二是建成监测点12处。",
        [],
    ),
    (
        "split where a report turns into a promise",
        "我局已更换老旧阀门30处，将于9月底前完成剩余20处。",
        [("pledged", "将于9月底前完成剩余20处。")],
    ),
    (
        "split where work under way turns into a promise",
        "目前，泵站正在安装设备，预计8月投入使用。",
        [("ongoing", "目前，泵站正在安装设备"), ("pledged", "预计8月投入使用。")],
    ),
    (
        "将 that lifts an object reports where the clause does",
        "去年，我局将全县32座水闸纳入统一调度。",
        [],
    ),
    ("已将 is a report", "我局已将该路段列入巡查重点。", []),
    ("将 before a verb promises", "我局将把该路段列入巡查重点。", [("pledged", "我局将把该路段列入巡查重点。")]),
    (
        "a condition that opens the sentence governs the promise in it",
        "待省级资金到位后，我局将组织招标。",
        [("conditional", "待省级资金到位后，我局将组织招标。")],
    ),
    ("studying is no promise", "我委将会同财政部门，研究设立专项补助的可行性。", [
        ("conditional", "我委将会同财政部门，研究设立专项补助的可行性。")
    ]),
    (
        "a dated promise stays one beside a study",
        "我委将于6月底前建成展厅2个，并视使用效果研究是否推广。",
        [("pledged", "我委将于6月底前建成展厅2个"), ("conditional", "并视使用效果研究是否推广。")],
    ),
    ("asking upward", "我局将积极向省水利厅争取补助资金。", [("conditional", "我局将积极向省水利厅争取补助资金。")]),
    ("a reason stays with its refusal", "因河道蓝线已经划定，该处不宜建设停车场。", [
        ("declined", "因河道蓝线已经划定，该处不宜建设停车场。")
    ]),
    (
        "a refusal turns into an offer",
        "受场地限制，目前不具备扩建条件，我局将于年底前增设临时车位20个。",
        [("declined", "受场地限制，目前不具备扩建条件"), ("pledged", "我局将于年底前增设临时车位20个。")],
    ),
    ("a redirect", "该事项不属我局职责，请向市水务局反映。", [("declined", "该事项不属我局职责，请向市水务局反映。")]),
    ("what the proposal said", "您提出的将古井纳入文物保护单位的建议很有价值。", []),
    ("a wish to the proposer", "希望您继续关心支持我市水利工作，多提宝贵意见。", []),
    ("asking the office written to", "建议你局会同有关单位，研究统一收费标准。", []),
    ("a quoted old plan", "2023年印发的工作方案提出“下一步将实现公厕全覆盖”，该任务已完成。", []),
    (
        "the target of a plan carried out",
        "根据规划，到2027年，全县农村供水普及率达到95%以上。",
        [("pledged", "根据规划，到2027年，全县农村供水普及率达到95%以上。")],
    ),
    ("a rule quoted", "《物业管理条例》规定，业主应当按时交纳物业费。", []),
    (
        "tasks handed out without a cue of time",
        "由市水务局牵头、各镇配合，2025年9月底前完成清淤18公里。",
        [("pledged", "由市水务局牵头、各镇配合，2025年9月底前完成清淤18公里。")],
    ),
    (
        "a label names the matter and is no statement",
        "（一）完善设施。年底前新增垃圾箱30组。",
        [("pledged", "年底前新增垃圾箱30组。")],
    ),
    (
        "semicolons part statements",
        "我局将对井盖逐一排查；对缺失的井盖，24小时内补齐。",
        [("pledged", "我局将对井盖逐一排查"), ("pledged", "对缺失的井盖，24小时内补齐。")],
    ),
    (
        "rows of a table",
        "序号　工作任务　责任单位　完成时限\n"
        "1　新建口袋公园3个　市园林局　2025年底\n2　研究公园夜间开放的可行性　市园林局　持续推进",
        [
            ("pledged", "新建口袋公园3个　市园林局　2025年底"),
            ("conditional", "研究公园夜间开放的可行性　市园林局　持续推进"),
        ],
    ),
]


@pytest.mark.parametrize(("body", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_statements(body: str, expected: list[tuple[str, str]]) -> None:
    assert found(body) == expected


def test_a_heading_that_looks_ahead_makes_imperatives_promises() -> None:
    body = "严格落实河长制，每月巡河不少于4次。"
    assert found(body, "三、下一步工作措施") == [("pledged", body)]


def test_reports_are_told_too() -> None:
    letter = letter_of("截至4月底，全市已建成充电桩300个。")
    (report,) = find_statements(letter)
    assert (report.stance, report.span.quote(letter.text.text)) == ("done", "截至4月底，全市已建成充电桩300个。")


def test_a_letter_of_another_kind_makes_no_statements() -> None:
    assert find_statements(letter_of("我局将加强巡查。", letter_type="other")) == ()


def test_a_draft_knows_its_sentence_section_list_and_cues() -> None:
    heading = "二、关于排水"
    letter = letter_of("我局将：1.年底前疏通管道5公里；2.更换井盖80个。", heading)
    first, second = find_statements(letter)
    text = letter.text.text
    assert first.item is not None and second.item is not None
    assert first.item.list_id == second.item.list_id
    assert (first.item.enumerator, second.item.enumerator) == ("1.", "2.")
    assert first.item.lead_in is not None and first.item.lead_in.quote(text) == "我局将"
    assert (first.section, first.section_index) == ("二", 0)
    assert first.sentence.quote(text) == "年底前疏通管道5公里"
    assert "bound" not in first.cues and 0.5 < first.confidence <= 1.0


def test_drafts_stand_in_order_and_do_not_overlap() -> None:
    body = "".join(case[1] for case in CASES)
    drafts = find_statements(letter_of(body))
    assert [d.span for d in drafts] == sorted(d.span for d in drafts)
    assert all(a.span.end <= b.span.start for a, b in pairwise(drafts))


def test_traditional_script_and_half_width_marks_read_the_same() -> None:
    assert found("目前,泵站正在安裝設備,預計8月投入使用。將於年內完成驗收,並開放參觀;對該項目暫不考慮擴建。") == [
        ("ongoing", "目前,泵站正在安裝設備"),
        ("pledged", "預計8月投入使用。"),
        ("pledged", "將於年內完成驗收,並開放參觀"),
        ("declined", "對該項目暫不考慮擴建。"),
    ]


def test_the_same_letter_gives_the_same_drafts() -> None:
    body = "\n".join(case[1] for case in CASES)
    first: tuple[Draft, ...] = find_statements(letter_of(body))
    assert find_statements(letter_of(body)) == first


@pytest.mark.parametrize(
    "unit",
    ["将", "待", "由", "（", "“", "《", "一是", "，", "；", "我局将加强巡查，", "待资金落实后，", "因", "\n1.", "2025年", "对"],
)
@pytest.mark.usefixtures("no_collection")
def test_time_grows_with_the_length_only(unit: str) -> None:
    def spent(size: int) -> float:
        letter = letter_of(unit * (size // len(unit)))
        best = float("inf")
        for _ in range(2):
            began = time.process_time()
            find_statements(letter)
            best = min(best, time.process_time() - began)
        return best

    spent(1_000)
    assert spent(160_000) < 20 * spent(20_000) + 0.05


def test_a_quotation_is_not_cut() -> None:
    letter = letter_of("我局将落实“三问，三改；三评。”机制，并（一）完善《办法；细则》。")
    cut = sentences_of(letter, view_of(letter.text.text))
    assert [letter.text.text[s.start : s.end] for s in cut] == ["我局将落实“三问，三改；三评。”机制，并（一）完善《办法；细则》"]

"""The parts of a letter: what is text, what stands around it, and how its sections nest."""

import pytest

from flows.letters.layout import lay_out
from flows.letters.mending import mend
from flows.letters.model import ReplyLetter
from flows.letters.reading import read

_HEAD = "禾交复〔2023〕17号\n关于县十六届人大二次会议第41号建议的答复\n卫东平代表：\n"
_OPENING = "您提出的《关于修路的建议》（第41号）收悉，现答复如下：\n"
_FOOT = "感谢您的支持。\n禾川县交通运输局\n2023年5月9日\n联系人：某某　电话：0000-0000000\n"


def _letter(text: str) -> ReplyLetter:
    return lay_out(mend(read(text.encode("utf-8"), "letter.txt")))


def _body(letter: ReplyLetter) -> list[str]:
    return [line for span in letter.body for line in span.quote(letter.text.text).split("\n")]


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (_HEAD + _OPENING + "该路已修好。\n" + _FOOT, ["该路已修好。"]),
        (_HEAD + "您提的关于修路的建议收到了。该路已修好。\n" + _FOOT, ["该路已修好。"]),
        (
            _HEAD + _OPENING + "该路已修好。\n附件\n满意度征询表\n满意□　不满意□\n我局将于年底前完成。\n",
            ["该路已修好。"],
        ),
        (_HEAD + _OPENING + "该路已修好。\n" + _FOOT + "· 我县将新建公路120公里\n", ["该路已修好。"]),
        (
            "提案标题：关于修路的提案\n提案内容：\n建议：年底前修好东环路。\n答复内容：\n"
            + _HEAD + _OPENING + "该路已修好。\n" + _FOOT,
            ["该路已修好。"],
        ),
        (_HEAD + _OPENING + "该路已修好。\n此复。\n（联系人：某某）\n", ["该路已修好。"]),
        (_HEAD + _OPENING + "该路已修好。欢迎监督。 禾川县住建局 2021年10月27日\n", ["该路已修好。欢迎监督。 "]),
    ],
    ids=["plain", "opening in the text's own line", "survey form", "links", "the proposal before", "closing", "unbroken"],
)  # fmt: skip
def test_the_body_leaves_out_what_is_no_text(text: str, body: list[str]) -> None:
    assert [line.strip() for line in _body(_letter(text))] == [line.strip() for line in body]


def test_sections_nest_and_their_heads_are_no_text() -> None:
    letter = _letter(
        _HEAD + _OPENING
        + "一、工作情况\n（一）前期工作。已完成勘察。\n（二）施工进度。正在施工。\n"
        + "二、关于“将道路拓宽为四车道。”\n受用地限制，暂不实施。\n关于“增设路灯”的建议。年内安装。\n" + _FOOT
    )  # fmt: skip
    text = letter.text.text
    assert [(s.number, s.heading, s.level) for s in letter.sections] == [
        ("一", "工作情况", 1),
        ("一", "前期工作", 2),
        ("二", "施工进度", 2),
        ("二", "关于“将道路拓宽为四车道。”", 1),
        (None, "关于“增设路灯”的建议", 2),
    ]
    assert [s.span.quote(text).split("\n")[-1] for s in letter.sections] == [
        "（二）施工进度。正在施工。",
        "（一）前期工作。已完成勘察。",
        "（二）施工进度。正在施工。",
        "关于“增设路灯”的建议。年内安装。",
        "关于“增设路灯”的建议。年内安装。",
    ]
    assert _body(letter) == [
        "（一）前期工作。已完成勘察。",
        "（二）施工进度。正在施工。",
        "受用地限制，暂不实施。",
        "关于“增设路灯”的建议。年内安装。",
    ]


def test_items_of_a_list_are_no_heads() -> None:
    letter = _letter(
        _HEAD + _OPENING + "一、下一步工作\n我局将做好以下工作：\n1.安装路灯20盏\n2.拓宽路面\n3.增设标志\n" + _FOOT
    )
    assert [s.heading for s in letter.sections] == ["下一步工作"]
    assert _body(letter) == ["我局将做好以下工作：", "1.安装路灯20盏", "2.拓宽路面", "3.增设标志"]


def test_rows_of_a_task_table_stay_in_the_body() -> None:
    table = "序号　工作任务　责任单位　完成时限\n1　拓宽路面　县交通局　2024年底\n2　安装路灯　县住建局　年内\n"
    assert _body(_letter(_HEAD + _OPENING + "任务清单见下表：\n" + table + _FOOT)) == ["任务清单见下表：", *table.split("\n")[:3]]


def test_a_text_that_is_no_letter_has_no_header() -> None:
    header = _letter("今天天气很好。\n我们去公园。\n").header
    assert (header.letter_type, header.title, header.issuers, header.date) == ("other", None, (), None)

"""The header of a letter: every value as stated, each with its place, nothing guessed."""

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flows.letters.errors import SecretLetter
from flows.letters.layout import lay_out
from flows.letters.mending import mend
from flows.letters.model import ReplyLetter
from flows.letters.reading import read
from flows.letters.wordings import folded

_LETTERS = tomllib.loads((Path(__file__).parent / "specs" / "headers.toml").read_text("utf-8"))["letter"]
_PROPOSAL = ("kind", "session", "number", "proposal_title")


def _letter(text: str) -> ReplyLetter:
    return lay_out(mend(read(text.encode("utf-8"), "letter.txt")))


def _said(letter: ReplyLetter, name: str) -> Any:
    if name == "problems":
        return sorted({problem.code for problem in (*letter.text.problems, *letter.problems)})
    if name in _PROPOSAL:
        value = getattr(letter.header.proposal, name.removeprefix("proposal_"), None)
    else:
        value = getattr(letter.header, name)
    if isinstance(value, tuple):
        return list(value)
    return "" if value is None else str(value)


@pytest.mark.parametrize("row", _LETTERS, ids=[row["id"] for row in _LETTERS])
def test_the_header_says_what_the_letter_says(row: dict[str, Any]) -> None:
    letter = _letter(row["text"])
    expected = {name: sorted(v) if name == "problems" else v for name, v in row.items() if name not in ("id", "text")}
    assert {name: _said(letter, name) for name in expected} == expected


@pytest.mark.parametrize("row", _LETTERS, ids=[row["id"] for row in _LETTERS])
def test_every_value_has_its_place(row: dict[str, Any]) -> None:
    letter = _letter(row["text"])
    text, header = letter.text.text, letter.header
    spans = dict(header.spans)
    assert all(0 <= span.start <= span.end <= len(text) for span in spans.values())
    for i, name in enumerate(header.issuers):
        assert spans[f"issuers[{i}]"].quote(text) == name
    for name in ("outcome", "disclosure"):
        value = getattr(header, name)
        assert value is None or folded(spans[name].quote(text)) == folded(value)
    if header.title is not None:
        assert spans["title"].quote(text).replace("\n", "") == header.title


_MARKED = """{mark}
禾保复〔2024〕3号
关于区政协三届三次会议第12号提案的答复
丁某委员：
您提出的《关于某事的提案》收悉，现答复如下：
我局将于年底前完成。
禾川区司法局
2024年3月3日
"""


@pytest.mark.parametrize(
    "mark", ["机密★1年", "秘密", "绝密★长期", "密级：秘密", "000012　　机密★10年", "机 密 ★ 6个月", "特急　秘密★1年"]
)
def test_a_secrecy_mark_stops_the_letter(mark: str) -> None:
    with pytest.raises(SecretLetter):
        _letter(_MARKED.format(mark=mark))


@pytest.mark.parametrize(
    "harmless", ["内部资料　注意保存", "密级：内部", "密级：无", "公开属性：主动公开", "商业秘密保护科文件", "保密办公室"]
)
def test_a_word_that_is_no_mark_stops_nothing(harmless: str) -> None:
    assert _letter(_MARKED.format(mark=harmless)).header.document_number == "禾保复〔2024〕3号"


def test_the_word_in_the_text_is_no_mark() -> None:
    text = _MARKED.format(mark="").replace("我局将于", "秘密\n本案涉及国家秘密和商业秘密的，依法办理。我局将于")
    assert _letter(text).header.letter_type == "reply"


_FACTS = (
    ("发文字号", "禾交建字〔2021〕36号"), ("发布机构", "禾川县交通运输局"), ("成文日期", "2021-08-12"), ("公开方式", "主动公开"),
    ("办理结果", "B"), ("索引号", "01/2021-3"),
)  # fmt: skip
_TEXT = """对禾川县第十七届人大五次会议第45号建议的答复
宋某某代表：
你们提出的“关于修复便桥的建议”收悉，现答复如下：
我局已将该桥封闭。
"""


def _web_letter(text: str, meta: tuple[tuple[str, str], ...]) -> ReplyLetter:
    return lay_out(mend(replace(read(text.encode("utf-8"), "page.txt"), meta=meta)))


@pytest.mark.parametrize(
    ("text", "meta", "has_place"),
    [
        (_TEXT, _FACTS, False),
        ("".join(f"{label}：{value}\n" for label, value in _FACTS) + _TEXT, (), True),
        (" | ".join(f"{label} | {value}" for label, value in _FACTS) + "\n" + _TEXT, (), True),
        ("".join(f"【{label}】{value}" for label, value in _FACTS) + "\n" + _TEXT, (), True),
        ("".join(f"[ {label} ] {value}\n" for label, value in _FACTS) + _TEXT, (), True),
        ("".join(f"{label}\n{value}\n" for label, value in _FACTS) + _TEXT, (), True),
        ("　　".join(f"{label}：{value}" for label, value in _FACTS) + "\n" + _TEXT, (), True),
    ],
    ids=["beside the letter", "lines", "cells of a table", "brackets", "brackets with blanks", "label over value", "gaps"],
)
def test_the_facts_of_a_web_page_are_read(text: str, meta: tuple[tuple[str, str], ...], has_place: bool) -> None:
    header = _web_letter(text, meta).header
    assert (header.document_number, str(header.date), header.outcome) == ("禾交建字〔2021〕36号", "2021-08-12", "B")
    assert (header.disclosure, header.issuers) == ("主动公开", ("禾川县交通运输局",))
    assert header.title == "对禾川县第十七届人大五次会议第45号建议的答复"
    named = {"document_number", "date", "outcome", "disclosure", "issuers[0]"}
    assert named & set(dict(header.spans)) == (named if has_place else set())


_MARKS = tomllib.loads((Path(__file__).parent / "specs" / "marks.toml").read_text("utf-8"))
_BETWEEN = """关于区政协九届一次会议第21号提案的答复
丁某委员：
您提出的《关于智慧停车的提案》收悉，现答复如下：
已经落实。
禾川区司法局
2023年3月3日
"""


@pytest.mark.parametrize("above", [True, False], ids=["above", "below"])
@pytest.mark.parametrize("name", ["outcome", "disclosure"])
def test_marks_are_read_above_and_below_the_text(name: str, above: bool) -> None:
    found = []
    for written, _ in _MARKS[name]:
        header = _letter(f"{written}\n{_BETWEEN}" if above else f"{_BETWEEN}{written}\n").header
        found.append([written, getattr(header, name) or ""])
        assert (header.title, header.issuers) == ("关于区政协九届一次会议第21号提案的答复", ("禾川区司法局",))
    assert found == _MARKS[name]


def test_session_and_number_are_read_from_the_title() -> None:
    found = []
    for title, _, _ in _MARKS["title"]:
        proposal = _letter(f"{title}\n丁某：\n来文收悉，现答复如下：\n已经落实。\n").header.proposal
        found.append([title, (proposal and proposal.session) or "", (proposal and proposal.number) or ""])
    assert found == _MARKS["title"]


def test_a_salutation_names_bodies_whole_and_people_bare() -> None:
    letters = {said: _letter(_BETWEEN.replace("丁某委员：", said)) for said, _ in _MARKS["addressee"]}
    assert {said: list(letter.header.addressees) for said, letter in letters.items()} == dict(_MARKS["addressee"])


def test_whoever_signs_is_the_issuer_and_no_part_of_the_text() -> None:
    letters = {name: _letter(_BETWEEN.replace("禾川区司法局", name)) for name in _MARKS["issuer"]}
    assert {name: letter.header.issuers for name, letter in letters.items()} == {n: (n,) for n in _MARKS["issuer"]}
    bodies = {tuple(span.quote(letter.text.text) for span in letter.body) for letter in letters.values()}
    assert bodies == {("已经落实。",)}


@pytest.mark.parametrize(
    ("signed", "issuers"),
    [
        ("禾川县教育局（盖章）", ["禾川县教育局"]),
        ("禾川县教育局　　禾川县财政局", ["禾川县教育局", "禾川县财政局"]),
        ("禾川县教育局 禾川县财政局", ["禾川县教育局", "禾川县财政局"]),
        ("禾川县教育局\n禾川县财政局", ["禾川县教育局", "禾川县财政局"]),
        ("禾川县教育局、禾川县财政局", ["禾川县教育局", "禾川县财政局"]),
        ("禾川市 教育局", ["禾川市 教育局"]),
        ("禾 川 市 教 育 局", ["禾川市教育局"]),
    ],
)
def test_several_signers_and_spaced_ones(signed: str, issuers: list[str]) -> None:
    assert list(_letter(_BETWEEN.replace("禾川区司法局", signed)).header.issuers) == issuers


def test_a_note_of_what_is_attached_stands_above_the_signature() -> None:
    noted = _letter(_BETWEEN.replace("禾川区司法局", "附件：1.任务清单\n2.联系名单\n禾川区司法局")).header
    assert (noted.issuers, str(noted.date)) == (("禾川区司法局",), "2023-03-03")
    closed = _letter(_BETWEEN.replace("禾川区司法局", "特此答复。\n附件：任务清单\n禾川区司法局")).header
    assert (closed.issuers, str(closed.date)) == (("禾川区司法局",), "2023-03-03")
    attached = _letter(_BETWEEN + "附件：清单\n禾川县财政局\n2022年1月1日\n").header
    assert (attached.issuers, str(attached.date)) == (("禾川区司法局",), "2023-03-03")


def test_a_long_line_of_contacts_below_the_signature_hides_nobody() -> None:
    contacts = "联系人：欧阳某某　联系电话：0000-1234567　手机：13900000000　地址：禾川市云湖区青石巷路88号　邮编：200120"
    for dated in (f"禾川区司法局\n2023年3月3日\n{contacts}\n", f"禾川区司法局\n{contacts}\n2023年3月3日\n"):
        header = _letter(_BETWEEN.replace("禾川区司法局\n2023年3月3日\n", dated)).header
        assert (header.issuers, str(header.date)) == (("禾川区司法局",), "2023-03-03")


def test_a_covering_formula_names_the_proposal_and_is_no_text() -> None:
    found = []
    for formula, _, _ in _MARKS["formula"]:
        letter = _letter(_BETWEEN.replace("您提出的《关于智慧停车的提案》收悉，现答复如下：", formula))
        proposal, text = letter.header.proposal, letter.text.text
        body = "".join(span.quote(text) for span in letter.body).replace("\n", "")
        found.append([formula, (proposal and proposal.title) or "", body.removesuffix("已经落实。")])
    assert found == _MARKS["formula"]


@pytest.mark.parametrize(
    ("written", "contacts"),
    [
        ("联系人：某某　　电话：0000-0000000", [("某某", "0000-0000000", None, None)]),
        ("（联系人：综合处　某某，电话：0000-0000000；邮编：100000）", [("综合处 某某", "0000-0000000", None, "100000")]),
        ("联系人及电话：规划处 某某 0000-0000000", [("规划处 某某", "0000-0000000", None, None)]),
        ("联系人：某某，1380000xxxx", [("某某", "1380000xxxx", None, None)]),
        ("联 系 人：某某\n联系电话：0000-0000000", [("某某", "0000-0000000", None, None)]),
        ("承办人：某某　电话：\n58601037", [("某某", "58601037", None, None)]),
        ("承办单位通讯地址：环河路9号 邮编：200120\n联系人：甲某", [("甲某", None, "环河路9号", "200120")]),
        ("主管领导：乙某\n经办人：甲某　联系电话：0000-0000000", [("甲某", "0000-0000000", None, None)]),
        ("", []),
    ],
)
def test_whom_to_call(written: str, contacts: list[tuple[str | None, ...]]) -> None:
    found = _letter(_BETWEEN + written).header.contacts
    assert [(c.name, c.phone, c.address, c.postcode) for c in found] == contacts

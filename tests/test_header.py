"""The header of a letter: every value as stated, each with its place, nothing guessed."""

import tomllib
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


_PAGE = """<html><head><meta charset="utf-8"><title>某网站</title></head><body>
<div class="nav">首页 &gt; 政务公开</div>
<table class="xxgk"><tr><td>索 引 号</td><td>01/2021-3</td><td>发文字号</td><td>禾交建字〔2021〕36号</td></tr>
<tr><td>发布机构</td><td>禾川县交通运输局</td><td>成文日期</td><td>2021-08-12</td></tr>
<tr><td>公开方式</td><td>主动公开</td><td>办理结果</td><td>B</td></tr></table>
<h1>对禾川县第十七届人大五次会议第45号建议的答复</h1>
<div id="zoom"><p>宋某某代表：</p><p>你们提出的“关于修复便桥的建议”收悉，现答复如下：</p>
<p>我局已将该桥封闭，并在两端设置了警示标志，计划今年10月开工建设，全长46米，总投资约386万元。</p>
<p>感谢你们的支持！</p></div></body></html>"""


def test_the_table_beside_a_web_letter_is_read_and_has_no_place_in_the_text() -> None:
    letter = lay_out(mend(read(_PAGE.encode("utf-8"), "page.html")))
    header = letter.header
    assert (header.document_number, str(header.date), header.outcome) == ("禾交建字〔2021〕36号", "2021-08-12", "B")
    assert (header.disclosure, header.issuers) == ("主动公开", ("禾川县交通运输局",))
    assert header.title == "对禾川县第十七届人大五次会议第45号建议的答复"
    assert not {"document_number", "date", "outcome", "disclosure", "issuers[0]"} & set(dict(header.spans))

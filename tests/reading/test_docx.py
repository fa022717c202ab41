"""What other readers lose in Word files: automatic numbers, controls, tracked changes, text boxes, notes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from flows.letters.errors import UnreadableLetter
from flows.letters.reading import read
from flows.letters.reading.numbering import chinese, written
from flows.letters.reading.pictures import picture_of
from tests.reading.sample_files import bundle

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
NUMBERS = f"""<w:numbering {W}><w:abstractNum w:abstractNumId="0">
<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="%1、"/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="（%2）"/></w:lvl>
<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%3."/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="●"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>
<w:num w:numId="3"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>
</w:num></w:numbering>"""
STYLES = f"""<w:styles {W}><w:style w:styleId="H1"><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style></w:styles>"""


def docx(body: str, **parts: str) -> bytes:
    members = {"word/document.xml": f"<w:document {W} {MC}><w:body>{body}</w:body></w:document>"}
    members |= {f"word/{name}.xml": xml for name, xml in parts.items()}
    return bundle({name: xml.encode() for name, xml in members.items()})


def rows(body: str, **parts: str) -> list[str]:
    return [line.text for line in read(docx(body, **parts), "x.docx").lines]


def p(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def numbered(text: str, level: int, num: int = 1) -> str:
    return p(text, f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{num}"/></w:numPr>')


def test_automatic_numbers_are_counted_as_word_shows_them():
    body = numbered("建设", 0) + numbered("甲", 1) + numbered("乙", 1) + numbered("细项", 2) + numbered("管理", 0)
    body += numbered("丙", 1) + numbered("点", 0, 2) + p("正文") + numbered("另起", 0, 3)
    assert rows(body, numbering=NUMBERS) == [
        "一、建设", "（一）甲", "（二）乙", "1.细项", "二、管理", "（一）丙", "点", "正文", "五、另起",
    ]  # fmt: skip


def test_a_style_numbers_its_paragraphs_and_a_paragraph_may_refuse():
    style, refusing = '<w:pStyle w:val="H1"/>', '<w:pStyle w:val="H1"/><w:numPr><w:numId w:val="0"/></w:numPr>'
    body = p("建设", style) + p("无号", refusing) + p("管理", style)
    assert rows(body, numbering=NUMBERS, styles=STYLES) == ["一、建设", "无号", "二、管理"]


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "一"), (10, "十"), (12, "十二"), (20, "二十"), (101, "一百〇一"), (115, "一百一十五"), (1000, "1000")],
)
def test_chinese_numerals(number, text):
    assert chinese(number) == text


@pytest.mark.parametrize(
    ("kind", "text"), [("decimal", "4"), ("lowerRoman", "iv"), ("upperLetter", "D"), ("decimalEnclosedCircle", "④")]
)
def test_other_numbers(kind, text):
    assert written(4, kind) == text


@pytest.mark.parametrize(
    ("inline", "text"),
    [
        ("<w:sdt><w:sdtContent><w:r><w:t>2025年底前</w:t></w:r></w:sdtContent></w:sdt>", "2025年底前"),
        ("<w:ins><w:r><w:t>新增</w:t></w:r></w:ins><w:del><w:r><w:delText>删去</w:delText></w:r></w:del>", "新增"),
        ("<w:hyperlink><w:r><w:t>链接</w:t></w:r></w:hyperlink>", "链接"),
        ("<w:smartTag><w:r><w:t>5月6日</w:t></w:r></w:smartTag>", "5月6日"),
        ('<w:r><w:instrText>DATE</w:instrText></w:r><w:fldSimple w:instr="X"><w:r><w:t>域</w:t></w:r></w:fldSimple>', "域"),
        ("<w:r><w:rPr><w:vanish/></w:rPr><w:t>隐藏</w:t></w:r><w:r><w:t>可见</w:t></w:r>", "可见"),
        ("<w:ruby><w:rt><w:r><w:t>ān</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>安</w:t></w:r></w:rubyBase></w:ruby>", "安"),
        ('<w:r><w:t>甲</w:t><w:tab/><w:t>乙</w:t><w:noBreakHyphen/><w:sym w:char="F0FE"/></w:r>', "甲\t乙-□"),
    ],
)
def test_what_stands_in_a_line(inline, text):
    assert rows(f"<w:p>{inline}</w:p>") == [text]


def test_a_text_box_is_read_once():
    box = "<w:txbxContent>" + p("框内") + "</w:txbxContent>"
    body = f"<w:p><w:r><w:t>框外</w:t></w:r><w:r><mc:AlternateContent><mc:Choice>{box}</mc:Choice>"
    body += f"<mc:Fallback><w:pict>{box}</w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    assert rows(body) == ["框外", "框内"]


def test_footnotes_come_after_the_text():
    notes = f'<w:footnotes {W}><w:footnote w:type="separator">{p("-")}</w:footnote><w:footnote>{p("注文")}</w:footnote>'
    assert rows(p("正文"), footnotes=notes + "</w:footnotes>") == ["正文", "注文"]


def cell(*texts: str) -> str:
    return "<w:tc>" + "".join(map(p, texts)) + "</w:tc>"


def test_a_table_is_read_row_by_row_and_a_cell_of_running_text_keeps_its_paragraphs():
    long = "我局将于年底前完成老旧小区改造，并会同区财政局落实资金，确保按时交付使用。"
    body = f"<w:tbl><w:tr>{cell('任务')}{cell('时限')}</w:tr><w:tr>{cell('建', '设')}{cell('年底')}</w:tr>"
    body += f"<w:tr>{cell('答复')}{cell(long, long)}</w:tr></w:tbl>"
    assert rows(body) == ["任务 | 时限", "建设 | 年底", "答复", long, long]


def test_page_breaks_are_counted():
    body = p("一") + '<w:p><w:r><w:br w:type="page"/></w:r></w:p>' + p("二")
    assert [(line.text, line.page) for line in read(docx(body), "x").lines if line.text] == [("一", 1), ("二", 2)]


def test_macros_are_named_and_left_alone():
    data = bundle({"word/document.xml": f"<w:document {W}><w:body>{p('答复')}</w:body></w:document>".encode(),
                   "word/vbaProject.bin": b"x"})  # fmt: skip
    assert [problem.code for problem in read(data, "x").problems] == ["macro_ignored"]


def with_pictures(text: str) -> bytes:
    import docx as writer

    document = writer.Document()
    if text:
        document.add_paragraph(text)
    for shade in (0, 60):
        noise = np.random.default_rng(shade).integers(shade, 255, (300, 200), np.uint8)
        out = io.BytesIO()
        Image.fromarray(noise).save(out, "PNG")
        document.add_picture(io.BytesIO(out.getvalue()))
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def test_scans_pasted_into_word_are_left_to_recognition_in_their_order():
    data = with_pictures("")
    assert read(data, "x.docx").images == (1, 2)
    assert [picture_of(data, "x", n).image.convert("L").getextrema()[0] for n in (1, 2)] == [0, 60]


def test_a_letter_with_pictures_beside_its_text_says_so():
    source = read(with_pictures("我局将于年底前完成建设。" * 9), "x.docx")
    assert source.images == ()
    assert [problem.code for problem in source.problems] == ["picture_not_read"]


def test_a_document_without_anything_says_what_to_send():
    with pytest.raises(UnreadableLetter, match="as PDF or pictures"):
        read(docx("<w:p/>"), "x.docx")

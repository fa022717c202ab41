"""Word files as WPS, office systems and browsers write them: nothing that people see is lost, nothing else is read."""

from __future__ import annotations

import pytest

from flows.letters.reading import read
from flows.letters.reading.containers import is_container
from tests.reading.sample_files import bundle
from tests.reading.test_docx import MC, STYLES, W, docx, numbered, p, rows

R = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
STRUCK_MARK = '<w:rPr><w:del w:id="1" w:author="x"/></w:rPr>'


def level(number: int, kind: str, label: str, more: str = "") -> str:
    return f'<w:lvl w:ilvl="{number}"><w:start w:val="1"/><w:numFmt w:val="{kind}"/>{more}<w:lvlText w:val="{label}"/></w:lvl>'


def numbering(*levels: str, head: str = "") -> str:
    inner = f'<w:abstractNum w:abstractNumId="0">{head}{"".join(levels)}</w:abstractNum>'
    return f'<w:numbering {W}>{inner}<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'


def problems(body: str, **parts: str) -> list[str]:
    return [problem.code for problem in read(docx(body, **parts), "x").problems]


# -- tracked changes, hidden words, controls ---------------------------------------------------------------------


def test_a_paragraph_struck_out_whole_is_not_counted_and_the_loss_is_told():
    gone = f'<w:p><w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>{STRUCK_MARK}</w:pPr>'
    gone += "<w:del><w:r><w:delText>删去的承诺</w:delText></w:r></w:del></w:p>"
    body = numbered("修路", 0) + gone + numbered("建桥", 0)
    sheet = numbering(level(0, "chineseCounting", "%1、"))
    assert rows(body, numbering=sheet) == ["一、修路", "二、建桥"]
    assert problems(body, numbering=sheet) == ["text_not_shown"]


def test_a_struck_paragraph_mark_joins_two_paragraphs():
    assert rows(p("我局将于年底前", STRUCK_MARK) + p("完成改造。")) == ["我局将于年底前完成改造。"]
    assert rows(p("末段的标记被删。", STRUCK_MARK)) == ["末段的标记被删。"]


def test_text_moved_elsewhere_is_read_once():
    body = "<w:p><w:moveFrom><w:r><w:t>年底前</w:t></w:r></w:moveFrom><w:r><w:t>我局将</w:t></w:r>"
    assert rows(body + "<w:moveTo><w:r><w:t>年底前</w:t></w:r></w:moveTo></w:p>") == ["我局将年底前"]


def test_words_hidden_by_their_style_are_left_out_and_that_is_told():
    styles = f'<w:styles {W}><w:style w:styleId="H"><w:rPr><w:vanish/></w:rPr></w:style></w:styles>'
    body = '<w:p><w:r><w:rPr><w:rStyle w:val="H"/></w:rPr><w:t>内部</w:t></w:r><w:r><w:t>公开</w:t></w:r></w:p>'
    assert rows(body, styles=styles) == ["公开"]
    assert problems(body, styles=styles) == ["text_not_shown"]
    assert problems(p("公开")) == []


def test_a_control_that_nobody_filled_in_says_nothing():
    empty = "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    filled = "<w:sdt><w:sdtPr><w:alias w:val='x'/></w:sdtPr><w:sdtContent>{}</w:sdtContent></w:sdt>"
    inline = "<w:r><w:t>单击此处输入文字。</w:t></w:r>"
    assert rows(f"<w:p>{empty.format(inline)}<w:r><w:t>承办单位</w:t></w:r></w:p>") == ["承办单位"]
    assert rows(empty.format(p("单击此处输入文字。")) + filled.format(p("区教育局"))) == ["区教育局"]


def test_comments_are_no_part_of_the_letter():
    body = '<w:p><w:commentRangeStart w:id="1"/><w:r><w:t>将修路。</w:t></w:r><w:commentRangeEnd w:id="1"/>'
    body += '<w:r><w:commentReference w:id="1"/></w:r></w:p>'
    notes = f'<w:comments {W}><w:comment w:id="1">{p("此处拟删")}</w:comment></w:comments>'
    assert rows(body, comments=notes) == ["将修路。"]


def test_of_a_field_the_result_is_read_and_one_without_any_is_told():
    mark = '<w:r><w:fldChar w:fldCharType="{}"/></w:r>'
    code = "<w:r><w:instrText xml:space='preserve'>{}</w:instrText></w:r>"
    body = "<w:p>" + mark.format("begin") + code.format(" SEQ 表 \\* ARABIC ") + mark.format("separate")
    body += "<w:r><w:t>3</w:t></w:r>" + mark.format("end") + "</w:p>"
    assert rows(body) == ["3"]
    assert problems(body) == []
    for lost in (" AUTONUM ", "eq \\o\\ac(○,1)"):
        assert problems(f"<w:p>{code.format(lost)}<w:r><w:t>修路</w:t></w:r></w:p>") == ["numbering_lost"]


# -- shapes ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        "<w:pict><v:roundrect><v:textbox>{}</v:textbox></v:roundrect></w:pict>",
        "<w:pict><v:group><v:oval><v:textbox>{}</v:textbox></v:oval></v:group></w:pict>",
        "<mc:AlternateContent><mc:Choice Requires='wps'><w:drawing><wp:anchor><a:graphic><a:graphicData><wps:wsp><wps:txbx>{}"
        "</wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:anchor></w:drawing></mc:Choice><mc:Fallback><w:pict>"
        "<v:shape><v:textbox>{}</v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent>",
        "<w:drawing><wp:inline><a:graphic><a:graphicData><wpg:wgp><wpg:grpSp><wps:wsp><wps:txbx>{}</wps:txbx></wps:wsp>"
        "</wpg:grpSp></wpg:wgp></a:graphicData></a:graphic></wp:inline></w:drawing>",
    ],
    ids=["rounded", "oval in a group", "new shape with its old double", "group within a group"],
)
def test_text_in_any_shape_is_read_once(shape: str):
    names = " ".join(f'xmlns:{name}="urn:{name}"' for name in ("v", "wp", "a", "wps", "wpg"))
    box = f"<w:txbxContent>{p('特此答复。')}</w:txbxContent>"
    body = f"<w:p {names}><w:r><w:t>框外</w:t></w:r><w:r>{shape.replace('{}', box)}</w:r></w:p>"
    assert rows(body) == ["框外", "特此答复。"]


def test_what_another_part_shows_is_told():
    names = 'xmlns:dgm="urn:dgm" xmlns:o="urn:o"'
    assert problems(p("正文") + f"<w:p {names}><w:r><w:drawing><dgm:relIds/></w:drawing></w:r></w:p>") == ["part_not_read"]
    sheet = f'<w:p {names}><w:r><w:object><o:OLEObject ProgID="Excel.Sheet.12"/></w:object></w:r></w:p>'
    assert problems(p("正文") + sheet) == ["part_not_read"]
    assert problems(p("正文") + sheet.replace("Excel.Sheet.12", "Equation.3")) == []


def test_blocks_with_an_older_double_are_read_once():
    body = f"<mc:AlternateContent><mc:Choice>{p('一')}</mc:Choice><mc:Choice>{p('一')}</mc:Choice>"
    assert rows(f"{body}<mc:Fallback>{p('一')}</mc:Fallback></mc:AlternateContent>{p('二')}") == ["一", "二"]


# -- numbers -----------------------------------------------------------------------------------------------------


def test_a_style_based_on_a_numbered_one_is_numbered():
    styles = STYLES.replace("</w:styles>", '<w:style w:styleId="B"><w:basedOn w:val="H1"/></w:style></w:styles>')
    body = p("建设", '<w:pStyle w:val="B"/>') + p("管理", '<w:pStyle w:val="B"/>')
    assert rows(body, styles=styles, numbering=numbering(level(0, "chineseCounting", "%1、"))) == ["一、建设", "二、管理"]


def test_a_paragraph_may_say_its_level_and_leave_the_list_to_its_style():
    body = p("建设", '<w:pStyle w:val="H1"/>') + p("修路", '<w:pStyle w:val="H1"/><w:numPr><w:ilvl w:val="1"/></w:numPr>')
    sheet = numbering(level(0, "chineseCounting", "%1、"), level(1, "decimal", "%2."))
    assert rows(body, styles=STYLES, numbering=sheet) == ["一、建设", "1.修路"]


def test_levels_that_stand_with_a_style_of_lists_are_found():
    linked = '<w:abstractNum w:abstractNumId="7"><w:styleLink w:val="L"/>' + level(0, "decimal", "%1.") + "</w:abstractNum>"
    sheet = numbering(head='<w:numStyleLink w:val="L"/>').replace("<w:num ", linked + "<w:num ", 1)
    assert rows(numbered("修路", 0) + numbered("建桥", 0), numbering=sheet) == ["1.修路", "2.建桥"]


def test_numbers_in_digits_and_numbers_that_go_on_under_the_next_heading():
    sheet = numbering(
        level(0, "chineseCounting", "第%1章"),
        level(1, "decimal", "%1.%2", '<w:lvlRestart w:val="0"/><w:isLgl/>'),
        level(2, "ideographEnclosedCircle", "%3"),
    )
    body = numbered("甲", 0) + numbered("乙", 1) + numbered("丙", 2) + numbered("丁", 0) + numbered("戊", 1) + numbered("己", 2)
    assert rows(body, numbering=sheet) == ["第一章甲", "1.1乙", "㊀丙", "第二章丁", "2.2戊", "㊀己"]


def test_a_way_of_counting_that_is_not_known_is_told():
    sheet = numbering(level(0, "hebrew1", "%1、"))
    assert rows(numbered("修路", 0), numbering=sheet) == ["1、修路"]
    assert problems(numbered("修路", 0), numbering=sheet) == ["numbering_lost"]


# -- parts -------------------------------------------------------------------------------------------------------


def chunked(content: bytes, name: str) -> bytes:
    relations = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'>"
    relations += f'<Relationship Id="c1" Type="x" Target="/word/{name}"/></Relationships>'
    body = f'<w:document {W} {R}><w:body>{p("函头")}<w:altChunk r:id="c1"/>{p("落款")}</w:body></w:document>'
    return bundle({
        "word/document.xml": body.encode(), "word/_rels/document.xml.rels": relations.encode(), f"word/{name}": content,
    })  # fmt: skip


PAGE = "<html><body><p>关于第12号提案的答复</p><p>我局将于2025年底前完成改造。</p></body></html>"


def test_a_page_that_a_program_put_into_the_word_file_is_read_in_its_place():
    expected = ["函头", "关于第12号提案的答复", "我局将于2025年底前完成改造。", "落款"]
    source = read(chunked(PAGE.encode(), "a.html"), "x")
    assert ([line.text for line in source.lines], source.problems) == (expected, ())
    page = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html;"
    page += b" charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nContent-Location: a.html\r\n\r\n"
    source = read(chunked(page + PAGE.encode() + b"\r\n--b--\r\n", "a.mht"), "x")
    assert ([line.text for line in source.lines], source.problems) == (expected, ())


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), b"<html><body>x</body></html>"])
def test_what_cannot_be_read_within_a_word_file_is_told(content: bytes):
    source = read(chunked(content, "a.bin"), "x")
    assert [line.text for line in source.lines] == ["函头", "落款"]
    assert [problem.code for problem in source.problems] == ["part_not_read"]


def test_a_text_part_that_a_browsers_word_has_numbered_is_the_text():
    body = f"<w:document {W} {MC}><w:body>{p('答复')}</w:body></w:document>"
    data = bundle({"[Content_Types].xml": b"<Types/>", "word/document2.xml": body.encode()})
    assert not is_container(data)
    assert [line.text for line in read(data, "x").lines] == ["答复"]

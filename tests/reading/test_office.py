"""Old Word files and OFD."""

from __future__ import annotations

import io
import struct
import zipfile

import pytest
from PIL import Image

from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.reading import read
from flows.letters.reading.pictures import picture_of
from tests.reading.office_files import doc_file, ofd_file, ole_file
from tests.reading.pdf_files import faxed
from tests.reading.sample_files import bundle


def rows(data: bytes) -> list[str]:
    return [line.text for line in read(data, "x").lines]


def test_tables_of_an_old_word_file_are_read_row_by_row():
    assert rows(doc_file("清单\n任务 | 时限\n公厕 | 年底前\n此复。"))[:4] == ["清单", "任务 | 时限", "公厕 | 年底前", "此复。"]


def test_the_result_of_a_field_is_read_not_its_code():
    assert rows(doc_file("年份：\x13 DATE \\@ yyyy \x142024\x15年"))[0] == "年份：2024年"


LISTED = "一件函\n总体情况\n修路\n建桥\n下一步\n修渠\n此复。"


def test_automatic_numbers_of_an_old_word_file_are_counted():
    source = read(doc_file(LISTED, listed={1: 0, 2: 1, 3: 1, 4: 0, 5: 1}), "x")
    assert [line.text for line in source.lines if line.text] == [
        "一件函", "一、总体情况", "（一）修路", "（二）建桥", "二、下一步", "（一）修渠", "此复。",
    ]  # fmt: skip
    assert source.problems == ()


def test_bullets_bring_nothing_and_list_tables_that_nothing_uses_neither():
    assert rows(doc_file("建设\n修路", listed={0: 0, 1: 0}, levels=[(0x17, "●")]))[:2] == ["建设", "修路"]
    assert read(doc_file("建设"), "x").problems == ()


@pytest.mark.parametrize(
    "data",
    [doc_file("建设", listed={0: 0}, levels=[(0x20, "\0、")]), doc_file("第\x13 AUTONUM \x15条 建设")],
    ids=["a way of counting that is not known", "numbers that Word reckons anew each time"],
)
def test_numbers_that_cannot_be_told_become_a_problem(data: bytes):
    source = read(data, "x")
    assert [problem.code for problem in source.problems] == ["numbering_lost"]
    assert "建设" in source.lines[0].text


def test_what_is_deleted_or_hidden_in_an_old_word_file_is_not_read_and_that_is_told():
    text = "我局将于2025年底前2026年6月底前完成改造。内部掌握"
    source = read(doc_file(text, struck={"2025年底前": 0x0800, "内部掌握": 0x083C}), "x")
    assert source.lines[0].text == "我局将于2026年6月底前完成改造。"
    assert [problem.code for problem in source.problems] == ["text_not_shown"]


def test_a_deleted_paragraph_mark_joins_two_paragraphs():
    assert rows(doc_file("甲\n乙\n丙", struck={"\r乙": 0x0800}))[:2] == ["甲", "丙"]


def test_damaged_formatting_is_told_and_the_text_is_read():
    data = doc_file("甲\n乙", struck={"甲": 0x0800})
    found = data.index(struct.pack("<III", 0x600, 0x600 + 8, 4))
    broken = data[:found] + struct.pack("<III", 0x600, 0x600 + 8, 0x3FFFFF) + data[found + 12 :]
    source = read(broken, "x")
    assert [line.text for line in source.lines][:2] == ["甲", "乙"]
    assert [problem.code for problem in source.problems] == ["formatting_lost"]


def test_macros_in_an_old_word_file_are_named_and_left_alone():
    data = doc_file("答复", streams={"_VBA_PROJECT_CUR": b"x"})
    assert [p.code for p in read(data, "x").problems] == ["macro_ignored"]


def test_an_encrypted_old_word_file_is_refused():
    with pytest.raises(UnreadableLetter, match="password"):
        read(doc_file("答复", flags=0x0100), "x.doc")


def test_an_encrypted_docx_is_refused():
    with pytest.raises(UnreadableLetter, match="password"):
        read(ole_file({"EncryptedPackage": b"x", "EncryptionInfo": b"y"}), "x.docx")


def test_an_old_workbook_is_named():
    with pytest.raises(UnknownFormat, match="Excel"):
        read(ole_file({"Workbook": b"x"}), "x.doc")


def test_word_95_and_rtf_ask_for_a_converter():
    for data in (doc_file("答复", version=0x68), b"{\\rtf1 \\'b4\\'f0}"):
        with pytest.raises(UnreadableLetter) as caught:
            read(data, "x")
        assert caught.value.facts["converter"] in ("doc", "rtf")


def test_an_ofd_page_is_read_from_top_to_bottom_whatever_the_order_in_the_file():
    assert rows(ofd_file([[(28, 60, "第二行"), (28, 50, "第一行")], [(28, 50, "第三行")]])) == ["第一行", "第二行", "第三行"]


def test_an_ofd_of_pictures_is_left_to_recognition_and_can_be_shown():
    paper = io.BytesIO()
    Image.new("RGB", (420, 594), (200, 0, 0)).save(paper, "PNG")
    data = ofd_file([[], [(28, 50, "第二页有文字")]], {0: paper.getvalue()})
    source = read(data, "x.ofd")
    assert source.images == (1,)
    assert [line.text for line in source.lines] == ["第二页有文字"]
    shown = picture_of(data, "x.ofd", 1)
    assert shown.image.getpixel((800, 800)) == (200, 0, 0)
    assert (round(shown.width), round(shown.height)) == (595, 842)


def paper(*, clear: bool = False) -> bytes:
    out = io.BytesIO()
    Image.new("RGBA", (420, 594), (255, 255, 255, 0 if clear else 255)).save(out, "PNG")
    return out.getvalue()


LAYER = [[(28, 50, "关于第12号提案的答夏"), (28, 60, "我局将按时完戍")]]


@pytest.mark.parametrize("said", ['Visible="false"', 'Alpha="0"', 'Fill="false"', ""])
def test_an_ofd_scan_with_its_own_recognition_is_recognised_anew(said: str):
    source = read(ofd_file(LAYER, {0: paper()}, said), "x")
    assert (source.images, source.lines) == ((1,), ())


def test_text_under_a_picture_through_which_it_shines_is_read():
    assert rows(ofd_file(LAYER, {0: paper(clear=True)})) == ["关于第12号提案的答夏", "我局将按时完戍"]


def test_words_of_an_ofd_that_nobody_sees_are_left_out_and_told():
    whole = ofd_file([[(28, 50, "我局将于2025年底前完成改造。"), (28, 60, "盖章处")]])
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    page = "Doc_0/Pages/Page_0/Content.xml"
    parts[page] = parts[page].replace(b'<ofd:TextObject ID="101"', b'<ofd:TextObject ID="101" Visible="false"')
    source = read(bundle(parts), "x")
    assert [line.text for line in source.lines] == ["我局将于2025年底前完成改造。"]
    assert [(problem.code, "3字" in problem.message) for problem in source.problems] == [("text_not_shown", True)]


@pytest.mark.parametrize("head", [b"\x97JB2\r\n\x1a\n\x01\0\0\0\1", b"\x97JB2\r\n\x1a\n\x03", b""])
def test_an_ofd_scan_in_black_and_white_is_shown_to_recognition(head: bytes):
    sheet = Image.new("1", (1240, 1754), 1)
    sheet.paste(0, (100, 200, 700, 260))
    data = ofd_file([[]], {0: head + faxed(sheet, jbig2=True)})
    assert read(data, "x").images == (1,)
    shown = picture_of(data, "x", 1).image.convert("L")
    scale = shown.width / 1240
    assert [shown.getpixel((int(400 * scale), int(y * scale))) for y in (230, 900)] == [0, 255]


@pytest.mark.parametrize("damage", [slice(0, 20), slice(0, 35)])
def test_a_damaged_scan_in_black_and_white_is_refused_or_empty(damage: slice):
    data = ofd_file([[]], {0: b"\x97JB2\r\n\x1a\n\x03" + faxed(Image.new("1", (1240, 1754), 1), jbig2=True)[damage]})
    try:
        assert picture_of(data, "x", 1).image.convert("L").getextrema()[1] == 255
    except UnreadableLetter as refusal:
        assert refusal.facts["found"] == "damaged"


def test_an_ofd_whose_own_lists_are_damaged_gives_the_pages_there_are():
    with zipfile.ZipFile(io.BytesIO(ofd_file([[(28, 60, "第二行"), (28, 50, "第一行")], [(28, 50, "第三行")]]))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["Doc_0/Document.xml"] = b"<broken"
    assert rows(bundle(parts)) == ["第一行", "第二行", "第三行"]

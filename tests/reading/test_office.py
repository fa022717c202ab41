"""Old Word files and OFD."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.reading import read
from flows.letters.reading.pictures import picture_of
from tests.reading.office_files import doc_file, ofd_file, ole_file
from tests.reading.sample_files import bundle


def rows(data: bytes) -> list[str]:
    return [line.text for line in read(data, "x").lines]


def test_tables_of_an_old_word_file_are_read_row_by_row():
    assert rows(doc_file("清单\n任务 | 时限\n公厕 | 年底前\n此复。"))[:4] == ["清单", "任务 | 时限", "公厕 | 年底前", "此复。"]


def test_the_result_of_a_field_is_read_not_its_code():
    assert rows(doc_file("年份：\x13 DATE \\@ yyyy \x142024\x15年"))[0] == "年份：2024年"


def test_automatic_numbers_that_an_old_word_file_does_not_store_become_a_problem():
    assert [p.code for p in read(doc_file("建设", listed=True), "x").problems] == ["numbering_lost"]
    assert read(doc_file("建设"), "x").problems == ()


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


def test_an_ofd_whose_own_lists_are_damaged_gives_the_pages_there_are():
    import zipfile

    with zipfile.ZipFile(io.BytesIO(ofd_file([[(28, 60, "第二行"), (28, 50, "第一行")], [(28, 50, "第三行")]]))) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["Doc_0/Document.xml"] = b"<broken"
    assert rows(bundle(parts)) == ["第一行", "第二行", "第三行"]

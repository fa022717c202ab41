"""The same letter comes out of every format, paragraph for paragraph."""

from __future__ import annotations

import pytest

from flows.letters.errors import UnknownFormat
from flows.letters.mending import mend
from flows.letters.reading import READERS, preload, read
from flows.letters.reading.magic import name_of
from tests.reading.office_files import doc_file, ofd_file, ofd_letter
from tests.reading.sample_files import cid_pdf, clean_text, docx_file, mail, site_page, typst_pdf, weasy_pdf

LETTERS = ("005-qianhu-schools", "010-jianghai-odor", "016-jianghai-mothers-parks", "044-yunlan-yb-refusals")
MAKERS = (docx_file, doc_file, site_page, mail, weasy_pdf, typst_pdf, cid_pdf, ofd_letter)


def paragraphs(data: bytes) -> list[str]:
    return mend(read(data, "letter")).text.split("\n")


@pytest.mark.parametrize("stem", LETTERS)
@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_every_format_gives_the_text_of_the_letter(make, stem):
    plain = paragraphs(clean_text(stem).encode())
    found = paragraphs(make(clean_text(stem)))
    assert "".join(found).replace(" ", "") == "".join(plain).replace(" ", "")


@pytest.mark.parametrize("stem", LETTERS)
@pytest.mark.parametrize("make", MAKERS[:4], ids=lambda make: make.__name__)
def test_formats_that_know_paragraphs_keep_each_of_them(make, stem):
    assert paragraphs(make(clean_text(stem))) == paragraphs(clean_text(stem).encode())


@pytest.mark.parametrize("make", MAKERS[4:], ids=lambda make: make.__name__)
def test_wrapped_lines_of_a_page_become_the_paragraphs_again(make):
    plain = [row for stem in LETTERS for row in paragraphs(clean_text(stem).encode())]
    found = [row for stem in LETTERS for row in paragraphs(make(clean_text(stem)))]
    kept = sum(row in found for row in plain)
    assert kept >= 0.97 * len(plain)


@pytest.mark.parametrize("make", MAKERS[4:], ids=lambda make: make.__name__)
def test_lines_of_a_page_have_their_boxes(make):
    source = read(make(clean_text(LETTERS[0])), "letter")
    assert {line.page for line in source.lines} == set(range(1, max(line.page for line in source.lines) + 1))
    for line in source.lines:
        left, top, right, bottom = line.box
        assert 0 <= left < right <= 600 and 0 <= top < bottom <= 845


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "big5hkscs"])
def test_plain_text_is_read_in_every_encoding(encoding):
    text = "關於市政協第12號提案的答復\n我局將於年底前完成建設，現答復如下。" * 9
    assert read(text.encode(encoding), "x").lines[0].text == "關於市政協第12號提案的答復"


def test_a_format_is_told_by_content_not_by_name():
    data = docx_file(clean_text(LETTERS[1]))
    assert read(data, "答复.pdf").reader.name == "docx"
    assert read(cid_pdf("关于提案的答复"), "答复.txt").reader.name == "pdf"


def test_what_no_reader_knows_is_named():
    with pytest.raises(UnknownFormat, match="RAR"):
        read(b"Rar!\x1a\x07\x00" + b"\0" * 100, "答复.rar")


def test_every_reader_can_be_loaded():
    preload()
    assert len({kind for kind, _ in READERS}) == len(READERS)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.4", "PDF"),
        (b"\n\n%PDF-1.7", "PDF"),
        (b"From: a\nTo: b\nSubject: c\n\nd", "EML"),
        ("联系人：张某\n地址：某路\n关于提案的答复".encode(), None),
        ("Date: 2024\n我局：答复如下\n".encode(), None),
        (b"  <!DOCTYPE HTML><p>", "HTML"),
        ("<div><p>答复</p><p>此复</p></div>".encode(), "HTML"),
        ("《<关于>的答复》".encode(), None),
        (ofd_file([[(28, 40, "答复")]]), "ZIP (OFD)"),
    ],
)
def test_magic(data, kind):
    assert name_of(data) == kind

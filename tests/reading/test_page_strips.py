"""Strips of pages for the letter's page: the statement is marked, contact lines are black, little is sent."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageChops
from reportlab.pdfgen.canvas import Canvas

from flows.adapters.reading_process import FileReader
from flows.letters.agencies import Directory
from flows.letters.model import Original
from flows.letters.profile import SiteProfile
from flows.letters.reading.pictures import STRIP_WIDTH, picture_of
from flows.letters.understanding import Understood, understand
from flows.picturing import has_pages, pictures_of
from tests.reading.office_files import ofd_letter
from tests.reading.pdf_files import drawn, lines
from tests.reading.sample_files import LETTERS, cid_pdf, clean_text, docx_file, typst_pdf, weasy_pdf
from tests.reading.scan_files import as_image, as_pdf, scanned, sheets

DIRECTORY = Directory.load(LETTERS / "agencies.toml")
PLEDGE = "我局将于2025年底前完成公厕改造12座。"
BODY = f"""钱湖区城市管理局关于区政协第12号提案的答复

王某某委员：

您提出的关于改造公厕的提案收悉，现答复如下：

{PLEDGE}"""
CONTACT = "联系人：赵某某　联系电话：0571-87001234"
OTHER = "联系人：钱某某　联系电话：0571-98765555"


def text_with(contact: str) -> str:
    return f"{BODY}\n{contact}\n\n钱湖区城市管理局\n\n2024年6月3日"


@pytest.fixture(scope="module")
def reader():
    made = FileReader()
    yield made
    made.close()


def understood(reader: FileReader, data: bytes) -> Understood:
    original = Original("答复", "0" * 64, len(data), "text/plain", "1970-01-01T00:00:00Z")
    return understand(reader(data, "答复"), original, DIRECTORY, SiteProfile())


def only_strip(reader: FileReader, data: bytes) -> bytes:
    made, left_out = pictures_of(understood(reader, data), data, reader)
    assert left_out == 0
    (((page, png),),) = made.values()
    assert page == 1
    return png


def scan(text: str, kind: str = "PDF") -> bytes:
    sheet = scanned(sheets(weasy_pdf(text), 150)[0], 3, skew=0.7)
    return as_pdf([sheet], 150) if kind == "PDF" else as_image(sheet, kind, 150)


@pytest.mark.parametrize("make", [typst_pdf, cid_pdf, ofd_letter], ids=lambda make: make.__name__)
def test_a_strip_is_the_same_whoever_is_to_be_called(reader: FileReader, make: Callable[[str], bytes]) -> None:
    one, other, none = (only_strip(reader, make(text_with(words))) for words in (CONTACT, OTHER, "（此页无正文）"))
    assert one == other  # not a pixel tells the name or the number
    assert one != none
    black = np.asarray(Image.open(io.BytesIO(one)).convert("L")) == 0
    assert black.mean(axis=1).max() == 1.0  # the row is covered from edge to edge


@pytest.mark.parametrize("kind", ["PDF", "PNG"])
def test_recognition_finds_the_statement_and_no_contact_in_the_strip_of_a_scan(reader: FileReader, kind: str) -> None:
    made, left_out = pictures_of(understood(reader, scan(text_with(CONTACT), kind)), scan(text_with(CONTACT), kind), reader)
    ((_, png),) = next(iter(made.values()))
    found = "".join(line.text for line in reader(png, "条").lines)
    assert left_out == 0
    assert "年底前完成公厕改造12座" in found
    assert not any(part in found for part in ("赵", "87001234", "8700", "1234", "联系"))


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_photograph_on_its_side_is_shown_upright(reader: FileReader, turn: int) -> None:
    text = clean_text("010-jianghai-odor").replace("以上答复", f"{PLEDGE}\n{CONTACT}\n以上答复")
    sheet = scanned(sheets(weasy_pdf(text), 150)[0], 3, skew=0.7).rotate(turn, expand=True)
    data = as_image(sheet, "PNG", 150)
    made, _ = pictures_of(understood(reader, data), data, reader)
    found = ["".join(line.text for line in reader(png, "条").lines) for strips in made.values() for _, png in strips]
    assert any("年底前完成公厕改造12座" in words for words in found), found
    assert not any(part in words for words in found for part in ("赵", "87001234"))


def test_the_statement_is_marked_and_the_strip_is_small(reader: FileReader) -> None:
    for make in (typst_pdf, ofd_letter, scan):
        png = only_strip(reader, make(text_with(CONTACT)))
        shown = Image.open(io.BytesIO(png))
        assert len(png) < 24 * 1024
        assert shown.width <= STRIP_WIDTH
        colours = np.asarray(shown.convert("RGB")).astype(int)
        yellow = (colours[..., 0] > 240) & (colours[..., 2] < 130)
        assert 0.05 < yellow.mean() < 0.5, make.__name__


def test_what_was_noted_on_a_page_is_not_shown(reader: FileReader) -> None:
    rows = lines(*filter(None, text_with("").split("\n")))

    def noted(canvas: Canvas) -> None:
        rows(canvas)
        canvas.linkAbsolute("", "here", (80, 560, 300, 640), Border="[0 0 9]")
        canvas.bookmarkPage("here")
        canvas.highlightAnnotation("0571-87001234", (80, 560, 500, 640), QuadPoints=[80, 640, 500, 640, 80, 560, 500, 560])

    with_note, without = drawn(noted), drawn(rows)
    seen, unseen = (picture_of(data, "答复", 1).image for data in (with_note, without))
    assert ImageChops.difference(seen, unseen).getbbox() is not None  # it is there for those who print the page
    assert only_strip(reader, with_note) == only_strip(reader, without)


def test_only_so_much_is_drawn_and_the_rest_is_counted(reader: FileReader) -> None:
    data = typst_pdf(clean_text("005-qianhu-schools"))
    letter = understood(reader, data)
    every, none_left = pictures_of(letter, data, reader)
    assert none_left == 0 or sum(len(png) for strips in every.values() for _, png in strips) <= 96 * 1024
    few, left_out = pictures_of(letter, data, reader, most=25_000)
    assert 0 < sum(len(png) for strips in few.values() for _, png in strips) <= 25_000
    assert len(few) + left_out == len(every) + none_left
    assert {key: every[key] for key in few} == few


@pytest.mark.parametrize(("make", "pages"), [(typst_pdf, True), (ofd_letter, True), (str.encode, False), (docx_file, False)])
def test_only_formats_with_pages_are_drawn(reader: FileReader, make: Callable[[str], bytes], pages: bool) -> None:
    assert has_pages(understood(reader, make(text_with(CONTACT)))) is pages

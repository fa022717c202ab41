"""A statement is found on its page and shown there."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from flows.adapters import page_image
from flows.adapters.reading_process import shared_reader
from flows.letters.mending import mend
from flows.letters.model import Span
from flows.letters.page_places import places
from flows.letters.reading import read
from tests.reading.office_files import ofd_letter
from tests.reading.pdf_files import drawn, table
from tests.reading.sample_files import clean_text, typst_pdf

TEXT = clean_text("005-qianhu-schools")
WORDS = "确保2025年8月底前交付使用，提供学位1620个"


@pytest.fixture(scope="module", autouse=True)
def _ended():
    yield
    shared_reader().close()


def span_of(text: str, words: str = WORDS) -> Span:
    start = text.index(words)
    return Span(start, start + len(words))


@pytest.mark.parametrize("make", [typst_pdf, ofd_letter], ids=lambda make: make.__name__)
def test_a_statement_over_two_lines_has_a_box_on_each(make):
    letter = mend(read(make(TEXT), "x"))
    found = places(letter, span_of(letter.text))
    assert len(found) == 2
    (page, first), (other, second) = found
    assert page == other == letter.page_at(span_of(letter.text).start)
    assert second[1] > first[1]
    assert first[0] > second[0]  # it begins within its line and goes on at the margin


def test_a_part_of_a_line_has_a_part_of_its_box():
    letter = mend(read(typst_pdf(TEXT), "x"))
    whole = places(letter, span_of(letter.text, "钱教复〔2024〕12号"))[0][1]
    part = places(letter, span_of(letter.text, "12号"))[0][1]
    assert whole[0] < part[0] < part[2] == pytest.approx(whole[2])


def test_a_statement_in_a_table_is_marked_with_its_row():
    letter = mend(read(drawn(table([["任务", "时限"], ["新建公厕", "年底前"]], [120, 120])), "x"))
    line = letter.source.lines[1]
    assert places(letter, span_of(letter.text, "年底前")) == ((1, line.box),)


def test_plain_text_has_no_place_on_a_page():
    letter = mend(read(TEXT.encode(), "x"))
    assert places(letter, span_of(letter.text)) == ()


@pytest.mark.parametrize("make", [typst_pdf, ofd_letter, str.encode], ids=["pdf", "ofd", "txt"])
def test_the_statement_is_shown_marked(make):
    data = make(TEXT)
    letter = mend(read(data, "x"))
    ((page, png),) = page_image.show(data, "x", letter, span_of(letter.text))
    assert page == letter.page_at(span_of(letter.text).start)
    shown = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
    yellow = (shown[..., 0] > 240) & (abs(shown[..., 1] - 226) < 12) & (abs(shown[..., 2] - 110) < 12)
    assert 0.002 < yellow.mean() < 0.08

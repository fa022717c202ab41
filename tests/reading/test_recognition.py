"""Scans and photographs: read to the character, askew, upside down, under a seal; each line with its place."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from flows.adapters.reading_process import FileReader, Limits
from flows.letters.errors import UnreadableLetter
from flows.letters.mending import mend
from flows.letters.model import Line, Reader, SourceText, Span
from flows.letters.page_places import places
from flows.letters.reading import read
from flows.letters.reading.recognition import Recognised, RecognisedPage, repaired, with_recognised
from tests.reading.sample_files import SERIF, cer, clean_text, weasy_pdf
from tests.reading.scan_files import as_image, as_pdf, scanned, sheets, stamped

TEXT = clean_text("010-jianghai-odor")
PLAIN = mend(read(TEXT.encode(), "x")).text


@pytest.fixture(scope="module")
def reader():
    made = FileReader(Limits(recogniser_wall_seconds=100))
    yield made
    made.close()


@pytest.fixture(scope="module")
def sheet() -> Image.Image:
    return sheets(weasy_pdf(TEXT), 150)[0]


def test_a_scan_askew_is_read_and_its_lines_lie_on_the_print(reader, sheet):
    seen = []
    picture = scanned(sheet, 1, skew=1.8)
    source = reader(as_pdf([picture], 150), "x.pdf", progress=lambda page, pages: seen.append((page, pages)))
    letter = mend(source)
    assert letter.text == PLAIN
    assert seen == [(1, 1)]
    assert source.reader.ocr
    assert source.reader.ocr_confidence > 0.95
    start = PLAIN.index("接到提案后")
    ((page, box), *_) = places(letter, Span(start, start + 12))
    ink = np.asarray(picture.convert("L")) < 128
    left, top, right, bottom = (round(edge * 150 / 72) for edge in box)
    assert page == 1
    assert ink[top:bottom, left:right].mean() > 0.08
    assert ink[bottom + 8 : bottom + 12, left:right].mean() < 0.03


@pytest.mark.parametrize(("turn", "seed", "skew"), [(180, 2, -0.8), (90, 2, -0.8), (90, 3, 0.7), (270, 3, 0.7)])
def test_a_photograph_the_other_way_up_is_turned(reader, sheet, turn, seed, skew):
    picture = scanned(sheet, seed, skew=skew).rotate(turn, expand=True)
    source = reader(as_image(picture, "PNG", 150), "x.png")
    assert cer(mend(source).text, PLAIN) <= 0.01
    ink = np.asarray(picture.convert("L")) < 128
    for line in (source.lines[0], source.lines[3]):
        left, top, right, bottom = (round(edge * 150 / 72) for edge in line.box)
        assert (right - left > bottom - top) is (turn == 180)
        assert ink[top:bottom, left:right].mean() > 0.08


def test_a_red_seal_over_signature_and_date_hides_nothing_and_a_red_head_stays(reader, sheet):
    lines = {line.text: line.box for line in read(weasy_pdf(TEXT), "x").lines}
    left, top, right, _ = lines["2020年5月8日"]
    pen = ImageDraw.Draw(sheet := sheet.copy())
    pen.text((620, 120), "通澄市江海生态环境局文件", (230, 20, 30), ImageFont.truetype(str(SERIF), 62), anchor="mm")
    under = stamped(sheet, (left + right) / 2 / 72 * 25.4, (top - 14) / 72 * 25.4, 150)
    source = reader(as_image(scanned(under, 3, skew=0.5, noise=5), "JPEG", 150), "x.jpg")
    found = mend(source).text.split("\n")
    assert "2020年5月8日" in found
    assert "通澄市江海生态环境局" in found
    assert found[0] == "通澄市江海生态环境局文件"


def test_a_blank_scan_is_refused(reader):
    with pytest.raises(UnreadableLetter, match="without writing"):
        reader(as_image(Image.new("RGB", (1240, 1754), "white"), "PNG", 150), "x.png")


def test_too_many_scanned_pages_are_refused_before_the_first_is_recognised():
    made = FileReader(Limits(recognised_pages=2))
    try:
        with pytest.raises(UnreadableLetter) as caught:
            made(as_pdf([Image.new("L", (200, 280), "white")] * 3, 72), "x.pdf")
        assert caught.value.facts["found"] == "too many pages"
    finally:
        made.close()


def page(*lines: tuple[str, float], number: int = 1) -> RecognisedPage:
    rows = [Recognised(text, (80.0, 100.0 + 28 * i, 80.0 + 16 * len(text), 118.0 + 28 * i), score)
            for i, (text, score) in enumerate(lines)]  # fmt: skip
    return RecognisedPage(number, 595.0, 842.0, tuple(rows))


EMPTY = SourceText((), Reader("pdf", "1"), "application/pdf", paragraphs=True, images=(1,))


def test_a_line_read_without_confidence_becomes_a_problem_with_its_place():
    letter = mend(with_recognised(EMPTY, [page(("关于第12号提案的答复", 0.99), ("我局将于年底前完戍", 0.71))], "x"))
    (problem,) = letter.problems
    assert problem.code == "recognition_unsure"
    assert problem.span.quote(letter.text) == "我局将于年底前完戍"


def test_recognised_pages_come_between_the_pages_that_have_text():
    mixed = SourceText(
        (Line("第一页", 1), Line("第三页", 3)), Reader("pdf", "1"), "application/pdf", paragraphs=True, images=(2,)
    )
    source = with_recognised(mixed, [page(("第二页", 0.99), number=2)], "x")
    assert [line.text for line in source.lines] == ["第一页", "第二页", "第三页"]
    assert source.images == ()


def test_two_sheets_scanned_side_by_side_are_read_one_after_the_other():
    rows = [
        Recognised(text, (left, 100.0 + 28 * i, left + 16 * len(text), 118.0 + 28 * i), 0.99)
        for left, texts in ((50.0, [f"左{n}" * 6 for n in "一二三"]), (470.0, [f"右{n}" * 6 for n in "一二三"]))
        for i, text in enumerate(texts)
    ]
    spread = RecognisedPage(1, 842.0, 595.0, tuple(sorted(rows, key=lambda one: one.box[1])))
    found = [line.text[:2] for line in with_recognised(EMPTY, [spread], "x").lines]
    assert found == ["左一", "左二", "左三", "右一", "右二", "右三"]


def test_a_page_on_which_nothing_was_found_is_named():
    source = with_recognised(EMPTY, [page(("答复", 0.99)), page(number=2)], "x")
    assert [problem.code for problem in source.problems] == ["page_blank"]


@pytest.mark.parametrize(
    ("seen", "meant"),
    [
        ("年底前,完成:一是(含)", "年底前，完成：一是（含）"),
        ("9:30至10:00, (A)", "9:30至10:00, (A)"),
        ("某教复〔2024]12号", "某教复〔2024〕12号"),
        ("某教复(2024)12号", "某教复〔2024〕12号"),
        ("2023一2025年", "2023—2025年"),
        ("一2025年）", "—2025年）"),
        ("一是2025年", "一是2025年"),
        ("（邮编：400000)", "（邮编：400000）"),
    ],
)
def test_marks_that_recognition_mixes_up(seen, meant):
    assert repaired(seen) == meant
    assert len(seen) == len(meant)

"""The difficulties of real PDFs: tables, running heads, turned pages, text layers not to be trusted."""

from __future__ import annotations

import io

import pypdfium2
import pytest
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader

from flows.letters.mending import mend
from flows.letters.reading import read
from flows.letters.reading.pictures import picture_of
from tests.reading.pdf_files import drawn, fax_page, lines, picture_page, table
from tests.reading.sample_files import clean_text, typst_pdf


def rows(data: bytes) -> list[str]:
    return [line.text for line in read(data, "x.pdf").lines]


def test_a_table_is_read_row_by_row_though_drawn_column_by_column():
    cells = [
        ["序号", "任务", "责任单位"],
        ["1", "年底前新建公厕12座并投入使用", "区城管局、区财政局"],
        ["2", "开展抽检", "区卫健局"],
    ]
    data = drawn(table(cells, [50, 130, 130]))
    assert rows(data) == [
        "序号 | 任务 | 责任单位",
        "1 | 年底前新建公厕12座并投入使用 | 区城管局、区财政局",
        "2 | 开展抽检 | 区卫健局",
    ]


def test_text_before_and_after_a_table_keeps_its_place():
    cells = [["任务", "时限"], ["公厕", "年底前"]]

    def page(canvas):
        lines("二、任务清单如下")(canvas)
        lines("特此答复。", top=500)(canvas)
        table(cells, [100, 100], top=700)(canvas)

    assert rows(drawn(page)) == ["二、任务清单如下", "任务 | 时限", "公厕 | 年底前", "特此答复。"]


def test_what_was_filled_into_a_form_is_read():
    def page(canvas):
        lines("办理结果：")(canvas)
        canvas.acroForm.textfield(name="result", value="A 2024", x=200, y=730, width=150, height=20)

    assert [row.split() for row in rows(drawn(page))] == [["办理结果：", "A", "2024"]]


def test_characters_set_one_to_a_cell_are_one_text():
    def page(canvas):
        for i, char in enumerate("关于第12号提案"):
            canvas.drawString(79 + 16 * i, 700, char)

    assert rows(drawn(page)) == ["关于第12 号提案"]
    assert mend(read(drawn(page), "x")).text == "关于第12号提案"


def test_boxes_count_from_the_corner_of_the_page_as_cropped():
    document = pypdfium2.PdfDocument(drawn(lines("关于第12号提案的答复", left=79)))
    document[0].set_cropbox(50, 400, 500, 800)
    out = io.BytesIO()
    document.save(out)
    (line,) = read(out.getvalue(), "x").lines
    assert line.box[:2] == pytest.approx((29, 46), abs=1)


def test_two_sheets_on_one_broad_page_are_read_one_after_the_other():
    full = "我局将会同有关部门在全区各中小学校全面推行"

    def page(canvas):
        canvas.setPageSize((842, 595))
        for left, rows in ((50, ["　　" + full[:18], full, full]), (471, ["课后服务工作，年底前全部完成。", "　　此复。"])):
            lines(*rows, top=500, left=left)(canvas)

    assert mend(read(drawn(page), "x")).text == full[:18] + full + full + "课后服务工作，年底前全部完成。\n此复。"


def test_a_frame_around_the_page_is_no_table():
    def page(canvas):
        canvas.rect(60, 100, 480, 700)
        lines("　　我局将于2025年底前完成改造，并会同区财政局、区卫", "健局研究。")(canvas)

    text = mend(read(drawn(page), "x")).text
    assert text == "我局将于2025年底前完成改造，并会同区财政局、区卫健局研究。"


def test_a_running_head_on_every_page_goes_and_a_sentence_across_pages_is_whole():
    def page(number, *text):
        def draw(canvas):
            lines(f"某区教育局文件 第{number}页", top=800)(canvas)
            lines(*text)(canvas)
            canvas.drawCentredString(297, 50, str(number))

        return draw

    full = "我局将会同有关部门在全区各中小学校全面推行课后服务工作并"
    data = drawn(page(1, "　　" + full[:26], full), page(2, "于年底前实现全覆盖。"), page(3, "　　此复。"))
    assert mend(read(data, "x")).text == full[:26] + full + "于年底前实现全覆盖。\n此复。"


def test_a_letterhead_and_a_signature_in_the_same_words_are_no_running_head():
    def first(canvas):
        lines("某县农业农村委员会", top=805)(canvas)
        lines("　　我委将于年底前完成建设。")(canvas)

    data = drawn(first, lines("某县农业农村委员会", "2024年5月6日", top=775, left=300))
    assert mend(read(data, "x")).text.count("某县农业农村委员会") == 2


def test_page_numbers_leave_a_problem_where_a_page_is_missing():
    def page(number):
        def draw(canvas):
            lines(f"　　第{number}项工作我局已经办结。")(canvas)
            canvas.drawCentredString(297, 50, f"- {number} -")

        return draw

    letter = mend(read(drawn(page(1), page(3)), "x"))
    assert [problem.code for problem in letter.problems] == ["page_missing"]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_that_stands_on_its_side_is_read_and_its_boxes_lie_where_it_is_shown(turn):
    upright = typst_pdf(clean_text("010-jianghai-odor"))
    document = pypdfium2.PdfDocument(upright)
    document[0].set_rotation(turn)
    out = io.BytesIO()
    document.save(out)
    source, level = read(out.getvalue(), "x"), read(upright, "x")
    assert [line.text for line in source.lines] == [line.text for line in level.lines]
    width, height = (842, 595) if turn != 180 else (595, 842)
    for line, was in zip(source.lines, level.lines, strict=True):
        left, top, right, bottom = was.box
        place = {90: (842 - bottom, left), 180: (595 - right, 842 - bottom), 270: (top, 595 - right)}[turn]
        assert line.box[:2] == pytest.approx(place, abs=1)
        assert line.box[2] <= width and line.box[3] <= height


def test_a_watermark_across_the_page_is_left_out():
    def page(canvas):
        lines("我局将按时完成。")(canvas)
        canvas.saveState()
        canvas.rotate(40)
        canvas.drawString(400, 200, "内部资料")
        canvas.restoreState()

    assert rows(drawn(page)) == ["我局将按时完成。"]


def test_a_line_printed_twice_for_boldness_is_read_once():
    def page(canvas):
        lines("关于公厕改造")(canvas)
        lines("关于公厕改造", left=79.4)(canvas)

    assert rows(drawn(page)) == ["关于公厕改造"]


def test_a_font_without_a_map_to_unicode_sends_its_pages_to_recognition():
    good = typst_pdf(clean_text("010-jianghai-odor"))
    broken = good.replace(b"/ToUnicode", b"/ToUnicodX")
    assert broken != good
    assert read(good, "x").images == ()
    assert read(broken, "x").images == (1,)
    assert read(broken, "x").lines == ()


def test_a_scan_with_invisible_text_under_it_is_recognised_anew():
    paper = Image.new("L", (600, 850), "white")
    source = read(drawn(picture_page(paper, ("关于第12号提案的答夏", "我局将按时完戍"))), "x")
    assert source.images == (1,)


PAPER = Image.new("L", (600, 850), "white")


def test_text_drawn_under_the_scan_is_no_text_and_under_a_seal_it_is():
    """A seal may be a picture of the whole page, with nothing on most of it."""
    seal = Image.new("RGBA", (600, 850))
    seal.paste((200, 0, 0, 255), (400, 600, 500, 700))

    def page(picture):
        def draw(canvas):
            lines("关于第12号提案的答夏", "我局将按时完戍")(canvas)
            canvas.drawImage(ImageReader(picture), 0, 0, *A4, mask="auto")

        return read(drawn(draw), "x")

    assert (page(PAPER).images, page(PAPER).lines) == ((1,), ())
    assert page(seal).images == ()
    assert [line.text for line in page(seal).lines] == ["关于第12号提案的答夏", "我局将按时完戍"]


def test_a_scan_laid_in_strips_over_invisible_text_is_recognised_anew():
    def draw(canvas):
        for i in range(4):
            canvas.drawImage(ImageReader(PAPER), 0, i * A4[1] / 4, A4[0], A4[1] / 4)
        text = canvas.beginText(79, 740)
        text.setTextRenderMode(3)
        text.textLine("关于第12号提案的答夏")
        canvas.drawText(text)

    assert read(drawn(draw), "x").images == (1,)


@pytest.mark.parametrize("how", ["mode", "ink"])
def test_words_that_nobody_sees_on_a_page_are_left_out_and_told(how):
    def draw(canvas):
        lines("我局将于2025年底前完成改造。")(canvas)
        if how == "ink":
            canvas.setFillAlpha(0)
        text = canvas.beginText(79, 600)
        text.setTextRenderMode(3 if how == "mode" else 0)
        text.textLine("盖章处 请勿删除")
        canvas.drawText(text)

    source = read(drawn(draw), "x")
    assert [line.text for line in source.lines] == ["我局将于2025年底前完成改造。"]
    assert [(problem.code, "7字" in problem.message) for problem in source.problems] == [("text_not_shown", True)]


def test_a_table_turned_on_its_side_beside_level_text_is_told():
    def draw(canvas):
        lines("任务清单见下表，请各单位对照落实，按月报送进展情况。", "我局将按时完成。")(canvas)
        canvas.rotate(90)
        canvas.drawString(200, -300, "序号 任务 责任单位 完成时限 新建公厕十二座 区城管局 年底前")

    source = read(drawn(draw), "x")
    assert len(source.lines) == 2
    assert [problem.code for problem in source.problems] == ["text_turned"]


@pytest.mark.parametrize("jbig2", [False, True], ids=["CCITT", "JBIG2"])
def test_a_scan_in_black_and_white_is_shown_to_recognition(jbig2):
    paper = Image.new("1", (1240, 1754), 1)
    paper.paste(0, (100, 200, 700, 260))
    data = fax_page(paper, jbig2)
    assert read(data, "x").images == (1,)
    shown = picture_of(data, "x", 1).image.convert("L")
    scale = shown.width / 1240
    assert shown.getpixel((int(400 * scale), int(230 * scale))) < 60
    assert shown.getpixel((int(400 * scale), int(900 * scale))) > 200


def test_a_page_with_text_and_a_large_picture_says_that_the_picture_is_unread():
    def page(canvas):
        lines("我局将按时完成，附图如下。")(canvas)
        canvas.drawInlineImage(Image.new("L", (40, 40), "gray"), 79, 100, 430, 500)

    source = read(drawn(page), "x")
    assert [problem.code for problem in source.problems] == ["picture_not_read"]


def test_a_file_without_its_end_is_marked():
    data = drawn(lines("我局将按时完成。"))
    whole = read(data, "x")
    cut = read(data[: data.rindex(b"startxref")], "x")
    assert whole.problems == ()
    assert [problem.code for problem in cut.problems] == ["file_cut_off"]

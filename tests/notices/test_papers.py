"""Paper: the same bytes for the same notice, everything a clerk needs on it, a site's own look, hostile words harmless."""

from __future__ import annotations

import copy
import io
import json
from typing import Any

import docx as python_docx
import pypdfium2
import pytest
from docx.shared import Mm

from flows.letters.errors import RulesError
from flows.letters.notices import hand_off, wording
from flows.letters.papers import chinese_day, deadline_text
from flows.letters.routing import route
from flows.letters.sheets import Templates, docx, pdf, pictures, sheet
from tests.notices.ledger_samples import DIRECTORY, GOLD, record_of

OPENING = wording("hand_off", "lead")["opening"]


def event(text: str | None = None, disclosure: str | None = "public_full") -> dict[str, Any]:
    record = copy.deepcopy(record_of(GOLD[4]))
    record["header"]["disclosure_normalised"] = disclosure
    if text is not None:
        record["statements"][0]["text"] = text
    made: dict[str, Any] = json.loads(hand_off(record, route(record, DIRECTORY), DIRECTORY)[0].event)
    return made


def text_of_docx(data: bytes) -> str:
    document = python_docx.Document(io.BytesIO(data))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


def text_of_pdf(data: bytes) -> str:
    pages = pypdfium2.PdfDocument(data)
    return "".join("".join(page.get_textpage().get_text_bounded().split()) for page in pages)


def test_the_same_notice_gives_the_same_bytes() -> None:
    one = event()
    assert docx(one, OPENING) == docx(one, OPENING)
    assert pdf(one, OPENING) == pdf(one, OPENING)
    assert pictures(one, OPENING)[0].startswith(b"\x89PNG")


def test_the_office_signs_with_its_name_seal_and_day() -> None:
    one, look = event(), Templates(office="新区督查室")
    papers = sheet(one, OPENING, look), text_of_docx(docx(one, OPENING, look)), text_of_pdf(pdf(one, OPENING, look))
    for paper in papers:
        assert "新区督查室" in paper and "（盖章）" in paper and "2026年3月2日" in paper
    assert "（盖章）" not in sheet(one, OPENING)  # nobody signs where the site does not say who


def test_the_place_of_a_quote_stands_beside_it_under_one_label() -> None:
    html = sheet(event(), OPENING)
    assert html.count("<th>承诺原文</th>") == 1 and "<th></th>" not in html
    assert html.index('class="quote"') < html.index('class="place"') < html.index("</td>", html.index('class="place"'))


def test_all_three_say_the_same() -> None:
    one = event()
    item = one["data"]["items"][0]
    html = sheet(one, OPENING)
    word, printed = text_of_docx(docx(one, OPENING)), text_of_pdf(pdf(one, OPENING))
    for part in (one["data"]["title"], one["data"]["to"]["name"], item["quote"], item["original"]["sha256"], OPENING,
                 *one["data"]["requests"]):  # fmt: skip
        assert part in html
        assert part in word
        assert "".join(part.split()) in printed


@pytest.mark.parametrize(
    "hostile", ['#eval(read("/etc/passwd")) 建成泵站', "$x$ *粗* _斜_ @ref <b> {{ 7*7 }} \\u{41} 建成泵站", "建成「犇骉」桥"]
)
def test_what_a_letter_says_is_printed_as_it_stands(hostile: str) -> None:
    one = event(hostile)
    assert hostile in text_of_docx(docx(one, OPENING))
    assert "".join(hostile.split())[:6] in text_of_pdf(pdf(one, OPENING))


@pytest.mark.parametrize(
    ("disclosure", "mark"), [("public_full", ""), ("on_request", "依申请公开　仅限办理使用"), (None, "未标注（按不公开掌握）")]
)
def test_what_is_not_public_says_so(disclosure: str | None, mark: str) -> None:
    html = sheet(event(disclosure=disclosure), OPENING)
    assert ("仅限办理使用" in html) is bool(mark)
    assert mark in html


def test_the_columns_of_a_docx_are_as_wide_in_the_grid_as_in_the_cells() -> None:
    """Word goes by the cells, WPS and LibreOffice by the grid."""
    document = python_docx.Document(io.BytesIO(docx(event(), OPENING)))
    section = document.sections[0]
    room = section.page_width - section.left_margin - section.right_margin
    for table in document.tables:
        grid = [column.width for column in table.columns]
        assert abs(sum(grid) - room) < Mm(1)
        assert all(abs(cell.width - width) < Mm(1) for row in table.rows for cell, width in zip(row.cells, grid, strict=True))
    assert abs(document.tables[0].columns[0].width - Mm(28)) < Mm(1)
    assert 'instr="PAGE"' in section.footer._element.xml


def test_a_site_may_change_each_paper() -> None:
    base = python_docx.Document()
    base.sections[0].page_width = Mm(250)
    held = io.BytesIO()
    base.save(held)
    own = Templates((("notice.docx", held.getvalue()), ("hand_off.typ", b"#json(bytes(sys.inputs.paper)).title")))
    one = event()
    assert python_docx.Document(io.BytesIO(docx(one, OPENING, own))).sections[0].page_width > Mm(249)
    assert text_of_pdf(pdf(one, OPENING, own)) == one["data"]["title"]
    with pytest.raises(RulesError, match="print template"):
        pdf(one, OPENING, Templates((("notice.typ", b"#nothing"),)))


DEADLINES = [
    ({"deadline": None}, "原文未明确"),
    ({"deadline": {"text": "近期", "date": None, "provenance": "stated"}}, "近期（未写明具体日期）"),
    ({"deadline": {"text": "年内", "date": "2025-12-31", "provenance": "stated"}}, "2025年12月31日　原文：年内　来源：原文明示"),
    ({"deadline": {"text": None, "date": "2025-12-31", "provenance": "policy_default"}}, "2025年12月31日　来源：按规定默认"),
    ({"deadline": {"text": "年底前", "date": "2025-12-31", "provenance": "stated"}, "due": "2026-06-30", "days_left": -3},
     "2026年6月30日（原定2025年12月31日）　原文：年底前　来源：原文明示　已逾期3个工作日"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "expected"), DEADLINES)
def test_deadlines_as_a_clerk_reads_them(item: dict[str, Any], expected: str) -> None:
    assert deadline_text(item) == expected


def test_days_in_chinese() -> None:
    assert (chinese_day("2025-01-09"), chinese_day(None)) == ("2025年1月9日", "")

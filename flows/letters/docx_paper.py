"""Writes a paper as DOCX, the same bytes for the same paper: a government office's A4 with its usual type."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_ALIGN_VERTICAL
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Length, Mm, Pt, RGBColor
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from flows.letters.fixed_package import fixed

_BODY, _HEAD, _TITLE, _QUOTE = "仿宋", "黑体", "方正小标宋简体", "楷体"
_RED, _GREY = RGBColor(0xB3, 0x00, 0x1B), RGBColor(0x44, 0x44, 0x44)


def write(paper: Mapping[str, Any], base: bytes | None = None) -> bytes:
    """The DOCX of a paper (see ``papers.paper_of``), on the page and styles of ``base`` where the site has one."""
    document = docx.Document(io.BytesIO(base)) if base else docx.Document()
    if base is None:
        _page(document, wide=bool(paper["rows"]))
        _page_number(document)
    _underlined(_text(document, paper["title"], _TITLE, 22, colour=_RED, centred=True))
    meta = f"{paper['number_label']}：{paper['number']}"
    _text(document, "　　".join(filter(None, [meta, paper["slip_word"], paper["mark"]])), _BODY, 10.5)
    _text(document, f"{paper['to']}：", _BODY, 14)
    for line in filter(None, [paper["opening"], paper["reason"]]):
        _text(document, line, _BODY, 14, indented=True)
    for card in paper["cards"]:
        _card(document, card)
    if paper["rows"]:
        _list(document, paper["columns"], paper["rows"])
    if paper["requests"]:
        _text(document, f"{paper['requests_label']}：", _BODY, 14)
        for number, line in enumerate(paper["requests"], 1):
            _text(document, f"{number}. {line}", _BODY, 14, indented=True)
    for line in filter(None, [f"{paper['sender']}{paper['seal']}", paper["dated"]]):
        _text(document, line, _BODY, 14, right=True)
    if paper["blanks"]:
        _blanks(document, [[label] for label in paper["blanks"]])
    if paper["receipt"]:
        _blanks(document, paper["receipt"])
    return _same_bytes(document)


def _page(document: Document, wide: bool) -> None:
    section = document.sections[0]
    short, long = Mm(210), Mm(297)
    section.page_width, section.page_height = (long, short) if wide else (short, long)
    if wide:
        section.orientation = WD_ORIENT.LANDSCAPE
    section.top_margin, section.bottom_margin = Mm(25), Mm(20)
    section.left_margin, section.right_margin = Mm(28), Mm(26)


def _text(
    document: Document,
    text: str,
    font: str,
    size: float,
    *,
    colour: RGBColor | None = None,
    centred: bool = False,
    indented: bool = False,
    right: bool = False,
) -> Paragraph:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(4)
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
        paragraph.paragraph_format.right_indent = Pt(size * 2)
    if indented:
        paragraph.paragraph_format.first_line_indent = Pt(size * 2)
    _run(paragraph, text, font, size, colour)
    return paragraph


def _run(paragraph: Any, text: str, font: str, size: float, colour: RGBColor | None = None) -> None:
    run = paragraph.add_run(text)
    run.font.name, run.font.size = font, Pt(size)
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)  # python-docx names the Latin font only
    if colour is not None:
        run.font.color.rgb = colour


def _underlined(paragraph: Paragraph) -> None:
    """The red line under the title of an office's paper."""
    borders, line = OxmlElement("w:pBdr"), OxmlElement("w:bottom")
    for name, value in (("val", "single"), ("sz", "16"), ("space", "6"), ("color", str(_RED))):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)
    paragraph._p.get_or_add_pPr().insert_element_before(borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc")
    paragraph.paragraph_format.space_after = Pt(8)


def _gap(document: Document) -> None:
    """A little room behind a table: a paragraph must stand there anyway."""
    _run(_close(document.add_paragraph()), "", _BODY, 6)


def _page_number(document: Document) -> None:
    """— 1 — at the foot of each page."""
    paragraph = document.sections[0].footer.paragraphs[0]
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(paragraph, "— ", _BODY, 12)
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)
    _run(paragraph, " —", _BODY, 12)


def _card(document: Document, card: Sequence[Mapping[str, str]]) -> None:
    table = _table(document, _widths(document, Mm(28), 1))
    previous, beside = "", None
    for line in card:
        font = _QUOTE if line["style"] == "quote" else _BODY
        size = {"quote": 13, "place": 10, "hash": 9}.get(line["style"], 12)
        colour = _GREY if line["style"] in ("place", "hash") else None
        if beside is not None and line["label"] == previous:
            _run(_close(beside.add_paragraph()), line["text"], font, size, colour)
            continue
        name, beside = table.add_row().cells
        _cell(name, line["label"], _HEAD, 11, shaded=True)
        _cell(beside, line["text"], font, size, colour)
        previous = line["label"]
    _gap(document)


def _list(document: Document, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = _table(document, _widths(document, Mm(12), Mm(30), 2, 2, 1.6, Mm(22), 1.4))
    for cell, name in zip(table.add_row().cells, columns, strict=True):
        _cell(cell, name, _HEAD, 10.5, shaded=True)
    repeat = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            _cell(cell, text, _BODY, 10)
    _gap(document)


def _blanks(document: Document, rows: Sequence[Sequence[str]]) -> None:
    label_width = Mm(45) if len(rows[0]) == 1 else Mm(26)
    table = _table(document, _widths(document, *(label_width, 1) * len(rows[0])))
    for labels in rows:
        row = table.add_row()
        row.height = Mm(11)
        for number, label in enumerate(labels):
            _cell(row.cells[2 * number], label, _HEAD, 11, shaded=True)
            row.cells[2 * number].paragraphs[0].paragraph_format.keep_with_next = labels is not rows[-1]
            row.cells[2 * number].vertical_alignment = WD_ALIGN_VERTICAL.CENTER


def _widths(document: Document, *columns: Length | float) -> list[Length]:
    """The columns' widths on this page: lengths as they are, the others share the rest by their weight."""
    section = document.sections[0]
    rest = (section.page_width or Mm(210)) - (section.left_margin or 0) - (section.right_margin or 0)
    rest -= sum(column for column in columns if isinstance(column, Length))
    weights = sum(column for column in columns if not isinstance(column, Length))
    return [column if isinstance(column, Length) else Length(int(rest * column / weights)) for column in columns]


def _table(document: Document, widths: Sequence[Length]) -> Any:
    """An empty table with these columns: programs disagree on whether grid or cells count, so both say it."""
    table = document.add_table(rows=0, cols=len(widths))
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width
    _bordered(table)
    return table


def _bordered(table: Any) -> None:
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        border = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "4"), ("space", "0"), ("color", "444444")):
            border.set(qn(f"w:{name}"), value)
        borders.append(border)
    table._tbl.tblPr.append(borders)


def _cell(cell: _Cell, text: str, font: str, size: float, colour: RGBColor | None = None, *, shaded: bool = False) -> None:
    _run(_close(cell.paragraphs[0]), text, font, size, colour)
    if shaded:
        shade = OxmlElement("w:shd")
        for name, value in (("val", "clear"), ("color", "auto"), ("fill", "F5F3F0")):
            shade.set(qn(f"w:{name}"), value)
        cell._tc.get_or_add_tcPr().append(shade)


def _close(paragraph: Paragraph) -> Paragraph:
    """Without the space that the styles put behind a paragraph."""
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = Pt(2)
    return paragraph


def _same_bytes(document: Document) -> bytes:
    document.core_properties.author = document.core_properties.last_modified_by = ""
    out = io.BytesIO()
    document.save(out)
    return fixed(out.getvalue())

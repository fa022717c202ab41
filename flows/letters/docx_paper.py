"""Writes a paper as DOCX, the same bytes for the same paper: a government office's A4 with its usual type."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import docx
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.table import _Cell

from flows.letters.fixed_package import fixed

_BODY, _HEAD, _TITLE, _QUOTE = "仿宋", "黑体", "方正小标宋简体", "楷体"
_RED, _GREY = RGBColor(0xB3, 0x00, 0x1B), RGBColor(0x44, 0x44, 0x44)


def write(paper: Mapping[str, Any], base: bytes | None = None) -> bytes:
    """The DOCX of a paper (see ``papers.paper_of``), on the page and styles of ``base`` where the site has one."""
    document = docx.Document(io.BytesIO(base)) if base else docx.Document()
    if base is None:
        _page(document, wide=bool(paper["rows"]))
    _text(document, paper["title"], _TITLE, 22, colour=_RED, centred=True)
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
        _text(document, f"{line}　　", _BODY, 14, right=True)
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
    section.top_margin, section.bottom_margin = Mm(30), Mm(25)
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
) -> None:
    paragraph = document.add_paragraph()
    paragraph.paragraph_format.space_after = Pt(4)
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if right:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if indented:
        paragraph.paragraph_format.first_line_indent = Pt(size * 2)
    _run(paragraph, text, font, size, colour)


def _run(paragraph: Any, text: str, font: str, size: float, colour: RGBColor | None = None) -> None:
    run = paragraph.add_run(text)
    run.font.name, run.font.size = font, Pt(size)
    run._element.rPr.rFonts.set(qn("w:eastAsia"), font)  # python-docx names the Latin font only
    if colour is not None:
        run.font.color.rgb = colour


def _card(document: Document, card: Sequence[Mapping[str, str]]) -> None:
    table = document.add_table(rows=0, cols=2)
    _bordered(table)
    previous, beside = "", None
    for line in card:
        font = _QUOTE if line["style"] == "quote" else _BODY
        size = {"quote": 13, "place": 10, "hash": 9}.get(line["style"], 12)
        colour = _GREY if line["style"] in ("place", "hash") else None
        if beside is not None and line["label"] == previous:
            _run(beside.add_paragraph(), line["text"], font, size, colour)
            continue
        name, beside = table.add_row().cells
        _cell(name, line["label"], _HEAD, 11, Mm(28))
        _cell(beside, line["text"], font, size, Mm(128), colour)
        previous = line["label"]
    document.add_paragraph()


def _list(document: Document, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=1, cols=len(columns))
    _bordered(table)
    for cell, name in zip(table.rows[0].cells, columns, strict=True):
        _cell(cell, name, _HEAD, 10.5)
    repeat = OxmlElement("w:tblHeader")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            _cell(cell, text, _BODY, 10)
    document.add_paragraph()


def _blanks(document: Document, rows: Sequence[Sequence[str]]) -> None:
    table = document.add_table(rows=0, cols=2 * len(rows[0]))
    _bordered(table)
    for labels in rows:
        row = table.add_row()
        row.height = Mm(11)
        for number, label in enumerate(labels):
            _cell(row.cells[2 * number], label, _HEAD, 11)


def _bordered(table: Any) -> None:
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "left", "bottom", "right", "insideH", "insideV"):
        border = OxmlElement(f"w:{side}")
        for name, value in (("val", "single"), ("sz", "4"), ("space", "0"), ("color", "444444")):
            border.set(qn(f"w:{name}"), value)
        borders.append(border)
    table._tbl.tblPr.append(borders)


def _cell(cell: _Cell, text: str, font: str, size: float, width: Mm | None = None, colour: RGBColor | None = None) -> None:
    if width is not None:
        cell.width = width
    _run(cell.paragraphs[0], text, font, size, colour)


def _same_bytes(document: Document) -> bytes:
    document.core_properties.author = document.core_properties.last_modified_by = ""
    out = io.BytesIO()
    document.save(out)
    return fixed(out.getvalue())

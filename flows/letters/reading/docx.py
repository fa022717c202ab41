"""Reads DOCX: paragraphs, tables row by row, automatic numbers, text boxes, notes; deletions are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Line, Problem, Reader, SourceText
from flows.letters.reading.docx_pictures import pictures_of
from flows.letters.reading.numbering import Numbering, number_properties, numbering_of
from flows.letters.reading.package import Package, open_package
from flows.letters.reading.xml import Element, attribute, local, parse_xml

NAME, VERSION = "docx", "1"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_THROUGH = frozenset(
    {"ins", "moveTo", "hyperlink", "smartTag", "sdt", "sdtContent", "fldSimple", "customXml", "r", "ruby", "rubyBase"}
    | {"bdo", "dir", "Choice", "oMath", "oMathPara", "drawing", "pict", "object", "inline", "anchor", "graphic"}
    | {"graphicData", "wsp", "txbx", "shape", "rect", "textbox", "group", "wgp", "wpc", "sub", "sup", "num", "den", "e"}
)
_AUTONUM = re.compile(r"\s*(?:AUTONUM|LISTNUM)", re.IGNORECASE)  # Word reckons these anew each time, and stores none
_NO_LETTER = 60  # characters below which the letter is in the file's pictures, if it has any
_CELL_OF_TEXT = 60  # characters from which a cell of several paragraphs is text of its own, no table entry


@dataclass(slots=True)
class _Walk:
    numbering: Numbering
    rendered_breaks: bool
    page: int = 1
    pictures: int = 0
    lines: list[Line] = field(default_factory=list)

    def add(self, text: str, page: int) -> None:
        self.lines.append(Line(text=text, page=page))


def read(data: bytes, name: str) -> SourceText:
    """One ``Line`` per paragraph, line break or table row."""
    package = open_package(data, name)
    parts = {part.lower(): part for part in package.names}
    main = parts.get("word/document.xml")
    if main is None:
        raise UnreadableLetter(f"{name}: a Word file without word/document.xml; ask for a whole copy")
    root = parse_xml(package.read(main), name)
    numbering = numbering_of(
        _part(package, parts, "word/numbering.xml"), _part(package, parts, "word/styles.xml")
    )
    walk = _Walk(numbering, any(local(e) == "lastRenderedPageBreak" for e in root.iter()))
    for body in (child for child in root if local(child) == "body"):
        _blocks(body, walk)
    for kind in ("footnotes", "endnotes"):
        _notes(_part(package, parts, f"word/{kind}.xml"), walk)
    written = sum(len(line.text.strip()) for line in walk.lines)
    pictures = pictures_of(package, root) if walk.pictures else ()
    images = tuple(range(1, len(pictures) + 1)) if written < _NO_LETTER else ()
    if not written and not images:
        raise UnreadableLetter(f"{name}: no text in the Word file; send the letter as PDF or pictures", found="no text")
    problems = [Problem("macro_ignored", "文件含宏，系统未执行")] if "word/vbaproject.bin" in parts else []
    if pictures and not images:
        problems.append(Problem("picture_not_read", f"文件含有{len(pictures)}幅图片，图中文字未读入，请核对原件"))
    problems += _not_shown(root, walk)
    if any(local(e) == "altChunk" for e in root.iter()):
        problems.append(Problem("part_not_read", "文件嵌有其他文件的内容，未读入，请核对原件"))
    reader = Reader(NAME, VERSION)
    return SourceText(tuple(walk.lines), reader, MEDIA_TYPE, problems=tuple(problems), paragraphs=True, images=images)


def _not_shown(root: Element, walk: _Walk) -> Iterator[Problem]:
    """What the text does not have though the file speaks of it: numbers that are not known, deleted and hidden words."""
    if walk.numbering.unknown or any(local(e) == "instrText" and _AUTONUM.match(e.text or "") for e in root.iter()):
        yield Problem("numbering_lost", "文件的自动编号未能全部读出，请核对原件")
    if any(local(e) == "delText" and e.text for e in root.iter()) or any(local(e) == "r" and _hidden(e) for e in root.iter()):
        yield Problem("text_not_shown", "文件含修订删除或隐藏的文字，未读入，请核对是否为定稿")


def _part(package: Package, parts: dict[str, str], name: str) -> Element | None:
    return parse_xml(package.read(parts[name]), package.what) if name in parts else None


def _blocks(parent: Element, walk: _Walk) -> None:
    for child in parent:
        tag = local(child)
        if tag == "p":
            _paragraph(child, walk)
        elif tag == "tbl":
            for row in _rows(child):
                _row(row, walk)
        elif tag in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "AlternateContent", "Choice"):
            _blocks(child, walk)


def _rows(table: Element) -> Iterator[Element]:
    for child in table:
        if local(child) == "tr":
            yield child
        elif local(child) in ("sdt", "sdtContent", "ins", "customXml"):
            yield from _rows(child)


def _row(row: Element, walk: _Walk) -> None:
    """Entries side by side become one line; a cell that holds running text keeps its paragraphs."""
    entries: list[str] = []
    page = walk.page
    for cell in (e for e in row.iter() if local(e) == "tc" and _nearest(e, "tr") is row):
        inner = _Walk(walk.numbering, walk.rendered_breaks, walk.page)
        _blocks(cell, inner)
        walk.page, walk.pictures = inner.page, walk.pictures + inner.pictures
        written = [line for line in inner.lines if line.text.strip()]
        if len(written) > 1 and sum(len(line.text) for line in written) > _CELL_OF_TEXT:
            if any(entries):
                walk.add(" | ".join(entries), page)
            entries = []
            walk.lines += inner.lines
        else:
            entries.append("".join(line.text.strip() for line in written))
    if any(entries):
        walk.add(" | ".join(entries), page)


def _nearest(element: Element, tag: str) -> Element | None:
    parent = element.getparent()
    while parent is not None and local(parent) != tag:
        parent = parent.getparent()
    return parent


def _paragraph(paragraph: Element, walk: _Walk) -> None:
    properties = next((child for child in paragraph if local(child) == "pPr"), None)
    page = walk.page
    boxes: list[Element] = []
    text = _label(properties, walk) + "".join(_inline(paragraph, walk, boxes))
    for row in text.split("\n"):
        walk.add(row, page)
    for box in boxes:
        _blocks(box, walk)


def _label(properties: Element | None, walk: _Walk) -> str:
    own = number_properties(properties)
    if own is None and properties is not None:
        style = next((attribute(child, "val") for child in properties if local(child) == "pStyle"), None)
        own = walk.numbering.styles.get(style or "")
    return walk.numbering.label(*own) if own is not None and own[0] != "0" else ""


def _inline(parent: Element, walk: _Walk, boxes: list[Element]) -> Iterator[str]:
    for child in parent:
        tag = local(child)
        if tag == "t":
            yield child.text or ""
        elif tag == "tab":
            yield "\t"
        elif tag in ("br", "cr"):
            yield from _break(child, walk)
        elif tag == "lastRenderedPageBreak":
            walk.page += 1
        elif tag == "noBreakHyphen":
            yield "-"
        elif tag == "sym":
            yield _symbol(child)
        elif tag in ("blip", "imagedata"):
            walk.pictures += 1
        elif tag == "txbxContent":
            boxes.append(child)
        elif tag == "AlternateContent":
            options = [option for option in child if local(option) in ("Choice", "Fallback")]
            yield from _inline(options[0], walk, boxes) if options else ()
        elif tag in ("pic", "blipFill") or (tag in _THROUGH and not _hidden(child)):
            yield from _inline(child, walk, boxes)


def _break(element: Element, walk: _Walk) -> Iterator[str]:
    if attribute(element, "type") == "page":
        walk.page += not walk.rendered_breaks
    else:
        yield "\n"


def _hidden(run: Element) -> bool:
    properties = next((child for child in run if local(child) == "rPr"), None)
    marks = [child for child in (properties if properties is not None else ()) if local(child) == "vanish"]
    return any(attribute(mark, "val") not in ("0", "false") for mark in marks)


def _symbol(element: Element) -> str:
    """A character of a symbol font; the private area has no meaning outside its font, so a box stands for it."""
    try:
        code = int(attribute(element, "char") or "", 16)
    except ValueError:
        return ""
    return "□" if 0xE000 <= code <= 0xF8FF else chr(code) if 0x20 <= code < 0xD800 else ""


def _notes(root: Element | None, walk: _Walk) -> None:
    for note in root if root is not None else ():
        if attribute(note, "type") not in ("separator", "continuationSeparator", "continuationNotice"):
            _blocks(note, walk)

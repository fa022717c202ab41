"""Reads DOCX: paragraphs, tables row by row, automatic numbers, text boxes, notes; deletions are left out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from flows.letters import reading
from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.model import Line, Problem, Reader, SourceText
from flows.letters.reading.docx_parts import main_part, pictures_of, relations_of
from flows.letters.reading.magic import name_of
from flows.letters.reading.numbering import Numbering, number_properties, numbering_of
from flows.letters.reading.package import Package, open_package
from flows.letters.reading.xml import Element, attribute, local, parse_xml

NAME, VERSION = "docx", "1"
MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# Within a paragraph: what is struck out, speaks of the text instead of being it, or is the same again for old programs.
_PASSED_OVER = frozenset(
    {"del", "moveFrom", "instrText", "delText", "delInstrText", "rPr", "pPr", "sdtPr", "sdtEndPr", "rt", "rubyPr", "ffData"}
    | {"Fallback", "tblPr", "trPr", "tcPr", "sectPr", "binData"}
)
_RECKONED = re.compile(r"\s*(?:AUTONUM|LISTNUM|EQ)\b", re.IGNORECASE)  # fields whose result no file stores
_READ_AS_CHUNK = ("HTML", "EML", None)  # a page, a page with its pictures, plain text
_NO_LETTER = 60  # characters below which the letter is in the file's pictures, if it has any
_CELL_OF_TEXT = 60  # characters from which a cell of several paragraphs is text of its own, no table entry


@dataclass(slots=True)
class Walk:
    """The way through a document: ``begun`` is the text of paragraphs whose mark is struck out; the next one takes it up.

    ``chunks``: files within the file, by the name that the text calls them; ``unread``: one of them, or another part that
    shows text, could not be read.
    """

    numbering: Numbering
    rendered_breaks: bool
    hidden: frozenset[str] = frozenset()
    begun: str = ""
    page: int = 1
    pictures: int = 0
    lines: list[Line] = field(default_factory=list)

    chunks: Mapping[str | None, bytes | None] = field(default_factory=dict)
    unread: bool = False

    def add(self, text: str, page: int) -> None:
        self.lines.append(Line(text=text, page=page))

    def finish(self) -> None:
        """What a struck mark has left without a paragraph to go to."""
        if self.begun:
            self.add(self.begun, self.page)
            self.begun = ""


def read(data: bytes, name: str) -> SourceText:
    """One ``Line`` per paragraph, line break or table row."""
    package = open_package(data, name)
    parts = {part.lower(): part for part in package.names}
    main = main_part(package)
    if main is None:
        raise UnreadableLetter(f"{name}: a Word file without word/document.xml; ask for a whole copy")
    root = parse_xml(package.read(main), name)
    styles = _part(package, parts, "word/styles.xml")
    numbering = numbering_of(_part(package, parts, "word/numbering.xml"), styles)
    walk = Walk(numbering, any(local(e) == "lastRenderedPageBreak" for e in root.iter()), hidden_styles(styles))
    chunks = [attribute(e, "id") for e in root.iter() if local(e) == "altChunk"]
    named = relations_of(package) if chunks else {}
    walk.chunks = {name: package.find(named[name]) for name in chunks if name in named}
    for body in _of(root, "body"):
        blocks(body, walk)
        walk.finish()
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
    problems += not_shown(root, walk)
    if walk.unread or any(map(_shows_another_part, root.iter())):
        problems.append(Problem("part_not_read", "文件嵌有其他文件的内容，未读入，请核对原件"))
    reader = Reader(NAME, VERSION)
    return SourceText(tuple(walk.lines), reader, MEDIA_TYPE, problems=tuple(problems), paragraphs=True, images=images)


def not_shown(root: Element, walk: Walk) -> Iterator[Problem]:
    """What the text does not have though the file speaks of it: numbers that are not known, deleted and hidden words."""
    if walk.numbering.unknown or any(local(e) == "instrText" and _RECKONED.match(e.text or "") for e in root.iter()):
        yield Problem("numbering_lost", "文件的自动编号或公式域未能全部读出，请核对原件")
    if any(local(e) == "delText" and e.text for e in root.iter()) or any(
        _hidden(e, walk.hidden) for e in root.iter()
    ):
        yield Problem("text_not_shown", "文件含修订删除或隐藏的文字，未读入，请核对是否为定稿")


def _shows_another_part(element: Element) -> bool:
    """A drawing of boxes with words, or an object of another program; a formula is left to those who look."""
    if local(element) == "OLEObject":
        return not (attribute(element, "ProgID") or "").startswith("Equation")
    return local(element) == "relIds"


def _part(package: Package, parts: dict[str, str], name: str) -> Element | None:
    return parse_xml(package.read(parts[name]), package.what) if name in parts else None


def blocks(parent: Element, walk: Walk) -> None:
    for child in parent:
        tag = local(child)
        if tag == "p":
            _paragraph(child, walk)
        elif tag == "tbl":
            for row in _rows(child):
                _row(row, walk)
        elif tag == "altChunk":
            _chunk(walk.chunks.get(attribute(child, "id")), walk)
        elif tag == "AlternateContent":
            for option in [option for option in child if local(option) in ("Choice", "Fallback")][:1]:
                blocks(option, walk)
        elif tag not in _PASSED_OVER and not _is_prompt(child):
            blocks(child, walk)


def _chunk(data: bytes | None, walk: Walk) -> None:
    """A page or text that a program put into the Word file as it was."""
    if data is not None and name_of(data) in _READ_AS_CHUNK:
        try:
            source = reading.read(data, "altChunk")
        except (UnknownFormat, UnreadableLetter):
            walk.unread = True
            return
        walk.lines += [replace(line, page=walk.page) for line in source.lines]
        walk.unread = walk.unread or bool(source.problems)
    else:
        walk.unread = True


def _rows(table: Element) -> Iterator[Element]:
    for child in table:
        if local(child) == "tr":
            yield child
        elif local(child) not in _PASSED_OVER:
            yield from _rows(child)


def _row(row: Element, walk: Walk) -> None:
    """Entries side by side become one line; a cell that holds running text keeps its paragraphs."""
    entries: list[str] = []
    page = walk.page
    for cell in (e for e in row.iter() if local(e) == "tc" and _nearest(e, "tr") is row):
        inner = Walk(walk.numbering, walk.rendered_breaks, walk.hidden, page=walk.page, chunks=walk.chunks)
        blocks(cell, inner)
        inner.finish()
        walk.page, walk.pictures = inner.page, walk.pictures + inner.pictures
        walk.unread = walk.unread or inner.unread
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


def _paragraph(paragraph: Element, walk: Walk) -> None:
    properties = next((child for child in paragraph if local(child) == "pPr"), None)
    page = walk.page
    boxes: list[Element] = []
    text = "".join(_inline(paragraph, walk, boxes))
    if _is_struck(properties):
        walk.begun += text
    else:
        text, walk.begun = _label(properties, walk) + walk.begun + text, ""
        for row in text.split("\n"):
            walk.add(row, page)
    for box in boxes:
        blocks(box, walk)


def _label(properties: Element | None, walk: Walk) -> str:
    for spelt in _of(properties, "listPr"):  # Word 2003 in XML stores what it shows
        shown = next((attribute(child, "val") for child in _of(spelt, "t")), None)
        walk.numbering.unknown = walk.numbering.unknown or shown is None
        return shown or ""
    number, level = number_properties(properties)
    if number is None:
        style = next((attribute(child, "val") for child in _of(properties, "pStyle")), None)
        number, styled = walk.numbering.styles.get(style or "", (None, 0))
        level = styled if level is None else level
    return walk.numbering.label(number, level or 0) if number not in (None, "0") else ""


def _is_struck(properties: Element | None) -> bool:
    """Whether the paragraph's mark is deleted: what stands in it belongs to the next paragraph."""
    return any(local(mark) in ("del", "moveFrom") for run in _of(properties, "rPr") for mark in run)


def _of(element: Element | None, name: str) -> list[Element]:
    return [child for child in (element if element is not None else ()) if local(child) == name]


def _inline(parent: Element, walk: Walk, boxes: list[Element]) -> Iterator[str]:
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
        elif tag not in _PASSED_OVER and not _hidden(child, walk.hidden) and not _is_prompt(child):
            yield from _inline(child, walk, boxes)


def _break(element: Element, walk: Walk) -> Iterator[str]:
    if attribute(element, "type") == "page":
        walk.page += not walk.rendered_breaks
    else:
        yield "\n"


def _hidden(run: Element, styles: frozenset[str]) -> bool:
    """Whether the element is a run that is hidden, of itself or by its style."""
    if local(run) != "r":
        return False
    properties = _of(run, "rPr")
    marks = [child for one in properties for child in _of(one, "vanish")]
    if marks:
        return _is_on(marks)
    return any(attribute(style, "val") in styles for one in properties for style in _of(one, "rStyle"))


def _is_on(marks: Sequence[Element]) -> bool:
    return any(attribute(mark, "val") not in ("0", "false") for mark in marks)


def hidden_styles(styles: Element | None) -> frozenset[str]:
    return frozenset(
        attribute(style, "styleId") or ""
        for style in _of(styles, "style")
        if _is_on([mark for one in _of(style, "rPr") for mark in _of(one, "vanish")])
    )


def _is_prompt(element: Element) -> bool:
    """A content control that nobody has filled in shows words of the program, such as: click here to enter text."""
    if local(element) != "sdt":
        return False
    return _is_on([mark for one in _of(element, "sdtPr") for mark in _of(one, "showingPlcHdr")])


def _symbol(element: Element) -> str:
    """A character of a symbol font; the private area has no meaning outside its font, so a box stands for it."""
    try:
        code = int(attribute(element, "char") or "", 16)
    except ValueError:
        return ""
    return "□" if 0xE000 <= code <= 0xF8FF else chr(code) if 0x20 <= code < 0xD800 else ""


def _notes(root: Element | None, walk: Walk) -> None:
    for note in root if root is not None else ():
        if attribute(note, "type") not in ("separator", "continuationSeparator", "continuationNotice"):
            blocks(note, walk)
            walk.finish()

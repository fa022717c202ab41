"""Reads a PDF's text layer by geometry; pages without a trustworthy one are left to recognition."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pypdfium2 as pdfium  # type: ignore[import-untyped]

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Problem, Reader, SourceText
from flows.letters.reading.encoding import is_true_text
from flows.letters.reading.geometry import Box, Placed, lines_of
from flows.letters.reading.pdf_page import PageContent, content_of
from flows.letters.reading.ruling import lines_of_page

NAME, VERSION = "pdf", "1"
MEDIA_TYPE = "application/pdf"
MAX_PAGES = 500
_NO_FORM, _XFA_ONLY = 0, 2  # pdfium's kinds of forms
_ENCRYPTED = (4, 5)  # pdfium: password wanted, unknown security handler
_ASIDE = 20  # characters across the page from which they are more than a note up the margin
_ACTIVE = re.compile(rb"/(?:JavaScript|JS|Launch|EmbeddedFile)\b")


def read(data: bytes, name: str) -> SourceText:
    """One ``Line`` per line or table row with its box; ``images`` lists the pages that must be recognised."""
    placed: list[Placed] = []
    heights: dict[int, float] = {}
    shown: dict[int, Callable[[Box], Box]] = {}
    images: list[int] = []
    problems: list[Problem] = []
    with open_document(data, name) as document:
        _open_form(document, name)
        for number in range(1, len(document) + 1):
            content = content_of(document, number, name)
            heights[number], shown[number] = content.height, content.shown
            if _must_be_seen(content):
                images.append(number)
                continue
            placed += lines_of_page(content.glyphs, content.paths, number, (content.width, content.height))
            problems += _not_read(content, number)
    if not placed and not images:
        raise UnreadableLetter(f"{name}: {len(heights)} empty pages; ask the sender for a readable copy", found="empty")
    if b"%%EOF" not in data[-2048:]:
        problems.append(Problem("file_cut_off", "文件末尾缺失，可能不完整，请核对原件"))
    if _ACTIVE.search(data):
        problems.append(Problem("active_content_ignored", "文件含脚本或附带文件，系统未执行、未打开"))
    lines = [replace(line, box=shown[line.page](line.box) if line.box else None) for line in lines_of(placed, heights)]
    return SourceText(
        tuple(lines),
        Reader(NAME, VERSION),
        MEDIA_TYPE,
        problems=tuple(problems),
        paragraphs=True,
        images=tuple(images),
    )


def open_document(data: bytes, name: str) -> pdfium.PdfDocument:
    """The document; ``UnreadableLetter`` where it is encrypted, damaged or endless."""
    try:
        document = pdfium.PdfDocument(data)
        pages = len(document)
    except pdfium.PdfiumError as fault:
        if getattr(fault, "err_code", None) in _ENCRYPTED or "assword" in str(fault):
            raise UnreadableLetter(
                f"{name}: the PDF asks for a password; ask the sender for a copy without one", found="encrypted"
            ) from fault
        raise UnreadableLetter(f"{name}: the PDF is damaged or cut off ({fault}); ask for a whole copy") from fault
    if not 0 < pages <= MAX_PAGES:
        document.close()
        raise UnreadableLetter(
            f"{name}: {pages} pages; a letter has 1 to {MAX_PAGES}: send the letter alone", found="too many pages"
        )
    return document


def _open_form(document: pdfium.PdfDocument, name: str) -> None:
    """What was filled into a form is read with the page; a form of the XFA kind has no pages of its own."""
    kind = document.get_formtype()
    if kind == _XFA_ONLY:
        raise UnreadableLetter(f"{name}: an XFA form, which only its own program shows; print it to PDF", found="XFA")
    if kind != _NO_FORM:
        document.init_forms()


def _must_be_seen(content: PageContent) -> bool:
    """No text to trust, and something drawn: the page is a picture, or its characters have no true names."""
    text = "".join(glyph.char for glyph in content.glyphs if not glyph.char.isspace())
    if content.unseen > len(text) or content.aside > len(text):
        return True  # a scanner's own recognition lies invisible under the picture; ours is better
    if not text:
        return content.pictured > 0 or len(content.paths) > 20
    return not is_true_text(text) or content.unmapped > max(2, len(text) // 50)


def _not_read(content: PageContent, number: int) -> Iterator[Problem]:
    """What people see on the page and its lines do not have, and the other way round."""
    if content.pictured > 0.25:
        yield Problem("picture_not_read", f"第{number}页含有图片，图中文字未读入，请核对原件")
    if content.unseen:
        yield Problem("text_not_shown", f"第{number}页含不显示的文字{content.unseen}字，未读入，请核对原件")
    if content.aside > _ASIDE:
        yield Problem("text_turned", f"第{number}页有横向排列的文字{content.aside}字，未读入，请核对原件")

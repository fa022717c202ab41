"""What stands on one page of a PDF: characters with their places, drawn rules, pictures."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as c  # type: ignore[import-untyped]

from flows.letters.errors import UnreadableLetter
from flows.letters.reading.geometry import Box, Glyph

MAX_CHARACTERS = 20_000  # a page of small print has a tenth
MAX_OBJECTS = 20_000
_INVISIBLE = 3
_BLANKS = " \u3000\u00a0"


@dataclass(slots=True)
class PageContent:
    """Glyphs in the file's order; ``largest_image`` and ``hidden`` (text never painted) as shares of page and text."""

    width: float
    height: float
    glyphs: list[Glyph] = field(default_factory=list)
    paths: list[Box] = field(default_factory=list)
    largest_image: float = 0.0
    hidden: float = 0.0
    unmapped: int = 0


@dataclass(frozen=True, slots=True)
class _View:
    """From the page's own coordinates to points from the top left of the page as shown."""

    left: float
    bottom: float
    right: float
    top: float
    turns: int

    def point(self, x: float, y: float) -> tuple[float, float]:
        if self.turns == 0:
            return x - self.left, self.top - y
        if self.turns == 1:
            return y - self.bottom, x - self.left
        if self.turns == 2:
            return self.right - x, y - self.bottom
        return self.top - y, self.right - x

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        (x0, y0), (x1, y1) = self.point(left, bottom), self.point(right, top)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def content_of(document: pdfium.PdfDocument, number: int, name: str) -> PageContent:
    """Page ``number`` (1-based); ``UnreadableLetter`` where the page cannot be loaded or is no page of print."""
    try:
        page = document[number - 1]
        text = page.get_textpage()
    except pdfium.PdfiumError as fault:
        raise UnreadableLetter(f"{name}: page {number} is damaged ({fault}); ask for a whole copy") from fault
    width, height = page.get_size()
    content = PageContent(width, height)
    left, bottom, right, top = page.get_bbox()
    view = _View(left, bottom, right, top, page.get_rotation() // 90)
    count = text.count_chars()
    if count > MAX_CHARACTERS:
        raise UnreadableLetter(
            f"{name}: page {number} has {count} characters, which no printed page has", found="flood"
        )
    hidden = 0
    for glyph, unseen in _glyphs(text, count, view, content):
        content.glyphs.append(glyph)
        hidden += unseen
    content.hidden = hidden / len(content.glyphs) if content.glyphs else 0.0
    _objects(page, view, content)
    text.close()
    page.close()
    return content


def _glyphs(text: pdfium.PdfTextPage, count: int, view: _View, content: PageContent) -> Iterator[tuple[Glyph, bool]]:
    handle = text.raw
    box, matrix = c.FS_RECTF(), c.FS_MATRIX()
    x, y = ctypes.c_double(), ctypes.c_double()
    current: int | None = None
    size, turned, unseen = 12.0, 0, False
    for i in range(count):
        char = chr(c.FPDFText_GetUnicode(handle, i))
        if char in "\r\n\0\ufffe\uffff" or (char in _BLANKS and c.FPDFText_IsGenerated(handle, i) == 1):
            continue
        content.unmapped += c.FPDFText_HasUnicodeMapError(handle, i) == 1
        owner = ctypes.cast(c.FPDFText_GetTextObject(handle, i), ctypes.c_void_p).value
        if owner is None or owner != current:
            current = owner
            c.FPDFText_GetMatrix(handle, i, matrix)
            size = c.FPDFText_GetFontSize(handle, i) * math.hypot(matrix.c, matrix.d) or 1.0
            turned = _quarter(matrix.a, matrix.b, view.turns)
            unseen = bool(owner) and c.FPDFTextObj_GetTextRenderMode(c.FPDFText_GetTextObject(handle, i)) == _INVISIBLE
        if turned != 0 or not (
            c.FPDFText_GetLooseCharBox(handle, i, box) and c.FPDFText_GetCharOrigin(handle, i, x, y)
        ):
            continue  # aslant: a watermark
        left, _, right, _ = view.box(box.left, box.bottom, box.right, box.top)
        yield Glyph(" " if char == "\u00a0" else char, left, right, view.point(x.value, y.value)[1], size), unseen


def _quarter(a: float, b: float, turns: int) -> int:
    """0 where the text runs level on the page as shown; other quarters and slants are not 0."""
    degrees = math.degrees(math.atan2(b, a)) - 90 * turns
    return round(((degrees + 180) % 360 - 180) / 5)


def _objects(page: pdfium.PdfPage, view: _View, content: PageContent) -> None:
    area = max(content.width * content.height, 1.0)
    for seen, thing in enumerate(page.get_objects(filter=[c.FPDF_PAGEOBJ_PATH, c.FPDF_PAGEOBJ_IMAGE], max_depth=4)):
        if seen > MAX_OBJECTS:
            break
        try:
            box = view.box(*thing.get_bounds())
        except pdfium.PdfiumError:
            continue  # an object without extent draws nothing
        if thing.type == c.FPDF_PAGEOBJ_PATH:
            content.paths.append(box)
            continue
        across = max(min(box[2], content.width) - max(box[0], 0), 0)
        down = max(min(box[3], content.height) - max(box[1], 0), 0)
        content.largest_image = max(content.largest_image, across * down / area)

"""What stands on one page of a PDF: characters with their places, drawn rules, pictures."""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

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
    """Glyphs in the file's order, placed on the page turned so that most of its text is level.

    ``shown`` gives a box on the page as people see it; ``largest_image`` and ``hidden`` (text never painted) are
    shares of the page and of the text.
    """

    width: float
    height: float
    shown: Callable[[Box], Box] = lambda box: box
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

    def back(self, x: float, y: float) -> tuple[float, float]:
        """The inverse of ``point``."""
        if self.turns == 0:
            return x + self.left, self.top - y
        if self.turns == 1:
            return y + self.left, x + self.bottom
        if self.turns == 2:
            return self.right - x, y + self.bottom
        return self.right - y, self.top - x

    @property
    def size(self) -> tuple[float, float]:
        width, height = self.right - self.left, self.top - self.bottom
        return (height, width) if self.turns % 2 else (width, height)

    def box(self, left: float, bottom: float, right: float, top: float) -> Box:
        (x0, y0), (x1, y1) = self.point(left, bottom), self.point(right, top)
        return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def content_of(document: pdfium.PdfDocument, number: int, name: str) -> PageContent:
    """Page ``number`` (1-based); ``UnreadableLetter`` where the page cannot be loaded or is no page of print."""
    try:
        page = document[number - 1]
        if document.formenv is not None:  # the values of the form's fields become part of the page
            page.flatten()
            page = document[number - 1]
        text = page.get_textpage()
    except pdfium.PdfiumError as fault:
        raise UnreadableLetter(f"{name}: page {number} is damaged ({fault}); ask for a whole copy") from fault
    left, bottom, right, top = page.get_bbox()
    seen = _View(left, bottom, right, top, page.get_rotation() // 90)
    count = text.count_chars()
    if count > MAX_CHARACTERS:
        raise UnreadableLetter(
            f"{name}: page {number} has {count} characters, which no printed page has", found="flood"
        )
    chars = list(_characters(text, count))
    level = Counter(char.turns for char in chars if char.turns is not None).most_common(1)
    view = replace(seen, turns=level[0][0]) if level else seen
    content = PageContent(*view.size)
    if view != seen:
        content.shown = lambda box: _between(view, seen, box)
    for char in chars:
        if char.turns == view.turns:  # others run across: a watermark, a note up the margin
            left, _, right, _ = view.box(*char.box)
            content.glyphs.append(Glyph(char.char, left, right, view.point(*char.origin)[1], char.size))
            content.hidden += char.hidden / len(chars)
        content.unmapped += char.unmapped
    _objects(page, view, content)
    text.close()
    page.close()
    return content


@dataclass(frozen=True, slots=True)
class _Character:
    """As the file has it; ``turns``: quarter turns of its line, None where it stands aslant."""

    char: str
    box: Box
    origin: tuple[float, float]
    size: float
    turns: int | None
    hidden: bool
    unmapped: bool


def _characters(text: pdfium.PdfTextPage, count: int) -> Iterator[_Character]:
    handle = text.raw
    box, matrix = c.FS_RECTF(), c.FS_MATRIX()
    x, y = ctypes.c_double(), ctypes.c_double()
    current: int | None = None
    size, turns, hidden = 12.0, None, False
    for i in range(count):
        char = chr(c.FPDFText_GetUnicode(handle, i))
        if char in "\r\n\0\ufffe\uffff" or (char in _BLANKS and c.FPDFText_IsGenerated(handle, i) == 1):
            continue
        owner = c.FPDFText_GetTextObject(handle, i)
        address = ctypes.cast(owner, ctypes.c_void_p).value
        if address is None or address != current:
            current = address
            c.FPDFText_GetMatrix(handle, i, matrix)
            size = c.FPDFText_GetFontSize(handle, i) * math.hypot(matrix.c, matrix.d) or 1.0
            turns = _quarter(matrix.a, matrix.b)
            hidden = address is not None and c.FPDFTextObj_GetTextRenderMode(owner) == _INVISIBLE
        if c.FPDFText_GetLooseCharBox(handle, i, box) and c.FPDFText_GetCharOrigin(handle, i, x, y):
            corners = (box.left, box.bottom, box.right, box.top)
            unmapped = c.FPDFText_HasUnicodeMapError(handle, i) == 1
            shown = " " if char == "\u00a0" else char
            yield _Character(shown, corners, (x.value, y.value), size, turns, hidden, unmapped)


def _quarter(a: float, b: float) -> int | None:
    """Quarter turns, counter-clockwise, of a line with this matrix; None where it is aslant."""
    turns = math.degrees(math.atan2(b, a)) / 90
    return round(turns) % 4 if abs(turns - round(turns)) < 0.06 else None


def _between(view: _View, seen: _View, box: Box) -> Box:
    (x0, y0), (x1, y1) = (seen.point(*view.back(*corner)) for corner in (box[:2], box[2:]))
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


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

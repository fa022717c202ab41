"""What stands on one page of a PDF: characters with their places, drawn rules, pictures."""

from __future__ import annotations

import ctypes
import math
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as c  # type: ignore[import-untyped]

from flows.letters.errors import UnreadableLetter
from flows.letters.reading.geometry import Box, Glyph

MAX_CHARACTERS = 20_000  # a page of small print has a tenth
MAX_OBJECTS = 20_000
_INVISIBLE = 3
_WHOLE = 0.8  # the share of a page from which a picture is the page
_OPAQUE = 200  # of 255, on average
_MOST_POINTS = 4_000_000  # eight times A4
_CELLS = 20  # a page is looked at in as many columns and rows, to see how much of it is pictures
_BLANKS = " \u3000\u00a0"


@dataclass(slots=True)
class PageContent:
    """Glyphs in the file's order, placed on the page turned so that most of its text is level.

    ``shown`` gives a box on the page as people see it; ``pictured`` is the share of the page under pictures.  Not among the
    glyphs: ``unseen`` characters (never painted, or under a picture) and those that stand ``aside``, a quarter turned.
    """

    width: float
    height: float
    shown: Callable[[Box], Box] = lambda box: box
    glyphs: list[Glyph] = field(default_factory=list)
    paths: list[Box] = field(default_factory=list)
    pictured: float = 0.0
    unseen: int = 0
    aside: int = 0
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
    pictures = _drawn(page, seen, c.FPDF_PAGEOBJ_IMAGE)
    chars = list(_characters(text, count, _covered(page, seen, pictures)))
    level = Counter(char.turns for char in chars if char.turns is not None).most_common(1)
    view = replace(seen, turns=level[0][0]) if level else seen
    content = PageContent(*view.size, pictured=_share(pictures, seen.size))
    if view != seen:
        content.shown = lambda box: _between(view, seen, box)
    for char in chars:
        content.unmapped += char.unmapped
        if char.hidden:
            content.unseen += not char.char.isspace()
        elif char.turns == view.turns:  # others run across: a watermark, a note up the margin
            left, _, right, _ = view.box(*char.box)
            content.glyphs.append(Glyph(char.char, left, right, view.point(*char.origin)[1], char.size))
        else:
            content.aside += char.turns is not None
    content.paths += _drawn(page, view, c.FPDF_PAGEOBJ_PATH)
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


def _characters(text: pdfium.PdfTextPage, count: int, covered: Container[int]) -> Iterator[_Character]:
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
            hidden = address is not None and (address in covered or _is_invisible(owner))
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


def _is_invisible(text: Any) -> bool:
    """Whether a text object is never painted, or painted with no ink."""
    if c.FPDFTextObj_GetTextRenderMode(text) == _INVISIBLE:
        return True
    red, green, blue, ink = (ctypes.c_uint() for _ in range(4))
    return bool(c.FPDFPageObj_GetFillColor(text, red, green, blue, ink)) and ink.value == 0


def _drawn(page: pdfium.PdfPage, view: _View, kind: int) -> list[Box]:
    """The boxes of the page's paths, or of its pictures."""
    things = islice(page.get_objects(filter=[kind], max_depth=4), MAX_OBJECTS)
    return [box for thing in things if (box := _box(thing, view)) is not None]


def _box(thing: pdfium.PdfObject, view: _View) -> Box | None:
    try:
        return view.box(*thing.get_bounds())
    except pdfium.PdfiumError:
        return None  # an object without extent draws nothing


def _share(pictures: Sequence[Box], size: tuple[float, float]) -> float:
    """The share of the page under pictures: a scanner may lay its page in strips."""
    places = [((i + 0.5) / _CELLS * size[0], (j + 0.5) / _CELLS * size[1]) for i in range(_CELLS) for j in range(_CELLS)]
    for left, top, right, bottom in pictures:
        places = [(x, y) for x, y in places if not (left <= x <= right and top <= y <= bottom)]
    return 1 - len(places) / _CELLS**2


def _covered(page: pdfium.PdfPage, view: _View, pictures: Sequence[Box]) -> set[int]:
    """The text objects that lie under a picture of the whole page, by address: some scanners hide their text so."""
    if not any(_share([box], view.size) > _WHOLE for box in pictures):
        return set()
    found, below = set[int](), set[int]()
    kinds = [c.FPDF_PAGEOBJ_TEXT, c.FPDF_PAGEOBJ_IMAGE]
    for thing in islice(page.get_objects(filter=kinds, max_depth=4), MAX_OBJECTS):
        if thing.type == c.FPDF_PAGEOBJ_TEXT:
            below.add(ctypes.cast(thing.raw, ctypes.c_void_p).value or 0)
        elif below and (box := _box(thing, view)) is not None and _share([box], view.size) > _WHOLE and _is_opaque(thing, box):
            found |= below
            below = set()
    return found


def _is_opaque(picture: pdfium.PdfImage, box: Box) -> bool:
    """Whether nothing shines through; a seal may be a picture of the whole page with nothing on most of it."""
    if (box[2] - box[0]) * (box[3] - box[1]) > _MOST_POINTS:
        return True  # not drawn to be looked at; no page of print is as large
    try:
        shown = picture.get_bitmap(render=True)
    except pdfium.PdfiumError:
        return False  # it cannot be drawn, and covers nothing
    return shown.format != c.FPDFBitmap_BGRA or float(shown.to_numpy()[..., 3].mean()) > _OPAQUE

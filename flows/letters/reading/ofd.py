"""Reads OFD, the national format of electronic documents: text runs with their places; pictures are recognised."""

from __future__ import annotations

import math
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import ofdkit  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageFont, ImageStat

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Problem, Reader, SourceText
from flows.letters.reading import jbig2
from flows.letters.reading.encoding import is_true_text
from flows.letters.reading.geometry import Box, Glyph, Placed, lines_of
from flows.letters.reading.image import BROKEN, open_image
from flows.letters.reading.ofd_layers import unseen_objects
from flows.letters.reading.package import Package, open_package
from flows.letters.reading.ruling import lines_of_page
from flows.letters.reading.xml import Element, attribute, local, parse_xml
from flows.letters.rows import cell_width

NAME, VERSION = "ofd", "1"
MEDIA_TYPE = "application/ofd"
MAX_PAGES = 500
MAX_CHARACTERS = 20_000  # a page of small print has a tenth
_POINT = 72 / 25.4  # points in a millimetre
_OPAQUE = 200  # of 255, on average
_DOTS = 200 / 72  # pixels in a point of a drawn page


_PAGE = re.compile(r"Page_(\d{1,6})/[^/]*Content[^/]*\.xml$", re.IGNORECASE)
_A4 = [0.0, 0.0, 210.0, 297.0]
_Listed = TypeVar("_Listed")


@dataclass(frozen=True, slots=True)
class Run:
    """Text as placed on a page, in millimetres: its start, baseline, size and width."""

    text: str
    x: float
    y: float
    size: float
    width: float
    object_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page in points: its size, characters, drawn rules, pictures as (box, resource id).

    ``unseen``: how many further characters nobody sees, such as a scanner's own recognition under its picture.
    """

    width: float
    height: float
    glyphs: tuple[Glyph, ...]
    paths: tuple[Box, ...]
    pictures: tuple[tuple[Box, str], ...]
    unseen: int = 0


def read(data: bytes, name: str) -> SourceText:
    """One ``Line`` per line or table row with its box; ``images`` lists the pages that are pictures."""
    placed: list[Placed] = []
    heights: dict[int, float] = {}
    images: list[int] = []
    problems: list[Problem] = []
    for number, sheet in enumerate(sheets_of(data, name), start=1):
        heights[number] = sheet.height
        text = "".join(glyph.char for glyph in sheet.glyphs).strip()
        if sheet.unseen > len(text) or (sheet.pictures and not (text and is_true_text(text))):
            images.append(number)
            continue
        placed += lines_of_page(sheet.glyphs, sheet.paths, number, (sheet.width, sheet.height))
        if any(_area(box) > 0.25 * sheet.width * sheet.height for box, _ in sheet.pictures):
            problems.append(Problem("picture_not_read", f"第{number}页含有图片，图中文字未读入，请核对原件"))
        if sheet.unseen:
            problems.append(Problem("text_not_shown", f"第{number}页含不显示的文字{sheet.unseen}字，未读入，请核对原件"))
    if not placed and not images:
        raise UnreadableLetter(f"{name}: no text and no pictures in the OFD file", found="empty")
    reader = Reader(NAME, VERSION)
    lines = lines_of(placed, heights)
    return SourceText(lines, reader, MEDIA_TYPE, problems=tuple(problems), paragraphs=True, images=tuple(images))


def sheets_of(data: bytes, name: str) -> list[Sheet]:
    """Every page; ``UnreadableLetter`` where the file is encrypted, damaged or endless."""
    package = open_package(data, name)
    if any(part.lower().endswith("encryptions.xml") for part in package.names):
        raise UnreadableLetter(f"{name}: an encrypted OFD; ask for a copy without a password", found="encrypted")
    try:
        with ofdkit.open(data) as document:
            pages = [(page.box, page.runs, page.location) for page in _few(document.pages, name)]
    except (ofdkit.OFDError, RecursionError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError):
        pages = list(_own_pages(package, name))
    if not pages:
        raise UnreadableLetter(f"{name}: the OFD file is damaged, no page is left; ask for a whole copy")
    return [_sheet(box, runs, location, package, name) for box, runs, location in pages]


def _few(pages: Sequence[_Listed], name: str) -> Sequence[_Listed]:
    if len(pages) > MAX_PAGES:
        raise UnreadableLetter(
            f"{name}: {len(pages)} pages, more than {MAX_PAGES}; send the letter alone", found="too many pages"
        )
    return pages


def _own_pages(package: Package, name: str) -> Iterator[tuple[Box, list[Run], str]]:
    """Where the file's own lists are damaged: every page's content there is, in the order of the pages' numbers."""
    found = [(int(hit[1]), part) for part in package.names if (hit := _PAGE.search(part))]
    for _, part in _few(sorted(found), name):
        root = parse_xml(package.read(part), name)
        box = next((_numbers(e.text, 4) for e in root.iter() if local(e) == "PhysicalBox"), None) or _A4
        runs = [run for e in root.iter() if local(e) == "TextObject" for run in _runs_of(e)]
        yield (box[0], box[1], box[2], box[3]), runs, part


def _runs_of(element: Element) -> Iterator[Run]:
    place, size = _numbers(attribute(element, "Boundary"), 2), _numbers(attribute(element, "Size"), 1)
    for code in element if place else ():
        text, at = (code.text or "").strip(), _numbers(f"{attribute(code, 'X') or 0} {attribute(code, 'Y') or 0}", 2)
        if text and place and at:
            tall = size[0] if size else 5.0
            width = tall * sum(map(cell_width, text))
            yield Run(text, place[0] + at[0], place[1] + at[1], tall, width, attribute(element, "ID"))


def _numbers(text: str | None, count: int) -> list[float] | None:
    """The first numbers of the text, None where there are fewer."""
    try:
        found = [float(part) for part in (text or "").split()[:count]]
    except ValueError:
        return None
    return found if len(found) == count and all(map(math.isfinite, found)) else None


def _sheet(page_box: Box, runs: Sequence[Run], location: str | None, package: Package, name: str) -> Sheet:
    left, top, width, height = page_box
    root = parse_xml(package.read(location), name) if location is not None and location in package.names else None
    hidden = unseen_objects(root, page_box, partial(_is_opaque, package, name)) if root is not None else frozenset()
    unseen = sum(len("".join(run.text.split())) for run in runs if run.object_id in hidden)
    glyphs = tuple(glyph for run in runs if run.object_id not in hidden for glyph in _glyphs(run, left, top))
    if len(glyphs) > MAX_CHARACTERS:
        raise UnreadableLetter(f"{name}: a page of {len(glyphs)} characters, which no print has", found="flood")
    paths: list[Box] = []
    pictures: list[tuple[Box, str]] = []
    for element in root.iter() if root is not None else ():
        kind = local(element)
        if kind in ("PathObject", "ImageObject") and (box := _boundary(element, left, top)) is not None:
            if kind == "PathObject":
                paths.append(box)
            else:
                pictures.append((box, attribute(element, "ResourceID") or ""))
    return Sheet(width * _POINT, height * _POINT, glyphs, tuple(paths), tuple(pictures), unseen)


def _is_opaque(package: Package, name: str, ident: str) -> bool:
    """Whether nothing shines through the picture; one that cannot be shown covers nothing."""
    try:
        shown = _picture(package, ident, name)
        return "A" not in shown.getbands() or float(ImageStat.Stat(shown.getchannel("A")).mean[0]) > _OPAQUE
    except (UnreadableLetter, *BROKEN):
        return False


def _glyphs(run: Run, left: float, top: float) -> Iterator[Glyph]:
    """The run's characters, its width shared out among them."""
    cells = sum(map(cell_width, run.text)) or 1.0
    at, step = (run.x - left) * _POINT, run.width * _POINT / cells
    size = max(run.size * _POINT, 1.0)
    for char in run.text:
        wide = cell_width(char) * step
        yield Glyph(char, at, at + wide, (run.y - top) * _POINT, size)
        at += wide


def _boundary(element: Element, left: float, top: float) -> Box | None:
    numbers = _numbers(attribute(element, "Boundary"), 4)
    if numbers is None:
        return None  # an object without a place draws nothing
    x, y, width, height = numbers[0] - left, numbers[1] - top, numbers[2], numbers[3]
    return x * _POINT, y * _POINT, (x + width) * _POINT, (y + height) * _POINT


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def drawn(data: bytes, name: str, number: int, font: str) -> tuple[Image.Image, float, float]:
    """Page ``number`` as a picture with its size in points: its own pictures, and its text set in ``font``."""
    sheets = sheets_of(data, name)
    if not 1 <= number <= len(sheets):
        raise UnreadableLetter(f"{name}: has no page {number}", found="no page")
    sheet = sheets[number - 1]
    width, height = (max(1, min(5000, round(size * _DOTS))) for size in (sheet.width, sheet.height))
    canvas = Image.new("RGB", (width, height), "white")
    package = open_package(data, name)
    for box, ident in sheet.pictures:
        left, top, right, bottom = (round(edge * _DOTS) for edge in box)
        shown = _unpacked(_picture(package, ident, name), name)
        canvas.paste(shown.resize((max(1, min(5000, right - left)), max(1, min(5000, bottom - top)))), (left, top))
    pen = ImageDraw.Draw(canvas)
    for glyph in sheet.glyphs:
        type_ = ImageFont.truetype(font, max(4, min(400, round(glyph.size * _DOTS))))
        pen.text((glyph.left * _DOTS, glyph.base * _DOTS), glyph.char, "black", type_, anchor="ls")
    return canvas, sheet.width, sheet.height


def _unpacked(picture: Image.Image, name: str) -> Image.Image:
    try:
        return picture.convert("RGB")
    except BROKEN as fault:
        raise UnreadableLetter(f"{name}: a picture in it is damaged ({fault}); ask for a whole copy") from fault


def _picture(package: Package, ident: str, name: str) -> Image.Image:
    data = _resource(package, ident, name)
    return jbig2.picture_of(data, name) if jbig2.is_jbig2(data) else open_image(data, name)


def _resource(package: Package, ident: str, name: str) -> bytes:
    """The bytes of the picture that the resource lists name ``ident``."""
    for part in package.names:
        if not re.search(r"res\.xml$", part, re.IGNORECASE):
            continue
        for media in (e for e in parse_xml(package.read(part), name).iter() if local(e) == "MultiMedia"):
            file = next((child.text or "" for child in media if local(child) == "MediaFile"), "")
            if attribute(media, "ID") == ident and file:
                last = posixpath.basename(file.strip().replace("\\", "/"))
                found = next((entry for entry in package.names if posixpath.basename(entry) == last), None)
                if found is not None:
                    return package.read(found)
    raise UnreadableLetter(f"{name}: the picture {ident} is missing in the OFD file; ask for a whole copy")


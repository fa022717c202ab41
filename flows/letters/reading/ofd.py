"""Reads OFD, the national format of electronic documents: text runs with their places; pictures are recognised."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

import ofdkit  # type: ignore[import-untyped]
from PIL import Image, ImageDraw, ImageFont

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Problem, Reader, SourceText
from flows.letters.reading.encoding import is_true_text
from flows.letters.reading.geometry import Box, Glyph, Placed, lines_of
from flows.letters.reading.image import open_image
from flows.letters.reading.package import Package, open_package
from flows.letters.reading.ruling import grids_of, lines_with_tables
from flows.letters.reading.xml import Element, attribute, local, parse_xml
from flows.letters.rows import cell_width

NAME, VERSION = "ofd", "1"
MEDIA_TYPE = "application/ofd"
MAX_PAGES = 500
MAX_CHARACTERS = 20_000  # a page of small print has a tenth
_POINT = 72 / 25.4  # points in a millimetre
_DOTS = 200 / 72  # pixels in a point of a drawn page


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page in points: its size, characters, drawn rules, and pictures as (box, resource id)."""

    width: float
    height: float
    glyphs: tuple[Glyph, ...]
    paths: tuple[Box, ...]
    pictures: tuple[tuple[Box, str], ...]


def read(data: bytes, name: str) -> SourceText:
    """One ``Line`` per line or table row with its box; ``images`` lists the pages that are pictures."""
    placed: list[Placed] = []
    heights: dict[int, float] = {}
    images: list[int] = []
    problems: list[Problem] = []
    for number, sheet in enumerate(sheets_of(data, name), start=1):
        heights[number] = sheet.height
        text = "".join(glyph.char for glyph in sheet.glyphs).strip()
        if sheet.pictures and not (text and is_true_text(text)):
            images.append(number)
            continue
        placed += lines_with_tables(sheet.glyphs, grids_of(sheet.paths), number)
        if any(_area(box) > 0.25 * sheet.width * sheet.height for box, _ in sheet.pictures):
            problems.append(Problem("picture_not_read", f"第{number}页含有图片，图中文字未读入，请核对原件"))
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
            if len(document.pages) > MAX_PAGES:
                raise UnreadableLetter(
                    f"{name}: {len(document.pages)} pages, more than {MAX_PAGES}; send the letter alone",
                    found="too many pages",
                )
            return [_sheet(page, package, name) for page in document.pages]
    except (ofdkit.OFDError, RecursionError) as fault:
        raise UnreadableLetter(f"{name}: the OFD file is damaged ({fault}); ask for a whole copy") from fault


def _sheet(page: ofdkit.Page, package: Package, name: str) -> Sheet:
    left, top, width, height = page.box
    glyphs = tuple(glyph for run in page.runs for glyph in _glyphs(run, left, top))
    if len(glyphs) > MAX_CHARACTERS:
        raise UnreadableLetter(f"{name}: a page of {len(glyphs)} characters, which no print has", found="flood")
    paths: list[Box] = []
    pictures: list[tuple[Box, str]] = []
    root = parse_xml(package.read(page.location), name) if page.location in package.names else None
    for element in root.iter() if root is not None else ():
        kind = local(element)
        if kind in ("PathObject", "ImageObject") and (box := _boundary(element, left, top)) is not None:
            if kind == "PathObject":
                paths.append(box)
            else:
                pictures.append((box, attribute(element, "ResourceID") or ""))
    return Sheet(width * _POINT, height * _POINT, glyphs, tuple(paths), tuple(pictures))


def _glyphs(run: ofdkit.TextRun, left: float, top: float) -> Iterator[Glyph]:
    """The run's characters, its width shared out among them."""
    cells = sum(map(cell_width, run.text)) or 1.0
    at, step = (run.x - left) * _POINT, run.width * _POINT / cells
    size = max(run.size * _POINT, 1.0)
    for char in run.text:
        wide = cell_width(char) * step
        yield Glyph(char, at, at + wide, (run.y - top) * _POINT, size)
        at += wide


def _boundary(element: Element, left: float, top: float) -> Box | None:
    try:
        x, y, width, height = (float(part) for part in (attribute(element, "Boundary") or "").split()[:4])
    except ValueError:
        return None  # an object without a place draws nothing
    x, y = x - left, y - top
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
        shown = open_image(_resource(package, ident, name), name).convert("RGB")
        canvas.paste(shown.resize((max(1, min(5000, right - left)), max(1, min(5000, bottom - top)))), (left, top))
    pen = ImageDraw.Draw(canvas)
    for glyph in sheet.glyphs:
        type_ = ImageFont.truetype(font, max(4, min(400, round(glyph.size * _DOTS))))
        pen.text((glyph.left * _DOTS, glyph.base * _DOTS), glyph.char, "black", type_, anchor="ls")
    return canvas, sheet.width, sheet.height


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


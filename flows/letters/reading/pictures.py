"""Shows a page as a picture, for recognition and for people: pages of PDF and OFD, image files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pylopdf_fonts_zh_cn
import pypdfium2 as pdfium  # type: ignore[import-untyped]
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageSequence

from flows.letters.errors import UnreadableLetter
from flows.letters.reading import docx_parts, image, ofd, pdf
from flows.letters.reading.geometry import Box
from flows.letters.reading.magic import name_of

# For pages drawn from text alone; it comes with a package of fonts.
FONT = Path(pylopdf_fonts_zh_cn.__file__).parent / "NotoSansSC-Regular.otf"
_LONG_SIDE = 2200  # pixels of a rendered page: A4 at 188 dpi
_SCAN_SIDE = 3600  # pixels of a scan: A4 at 300 dpi has 3508; more tells recognition nothing
_SHOWN_SIDE = 1500  # pixels of a page that people look at
_MARK = (255, 226, 110)
STRIP_WIDTH = 1000  # pixels of a strip: A4 at 121 dpi
_STRIP_HEIGHT = 600
_GREYS = (0, 85, 170, 255)
_LEVELS = [round(value * (len(_GREYS) - 1) / 255) for value in range(256)]
_BLACK = 0
# Four greys, and the same four under the marker: a strip of text takes some 8 KB.
_PALETTE = [value for tint in ((255, 255, 255), _MARK) for grey in _GREYS for value in (grey * part // 255 for part in tint)]


@dataclass(frozen=True, slots=True)
class Picture:
    """One page: its picture, its number, its size in points."""

    image: Image.Image
    page: int
    width: float
    height: float


def picture_of(data: bytes, name: str, page: int, *, width: int | None = None) -> Picture:
    """Page ``page`` (1-based) of the file; ``UnreadableLetter`` where it cannot be shown.

    With ``width`` a PDF's page is drawn so many pixels wide and without what was noted on it: nobody has read that.
    """
    kind = name_of(data)
    if kind == "PDF":
        return _of_pdf(data, name, page, width)
    if kind == "ZIP (OFD)":
        shown, across, down = ofd.drawn(data, name, page, str(FONT))
        return Picture(shown, page, across, down)
    if kind == "ZIP (DOCX)":
        inside = _of_image(docx_parts.picture_bytes(data, name, page), name, 1)
        return Picture(inside.image, page, inside.width, inside.height)
    return _of_image(data, name, page)


def _of_pdf(data: bytes, name: str, number: int, wanted: int | None) -> Picture:
    with pdf.open_document(data, name) as document:
        try:
            page = document[number - 1]
            width, height = page.get_size()
            scale = min(_LONG_SIDE / max(width, height, 1.0), 8.0, wanted / max(width, 1.0) if wanted else 8.0)
            plain = wanted is not None
            bitmap = page.render(scale=scale, draw_annots=not plain, may_draw_forms=False, grayscale=plain)
            shown = bitmap.to_pil().convert("L" if plain else "RGB")
        except (pdfium.PdfiumError, ValueError) as fault:
            raise UnreadableLetter(f"{name}: page {number} cannot be drawn ({fault}); ask for another copy") from fault
        return Picture(shown, number, width, height)


def _of_image(data: bytes, name: str, number: int) -> Picture:
    opened = image.open_image(data, name)
    try:
        frame = next(frame for i, frame in enumerate(ImageSequence.Iterator(opened), start=1) if i == number)
        frame.load()
    except StopIteration:
        raise UnreadableLetter(f"{name}: has no page {number}", found="no page") from None
    except image.BROKEN as fault:
        raise UnreadableLetter(f"{name}: the picture is damaged or cut off ({fault}); send it again") from fault
    width, height = image.size_in_points(frame)
    if max(frame.size) > _SCAN_SIDE:
        frame = _upright(frame)
        frame.thumbnail((_SCAN_SIDE, _SCAN_SIDE), reducing_gap=2.0)
    return Picture(_upright(frame), number, width, height)


def _upright(frame: Image.Image) -> Image.Image:
    """As the camera was held, on white where the picture is transparent."""
    turned = ImageOps.exif_transpose(frame) or frame
    if turned.mode in ("RGBA", "LA", "PA") or "transparency" in turned.info:
        clear = turned.convert("RGBA")
        ground = Image.new("RGB", clear.size, "white")
        ground.paste(clear, mask=clear.getchannel("A"))
        return ground
    return turned.convert("RGB")


def marked(picture: Picture, boxes: Sequence[Sequence[float]]) -> bytes:
    """The page as PNG, at most ``_SHOWN_SIDE`` pixels long, with the boxes (points from the top left) in yellow."""
    shown = picture.image.copy()
    shown.thumbnail((_SHOWN_SIDE, _SHOWN_SIDE))
    across, down = shown.width / picture.width, shown.height / picture.height
    ink = Image.new("RGB", shown.size, "white")
    pen = ImageDraw.Draw(ink)
    for left, top, right, bottom in boxes:
        corners = (left * across - 2, top * down - 2, right * across + 2, bottom * down + 2)
        pen.rectangle((min(corners[0::2]), min(corners[1::2]), max(corners[0::2]), max(corners[1::2])), _MARK)
    out = io.BytesIO()
    ImageChops.multiply(shown, ink).save(out, "PNG", optimize=False)
    return out.getvalue()


def strips(picture: Picture, wanted: Sequence[Sequence[Box]], covers: Sequence[Box], quarters: int = 0) -> list[bytes]:
    """For each list of boxes a PNG of that part of the page, the boxes in yellow, the rows of ``covers`` solid black.

    Boxes are in points from the top left; a strip is as wide as the page (at most ``STRIP_WIDTH`` pixels) and shows
    a line or two above and below.  The page is first turned by ``quarters`` counter-clockwise, to stand upright.
    """
    for _ in range(quarters):
        turned = picture.image.transpose(Image.Transpose.ROTATE_90)
        wanted = [[_turned(box, picture.width) for box in boxes] for boxes in wanted]
        covers = [_turned(box, picture.width) for box in covers]
        picture = Picture(turned, picture.page, picture.height, picture.width)
    grey = picture.image.convert("L")
    if grey.width > STRIP_WIDTH:
        grey = grey.resize((STRIP_WIDTH, max(1, round(grey.height * STRIP_WIDTH / grey.width))), reducing_gap=2.0)
    across, down = grey.width / picture.width, grey.height / picture.height
    hidden = _hidden(covers, grey.size, down)
    return [_strip(grey, [_scaled(box, across, down, 2) for box in boxes], hidden) for boxes in wanted]


def _turned(box: Box, width: float) -> Box:
    """Where the box lies once its page, so wide, is turned a quarter counter-clockwise."""
    return box[1], width - box[2], box[3], width - box[0]


def _strip(grey: Image.Image, marks: Sequence[Box], covers: Sequence[Box]) -> bytes:
    line = min(max(min(bottom - top for _, top, _, bottom in marks), 12.0), 60.0)
    top = max(0, int(min(mark[1] for mark in marks) - 1.7 * line))
    bottom = min(grey.height, top + _STRIP_HEIGHT, int(max(mark[3] for mark in marks) + 1.7 * line))
    levels = grey.crop((0, top, grey.width, max(bottom, top + 1))).point(_LEVELS)
    marker = Image.new("L", levels.size, 0)
    _fill(marker, marks, top, len(_GREYS))
    shown = ImageChops.add(levels, marker)
    _fill(shown, covers, top, _BLACK)
    paper = Image.frombytes("P", shown.size, shown.tobytes())
    paper.putpalette(_PALETTE)
    out = io.BytesIO()
    paper.save(out, "PNG", bits=4, compress_level=6)  # 9 takes eight times as long for a twentieth less
    return out.getvalue()


def _fill(shown: Image.Image, boxes: Sequence[Box], above: int, value: int) -> None:
    pen = ImageDraw.Draw(shown)
    for left, top, right, bottom in boxes:
        pen.rectangle((left, top - above, right, bottom - above), value)


def _hidden(covers: Sequence[Box], size: tuple[int, int], down: float) -> list[Box]:
    """The whole row, from edge to edge: what stands beside a name, or how long a number is, tells of it too.

    Somewhat higher than the line, for recognition and fonts are not exact about their edges.
    """
    rows = [sorted((box[1] * down, box[3] * down)) for box in covers]
    more = [max(3.0, 0.2 * (bottom - top)) for top, bottom in rows]
    return [(0.0, top - by, float(size[0]), bottom + by) for (top, bottom), by in zip(rows, more, strict=True)]


def _scaled(box: Box, across: float, down: float, more: float) -> Box:
    left, right = sorted((box[0] * across, box[2] * across))
    top, bottom = sorted((box[1] * down, box[3] * down))
    return left - more, top - more, right + more, bottom + more

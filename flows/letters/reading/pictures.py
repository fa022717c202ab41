"""Shows a page as a picture, for recognition and for people: pages of PDF and OFD, image files."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pylopdf_fonts_zh_cn
import pypdfium2 as pdfium  # type: ignore[import-untyped]
from PIL import Image, ImageChops, ImageDraw, ImageOps, ImageSequence, UnidentifiedImageError

from flows.letters.errors import UnreadableLetter
from flows.letters.reading import docx_pictures, image, ofd, pdf
from flows.letters.reading.magic import name_of

# For pages drawn from text alone; it comes with a package of fonts.
FONT = Path(pylopdf_fonts_zh_cn.__file__).parent / "NotoSansSC-Regular.otf"
_LONG_SIDE = 2200  # pixels of a rendered page: A4 at 188 dpi
_SCAN_SIDE = 3600  # pixels of a scan: A4 at 300 dpi has 3508; more tells recognition nothing
_SHOWN_SIDE = 1500  # pixels of a page that people look at
_MARK = (255, 226, 110)


@dataclass(frozen=True, slots=True)
class Picture:
    """One page: its picture, its number, its size in points."""

    image: Image.Image
    page: int
    width: float
    height: float


def picture_of(data: bytes, name: str, page: int) -> Picture:
    """Page ``page`` (1-based) of the file; ``UnreadableLetter`` where it cannot be shown."""
    kind = name_of(data)
    if kind == "PDF":
        return _of_pdf(data, name, page)
    if kind == "ZIP (OFD)":
        shown, width, height = ofd.drawn(data, name, page, str(FONT))
        return Picture(shown, page, width, height)
    if kind == "ZIP (DOCX)":
        inside = _of_image(docx_pictures.picture_bytes(data, name, page), name, 1)
        return Picture(inside.image, page, inside.width, inside.height)
    return _of_image(data, name, page)


def _of_pdf(data: bytes, name: str, number: int) -> Picture:
    with pdf.open_document(data, name) as document:
        try:
            page = document[number - 1]
            width, height = page.get_size()
            scale = min(_LONG_SIDE / max(width, height, 1.0), 8.0)
            bitmap = page.render(scale=scale, draw_annots=True, may_draw_forms=False)
            shown = bitmap.to_pil().convert("RGB")
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
    except (OSError, SyntaxError, ValueError, EOFError, UnidentifiedImageError) as fault:
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

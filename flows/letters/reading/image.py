"""Reads photographs and scans (PNG, JPEG, TIFF, BMP, GIF, WEBP): each picture is a page that must be recognised."""

from __future__ import annotations

import io
import struct
import warnings

from PIL import Image, UnidentifiedImageError

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Reader, SourceText

NAME, VERSION = "image", "1"
MAX_PIXELS = 50_000_000  # an A3 page at 400 dpi has 31 million
MAX_PAGES = 100
_FORMATS = ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")
_A4_WIDTH = 595.0
_EXIF_ORIENTATION = 0x112
# What Pillow throws at a damaged picture, at opening it or later.
BROKEN = (
    UnidentifiedImageError, OSError, SyntaxError, ValueError, struct.error, EOFError, TypeError, LookupError,
    ArithmeticError, AttributeError,
)  # fmt: skip


def read(data: bytes, name: str) -> SourceText:
    """No lines, and every frame listed in ``images``."""
    opened = open_image(data, name)
    try:
        frames = getattr(opened, "n_frames", 1) if opened.format in ("TIFF",) else 1
    except BROKEN as fault:
        raise _damaged(name) from fault
    if frames > MAX_PAGES:
        raise UnreadableLetter(f"{name}: {frames} pictures in one file; a letter has at most {MAX_PAGES}", found="bomb")
    media_type = Image.MIME.get(opened.format or "", "application/octet-stream")
    return SourceText((), Reader(NAME, VERSION), media_type, paragraphs=True, images=tuple(range(1, frames + 1)))


def open_image(data: bytes, name: str) -> Image.Image:
    """The picture, its pixels not yet unpacked; ``UnreadableLetter`` where it is damaged or larger than any page."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is below
            opened = Image.open(io.BytesIO(data), formats=_FORMATS)
    except Image.DecompressionBombError as fault:
        raise _too_large(name) from fault
    except BROKEN as fault:
        raise _damaged(name) from fault
    if opened.width * opened.height > MAX_PIXELS:
        raise _too_large(name)
    if min(opened.size) < 16:
        raise UnreadableLetter(f"{name}: {opened.width}×{opened.height} pixels hold no letter", found="too small")
    return opened


def size_in_points(frame: Image.Image) -> tuple[float, float]:
    """The page's size: by the resolution the scanner noted, else as if it were as wide as A4."""
    width, height = frame.size
    if frame.getexif().get(_EXIF_ORIENTATION) in (5, 6, 7, 8):
        width, height = height, width
    dpi = frame.info.get("dpi", (0, 0))[0]
    scale = 72 / float(dpi) if 100 <= float(dpi) <= 1200 else _A4_WIDTH / width
    return width * scale, height * scale


def _damaged(name: str) -> UnreadableLetter:
    return UnreadableLetter(f"{name}: the picture is damaged or cut off; send it again", found="damaged")


def _too_large(name: str) -> UnreadableLetter:
    return UnreadableLetter(
        f"{name}: the picture has more than {MAX_PIXELS} pixels; scan the page at 300 dpi", found="gigapixel"
    )

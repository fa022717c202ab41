"""Shows JBIG2, in which scanners code black and white pages of OFD: PDFium knows it, from within a PDF."""

from __future__ import annotations

import struct

import pypdfium2 as pdfium  # type: ignore[import-untyped]
from PIL import Image

from flows.letters.errors import UnreadableLetter
from flows.letters.reading.image import MAX_PIXELS

_FILE = b"\x97JB2\r\n\x1a\n"
_PAGE_SEGMENT, _SIZE_AT = 48, 11  # a page's first segment, and where in it the page's size stands


def is_jbig2(data: bytes) -> bool:
    """A file of it, or its segments alone, as a PDF would have them."""
    return data.startswith(_FILE) or (data[:4] == b"\0\0\0\0" and len(data) > 30 and data[4] & 0x3F == _PAGE_SEGMENT)


def picture_of(data: bytes, name: str) -> Image.Image:
    """The first page; ``UnreadableLetter`` where it is damaged or larger than any page."""
    segments = data
    if data.startswith(_FILE):
        if not data[8] & 1:
            raise _damaged(name)  # the segments' heads stand apart from their data, which nobody writes into an OFD
        segments = data[9 if data[8] & 2 else 13 :]
    if not is_jbig2(segments):
        raise _damaged(name)
    width, height = struct.unpack_from(">II", segments, _SIZE_AT)
    if not 0 < width * height <= MAX_PIXELS:
        raise _damaged(name)
    try:
        with pdfium.PdfDocument(_as_pdf(segments, width, height)) as document:
            shown: Image.Image = document[0].render(scale=1).to_pil().convert("L")
    except pdfium.PdfiumError as fault:
        raise _damaged(name) from fault
    return shown


def _as_pdf(segments: bytes, width: int, height: int) -> bytes:
    """One page of as many points as the picture has pixels; PDFium finds the objects without a table of them."""
    drawn = f"q {width} 0 0 {height} 0 0 cm /I Do Q".encode()
    head = f"<</Type/XObject/Subtype/Image/Width {width}/Height {height}/BitsPerComponent 1/ColorSpace/DeviceGray"
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 %d %d]/Contents 5 0 R/Resources<</XObject<</I 4 0 R>>>>>>" % (width, height),
        b"%s/Filter/JBIG2Decode/Length %d>>stream\n%s\nendstream" % (head.encode(), len(segments), segments),
        b"<</Length %d>>stream\n%s\nendstream" % (len(drawn), drawn),
    )
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, written) for number, written in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + b"trailer<</Size 6/Root 1 0 R>>\n%%EOF\n"


def _damaged(name: str) -> UnreadableLetter:
    return UnreadableLetter(f"{name}: a black and white picture in it is damaged; send it again as PDF", found="damaged")

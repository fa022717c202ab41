"""PDFs with the difficulties of real ones, drawn with reportlab."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable

from PIL import Image, ImageChops
from reportlab.lib.pagesizes import A4
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

FONT = "STSong-Light"
pdfmetrics.registerFont(UnicodeCIDFont(FONT))


def drawn(*pages: Callable[[Canvas], None], **options: object) -> bytes:
    """A PDF of these pages, each drawn by its function."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, **options)
    for page in pages:
        canvas.setFont(FONT, 16)
        page(canvas)
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def lines(*rows: str, top: float = 740, left: float = 79) -> Callable[[Canvas], None]:
    def draw(canvas: Canvas) -> None:
        for i, row in enumerate(rows):
            canvas.drawString(left, top - 28 * i, row)

    return draw


def table(rows: list[list[str]], widths: list[float], top: float = 700, height: float = 60) -> Callable[[Canvas], None]:
    """A ruled table; a cell's text is broken at its width, drawn column by column as some producers do."""

    def draw(canvas: Canvas) -> None:
        edges = [79 + sum(widths[:i]) for i in range(len(widths) + 1)]
        for edge in edges:
            canvas.line(edge, top, edge, top - height * len(rows))
        for i in range(len(rows) + 1):
            canvas.line(edges[0], top - height * i, edges[-1], top - height * i)
        canvas.setFont(FONT, 12)
        for column, width in enumerate(widths):
            for i, row in enumerate(rows):
                fits = int(width // 12) - 1
                parts = [row[column][at : at + fits] for at in range(0, len(row[column]), fits)]
                for j, part in enumerate(parts):
                    canvas.drawString(edges[column] + 4, top - height * i - 16 - 15 * j, part)

    return draw


def faxed(picture: Image.Image, jbig2: bool = False) -> bytes:
    """A black and white picture, coded as fax machines code it, or as the segments of JBIG2 that hold the same code."""
    out = io.BytesIO()
    black_is_one = ImageChops.invert(picture.convert("L")).convert("1")
    black_is_one.save(out, "TIFF", compression="group4", tiffinfo={278: picture.height})
    with Image.open(io.BytesIO(out.getvalue())) as tiff:
        (start,), (size,) = tiff.tag_v2[273], tiff.tag_v2[279]  # type: ignore[attr-defined]
    coded = out.getvalue()[start : start + size]
    if not jbig2:
        return coded
    page = struct.pack(">IBBBI", 0, 48, 0, 1, 19) + struct.pack(">IIIIBH", picture.width, picture.height, 0, 0, 0, 0)
    region = struct.pack(">IIIIBB", picture.width, picture.height, 0, 0, 0, 1) + coded
    return page + struct.pack(">IBBBI", 1, 38, 0, 1, len(region)) + region


def fax_page(picture: Image.Image, jbig2: bool = False) -> bytes:
    """A PDF of one A4 page that is a black and white picture, coded as fax machines and scanners code it."""
    coded, wide, high = faxed(picture, jbig2), picture.width, picture.height
    filters = "/JBIG2Decode" if jbig2 else f"/CCITTFaxDecode /DecodeParms <</K -1 /Columns {wide} /Rows {high}>>"
    head = f"<</Type/XObject/Subtype/Image/Width {wide}/Height {high}/BitsPerComponent 1/ColorSpace/DeviceGray/Filter {filters}"
    drawn_as = b"q 595 0 0 842 0 0 cm /I Do Q"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R/Resources<</XObject<</I 4 0 R>>>>>>",
        head.encode() + f"/Length {len(coded)}>>stream\n".encode() + coded + b"\nendstream",
        f"<</Length {len(drawn_as)}>>stream\n".encode() + drawn_as + b"\nendstream",
    ]
    body = b"%PDF-1.4\n"
    places = []
    for number, written in enumerate(objects, 1):
        places.append(len(body))
        body += f"{number} 0 obj".encode() + written + b"endobj\n"
    rows = "".join(f"{place:010d} 00000 n \n" for place in places)
    tail = f"xref\n0 6\n0000000000 65535 f \n{rows}trailer<</Size 6/Root 1 0 R>>\nstartxref\n{len(body)}\n%%EOF\n"
    return body + tail.encode()


def picture_page(picture: Image.Image, hidden: tuple[str, ...] = ()) -> Callable[[Canvas], None]:
    """A page covered by a picture, with invisible text under it as scanners write."""

    def draw(canvas: Canvas) -> None:
        canvas.drawImage(ImageReader(picture), 0, 0, A4[0], A4[1])
        text = canvas.beginText(79, 740)
        text.setFont(FONT, 16)
        text.setTextRenderMode(3)
        for row in hidden:
            text.textLine(row)
        canvas.drawText(text)

    return draw

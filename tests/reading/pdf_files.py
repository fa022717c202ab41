"""PDFs with the difficulties of real ones, drawn with reportlab."""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image
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

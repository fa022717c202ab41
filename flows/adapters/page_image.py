"""Shows a statement on its page: the original's page with the place marked, or the text set in type."""

from __future__ import annotations

import io
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont

from flows.adapters.reading_process import Box, shared_reader
from flows.letters.model import LetterText, Span
from flows.letters.page_places import places
from flows.letters.reading.pictures import FONT

_WIDTH, _MARGIN, _SIZE, _LEAD = 1000, 60, 24, 40
_ROWS = 40
_MARK, _INK, _PALE = (255, 226, 110), (20, 20, 20), (120, 120, 120)


def render(data: bytes, name: str, page: int, boxes: Sequence[Box]) -> bytes:
    """The page of the original (PDF, OFD, picture) as PNG with the boxes marked.

    Drawn in a reader process with its limits; ``UnreadableLetter`` where the page cannot be shown.
    """
    return shared_reader().draw(data, name, page, boxes)


def show(data: bytes, name: str, letter: LetterText, span: Span) -> tuple[tuple[int, bytes], ...]:
    """(page, PNG) for every page the span touches; a format without pages gives one picture of the text."""
    by_page: dict[int, list[Box]] = {}
    for page, box in places(letter, span):
        by_page.setdefault(page, []).append(box)
    if not by_page:
        return ((letter.page_at(span.start), render_text(letter.text, span)),)
    return tuple((page, render(data, name, page, boxes)) for page, boxes in sorted(by_page.items()))


def render_text(text: str, span: Span) -> bytes:
    """The paragraphs around the span set in type, the span marked, as PNG."""
    font = ImageFont.truetype(str(FONT), _SIZE)
    rows = _rows(text, font)
    first = next((i for i, (start, row) in enumerate(rows) if start + len(row) > span.start), 0)
    shown = rows[max(0, first - _ROWS // 3) :][:_ROWS]
    canvas = Image.new("RGB", (_WIDTH, 2 * _MARGIN + _LEAD * len(shown)), "white")
    pen = ImageDraw.Draw(canvas)
    for i, (start, row) in enumerate(shown):
        top = _MARGIN + i * _LEAD
        begin, end = max(span.start - start, 0), min(span.end - start, len(row))
        if begin < end:
            left, right = (_MARGIN + font.getlength(row[:at]) for at in (begin, end))
            pen.rectangle((left, top, right, top + _LEAD - 4), _MARK)
        pen.text((_MARGIN, top), row, _INK if begin < end else _PALE, font)
    out = io.BytesIO()
    canvas.save(out, "PNG")
    return out.getvalue()


def _rows(text: str, font: ImageFont.FreeTypeFont) -> list[tuple[int, str]]:
    """(offset, row) of the text broken to the picture's width."""
    rows: list[tuple[int, str]] = []
    at = 0
    for paragraph in text.split("\n"):
        start = 0
        for end in range(1, len(paragraph) + 1):
            if font.getlength(paragraph[start : end + 1]) > _WIDTH - 2 * _MARGIN:
                rows.append((at + start, paragraph[start:end]))
                start = end
        rows.append((at + start, paragraph[start:]))
        at += len(paragraph) + 1
    return rows

"""Where a stretch of the letter's text stands on its pages, and which stretches recognition was unsure of."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from flows.letters.masking import Private, mask_text
from flows.letters.model import LetterText, Line, Piece, Problem, SourceText, Span
from flows.letters.rows import cell_width

Box = tuple[float, float, float, float]
SURE = 0.88  # below this confidence a recognised line is shown to a person


def places(letter: LetterText, span: Span) -> tuple[tuple[int, Box], ...]:
    """(page, box) of every line that the span touches, in reading order, each box no wider than the span's part.

    Boxes are in points from the page's top left; lines of formats without pages (TXT, HTML, DOCX) have none and are
    left out.
    """
    parts: dict[int, list[int]] = {}
    for piece in letter.pieces:
        start, end = max(piece.start, span.start), min(piece.start + piece.length, span.end)
        if start < end:
            columns = parts.setdefault(piece.line, [])
            columns += [piece.column + start - piece.start, piece.column + end - piece.start]
    return tuple(_placed(letter.source, parts))


def _placed(source: SourceText, parts: dict[int, list[int]]) -> Iterator[tuple[int, Box]]:
    for index, columns in sorted(parts.items()):
        line = source.lines[index]
        if line.box is not None:
            yield line.page, _part(line, line.box, min(columns), max(columns))


def _part(line: Line, box: Box, start: int, end: int) -> Box:
    """The line's box from one column to another; characters share the width as they would in print."""
    if " | " in line.text:
        return box  # a table's row: its cells do not stand one after the other
    opening = len(line.text) - len(line.text.lstrip())  # a blank there stands at the end of the line above
    widths = [0.0] * opening + [cell_width(char) for char in line.text[opening:]]
    step = (box[2] - box[0]) / (sum(widths) or 1.0)
    return box[0] + sum(widths[:start]) * step, box[1], box[0] + sum(widths[:end]) * step, box[3]


def quarters_of(source: SourceText, page: int) -> int:
    """By how many quarter turns, counter-clockwise, the page comes to stand upright: told by how its lines lie and follow."""
    lines = [line for line in source.lines if line.page == page and line.box is not None and line.text.strip()]
    boxes = [line.box for line in lines if line.box is not None]
    if len(boxes) < 2:
        return 0
    sizes = [(len(line.text), box[2] - box[0] < box[3] - box[1]) for line, box in zip(lines, boxes, strict=True)]
    sideways = 2 * sum(size for size, tall in sizes if tall) > sum(size for size, _ in sizes)
    along = [box[0] if sideways else box[1] for box in boxes]
    half = len(along) // 2
    forward = median(along[:half]) <= median(along[-half:])
    return (3 if forward else 1) if sideways else (0 if forward else 2)


def private_places(letter: LetterText, private: Private) -> dict[int, list[Box]]:
    """By page the boxes of all lines that hold something private.

    Whole lines: where in its line a name stands is known only roughly.  Lines that are no part of the letter's text
    (running heads and feet) count as well.
    """
    covered = mask_text(letter.text, private)
    lines = {i for i, line in enumerate(letter.source.lines) if mask_text(line.text, private) != line.text}
    for piece in letter.pieces:
        end = piece.start + piece.length
        if covered[piece.start : end] != letter.text[piece.start : end]:
            lines.add(piece.line)
    found: dict[int, list[Box]] = {}
    for index in sorted(lines):
        line = letter.source.lines[index]
        if line.box is not None:
            found.setdefault(line.page, []).append(line.box)
    return found


def doubtful(source: SourceText, pieces: tuple[Piece, ...]) -> tuple[Problem, ...]:
    """A problem for every recognised line with a confidence below ``SURE``, with its place in the text."""
    unsure = {i: line for i, line in enumerate(source.lines) if line.confidence is not None and line.confidence < SURE}
    spans: dict[int, Span] = {}
    for piece in pieces if unsure else ():
        if piece.line in unsure:
            known = spans.get(piece.line, Span(piece.start, piece.start))
            spans[piece.line] = Span(known.start, piece.start + piece.length)
    return tuple(
        Problem(
            "recognition_unsure",
            f"第{unsure[index].page}页此行识别把握低（{round((unsure[index].confidence or 0) * 100)}%），请核对原件",
            span,
        )
        for index, span in sorted(spans.items())
    )

"""What recognition hands back, and how its lines join a letter; the engine itself is an adapter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Line, Problem, Reader, SourceText
from flows.letters.reading.geometry import Box, Placed, lines_of
from flows.letters.rows import cell_width


@dataclass(frozen=True, slots=True)
class Recognised:
    """One line on a page: its box in points from the page's top left, its confidence 0..1."""

    text: str
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class RecognisedPage:
    """Everything read on one page, in reading order; sizes in points; ``turned`` where the page stood on its head."""

    page: int
    width: float
    height: float
    lines: tuple[Recognised, ...]
    turned: bool = False


def with_recognised(source: SourceText, pages: Sequence[RecognisedPage], name: str) -> SourceText:
    """The letter with the recognised pages in their places and nothing left in ``images``.

    ``UnreadableLetter`` where neither the file nor recognition gave any text.
    """
    lines = sorted((*source.lines, *_lines(pages)), key=lambda line: line.page)
    scores = [(one.confidence, len(one.text)) for page in pages for one in page.lines]
    if not any(line.text.strip() for line in lines):
        raise UnreadableLetter(f"{name}: {len(pages)} pictures without writing; ask for a readable copy", found="empty")
    letters = sum(size for _, size in scores)
    sure = round(sum(score * size for score, size in scores) / letters, 4) if letters else 0.0
    empty = [str(page.page) for page in pages if not page.lines]
    problems = [Problem("page_blank", f"第{'、'.join(empty)}页为图像，未识别出文字，请核对原件")] if empty else []
    return replace(
        source,
        lines=tuple(lines),
        reader=Reader(source.reader.name, source.reader.version, ocr=True, ocr_confidence=sure),
        problems=(*source.problems, *problems),
        images=(),
    )


def _lines(pages: Iterable[RecognisedPage]) -> tuple[Line, ...]:
    pages = list(pages)
    placed = [line for page in pages for line in _placed(page)]
    return lines_of(placed, {page.page: page.height for page in pages})


def _placed(page: RecognisedPage) -> list[Placed]:
    """Lines whose size is told from their length: the height of a recognised box is the detector's mood."""
    return [
        Placed(one.text, page.page, one.box, _size(one), one.confidence) for one in page.lines if one.text.strip()
    ]


def _size(one: Recognised) -> float:
    cells = sum(map(cell_width, one.text))
    return (one.box[2] - one.box[0]) / cells if cells >= 4 else one.box[3] - one.box[1]

"""What recognition hands back, and how its lines join a letter; the engine itself is an adapter."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Line, Problem, Reader, SourceText
from flows.letters.reading.geometry import Box, Placed, gutter, lines_of
from flows.letters.rows import cell_width

_HAN = "\u3400-\u9fff\u3001\u3002\u300a-\u3011\uff01-\uff5e\u201c\u201d"
_NARROW = re.compile(rf"(?<=[{_HAN}])[,:;!?()]|[,:;!?()](?=[{_HAN}])")
_DASH = re.compile(r"(?<=\d)一(?=\d)|^一(?=(?:19|20)\d\d)")
_YEAR = re.compile(r"[〔\[(（【]((?:19|20)\d\d)[〕\])）】](?=[ \u3000]*第?\d{1,5}号)")
_WIDE = str.maketrans(",:;!?()", "，：；！？（）")


@dataclass(frozen=True, slots=True)
class Recognised:
    """One line, its confidence 0..1, its box in points from the top left of the page made level and upright."""

    text: str
    box: Box
    confidence: float


@dataclass(frozen=True, slots=True)
class RecognisedPage:
    """Everything read on one page, in reading order; sizes in points, of the page as given.

    ``angle``: by how many degrees, counter-clockwise, it was turned to be level; then by ``quarters`` of a full turn,
    counter-clockwise too, to stand upright.
    """

    page: int
    width: float
    height: float
    lines: tuple[Recognised, ...]
    angle: float = 0.0
    quarters: int = 0

    @property
    def upright(self) -> tuple[float, float]:
        """Width and height once the page stands upright."""
        return (self.height, self.width) if self.quarters % 2 else (self.width, self.height)

    @property
    def middle(self) -> float | None:
        """Where the second of two sheets begins, None where the page is one sheet."""
        return gutter([(one.box[0], one.box[2]) for one in self.lines], *self.upright)

    def shown(self, box: Box) -> Box:
        """A box of the levelled, upright page on the page as it was given: the box around its turned corners."""
        wide, high = self.upright
        sin, cos = math.sin(math.radians(self.angle)), math.cos(math.radians(self.angle))
        across, down = self.width / 2, self.height / 2
        corners = [(x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
        for _ in range(self.quarters):  # back, a quarter clockwise at a time
            corners, wide, high = [(high - y, x) for x, y in corners], high, wide
        moved = [(x - across, y - down) for x, y in corners]
        xs = [across + x * cos - y * sin for x, y in moved]
        ys = [down + x * sin + y * cos for x, y in moved]
        return round(min(xs), 1), round(min(ys), 1), round(max(xs), 1), round(max(ys), 1)


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
    by_number = {page.page: page for page in pages}
    size, height = _body([one for page in by_number.values() for one in page.lines])
    placed = [
        Placed(repaired(one.text), page.page, one.box, _size(one, size, height), one.confidence, offset=offset)
        for page in by_number.values()
        for one, offset in _sheets(page)
        if one.text.strip()
    ]
    lines = lines_of(placed, {page.page: page.upright[1] for page in by_number.values()})
    return tuple(replace(line, box=by_number[line.page].shown(line.box) if line.box else None) for line in lines)


def _sheets(page: RecognisedPage) -> list[tuple[Recognised, float]]:
    """Each line with where its sheet begins; of two sheets side by side the left one first."""
    middle = page.middle
    if middle is None:
        return [(one, 0.0) for one in page.lines]
    left = [(one, 0.0) for one in page.lines if one.box[0] < middle]
    return left + [(one, middle) for one in page.lines if one.box[0] >= middle]


def _body(lines: Sequence[Recognised]) -> tuple[float, float]:
    """The size of the body's type, told from the length of long lines, and the height of their boxes."""
    long = [one for one in lines if _cells(one) >= 15] or list(lines)
    if not long:
        return 12.0, 12.0
    return median(_width(one) / max(_cells(one), 1) for one in long), median(one.box[3] - one.box[1] for one in long)


def _cells(one: Recognised) -> float:
    return sum(map(cell_width, one.text))


def _width(one: Recognised) -> float:
    return one.box[2] - one.box[0]


def repaired(text: str) -> str:
    """What recognition mixes up, of the same length: marks beside Chinese are wide, a pair of brackets is of one kind.

    A dash between digits is read as the numeral one, and the brackets of a document number as any brackets.
    """
    text = _NARROW.sub(lambda mark: mark.group().translate(_WIDE), text)
    text = _YEAR.sub("〔\\1〕", _DASH.sub("—", text))
    opened: list[str] = []
    out = []
    for char in text:
        if char in "(（":
            opened.append(char)
        elif char in ")）" and opened:
            char = "）" if opened.pop() == "（" else ")"  # the closing mark follows its partner
        out.append(char)
    return "".join(out)


def _size(one: Recognised, body: float, height: float) -> float:
    """The size of a line's type: the body's, unless its length (or height, where it is short) says otherwise."""
    if _cells(one) >= 8:
        size, trust = _width(one) / _cells(one), 0.08 if _cells(one) >= 15 else 0.15
        return body if abs(size - body) <= trust * body else size
    tall = one.box[3] - one.box[1]
    return body if abs(tall - height) <= 0.4 * height else tall * body / height

"""From placed characters to lines and paragraphs: rows by baseline, wrapped lines by the right margin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import median

from flows.letters.model import Line
from flows.letters.rows import cell_width, width_of
from flows.letters.rules.load import load_table

Box = tuple[float, float, float, float]
_NO_START = "，。、；：！？）》”’】〕〉」』…—％%℃,.;:!?)]"
_WORD = re.compile(r"[A-Za-z0-9.%〔〕/+-]+")
_ENDS = re.compile(r"[。！？；：:!?;]”?\s*$")
_BREAKS = re.compile(r"[。！？；：:!?;”）)》】]$")
_FEW = 10  # lines of a short letter: only one of them may be full
_ZONE = 0.1  # of the page's height, at head and foot, where running lines stand


@dataclass(frozen=True, slots=True)
class Glyph:
    """One character as set on the page: left, right and baseline from the page's top left, size in points."""

    char: str
    left: float
    right: float
    base: float
    size: float


@dataclass(frozen=True, slots=True)
class Placed:
    """One line of a page with its box and the size of its type."""

    text: str
    page: int
    box: Box
    size: float
    confidence: float | None = None
    row: bool = False  # a table's row: never joined with its neighbours
    offset: float = 0.0  # where its sheet begins: two sheets may lie side by side on one page

    @property
    def left(self) -> float:
        """Where the line's first visible character stands on its sheet."""
        blanks = self.text[: len(self.text) - len(self.text.lstrip())]
        return self.box[0] - self.offset + sum(map(cell_width, blanks)) * self.size

    @property
    def right(self) -> float:
        """Where the line ends on its sheet."""
        return self.box[2] - self.offset

    @property
    def sheet(self) -> tuple[int, float]:
        """Which page, and which of the sheets on it."""
        return self.page, self.offset

    @property
    def trailing(self) -> str:
        """The blanks at the line's end: they take up room, though nothing of them is seen."""
        return self.text[len(self.text.rstrip()) :]


def gutter(spans: Sequence[tuple[float, float]], width: float, height: float) -> float | None:
    """The middle of a broad page on which two sheets lie side by side; None where it is one sheet.

    ``spans``: left and right edge of everything printed.  Two sheets leave a strip at the middle free from top to foot.
    """
    middle, strip = width / 2, 0.03 * width
    crossing = sum(left < middle + strip and right > middle - strip for left, right in spans)
    beside = sum(left >= middle for left, _ in spans)
    two = width > 1.2 * height and crossing == 0 and min(beside, len(spans) - beside) >= 0.2 * len(spans) > 1
    return middle if two else None


def rows_of(glyphs: Iterable[Glyph], page: int) -> list[Placed]:
    """Lines from top to bottom; what stands on one baseline is one line, its gaps shown as blanks."""
    runs = sorted(_runs(glyphs), key=lambda run: run[0].base)
    rows: list[list[Glyph]] = []
    for run in runs:
        if rows and _same_row(rows[-1], run):
            rows[-1] += run
        else:
            rows.append(list(run))
    return [_line(sorted(row, key=lambda g: g.left), page) for row in rows]


def _runs(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    runs: list[list[Glyph]] = []
    for glyph in glyphs:
        last = runs[-1][-1] if runs else None
        if last and abs(last.base - glyph.base) < 0.2 * last.size and glyph.left > last.left - 0.2 * last.size:
            runs[-1].append(glyph)
        else:
            runs.append([glyph])
    return runs


def _same_row(row: Sequence[Glyph], run: Sequence[Glyph]) -> bool:
    """Same baseline, or small raised and lowered type beside the line."""
    size, other = max(g.size for g in row), max(g.size for g in run)
    reach = 0.5 if min(size, other) < 0.75 * max(size, other) else 0.3
    return abs(median(g.base for g in row) - run[0].base) < reach * max(size, other)


def _line(row: Sequence[Glyph], page: int) -> Placed:
    text = ""
    last: Glyph | None = None
    for glyph in row:
        if last is not None:
            if glyph.char == last.char and glyph.left - last.left < 0.3 * glyph.size:
                continue  # bold made by printing twice
            gap = (glyph.left - last.right) / glyph.size
            if glyph.char not in " \u3000" and last.char not in " \u3000":
                wide = 0.6 if glyph.char.isdigit() and last.char.isdigit() else 0.35  # digits set one to a cell
                text += "\u3000" * min(round(gap), 12) if gap >= 1.5 else " " if gap >= wide else ""
        text += glyph.char
        last = glyph
    size = Counter(round(g.size, 1) for g in row).most_common(1)[0][0]
    base = median(g.base for g in row)
    shown = [g for g in row if g.char.strip()] or list(row)
    box = (shown[0].left, base - 0.88 * size, max(g.right for g in shown), base + 0.15 * size)
    return Placed(text.lstrip(), page, box, size)


def lines_of(placed: Sequence[Placed], heights: dict[int, float]) -> tuple[Line, ...]:
    """The pages' lines without running heads and bare page numbers, each knowing whether it continues a paragraph."""
    kept = _without_running(placed, heights)
    out: list[Line] = []
    before = ""
    for one, goes_on in zip(kept, continues(kept), strict=True):
        # Where a line was broken at a blank, the blank opens the next line: mending takes it into the paragraph.
        blank = before if goes_on else ""
        out.append(Line(blank + one.text.rstrip(), one.page, one.box, one.confidence, goes_on))
        before = one.trailing[:1] if not is_page_number(one.text) else before
    return tuple(out)


def _without_running(placed: Sequence[Placed], heights: dict[int, float]) -> list[Placed]:
    """A running head stands at one height on half of the pages or more; a letterhead and a signature do not."""
    pages = {one.page for one in placed}
    seen: dict[str, dict[int, float]] = {}
    for one in placed:
        if _in_zone(one, heights) and len(_key(one.text)) > 1:
            seen.setdefault(_key(one.text), {}).setdefault(one.page, one.box[1])
    running = set()
    for text, tops in seen.items():
        middle = median(tops.values())
        on = sum(abs(top - middle) <= 8 for top in tops.values())
        if on > 1 and 2 * on >= len(pages):
            running.add(text)
    return [
        one
        for one in placed
        if not (_in_zone(one, heights) and (_key(one.text) in running or one.text.strip("# ").isdigit()))
        or is_page_number(one.text)
    ]


def _key(text: str) -> str:
    return re.sub(r"\d+", "#", re.sub(r"\s+", "", text))


def _in_zone(one: Placed, heights: dict[int, float]) -> bool:
    height = heights.get(one.page, 0.0)
    return height > 0 and not one.row and (one.box[3] < _ZONE * height or one.box[1] > (1 - _ZONE) * height)


@cache
def _page_foot() -> re.Pattern[str]:
    return re.compile(load_table("reading")["page_foot"])


def is_page_number(text: str) -> bool:
    """True for a number with its dashes; a bare number may be anything."""
    return text.strip() != "" and not text.strip().isdigit() and _page_foot().fullmatch(text.strip()) is not None


def continues(lines: Sequence[Placed]) -> list[bool]:
    """For each line whether it goes on with the paragraph above it (page numbers between them do not count)."""
    body = _body_size(lines)
    same = [one for one in lines if abs(one.size - body) <= 0.12 * body and not one.row]
    if not same:
        return [False] * len(lines)
    right = _edge([one.right for one in same], body, last=True)
    left = _edge([one.left for one in same], body, last=False)
    indented = sum(1.2 * body < one.left - left < 3 * body for one in same) >= 2
    measures = {sheet: _Measure(left + by, right + by, indented) for sheet, by in _shifts(same, left, body).items()}
    measure = _Measure(left, right, indented)
    out: list[bool] = []
    before: Placed | None = None
    for one in lines:
        if is_page_number(one.text):
            out.append(False)
            continue
        here = measures.get(one.sheet, measure)
        out.append(before is not None and _goes_on(before, one, here, measures.get(before.sheet, measure).right))
        before = one
    return out


@dataclass(frozen=True, slots=True)
class _Measure:
    """The margins between which the body is set, and whether its paragraphs are indented."""

    left: float
    right: float
    indented: bool


def _body_size(lines: Sequence[Placed]) -> float:
    weight: Counter[float] = Counter()
    for one in lines:
        weight[round(one.size, 1)] += len(one.text)
    return weight.most_common(1)[0][0] if weight else 12.0


def _edge(places: Sequence[float], size: float, *, last: bool) -> float:
    """The margin: the outermost place at which at least a few lines end (or begin); of a few lines it is the outermost."""
    enough = max(1 if len(places) <= _FEW else 2, len(places) // 20)
    for place in sorted(places, reverse=last):
        if sum(abs(place - other) <= 0.8 * size for other in places) >= enough:
            return place
    return max(places) if last else min(places)


def _shifts(same: Sequence[Placed], left: float, size: float) -> dict[tuple[int, float], float]:
    """How far each sheet's margin lies from the letter's: a scanner lays no two sheets alike."""
    by_sheet: dict[tuple[int, float], list[float]] = {}
    for one in same:
        by_sheet.setdefault(one.sheet, []).append(one.left)
    shifts = {sheet: _edge(lefts, size, last=False) - left for sheet, lefts in by_sheet.items() if len(lefts) >= 3}
    return {sheet: by for sheet, by in shifts.items() if abs(by) <= 1.2 * size}


def _goes_on(before: Placed, one: Placed, page: _Measure, right: float) -> bool:
    """``page``: the margins of the line's own sheet; ``right``: of the sheet that holds the line before."""
    size = before.size if one.confidence is not None else one.size
    # A recognised line of few characters does not show its size.
    alike = 0.12 if one.confidence is None or width_of(one.text) >= 8 else 0.5
    if one.row or before.row or abs(before.size - one.size) > alike * size:
        return False
    if one.sheet == before.sheet and one.box[1] - before.box[3] > 1.6 * size:
        return False
    if one.left > page.left + 0.9 * size:
        return _centred(before, one, page)
    # Where paragraphs are indented, a line at the margin goes on with the sentence even after a ragged line.
    slack = (1.6 if _ENDS.search(before.text) else 3.0) if page.indented else 0.6
    # The ink of a closing mark ends in the middle of its cell.
    hanging = 0.5 if before.text.rstrip()[-1:] in _NO_START else 0.0
    room = right - before.right - (sum(map(cell_width, before.trailing)) + hanging) * size
    return room < (sum(map(cell_width, _first_unit(one.text))) + slack) * size


def _centred(before: Placed, one: Placed, page: _Measure) -> bool:
    """A title of two lines: both about the page's middle, the first one long, without a stop, no shorter."""
    middle = (page.left + page.right) / 2
    apart = max(abs((line.box[0] + line.box[2]) / 2 - line.offset - middle) for line in (before, one))
    first, second = before.box[2] - before.box[0], one.box[2] - one.box[0]
    title = second <= first and first > 0.6 * (page.right - page.left) and apart < 0.5 * one.size
    parted = "\u3000" in before.text.strip() or _BREAKS.search(before.text) or _title_ends(before.text, one.text)
    return one.sheet == before.sheet and title and not parted


def _title_ends(text: str, following: str) -> bool:
    rules = load_table("reading")
    return bool(re.search(rules["title_end"], text.strip()) or re.search(rules["number_line"], following.strip()))


def _first_unit(text: str) -> str:
    """What could not have been parted from the beginning of ``text``: a word, or the marks after a character."""
    text = text.lstrip()
    word = _WORD.match(text)
    size = min(word.end(), 12) if word else 1
    while size < len(text) and text[size] in _NO_START:
        size += 1
    return text[:size]

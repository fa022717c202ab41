"""Ruled tables: which characters stand in which cell, so that a table reads row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flows.letters.reading.geometry import Box, Glyph, Placed, gutter, rows_of

_THIN = 3.0  # points: a drawn path no thicker is a rule
_NEAR = 3.0  # points: rules closer together are one


@dataclass(frozen=True, slots=True)
class Grid:
    """One table: its outer box, the heights of its row borders, its upright rules as (x, top, bottom)."""

    box: Box
    rows: tuple[float, ...]
    rules: tuple[tuple[float, float, float], ...]

    def cell(self, glyph: Glyph) -> tuple[int, int] | None:
        """(row, column) of the character, None outside the table."""
        x, y = (glyph.left + glyph.right) / 2, glyph.base - 0.35 * glyph.size
        left, top, right, bottom = self.box
        if not (left <= x <= right and top <= y <= bottom):
            return None
        row = sum(border <= y for border in self.rows)
        return row, sum(at <= x for at, start, end in self.rules if start - _NEAR <= y <= end + _NEAR)


def grids_of(paths: Sequence[Box]) -> list[Grid]:
    """The tables that the page's drawn paths make: at least two columns and two rows."""
    flat, upright = [], []
    for left, top, right, bottom in paths:
        if bottom - top <= _THIN and right - left > 15:
            flat.append((left, (top + bottom) / 2, right))
        elif right - left <= _THIN and bottom - top > 8:
            upright.append(((left + right) / 2, top, bottom))
        elif right - left > 15 and bottom - top > 8:
            flat += [(left, top, right), (left, bottom, right)]
            upright += [(left, top, bottom), (right, top, bottom)]
    return [grid for span in _spans(upright) if (grid := _grid(span, flat, upright)) is not None]


def _spans(upright: Sequence[tuple[float, float, float]]) -> list[tuple[float, float]]:
    """The stretches of height that upright rules cover without a gap: one table each."""
    out: list[tuple[float, float]] = []
    for _, top, bottom in sorted(upright, key=lambda rule: rule[1]):
        if out and top <= out[-1][1] + _NEAR:
            out[-1] = (out[-1][0], max(out[-1][1], bottom))
        else:
            out.append((top, bottom))
    return out


def _grid(
    span: tuple[float, float],
    flat: Sequence[tuple[float, float, float]],
    upright: Sequence[tuple[float, float, float]],
) -> Grid | None:
    top, bottom = span[0] - _NEAR, span[1] + _NEAR
    rules = [rule for rule in upright if top <= rule[1] and rule[2] <= bottom]
    columns = _merged([rule[0] for rule in rules])
    left, right = columns[0], columns[-1]
    rows = _merged([y for x0, y, x1 in flat if top <= y <= bottom and x1 > left + 5 and x0 < right - 5])
    if len(columns) < 3 or len(rows) < 3:
        return None
    return Grid((left - _NEAR, rows[0] - _NEAR, right + _NEAR, rows[-1] + _NEAR), tuple(rows), tuple(_once(rules)))


def _merged(places: Sequence[float]) -> list[float]:
    out: list[float] = []
    for place in sorted(places):
        if not out or place - out[-1] > _NEAR:
            out.append(place)
    return out


def _once(rules: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, float]]:
    """Each rule once, though both its cells drew it; pieces of one rule at different heights stay apart."""
    out: list[tuple[float, float, float]] = []
    for rule in sorted(rules):
        if not any(_covers(other, rule) for other in out):
            out = [*(old for old in out if not _covers(rule, old)), rule]
    return out


def _covers(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    return abs(one[0] - other[0]) <= _NEAR and one[1] - 1 <= other[1] and other[2] <= one[2] + 1


def lines_of_page(
    glyphs: Sequence[Glyph], paths: Sequence[Box], page: int, size: tuple[float, float]
) -> list[Placed]:
    """The page's lines in reading order: of two sheets side by side the left one first."""
    grids = grids_of(paths)
    middle = gutter([(glyph.left, glyph.right) for glyph in glyphs], *size) if not grids else None
    if middle is None:
        return _with_tables(glyphs, grids, page)
    left = rows_of((glyph for glyph in glyphs if glyph.left < middle), page)
    right = rows_of((glyph for glyph in glyphs if glyph.left >= middle), page)
    return [*left, *(replace(line, offset=middle) for line in right)]


def _with_tables(glyphs: Sequence[Glyph], grids: Sequence[Grid], page: int) -> list[Placed]:
    """The page's lines from top to bottom, each row of a table one line with its cells parted by bars."""
    free: list[Glyph] = []
    cells: dict[tuple[int, int], dict[int, list[Glyph]]] = {}
    for glyph in glyphs:
        for index, grid in enumerate(grids):
            if (place := grid.cell(glyph)) is not None:
                cells.setdefault((index, place[0]), {}).setdefault(place[1], []).append(glyph)
                break
        else:
            free.append(glyph)
    lines = rows_of(free, page)
    for row in cells.values():
        lines += _row_lines(row, page)
    return sorted((line for line in lines if line.text), key=lambda line: line.box[1])


def _row_lines(row: dict[int, list[Glyph]], page: int) -> list[Placed]:
    filled = [rows_of(glyphs, page) for _, glyphs in sorted(row.items())]
    filled = [lines for lines in filled if any(line.text for line in lines)]
    if len(filled) <= 1:  # a cell across the whole table holds running text
        return filled[0] if filled else []
    every = [line for lines in filled for line in lines]
    box = (
        min(line.box[0] for line in every),
        min(line.box[1] for line in every),
        max(line.box[2] for line in every),
        max(line.box[3] for line in every),
    )
    text = " | ".join("".join(line.text for line in lines) for lines in filled)
    return [Placed(text, page, box, every[0].size, row=True)]

"""Finds the width at which a file's lines were cut, and joins the lines that belong together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from flows.letters.rows import Row, cell_width

# A cut line is at most this wide (A4 with the official font holds 28 characters, web copies up to about 50).
_WIDEST = 60.0
_ENDS = re.compile(r"[。！？；：:!?;”）)》】]$")
_ENUMERATOR = re.compile(
    r"(?:[一二三四五六七八九十]{1,3}[、.．]|[（(][一二三四五六七八九十\d]{1,3}[)）]|\d{1,2}[、.．](?!\d)|第[一二三四五六七八九十][、，]"
    r"|[一二三四五六七八九十]是)"
)
_NO_START = "，。、；：！？）》”】〕%℃,.;:!?)"


def join_wrapped(rows: Sequence[Row]) -> list[Row]:
    """One row per paragraph; a file whose lines were never cut comes back as it is."""
    width = _width(rows)
    if width is None:
        return list(rows)
    indented = sum(row.indent >= 1.5 for row in rows) >= 2
    blanks_mean = not _blank_between_all(rows)
    out: list[Row] = []
    for before, row in pairwise([None, *rows]):
        assert row is not None  # only the first of the first pair is None
        apart = row.after_blank and blanks_mean and not row.after_page
        if before and not apart and _continues(before, row, width, 1.0 if indented else 2.5):
            out[-1] = out[-1].keep((*out[-1].cells, *row.cells))
        else:
            out.append(row)
    return out


def _width(rows: Sequence[Row]) -> float | None:
    """The width of a full line, where enough lines end there in the middle of a sentence."""
    widths = sorted((row.width for row in rows), reverse=True)
    for over, width in enumerate(widths):
        if over > max(1, len(widths) // 20):
            return None
        if width <= _WIDEST and width >= 12:
            near = [row for row in rows if width - 2.5 < row.width <= width]
            cut = [row for row in near if not _ENDS.search(row.text)]
            if len(cut) >= 2 and len(near) >= 3:
                return width
    return None


def _blank_between_all(rows: Sequence[Row]) -> bool:
    """True where the file has a blank after nearly every line, so that blanks say nothing."""
    return sum(row.after_blank for row in rows) > 0.6 * len(rows)


def _continues(before: Row, row: Row, width: float, slack: float) -> bool:
    """Whether ``row`` goes on with the sentence or paragraph that ``before`` was cut in."""
    if row.indent >= 1.5:
        return False
    if before.width + _first_unit(row.text) <= width - slack:
        return False
    return not (_ENDS.search(before.text) and _ENUMERATOR.match(row.text))


def _first_unit(text: str) -> float:
    """The width of what could not have been parted from the beginning of ``text``: a word, or marks after a character."""
    word = re.match(r"[A-Za-z0-9.%〔〕/+-]+", text)
    size = word.end() if word else 1
    while size < len(text) and text[size] in _NO_START:
        size += 1
    return sum(map(cell_width, text[:size]))

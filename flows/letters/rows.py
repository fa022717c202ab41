"""Lines while they are being mended: text that remembers which line and column each stretch came from."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

# (length, line, column): so many characters of the row came from there, one after the other.
Run = tuple[int, int, int]
_SPACES = " \t\u3000\u00a0\u2002\u2003\u2009\u202f"


@dataclass(slots=True)
class Row:
    """One line: its text without the white space at both ends, where it came from, and how it stood on its page."""

    text: str
    runs: tuple[Run, ...]
    page: int
    indent: float = 0.0
    after_blank: bool = False
    after_page: bool = False

    @property
    def line(self) -> int:
        """The source line of its first character."""
        return self.runs[0][1]

    def standing(self, *, after_blank: bool, after_page: bool) -> Row:
        return Row(self.text, self.runs, self.page, self.indent, after_blank, after_page)

    def written(self, text: str) -> Row:
        """The same row with other characters; ``text`` must have the same length."""
        return Row(text, self.runs, self.page, self.indent, self.after_blank, self.after_page)

    def joined(self, other: Row) -> Row:
        """This row with the other's text behind its own."""
        return Row(
            self.text + other.text, self.runs + other.runs, self.page, self.indent, self.after_blank, self.after_page
        )

    def part(self, start: int, end: int, indent: float) -> Row:
        """The characters ``[start, end)`` as a row with this indent."""
        return Row(
            self.text[start:end], tuple(_sliced(self.runs, start, end)), self.page, indent, self.after_blank, self.after_page
        )

    def without(self, gaps: Iterable[tuple[int, int]]) -> Row:
        """The row without the ranges ``[start, end)``, which must be in order and apart."""
        pieces, runs, at = list[str](), list[Run](), 0
        for start, end in (*gaps, (len(self.text), len(self.text))):
            if at < start:
                pieces.append(self.text[at:start])
                runs.extend(_sliced(self.runs, at, start))
            at = end
        return Row("".join(pieces), tuple(runs), self.page, self.indent, self.after_blank, self.after_page)


def _sliced(runs: tuple[Run, ...], start: int, end: int) -> Iterable[Run]:
    at = 0
    for length, line, column in runs:
        first, last = max(start, at), min(end, at + length)
        if first < last:
            yield last - first, line, column + first - at
        at += length
        if at >= end:
            return


def cell_width(char: str) -> float:
    return 1.0 if unicodedata.east_asian_width(char) in "WFA" else 0.5


def width_of(text: str) -> float:
    """In full-width characters; what is not ASCII counts as full-width, which holds for Chinese text."""
    return len(text) - len(text.encode("ascii", "ignore")) / 2


def row_of(text: str, line: int, page: int) -> Row:
    """The row of one source line."""
    if not text:
        return _blank(page)
    if text[0] not in _SPACES and text[-1] not in _SPACES:
        return Row(text, ((len(text), line, 0),), page)
    start = len(text) - len(text.lstrip(_SPACES))
    stripped = text.strip(_SPACES)
    runs = ((len(stripped), line, start),) if stripped else ()
    return Row(stripped, runs, page, _indent(text[:start]) if start else 0.0)


@lru_cache(maxsize=64)
def _blank(page: int) -> Row:
    """An empty line, of which many a file holds as many as others."""
    return Row("", (), page)


def _indent(blanks: str) -> float:
    return sum(2.0 if char == "\t" else cell_width(char) for char in blanks)


def trimmed(row: Row) -> Row:
    """White space leaves both ends; what stood before becomes the indent."""
    text = row.text
    if text and text[0] not in _SPACES and text[-1] not in _SPACES:
        return row
    start = len(text) - len(text.lstrip(_SPACES))
    end = max(start, len(text.rstrip(_SPACES)))
    return row.part(start, end, row.indent + _indent(text[:start]))

"""Lines while they are being mended: characters that remember the line and column they came from."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace

Cell = tuple[str, int, int]
_SPACES = " \t\u3000\u00a0\u2002\u2003\u2009\u202f"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its cells without the white space at both ends, and how it stood on its page."""

    cells: tuple[Cell, ...]
    page: int
    indent: float = 0.0
    after_blank: bool = False
    after_page: bool = False

    @property
    def text(self) -> str:
        return "".join(cell[0] for cell in self.cells)

    @property
    def width(self) -> float:
        """In full-width characters, with the indent."""
        return self.indent + sum(map(cell_width, self.text))

    def keep(self, cells: Iterable[Cell]) -> Row:
        return replace(self, cells=tuple(cells))


def cell_width(char: str) -> float:
    return 1.0 if unicodedata.east_asian_width(char) in "WFA" else 0.5


def row_of(text: str, line: int, page: int) -> Row:
    """The row of one source line."""
    cells = [(char, line, column) for column, char in enumerate(text)]
    return trim(Row(tuple(cells), page))


def trim(row: Row) -> Row:
    """White space leaves both ends; what stood before becomes the indent."""
    text = row.text
    start = len(text) - len(text.lstrip(_SPACES))
    end = len(text.rstrip(_SPACES))
    indent = sum(2.0 if char == "\t" else cell_width(char) for char in text[:start])
    return replace(row, cells=row.cells[start : max(start, end)], indent=row.indent + indent)

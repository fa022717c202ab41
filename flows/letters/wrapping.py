"""Finds the width at which a file's lines were cut, and joins the lines that belong together."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence

from flows.letters.header_labels import begins_with_label
from flows.letters.rows import Row, width_of
from flows.letters.wordings import folded, patterns

# A cut line is at most this wide (A4 with the official font holds 28 characters, web copies up to about 50).
_WIDEST = 60.0
_ENDS = frozenset("。！？；：:!?;”）)》】")
_WORD = re.compile(r"[A-Za-z0-9.%〔〕/+-]+")
_NO_START = "，。、；：！？）》”】〕%℃,.;:!?)"


def join_wrapped(rows: Sequence[Row], least: int = 2) -> list[Row]:
    """One row per paragraph; a file whose lines were never cut comes back as it is.

    So many lines at ``least`` must end at the same edge within a sentence for the file to count as cut.
    """
    # Typesetting counts widths, many a web copy counts characters: the measure that more lines fill exactly is taken.
    found = [(fit, measure) for measure in (width_of, _by_count) if (fit := _full_line(rows, measure, least))]
    if not found:
        return list(rows)
    (_, width), measure = max(found, key=lambda pair: pair[0][0])
    indented = sum(row.indent >= 1.5 for row in rows) >= 2
    blanks_mean = not _blank_between_all(rows)
    out: list[Row] = []
    before: Row | None = None
    for row in rows:
        apart = row.after_blank and blanks_mean and not row.after_page
        room = width - (1.0 if indented else 2.5)
        if before and not apart and _continues(before, row, room, measure):
            out[-1] = out[-1].joined(row)
        else:
            out.append(row)
        before = row
    return out


Measure = Callable[[str], float]


def _by_count(text: str) -> float:
    return float(len(text))


def _full_line(rows: Sequence[Row], measure: Measure, least: int) -> tuple[int, float] | None:
    """How many lines end at the edge within a sentence, and where the edge is; None where lines were never cut."""
    sizes = [row.indent + measure(row.text) for row in rows]
    cut = sorted([size for size, row in zip(sizes, rows, strict=True) if 12 <= size <= _WIDEST and not _is_ended(row.text)])
    if len(cut) < max(1, least):
        return None
    count, width = max((bisect_right(cut, edge) - bisect_right(cut, edge - 1), edge) for edge in set(cut))
    if count < least:
        return None
    sizes.sort()
    over = len(sizes) - bisect_right(sizes, width + 1.5)
    near = len(sizes) - over - bisect_right(sizes, width - 2.5)
    return (count, width) if near >= 3 and over <= max(1, len(rows) // 20) else None


def _is_ended(text: str) -> bool:
    return text != "" and text[-1] in _ENDS


def _blank_between_all(rows: Sequence[Row]) -> bool:
    """True where the file has a blank after nearly every line, so that blanks say nothing."""
    return sum(row.after_blank for row in rows) > 0.6 * len(rows)


def _continues(before: Row, row: Row, room: float, measure: Measure) -> bool:
    """Whether ``row`` goes on with the sentence or paragraph that ``before`` was cut in."""
    if row.indent >= 1.5 or _stands_apart(folded(row.text)):
        return False
    if _greets_below_title(before.text, row.text):
        return False
    if before.indent + measure(before.text) + measure(_first_unit(row.text)) <= room:
        return False
    if not _is_ended(before.text):
        return True
    # After a full stop at the edge, a short line without one is a signature or a heading, no rest of the paragraph.
    short = row.indent + measure(row.text) < room and not _is_ended(row.text)
    rules, view = patterns("layout"), folded(row.text)
    return not (short or rules["enumerator"].match(view) or rules["paragraph_start"].match(view))


def _stands_apart(view: str) -> bool:
    """A label or a day opens a line of its own, wherever the line before ends."""
    return begins_with_label(view) or (len(view) < 24 and patterns("layout")["date_line"].fullmatch(view) is not None)


def _greets_below_title(before: str, line: str) -> bool:
    """A title that fills its line to the edge is whole where the next line greets the proposer."""
    if not line.endswith((":", "：")) or patterns("layout")["salutation"].fullmatch(folded(line)) is None:
        return False
    return patterns("header")["title_whole"].fullmatch(folded(before)) is not None


def begins_title(before: str, line: str) -> bool:
    """Whether ``line`` opens the letter's title below a line of facts: centred, it can look like that line's rest."""
    return begins_with_label(folded(before)) and patterns("layout")["title_start"].match(folded(line)) is not None


def _first_unit(text: str) -> str:
    """What could not have been parted from the beginning of ``text``: a word, or the marks after a character."""
    word = _WORD.match(text)
    size = word.end() if word else 1
    while size < len(text) and text[size] in _NO_START:
        size += 1
    return text[:size]

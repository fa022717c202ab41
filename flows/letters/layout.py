"""Takes a mended letter apart: header, sections, and the stretches of text that may hold statements."""

from __future__ import annotations

from collections.abc import Iterator

from flows.letters.errors import SecretLetter
from flows.letters.header import header_of
from flows.letters.header_marks import secrecy_mark
from flows.letters.model import LetterText, ReplyLetter, Span
from flows.letters.sections import sections_of
from flows.letters.wordings import any_of
from flows.letters.zones import Zones, zones_of


def lay_out(text: LetterText) -> ReplyLetter:
    """The letter's parts, each with its place; time linear in its length.  A marked letter raises ``SecretLetter``."""
    zones = zones_of(text.text)
    if mark := secrecy_mark(text, zones):
        raise SecretLetter("the letter's head carries a mark of state secrecy; take it off this machine", mark=mark)
    header, problems = header_of(text, zones)
    begins, ends = _text_bounds(zones)
    sections, heads = sections_of(text.text, zones.rows, begins, ends)
    body = tuple(_body(zones, begins, ends, frozenset(head.start for head in heads)))
    return ReplyLetter(text, header, sections, body, problems)


def _text_bounds(zones: Zones) -> tuple[int, int]:
    """Where the text begins and ends."""
    rows = zones.rows
    last = zones.foot
    while last and rows[last - 1].start >= zones.opening.end and _is_courtesy(rows[last - 1].view):
        last -= 1
    end = rows[last - 1].end if last else 0
    if zones.tail is not None:
        end = zones.tail.start
    return zones.opening.end, max(end, zones.opening.end)


def _body(zones: Zones, begins: int, ends: int, heads: frozenset[int]) -> Iterator[Span]:
    """The stretches between heads and lines of courtesy; neighbouring lines make one stretch."""
    opened: list[int] = []
    for row in zones.rows:
        if row.end <= begins or row.start >= ends:
            continue
        if row.start in heads or _is_courtesy(row.view):
            if opened:
                yield Span(opened[0], opened[1])
            opened = []
            continue
        start, end = max(row.start, begins), min(row.end, ends)
        opened = [opened[0] if opened else start, end]
    if opened:
        yield Span(opened[0], opened[1])


def _is_courtesy(view: str) -> bool:
    return len(view) <= 300 and any_of("layout", "thanks_line", "closing").fullmatch(view) is not None

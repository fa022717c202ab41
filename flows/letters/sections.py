"""Finds the headed parts of a letter's text: numbered heads, quoted recommendations as heads, heads inside a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

from flows.letters.model import Section, Span
from flows.letters.rules.load import load_table
from flows.letters.wordings import patterns
from flows.letters.zones import Row

# Enumerators by depth; a head without a number lies below the last numbered one.
_LEVELS = {"heading_han": 1, "heading_paren": 2, "heading_digit": 3, "heading_paren_digit": 4}
_LONGEST_HEAD = 120


class _Head(NamedTuple):
    number: str | None
    heading: str
    start: int
    end: int
    level: int
    alone: bool


def sections_of(text: str, rows: Sequence[Row], begins: int, ends: int) -> tuple[tuple[Section, ...], tuple[Span, ...]]:
    """The sections between the offsets, in text order, and the places of heads that fill their whole line."""
    heads = list(_heads(text, rows, begins, ends))
    closed = _ends(heads, ends)
    sections = []
    for head, end in zip(heads, closed, strict=True):
        while end > head.end and text[end - 1].isspace():
            end -= 1
        span = Span(head.start, end)
        sections.append(Section(head.number, head.heading, span, Span(head.start, head.end), head.level))
    return tuple(sections), tuple(Span(head.start, head.end) for head in heads if head.alone)


def _ends(heads: Sequence[_Head], ends: int) -> list[int]:
    """Where each section ends: at the next head of its level or of a higher one."""
    closed = [ends] * len(heads)
    opened: list[int] = []
    for i, head in enumerate(heads):
        while opened and heads[opened[-1]].level >= head.level:
            closed[opened.pop()] = head.start
        opened.append(i)
    return closed


def _heads(text: str, rows: Sequence[Row], begins: int, ends: int) -> Iterator[_Head]:
    level = 0
    item = ""  # how the row before was numbered, where it was an item of a list
    starts = _starts()
    within = [row for row in rows if begins <= row.start < ends]
    for i, row in enumerate(within):
        if row.view[0] not in starts:
            item = ""
            continue
        following = within[i + 1].view if i + 1 < len(within) else ""
        style, hit = _style(row)
        head = _numbered(text, row, hit, style, following, style == item) if hit else None
        head = head or _about(text, row, level + 1, following)
        item = style if head is None else ""
        if head is not None:
            if head.number is not None:
                level = head.level
            yield head


@cache
def _starts() -> frozenset[str]:
    """The characters a head can begin with: a quick look before the patterns are tried."""
    return frozenset(load_table("layout")["parts"]["head_starts"])


def _style(row: Row) -> tuple[str, re.Match[str] | None]:
    """How the row is numbered, and its number; "" and None where it has none."""
    rules = patterns("layout")
    for name in _LEVELS:
        if hit := rules[name].match(row.view):
            return name, hit
    return "", None


def _numbered(
    text: str, row: Row, hit: re.Match[str], style: str, following: str, after_item: bool
) -> _Head | None:
    rules = patterns("layout")
    level, rule = _LEVELS[style], rules[style]
    number, begin, rest = hit.group("number"), hit.end(), row.view[hit.end() :]
    # A line that its own sibling or nothing follows is an item of a list, not the head of a text.
    if _fills_line(rest):
        is_item = after_item or not following or rule.match(following) is not None
        return None if is_item else _head(text, row, number, begin, len(row.view), level, True)
    topic = rules["heading_topic"].match(rest) if level < 3 or _speaks_about(rest) else None
    if topic is None or topic.end() >= len(rest):
        return None
    return _head(text, row, number, begin, begin + topic.end("heading"), level, False)


_SENTENCE_END = re.compile(r"[。;!?]")
_QUOTED = re.compile(r"[“《「][^”》」]{0,120}[”》」]")


def _fills_line(rest: str) -> bool:
    """True where the words after the number are a head and no sentence; marks inside quotations do not count."""
    if not rest or len(rest) > _LONGEST_HEAD:
        return False
    bare = _QUOTED.sub("“”", rest)
    if bare.endswith((":", ",")):
        return False
    return _SENTENCE_END.search(bare) is None or _is_quoted(rest)


def _is_quoted(rest: str) -> bool:
    """A recommendation quoted whole is a head, whatever mark stands at its end."""
    about = patterns("layout")["heading_about"].match(rest)
    return about is not None and about.end() >= len(rest.rstrip("。:"))


def _speaks_about(rest: str) -> bool:
    return patterns("layout")["heading_word"].match(rest) is not None


def _about(text: str, row: Row, level: int, following: str) -> _Head | None:
    hit = patterns("layout")["heading_about"].match(row.view[: _LONGEST_HEAD + 40])
    if hit is None:
        return None
    alone = len(row.view) <= hit.end() + 1
    if alone and not following:
        return None
    return _head(text, row, None, 0, hit.end("heading"), level, alone)


def _head(text: str, row: Row, number: str | None, begins: int, ends: int, level: int, alone: bool) -> _Head:
    heading = text[row.start + begins : row.start + ends].strip()
    return _Head(number, heading, row.start, row.end if alone else row.start + ends, level, alone)

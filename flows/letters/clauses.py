"""Cuts the body of a letter into sentences, enumerated items and clauses, without losing a character's place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple

from flows.letters.enumerators import Enumerator, enumerator_at, may_begin
from flows.letters.first_characters import guarded
from flows.letters.model import ListItem, ReplyLetter, Section, Span
from flows.letters.rules.load import load_table
from flows.letters.script import simplified


# Plain records with slots, here and where clauses are described: half as dear to make and to read as named tuples.
@dataclass(slots=True)
class Clause:
    """A stretch between two marks, ``[start, end)`` without them; ``mark`` is the one that closes it ("" at a line's end)."""

    start: int
    end: int
    mark: str


@dataclass(slots=True)
class Sentence:
    """A sentence (to 。！？；) or an item, its enumerator and closing mark left out.

    ``mark`` closes it; ``opens`` is True where it begins a paragraph; ``row`` is True for a row of a table (one clause);
    ``section`` is the index of the innermost section, -1 outside any; ``item`` says where it hangs in a list.
    """

    start: int
    end: int
    mark: str
    clauses: tuple[Clause, ...]
    paragraph: int
    opens: bool
    section: int
    enumerator: str = ""
    kind: str = ""
    number: int = 0
    row: bool = False
    item: ListItem | None = None


@lru_cache(maxsize=4)
def view_of(text: str) -> str:
    """``text`` in simplified script and full-width marks, of the same length: what cues and cuts are looked for in."""
    marks, number_comma = _marks()
    view = simplified(text)
    if "," in view:
        view = number_comma.sub(".", view)
    for half, full in marks:
        view = view.replace(half, full)
    return view


def sentences_of(letter: ReplyLetter, view: str) -> tuple[Sentence, ...]:
    """Every sentence of the letter's body, in text order; time linear in the body's length."""
    found: list[Sentence] = []
    owner = _section_finder(letter.sections)
    paragraph = 0
    for stretch in letter.body:
        for start, end in _paragraphs(view, stretch):
            found.extend(_sentences(view, start, end, paragraph, owner(start)))
            paragraph += 1
    _hang_in_lists(found)
    return tuple(found)


@cache
def _marks() -> tuple[tuple[tuple[str, str], ...], re.Pattern[str]]:
    table = load_table("clauses")
    return tuple(zip(table["half"], table["full"], strict=True)), re.compile(r"(?<=\d),(?=\d{3})")


def _section_finder(sections: tuple[Section, ...]) -> Any:
    """A function from an offset to the index of the innermost section; offsets must come in rising order."""
    opened: list[int] = []
    order = sorted(range(len(sections)), key=lambda i: sections[i].span.start)
    cursor = 0

    def find(offset: int) -> int:
        nonlocal cursor
        while cursor < len(order) and sections[order[cursor]].span.start <= offset:
            opened.append(order[cursor])
            cursor += 1
        while opened and sections[opened[-1]].span.end <= offset:
            opened.pop()
        return opened[-1] if opened else -1

    return find


def _paragraphs(view: str, stretch: Span) -> Iterator[tuple[int, int]]:
    start = stretch.start
    while start < stretch.end:
        end = view.find("\n", start, stretch.end)
        end = stretch.end if end < 0 else end
        if view[start:end].strip():
            yield start, end
        start = end + 1


class CutMarks(NamedTuple):
    """What ``rules/clauses.toml`` says, ready for use; ``opener_of`` gives the opening mark of each closing one."""

    tokens: re.Pattern[str]
    marks: re.Pattern[str]
    quotes: re.Pattern[str]
    opener_of: dict[str, str]
    openers: frozenset[str]
    ends: frozenset[str]
    cell_gap: re.Pattern[str]
    row_cells: int


@cache
def cut_marks() -> CutMarks:
    table = load_table("clauses")
    quotes: str = table["quotes"]
    marks = table["sentence_ends"] + table["clause_ends"]
    return CutMarks(
        tokens=re.compile("[" + re.escape(marks + quotes) + '"]'),
        marks=re.compile("[" + re.escape(marks) + "]"),
        quotes=re.compile("[" + re.escape(quotes) + '"]'),
        opener_of=dict(zip(quotes[1::2], quotes[::2], strict=True)),
        openers=frozenset(quotes[::2]),
        ends=frozenset(table["sentence_ends"]),
        cell_gap=re.compile(guarded(table["cell_gap"])),
        row_cells=int(table["row_cells"]),
    )


def _is_row(view: str, start: int, end: int) -> bool:
    gap = cut_marks().cell_gap
    if gap.search(view, start, end) is None:
        return False
    return sum(not cell.isspace() for cell in gap.split(view[start:end].strip(" |\u3000\t")) if cell) >= cut_marks().row_cells


def _sentences(view: str, start: int, end: int, paragraph: int, section: int) -> Iterator[Sentence]:
    """The sentences of one paragraph; enumerators and outer blanks are left out of the clauses."""
    row = _is_row(view, start, end)
    ends, first = cut_marks().ends, may_begin()
    opens, clauses = True, list[Clause]()
    at, enumerator = start, enumerator_at(view, start, end, False)
    floor = enumerator[1] if enumerator else start
    for mark_at, mark in (*(() if row else _cuts(view, start, end)), (end, "")):
        if mark_at < floor:
            continue
        begin, stop, at = (at if at > floor else floor), mark_at, mark_at + 1
        while begin < stop and view[begin] in _BLANKS:
            begin += 1
        while stop > begin and view[stop - 1] in _BLANKS:
            stop -= 1
        if begin < stop:
            clauses.append(Clause(begin, stop, mark))
        following = enumerator_at(view, at, end, mark == "，") if mark and view[at : at + 1] in first else None
        if following is None and mark and mark not in ends:
            continue
        if clauses:
            written, kind, number = _named(view, enumerator) if enumerator else _UNNUMBERED
            yield Sentence(
                clauses[0].start, clauses[-1].end, mark, tuple(clauses), paragraph, opens, section,
                written, kind, number, row,
            )  # fmt: skip
        opens, clauses, enumerator = False, [], following
        floor = following[1] if following else at


_BLANKS = " \u3000|"
_UNNUMBERED = ("", "", 0)


def _named(view: str, enumerator: Enumerator) -> tuple[str, str, int]:
    start, end, kind, number = enumerator
    return view[start:end].strip(), kind, number


def _cuts(view: str, start: int, end: int) -> list[tuple[int, str]]:
    """Places and marks that cut the paragraph: those outside quotation marks, titles and brackets."""
    table = cut_marks()
    if table.quotes.search(view, start, end) is None:
        return [(hit.start(), hit.group()) for hit in table.marks.finditer(view, start, end)]
    pattern, pairs, openers = table.tokens, table.opener_of, table.openers
    cuts: list[tuple[int, str]] = []
    opened: list[tuple[str, int]] = []
    straight = -1
    for hit in pattern.finditer(view, start, end):
        mark = hit.group()
        if mark in openers:
            opened.append((mark, len(cuts)))
        elif mark in pairs:
            while opened:
                opener, held = opened.pop()
                if opener == pairs[mark]:
                    del cuts[held:]
                    break
        elif mark == '"':
            if straight >= 0:
                del cuts[straight:]
            straight = len(cuts) if straight < 0 else -1
        else:
            cuts.append((hit.start(), mark))
    return cuts


def _hang_in_lists(found: list[Sentence]) -> None:
    """Tell each sentence its place in a list: an item lasts to the next one, or to the end of its paragraph."""
    opened: list[tuple[str, int, int, Span | None]] = []  # kind, list id, last number, lead-in
    lists = 0
    current: ListItem | None = None
    last: Sentence | None = None
    for sentence in found:
        if last is None or sentence.section != last.section:
            opened.clear()
        if sentence.enumerator:
            depth = next((i for i, entry in enumerate(opened) if entry[0] == sentence.kind), -1)
            if depth >= 0 and sentence.number == opened[depth][2] + 1:
                _, list_id, _, lead = opened[depth]
            else:
                list_id, lists = lists, lists + 1
                lead = _lead_in(last, sentence)
            del opened[depth if depth >= 0 else len(opened) :]
            opened.append((sentence.kind, list_id, sentence.number, lead))
            current = ListItem(list_id, sentence.enumerator, lead)
        elif current is not None and last is not None and sentence.paragraph == last.paragraph:
            if current.first:
                current = ListItem(current.list_id, current.enumerator, current.lead_in, first=False)
        else:
            current = None
        sentence.item = current
        last = sentence


def _lead_in(last: Sentence | None, first: Sentence) -> Span | None:
    """The sentence before a list's first item, where it stands in its paragraph or ends the one before."""
    if last is None or (last.kind == first.kind and last.mark != "：") or first.number > 1:
        return None
    near = last.paragraph == first.paragraph or (first.opens and first.paragraph == last.paragraph + 1)
    return Span(last.start, last.end) if near or last.mark in ("：", "") else None

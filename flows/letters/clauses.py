"""Cuts the body of a letter into sentences, enumerated items and clauses, without losing a character's place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any, NamedTuple

from flows.letters.model import ListItem, ReplyLetter, Section, Span
from flows.letters.rules.load import load_table
from flows.letters.script import simplified


class Clause(NamedTuple):
    """A stretch between two marks, ``[start, end)`` without them; ``mark`` is the one that closes it ("" at a line's end)."""

    start: int
    end: int
    mark: str


class Sentence(NamedTuple):
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
    return tuple(_hung_in_lists(found))


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


@cache
def _tokens() -> tuple[re.Pattern[str], dict[str, str], frozenset[str], re.Pattern[str], int]:
    table = load_table("clauses")
    quotes: str = table["quotes"]
    pairs = {quotes[i + 1]: quotes[i] for i in range(0, len(quotes), 2)}
    marks = table["sentence_ends"] + table["clause_ends"]
    pattern = re.compile("[" + re.escape(marks + quotes) + '"]')
    return pattern, pairs, frozenset(table["sentence_ends"]), re.compile(table["cell_gap"]), int(table["row_cells"])


def _sentences(view: str, start: int, end: int, paragraph: int, section: int) -> Iterator[Sentence]:
    """The sentences of one paragraph."""
    cells = _tokens()[3].split(view[start:end].strip(" |\u3000\t"))
    row = len([cell for cell in cells if cell.strip()]) >= _tokens()[4]
    opens, clauses, at = True, list[Clause](), start
    enumerator = _enumerator(view, start, end, False)
    for mark_at, mark in [] if row else _cuts(view, start, end):
        if enumerator is not None and enumerator[1] > mark_at:
            continue
        clauses.append(Clause(at, mark_at, mark))
        at = mark_at + 1
        following = _enumerator(view, at, end, mark == "，")
        if mark not in _tokens()[2] and following is None:
            continue
        yield from _sentence(view, clauses, enumerator, paragraph, opens, section)
        opens, clauses, enumerator = False, [], following
    clauses.append(Clause(at, end, ""))
    for sentence in _sentence(view, clauses, enumerator, paragraph, opens, section):
        yield sentence._replace(row=row)


def bare_of(view: str, sentences: Sequence[Sentence]) -> str:
    """``view`` with every longer quotation, title and bracket blanked out: what a cue or a date may be read from.

    Same length; a quotation of a few characters is a name or a slogan inside the clause and stays.
    """
    pieces, at = [], 0
    for start, end in _quotes(view, sentences):
        if end - start - 2 > _SHORT:
            pieces += [view[at : start + 1], _BLANK * (end - start - 2)]
            at = end - 1
    pieces.append(view[at:])
    return "".join(pieces)


_SHORT = 4
_BLANK = "\u25a1"


def _quotes(view: str, sentences: Sequence[Sentence]) -> list[tuple[int, int]]:
    """Stretches ``[start, end)`` between paired quotation marks, title marks or brackets, outermost, in text order."""
    pattern, pairs, _, _, _ = _tokens()
    openers = frozenset(pairs.values())
    found: list[tuple[int, int]] = []
    opened: list[tuple[str, int]] = []
    for sentence in sentences:
        opened.clear()
        straight = -1
        for hit in pattern.finditer(view, sentence.start, sentence.end):
            mark, at = hit.group(), hit.start()
            if mark in openers:
                opened.append((mark, at))
            elif mark in pairs:
                while opened:
                    opener, begun = opened.pop()
                    if opener == pairs[mark]:
                        while found and found[-1][0] >= begun:
                            found.pop()
                        found.append((begun, at + 1))
                        break
            elif mark == '"':
                if straight >= 0:
                    found.append((straight, at + 1))
                straight = at if straight < 0 else -1
    return found


def _cuts(view: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Places and marks that cut the paragraph: those outside quotation marks, titles and brackets."""
    pattern, pairs, _, _, _ = _tokens()
    cuts: list[tuple[int, str]] = []
    opened: list[tuple[str, int, int]] = []
    openers = frozenset(pairs.values())
    straight = -1
    for hit in pattern.finditer(view, start, end):
        mark = hit.group()
        if mark in openers:
            opened.append((mark, hit.start(), len(cuts)))
        elif mark in pairs:
            while opened:
                opener, _, held = opened.pop()
                if opener == pairs[mark]:
                    del cuts[held:]
                    break
        elif mark == '"':
            if straight >= 0:
                del cuts[straight:]
            straight = len(cuts) if straight < 0 else -1
        else:
            cuts.append((hit.start(), mark))
    return iter(cuts)


_Enumerator = tuple[int, int, str, int]  # start, end, kind, number


@cache
def _enumerators() -> tuple[tuple[str, bool, re.Pattern[str]], ...]:
    rows = load_table("clauses")["enumerator"]
    return tuple((row["id"], row["inline"], re.compile(row["pattern"])) for row in rows)


@cache
def _first_marks() -> frozenset[str]:
    table = load_table("clauses")
    return frozenset(table["numerals"] + table["circled"] + "第（0123456789")


def _enumerator(view: str, start: int, end: int, inline: bool) -> _Enumerator | None:
    while start < end and view[start] in " \u3000":
        start += 1
    if start >= end or view[start] not in _first_marks():
        return None
    for kind, also_inline, pattern in _enumerators():
        if (also_inline or not inline) and (hit := pattern.match(view, start, end)):
            return start, hit.end(), kind, _number(hit.group("n"))
    return None


def _number(written: str) -> int:
    table = load_table("clauses")
    circled: str = table["circled"]
    numerals: str = table["numerals"]
    if written.isdecimal():
        return int(written)
    if written in circled:
        return circled.index(written) + 1
    digits = [numerals.index(char) + 1 for char in written]
    if len(digits) == 1:
        return digits[0]
    return digits[0] + digits[1] if digits[0] == 10 else digits[0] * 10 + (digits[2] if len(digits) > 2 else 0)


def _sentence(
    view: str, raw: list[Clause], enumerator: _Enumerator | None, paragraph: int, opens: bool, section: int
) -> Iterator[Sentence]:
    """One sentence or none (only blanks); the enumerator and outer blanks are left out of the clauses."""
    floor = enumerator[1] if enumerator else -1
    clauses = []
    for clause in raw:
        start, end = max(clause.start, floor), clause.end
        while start < end and view[start] in " \u3000|":
            start += 1
        while end > start and view[end - 1] in " \u3000|":
            end -= 1
        if start < end:
            clauses.append(Clause(start, end, clause.mark))
    if clauses:
        written = view[enumerator[0] : enumerator[1]].strip() if enumerator else ""
        kind, number = (enumerator[2], enumerator[3]) if enumerator else ("", 0)
        yield Sentence(
            clauses[0].start, clauses[-1].end, raw[-1].mark, tuple(clauses), paragraph, opens, section,
            written, kind, number,
        )  # fmt: skip


def _hung_in_lists(found: list[Sentence]) -> Iterator[Sentence]:
    """Sentences with their place in a list: an item lasts to the next one, or to the end of its paragraph."""
    opened: list[tuple[str, int, int, Span | None]] = []  # kind, list id, last number, lead-in
    lists, current, last = 0, None, None
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
            current = replace(current, first=False)
        else:
            current = None
        last = sentence._replace(item=current)
        yield last


def _lead_in(last: Sentence | None, first: Sentence) -> Span | None:
    """The sentence before a list's first item, where it stands in its paragraph or ends the one before."""
    if last is None or (last.kind == first.kind and last.mark != "：") or first.number > 1:
        return None
    near = last.paragraph == first.paragraph or (first.opens and first.paragraph == last.paragraph + 1)
    return Span(last.start, last.end) if near or last.mark in ("：", "") else None

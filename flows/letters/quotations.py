"""Blanks out what a letter only quotes: titles, quotations and brackets speak of others, not of what the office will do."""

from __future__ import annotations

from collections.abc import Sequence

from flows.letters.clauses import Sentence, cut_marks

# A quotation of no more characters is a name or a slogan inside the clause.
_SHORT = 4
_BLANK = "\u25a1"


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


def _quotes(view: str, sentences: Sequence[Sentence]) -> list[tuple[int, int]]:
    """Stretches ``[start, end)`` between paired quotation marks, title marks or brackets, outermost, in text order.

    A pair stands in one sentence.
    """
    marks = cut_marks()
    pairs, openers = marks.opener_of, marks.openers
    found: list[tuple[int, int]] = []
    if not sentences:
        return found
    opened: list[tuple[str, int]] = []
    index = begin = stop = 0
    straight = -1
    for hit in marks.quotes.finditer(view, sentences[0].start, sentences[-1].end):
        mark, at = hit.group(), hit.start()
        if at >= stop:
            while sentences[index].end <= at:
                index += 1
            begin, stop = sentences[index].start, sentences[index].end
            opened.clear()
            straight = -1
        if at < begin:
            continue
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

"""Owners in print: labels behind an item (牵头单位：…；配合单位：…) and the unit's cell of a table row."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from flows.letters.bodies import Body
from flows.letters.model import Span
from flows.letters.owner_roles import role_table
from flows.letters.owner_stating import Members, supporting
from flows.letters.rules.load import load_table

_LABEL = 12  # the longest label
_REACH = 200  # characters that one label can name bodies in
_MOST = 24
_NEXT = re.compile(r"[\s　；，、）（。]{0,12}")  # between labels that belong together


@dataclass(frozen=True, slots=True)
class Labelled:
    """Labels that stand together, ``[start, end)``, and the bodies they name."""

    start: int
    end: int
    members: Members


@dataclass(frozen=True, slots=True)
class _Table:
    label: re.Pattern[str]
    ends: re.Pattern[str]
    gap: re.Pattern[str]
    rest: re.Pattern[str]
    bracket: re.Pattern[str]
    bracket_rest: re.Pattern[str]
    bracket_supports: re.Pattern[str]
    bracket_acts: re.Pattern[str]


@cache
def _table() -> _Table:
    table = load_table("owners")
    rows = "|".join(f"(?P<{row['role']}>{row['pattern']})" for row in table["label"])
    printed = table["printed"]
    bracket = table["bracket"]
    return _Table(
        re.compile(f"(?:{rows})$"),
        re.compile(printed["ends"]),
        re.compile(printed["gap"]),
        re.compile(printed["rest"]),
        re.compile(f"（[^（）]{{3,{_REACH}}}）"),
        re.compile(bracket["rest"]),
        re.compile(bracket["supports"]),
        re.compile(bracket["acts"]),
    )


def labelled(view: str, bodies: Sequence[Body]) -> tuple[Labelled, ...]:
    """Every run of labels in ``view``, in text order."""
    table = _table()
    starts = [body.start for body in bodies]
    found: list[Labelled] = []
    for match in _labels(table, view):
        role = match.lastgroup
        stop = match.end() + 1 + _REACH
        ends = table.ends.search(view, match.end() + 1, stop)
        end = ends.start() if ends else min(stop, len(view))
        named = () if role == "time" else bodies[bisect_left(starts, match.end()) : bisect_left(starts, end)]
        lead: Members = ((named[0], "lead"),) if role == "lead" and named else ()
        members = (*lead, *supporting(named[len(lead) :]))
        if found and _NEXT.fullmatch(view, found[-1].end, match.start()):
            last = found.pop()
            found.append(Labelled(last.start, end, (*last.members, *members)[:_MOST]))
        else:
            found.append(Labelled(match.start(), end, members))
    blocks = [_with_tail(view, block) for block in found]
    return tuple(sorted([*blocks, *_brackets(view, bodies)], key=lambda block: block.start))


def _labels(table: _Table, view: str) -> Iterator[re.Match[str]]:
    """The labels that stand before a colon."""
    colon = view.find("：")
    while colon >= 0:
        match = table.label.search(view, max(0, colon - _LABEL), colon)
        if match:
            yield match
        colon = view.find("：", colon + 1)


def _brackets(view: str, bodies: Sequence[Body]) -> Iterator[Labelled]:
    """（县住建局牵头，县财政局配合）: brackets with nothing but bodies and what they do."""
    table = _table()
    starts = [body.start for body in bodies]
    for match in table.bracket.finditer(view):
        named = bodies[bisect_left(starts, match.start()) : bisect_left(starts, match.end())]
        if not named or not table.bracket_rest.fullmatch(_without(view, match.start() + 1, match.end() - 1, named)):
            continue
        helped = [table.bracket_supports.search(view, body.end, match.end() - 1) for body in named]
        acts = [table.bracket_acts.search(view, body.end, match.end() - 1) for body in named]
        leads = [body for body, does, helps in zip(named, acts, helped, strict=True) if does and not _first(helps, does)]
        if leads:
            rest = supporting(body for body in named if body is not leads[0])
            yield Labelled(match.start(), match.end(), ((leads[0], "lead"), *rest))


def _first(one: re.Match[str] | None, other: re.Match[str]) -> bool:
    return one is not None and one.start() <= other.start()


def _with_tail(view: str, block: Labelled) -> Labelled:
    """The block reaches to its bracket's or line's end, so that a time printed there is seen."""
    stops = [at for mark in "）】\n" if (at := view.find(mark, block.end, block.end + 60)) >= 0]
    return Labelled(block.start, min(stops, default=block.end), block.members)


def gaps_in(view: str) -> list[int]:
    """The places of all blanks and bars, which may part the cells of a table row."""
    return [at for match in _table().gap.finditer(view) for at in range(match.start(), match.end())]


def of_cells(view: str, span: Span, bodies: Sequence[Body]) -> Members:
    """The bodies of the cells of a table row that hold nothing else, the first cell's first; empty where there is none.

    Only a row with a gap in it (see ``gaps_in``) has cells.
    """
    table = _table()
    text = view[span.start : span.end]
    starts = [body.start for body in bodies]
    at = span.start
    found: Members = ()
    for cell in table.gap.split(text):
        start = view.find(cell, at) if cell else at
        at = start + len(cell)
        named = bodies[bisect_left(starts, start) : bisect_left(starts, at)]
        if named and cell and table.rest.fullmatch(_without(view, start, at, named)):
            found = (*found, *supporting(named)) if found else _in_order(view, named)
    return found


def _without(view: str, start: int, end: int, named: Sequence[Body]) -> str:
    parts, at = [], start
    for body in named:
        parts.append(view[at : body.start])
        at = body.end
    return "".join(parts) + view[at:end]


def _in_order(view: str, named: Sequence[Body]) -> Members:
    marks = role_table().marks
    leads = [body for body in named if marks["lead"].match(view[body.end : body.end + 8])]
    first = leads[0] if leads else named[0]
    return ((first, "lead"), *supporting(body for body in named if body is not first))

"""Finds who a letter speaks of: bodies of the directory, bodies outside it, the writer, and words that point back."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, Literal

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from flows.letters.agencies import Directory
from flows.letters.first_characters import any_guarded, guarded
from flows.letters.rules.load import load_table

BodyKind = Literal["named", "place", "self", "all", "area", "back", "kind"]

_LONGER = 8  # a name that ends goes on by no more than this (集团 to 集团有限公司)
_SAME_SCRIPT = re.compile("[\u4e00-\u9fff]*")
_LONGEST_MANY = 7  # 全省各中级
_REACH = 24  # the longest name of a body that is in no directory


@dataclass(slots=True)
class Body:
    """A body said at ``[start, end)``.

    ``kind``: named (an office), place (a street or town, which acts only where the words say so), self (我局),
    all (我们), area (我区), back (该局), kind (有关部门).  ``known``: one of the directory's names.
    """

    start: int
    end: int
    said: str
    kind: BodyKind
    known: bool = False


class _Table:
    """The compiled table."""

    def __init__(self, table: dict[str, Any]) -> None:
        suffix = table["suffix"]
        ends = [*suffix["office"], *suffix["place"], *suffix["behind_level"]]
        kinds = {"named": "nation", "area": "area", "self": "self", "back": "back", "kind": "kind"}
        words = any_guarded(f"(?P<{kind}>{table[row]['pattern']})" for kind, row in kinds.items())
        self.words = re.compile(guarded(words))
        self.all = re.compile(table["self"]["all"])
        self.suffixes = ends
        self.suffix = AhoCorasick(ends, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA)
        self.places = tuple(suffix["place"])
        self.no_level_end = re.compile(suffix["no_level_end"])
        self.behind_level = frozenset(suffix["behind_level"])
        self.not_after = re.compile(suffix["not_after"])
        self.begins = re.compile(guarded(table["begins"]["pattern"]))
        self.many = re.compile(table["many"]["pattern"])
        self.area = re.compile(table["area"]["pattern"])
        self.not_names = re.compile(table["not_names"]["pattern"])
        self.apposition = re.compile(f"(?:{table['apposition']['pattern']})?")
        self.level = frozenset(table["levels"])
        self.no_level = re.compile(table["no_level"])
        self.governments = tuple(table["governments"])
        self.quoted = re.compile("|".join(f"{a}[^{a}{b}]*{b}" for a, b in table["quotation"]["marks"]))


@cache
def _table() -> _Table:
    return _Table(load_table("bodies"))


def bodies_in(view: str, directory: Directory) -> tuple[Body, ...]:
    """Every body said in ``view`` (simplified, full-width marks), in text order, none inside quotation marks or titles."""
    table = _table()
    quoted = _Places([match.span() for match in table.quoted.finditer(view)])
    found = [body for body in _known(table, view, directory) if quoted.free(body.start, body.start + 1)]
    taken = _Places([(body.start, body.end) for body in found])
    for match in table.words.finditer(view):
        start, end = match.span()
        if taken.free(start, end) and quoted.free(start, start + 1):
            kind: Any = match.lastgroup or "kind"
            said = match.group()
            found.append(Body(start, end, said, "all" if table.all.match(said) else kind, known=kind == "named"))
    found += _apart(_unknown(table, view, _Places(sorted([(body.start, body.end) for body in found])), quoted))
    found.sort(key=_START)
    return tuple(found)


_START = attrgetter("start")


class _Places:
    """Places that are spoken for, given in the order of their starts."""

    def __init__(self, places: list[tuple[int, int]]) -> None:
        self._starts = [start for start, _ in places]
        self._ends = [end for _, end in places]

    def free(self, start: int, end: int) -> bool:
        """Whether the last place that begins before ``end`` is over at ``start``."""
        index = bisect_left(self._starts, end) - 1
        return index < 0 or self._ends[index] <= start


def _known(table: _Table, view: str, directory: Directory) -> Iterator[Body]:
    """The directory's names; one that begins with a level (区政府) is lengthened where the place stands before it."""
    for start, end, said in directory.mentions(view):
        if table.not_after.match(view, end) and not view.startswith(table.governments, end):
            continue
        # 有关乡镇人民政府 is no 镇人民政府 of the directory's.
        many = table.many.search(view, max(0, start - _LONGEST_MANY), start + (said[0] in table.level))
        if many and many.start() < start:
            yield Body(many.start(), end, view[many.start() : end], "kind")
            continue
        known = True
        if said[0] not in table.level and view[start - 1 : start] in table.level:
            # 市交通局 is not the 交通局 of the letter's own county, nor 园区分局 its 区分局.
            start, known = _with_level(table, view, start, directory)
        elif said[0] in table.level and said.endswith(table.governments):
            longer = _name_start(table, view, start)
            if 2 <= start - longer <= 3 and directory.places.called(view[longer : start + 1]):
                start, known = longer, False
        area = table.area.match(view, start)
        kind: BodyKind = "place" if said.endswith(table.places) else "area" if area and area.end() == end else "named"
        yield Body(start, end, view[start:end], kind, known)


def _with_level(table: _Table, view: str, start: int, directory: Directory) -> tuple[int, bool]:
    """Where a directory's name begins with the level before it, or its whole place; whether the directory knows it so."""
    if table.no_level.search(view, max(0, start - 2), start):
        return start - 2, False
    for length in _PLACE_LENGTHS:
        if directory.places.called(view[max(0, start - length) : start]):
            return start - length, True
    return start - 1, True


_PLACE_LENGTHS = (3, 4, 5)


def _unknown(table: _Table, view: str, taken: _Places, quoted: _Places) -> Iterator[Body]:
    """Names that end like one, outside what is ``taken`` or ``quoted``."""
    for index, begin, end in table.suffix.find_matches_as_indexes(view):
        if not taken.free(begin, end) or table.not_after.match(view, end):
            continue
        suffix = table.suffixes[index]
        if suffix in table.behind_level and table.no_level_end.match(view, end):
            continue
        start = _name_start(table, view, begin)
        if start < begin:
            start += len(table.apposition.match(view[start:end]).group())  # type: ignore[union-attr]
        if start == begin or view[start - 1 : start].isdecimal():
            continue
        said = view[start:end]
        if suffix in table.behind_level and (said[0] not in table.level or len(said) < 3):
            continue
        if not taken.free(start, end) or not quoted.free(start, start + 1) or table.not_names.search(said):
            continue
        if many := table.many.search(view, max(0, start - _LONGEST_MANY), start):
            yield Body(many.start(), end, view[many.start() : end], "kind")
        else:
            yield Body(start, end, said, "place" if suffix.endswith(table.places) else "named")


def _apart(bodies: Iterable[Body]) -> list[Body]:
    """Of names that overlap the longest: 镇社区 goes into 镇社区基金会, and 平台公司 before a company's name says what it is."""
    found: list[Body] = []
    for body in bodies:
        if found and found[-1].start == body.start and body.end - found[-1].end > _LONGER:
            continue
        while found and found[-1].end >= body.start:
            found.pop()
        found.append(body)
    return found


def _name_start(table: _Table, view: str, end: int) -> int:
    """Where the name that goes on to ``end`` begins: behind the last word that no name holds."""
    back = view[max(0, end - _REACH) : end][::-1]
    # No name goes over a mark, so that nothing before the last one need be looked at.
    start = end - len(_SAME_SCRIPT.match(back).group())  # type: ignore[union-attr]
    for match in table.begins.finditer(view, start, end):
        start = match.end()
    return start

"""Places and their levels: how the name of a jurisdiction is put together, and what lies in what."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from flows.letters.rules.load import load_table


@cache
def segments(jurisdiction: str) -> tuple[str, ...]:
    """The places a jurisdiction's name is made of, the widest first: 上海市浦东新区 is 上海市, 浦东新区."""
    return tuple(hit.group() for hit in _segment().finditer(jurisdiction)) or (jurisdiction,)


@cache
def level_words(jurisdiction: str) -> tuple[str, ...]:
    """What a body of this jurisdiction puts before its short name: 区 for 上海市浦东新区."""
    last = segments(jurisdiction)[-1]
    table = load_table("places")
    for row in table["level"]:
        if last.endswith(row["suffix"]):
            return tuple(row["words"])
    return ()


@cache
def begins_with_level(mention: str) -> bool:
    """True for 区人社局 or 市政府: a name that says its level and not its place."""
    return bool(re.match(load_table("places")["level_prefix"], mention))


@cache
def _segment() -> re.Pattern[str]:
    return re.compile(load_table("places")["segment"])


class Places:
    """The jurisdictions of a directory, each with those it lies in."""

    def __init__(self, names: Iterable[str], parents: dict[str, str]) -> None:
        self._names = frozenset(names)
        self._called: dict[str, list[str]] = defaultdict(list)
        self._tails: dict[str, str] = {}
        for name in sorted(self._names):
            parts = segments(name)
            self._called[parts[-1]].append(name)
            for first in range(len(parts)):
                self._tails.setdefault("".join(parts[first:]), name)
        self._above = {name: self._line(name, parents) for name in self._names}
        self._below: dict[str, list[str]] = defaultdict(list)
        for name in sorted(self._names):
            for place in self._above[name]:
                if place != name:
                    self._below[place].append(name)

    @property
    def names(self) -> frozenset[str]:
        return self._names

    def above(self, jurisdiction: str) -> tuple[str, ...]:
        """The jurisdiction itself, then each it lies in, the nearest first, the nation last."""
        return self._above.get(jurisdiction, (jurisdiction,))

    def below(self, jurisdiction: str) -> tuple[str, ...]:
        """The jurisdictions that lie in this one, sorted."""
        return tuple(self._below.get(jurisdiction, ()))

    def called(self, place: str) -> tuple[str, ...]:
        """The jurisdictions whose own name (浦东新区) is ``place``, sorted."""
        return tuple(self._called.get(place, ()))

    def begun_by(self, body: str) -> str | None:
        """The jurisdiction whose name, or its last places, the body's name begins with; by the longest such beginning."""
        return next((self._tails[body[:end]] for end in range(len(body), 0, -1) if body[:end] in self._tails), None)

    def _line(self, name: str, parents: dict[str, str]) -> tuple[str, ...]:
        nation: str = load_table("places")["nation"]
        line = [name]
        while (parent := parents.get(line[-1]) or self._nearest(line[-1])) and parent not in line:
            line.append(parent)
        return (*line, nation) if nation not in line else tuple(line)

    def _nearest(self, name: str) -> str | None:
        wider = next((name[:end] for end in range(len(name) - 1, 0, -1) if name[:end] in self._names), None)
        if wider is not None:
            return wider
        # 浙江省明越市钱湖区 may lie in 明越市: the directory need not repeat the province.
        parts = segments(name)
        return next(iter(self.called(parts[-2])), None) if len(parts) > 1 else None

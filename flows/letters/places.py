"""Places and their levels: how the name of a jurisdiction is put together, and what lies in what."""

from __future__ import annotations

import re
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
        self._above = {name: self._line(name, parents) for name in self._names}

    @property
    def names(self) -> frozenset[str]:
        return self._names

    def above(self, jurisdiction: str) -> tuple[str, ...]:
        """The jurisdiction itself, then each it lies in, the nearest first, the nation last."""
        return self._above.get(jurisdiction, (jurisdiction,))

    def below(self, jurisdiction: str) -> tuple[str, ...]:
        """The jurisdictions that lie in this one, sorted."""
        return tuple(sorted(n for n in self._names if n != jurisdiction and jurisdiction in self._above[n]))

    def called(self, place: str) -> tuple[str, ...]:
        """The jurisdictions whose own name (浦东新区) is ``place``, sorted."""
        return tuple(sorted(n for n in self._names if segments(n)[-1] == place))

    def _line(self, name: str, parents: dict[str, str]) -> tuple[str, ...]:
        nation: str = load_table("places")["nation"]
        line = [name]
        while (parent := parents.get(line[-1]) or self._nearest(line[-1])) and parent not in line:
            line.append(parent)
        return (*line, nation) if nation not in line else tuple(line)

    def _nearest(self, name: str) -> str | None:
        wider = [n for n in self._names if n != name and name.startswith(n)]
        if wider:
            return max(wider, key=len)
        # 浙江省明越市钱湖区 may lie in 明越市: the directory need not repeat the province.
        parts = segments(name)
        return next((n for n in sorted(self._names) if len(parts) > 1 and segments(n)[-1] == parts[-2]), None)

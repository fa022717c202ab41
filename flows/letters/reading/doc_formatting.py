"""What an old Word file says of its characters and paragraphs: deleted, hidden, in which list (MS-DOC 2.8, 2.9)."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

_CHARACTERS, _PARAGRAPHS, _STYLES = 0xFA, 0x102, 0xA2  # where the FIB says where each table begins and how long it is
_PAGE = 512
_DELETED, _HIDDEN = 0x0800, 0x083C
_LEVEL, _LIST = 0x260A, 0x460B
_SIZES = (1, 1, 2, 4, 2, 2, 0, 3)  # bytes of a modifier's operand, by its three highest bits; 0: told by its first byte
_TABLE, _TABS = 0xD608, 0xC615
_NO_STYLE = 0x0FFF
_MOST_LISTS = 0x07FE  # greater numbers: the paragraph was in a list and is no more


@dataclass(frozen=True, slots=True)
class Listed:
    """Which list a paragraph is in (1 for the first, 0 for none) and at which level; None: as its style says."""

    list: int | None = None
    level: int | None = None

    def over(self, style: Listed) -> Listed:
        """What stands with the paragraph goes before what its style says."""
        chosen = style.list if self.list is None else self.list
        return Listed(chosen, style.level if self.level is None else self.level)


@dataclass(frozen=True, slots=True)
class Paragraphs:
    """Every paragraph by the place in the file where it begins."""

    starts: list[int]
    listed: list[Listed]

    def at(self, place: int) -> Listed:
        """Of the paragraph that holds this place in the file."""
        index = bisect_right(self.starts, place) - 1
        return self.listed[index] if index >= 0 else Listed()

    def begins(self, place: int) -> bool:
        """Whether a paragraph begins at this place in the file."""
        index = bisect_right(self.starts, place) - 1
        return index >= 0 and self.starts[index] == place

    def any_listed(self) -> bool:
        """Whether one paragraph at least is in a list."""
        return any(one.list for one in self.listed)


def unseen(main: bytes, table: bytes) -> list[tuple[int, int]]:
    """The stretches of the file, in its order, whose characters nobody sees: struck out in tracking changes, or hidden."""
    found = []
    for start, end, modifiers in _runs(main, table, _CHARACTERS):
        marks = {code: bool(operand[0] & 1) for code, operand in _modifiers(modifiers) if code in (_DELETED, _HIDDEN)}
        if any(marks.values()):
            found.append((start, end))
    return sorted(found)


def paragraphs(main: bytes, table: bytes) -> Paragraphs:
    """All paragraphs, in the order of the file."""
    styles = _styles(main, table)
    rows = []
    for start, _, modifiers in _runs(main, table, _PARAGRAPHS):
        style = struct.unpack_from("<H", modifiers)[0] if len(modifiers) >= 2 else 0
        rows.append((start, _listed(modifiers[2:]).over(styles.get(style, Listed()))))
    rows.sort(key=lambda row: row[0])
    return Paragraphs([start for start, _ in rows], [listed for _, listed in rows])


def _listed(modifiers: bytes) -> Listed:
    found = Listed()
    for code, operand in _modifiers(modifiers):
        if code == _LIST:
            number = struct.unpack("<H", operand)[0]
            found = replace(found, list=number if number <= _MOST_LISTS else 0)
        elif code == _LEVEL:
            found = replace(found, level=operand[0])
    return found


def _runs(main: bytes, table: bytes, place: int) -> Iterator[tuple[int, int, bytes]]:
    """(start, end, modifiers) of every run on the file's formatting pages, of characters or of paragraphs."""
    pages, entry = table_at(main, table, place), 13 if place == _PARAGRAPHS else 1
    count = max(0, (len(pages) - 4) // 8)
    if count * _PAGE > len(main):
        raise ValueError("more pages of formatting than the file holds")
    for number in struct.unpack_from(f"<{count}I", pages, 4 * (count + 1) if count else 0):
        start = (number & 0x3FFFFF) * _PAGE
        page = main[start : start + _PAGE]
        runs = page[_PAGE - 1]
        bounds = struct.unpack_from(f"<{runs + 1}I", page)
        for i in range(runs):
            at = 2 * page[4 * (runs + 1) + entry * i]
            size = 2 * page[at] - 1 if entry == 13 else page[at]
            if entry == 13 and not page[at]:  # more than the short form can say
                at, size = at + 1, 2 * page[at + 1]
            yield bounds[i], bounds[i + 1], page[at + 1 : at + 1 + size] if at > 0 else b""


def _modifiers(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 < len(data):
        code = struct.unpack_from("<H", data, at)[0]
        at += 2
        size = _SIZES[code >> 13]
        if not size:
            size = struct.unpack_from("<H", data, at)[0] + 1 if code == _TABLE else data[at] + 1
            if code == _TABS and size == 256:
                return  # longer than the byte can say; nothing that is asked for stands after it
        if at + size > len(data):
            return
        yield code, data[at : at + size]
        at += size


def _styles(main: bytes, table: bytes) -> dict[int, Listed]:
    """By style number, what it and those it is based on say."""
    sheet = table_at(main, table, _STYLES)
    if not sheet:
        return {}
    head = struct.unpack_from("<H", sheet)[0]
    count, base = struct.unpack_from("<HH", sheet, 2)
    own: dict[int, tuple[int, Listed]] = {}
    at = 2 + head
    for number in range(count):
        if at + 2 > len(sheet):
            break
        size = struct.unpack_from("<H", sheet, at)[0]
        if size:
            own[number] = _style(sheet[at + 2 : at + 2 + size], base)
        at += 2 + size + size % 2
    return {number: _with_bases(number, own) for number in own}


def _style(data: bytes, base: int) -> tuple[int, Listed]:
    """(the style it is based on, what it says itself)."""
    parent, kind = struct.unpack_from("<H", data, 2)[0] >> 4, data[2] & 0xF
    if kind != 1:  # no style of paragraphs
        return parent, Listed()
    at = base + 2 + 2 * struct.unpack_from("<H", data, base)[0] + 2
    at += at % 2
    size = struct.unpack_from("<H", data, at)[0]
    return parent, _listed(data[at + 4 : at + 2 + size])


def _with_bases(number: int, own: dict[int, tuple[int, Listed]]) -> Listed:
    found, seen = Listed(), set[int]()
    while number in own and number not in seen and number != _NO_STYLE:
        seen.add(number)
        number, listed = own[number]
        found = found.over(listed)
    return found


def table_at(main: bytes, table: bytes, place: int) -> bytes:
    """The part of the table stream that the FIB names at ``place``; empty where the file has none."""
    start, size = struct.unpack_from("<II", main, place)
    return table[start : start + size]

"""The automatic numbers of an old Word file: its lists and how each level counts (MS-DOC 2.9.131 and following)."""

from __future__ import annotations

import struct
from dataclasses import replace

from flows.letters.reading.numbering import Level, Numbering

_LISTS, _USES = 0x2E2, 0x2EA  # where the FIB says where the lists, and the uses made of them, begin
_LONGEST = 255
# What the format calls a way of counting, as DOCX calls it; others are not known.
_FORMATS = {
    0: "decimal", 1: "upperRoman", 2: "lowerRoman", 3: "upperLetter", 4: "lowerLetter", 0x0A: "ideographDigital",
    0x0B: "japaneseCounting", 0x0E: "decimalFullWidth", 0x0F: "decimal", 0x12: "decimalEnclosedCircle",
    0x13: "decimalFullWidth", 0x16: "decimalZero", 0x17: "bullet", 0x1A: "decimalEnclosedFullstop",
    0x1B: "decimalEnclosedParen", 0x1C: "decimalEnclosedCircleChinese", 0x1D: "ideographEnclosedCircle",
    0x1E: "ideographTraditional", 0x21: "taiwaneseCounting", 0x23: "taiwaneseCountingThousand", 0x25: "chineseCounting",
    0x26: "chineseLegalSimplified", 0x27: "chineseCountingThousand", 0xFF: "none",
}  # fmt: skip


def numbering_of(main: bytes, table: bytes) -> Numbering:
    """Every list by the number that paragraphs name it with ("1" for the first).

    ``ValueError``, ``IndexError`` or ``struct.error`` where the tables are damaged.
    """
    out, lists = Numbering(), _lists(main, table)
    start, size = struct.unpack_from("<II", main, _USES)
    if not size:
        return out
    count = struct.unpack_from("<I", table, start)[0]
    if 16 * count > size:
        raise ValueError("more uses of lists than the table holds")
    at = start + 4 + 16 * count
    for number in range(count):
        ident, overrides = struct.unpack_from("<I8xB", table, start + 4 + 16 * number)
        levels, restarts, at = dict(lists.get(ident, {})), False, at + 4
        for _ in range(overrides):
            at, index, level = _override(table, at, levels)
            levels[index], restarts = level, True
        out.lists[str(number + 1)] = (f"use:{number}" if restarts else f"list:{ident}", levels)
    return out


def _override(table: bytes, at: int, levels: dict[int, Level]) -> tuple[int, int, Level]:
    """(where the next begins, the level it speaks of, how that counts here)."""
    first, flags = struct.unpack_from("<iI", table, at)
    at, index = at + 8, flags & 0xF
    level = levels.get(index, Level())
    if flags & 0x20:
        level, at = _level(table, at)
    return at, index, replace(level, start=first) if flags & 0x10 and not flags & 0x20 else level


def _lists(main: bytes, table: bytes) -> dict[int, dict[int, Level]]:
    """Each list's levels by its id; the levels stand after the table that names the lists."""
    start, size = struct.unpack_from("<II", main, _LISTS)
    if not size:
        return {}
    at, out = start + size, dict[int, dict[int, Level]]()
    for number in range(struct.unpack_from("<H", table, start)[0]):
        ident, flags = struct.unpack_from("<I22xB", table, start + 2 + 28 * number)
        levels = {}
        for index in range(1 if flags & 1 else 9):
            levels[index], at = _level(table, at)
        out[ident] = levels
    return out


def _level(table: bytes, at: int) -> tuple[Level, int]:
    """How a level counts, and where the next begins.  In its label the characters 0 to 8 stand for the levels' numbers."""
    first, kind, flags = struct.unpack_from("<iBB", table, at)
    after, before = table[at + 24], table[at + 25]
    at += 28 + after + before
    size = struct.unpack_from("<H", table, at)[0]
    if size > _LONGEST:
        raise ValueError("a label longer than Word allows")
    label = table[at + 2 : at + 2 + 2 * size].decode("utf-16-le")
    shown = "".join(f"%{ord(char) + 1}" if ord(char) < 9 else char for char in label)
    return Level(first, _FORMATS.get(kind, ""), shown, bool(flags & 4), bool(flags & 8)), at + 2 + 2 * size

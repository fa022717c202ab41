"""The numbers Word shows but does not store: 一、（一）1. of automatic numbering, counted from numbering.xml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from flows.letters.reading.xml import Element, attribute, local
from flows.letters.rules.load import load_table

_CHINESE = frozenset(
    {"chineseCounting", "chineseCountingThousand", "japaneseCounting", "ideographDigital", "taiwaneseCounting"}
    | {"taiwaneseCountingThousand", "japaneseDigitalTenThousand", "koreanCounting"}
)
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_ONES = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True, slots=True)
class Level:
    """How one level counts: first number, format, and the label with %1 … %9 in it."""

    start: int = 1
    format: str = "decimal"
    label: str = ""


@dataclass(slots=True)
class Numbering:
    """Every list of the document; ``label`` counts on each time it is asked."""

    lists: dict[str, tuple[str, dict[int, Level]]] = field(default_factory=dict)
    styles: dict[str, tuple[str, int]] = field(default_factory=dict)
    _counts: dict[tuple[str, int], int] = field(default_factory=dict)

    def label(self, num: str, level: int) -> str:
        """The next label of that list at that level, "" for bullets and unknown lists."""
        if num not in self.lists:
            return ""
        group, levels = self.lists[num]
        own = levels.get(level, Level())
        self._counts[group, level] = self._counts.get((group, level), own.start - 1) + 1
        for deeper in [key for key in self._counts if key[0] == group and key[1] > level]:
            del self._counts[deeper]
        if own.format in ("bullet", "none"):
            return ""
        return re.sub(r"%([1-9])", lambda m: self._number(group, int(m.group(1)) - 1, levels), own.label)

    def _number(self, group: str, level: int, levels: dict[int, Level]) -> str:
        kind = levels.get(level, Level())
        return written(self._counts.setdefault((group, level), kind.start), kind.format)


def numbering_of(numbering: Element | None, styles: Element | None) -> Numbering:
    """What numbering.xml and styles.xml say, either of which may be absent."""
    out = Numbering()
    if numbering is not None:
        abstract = {attribute(e, "abstractNumId") or "": e for e in _children(numbering, "abstractNum")}
        for num in _children(numbering, "num"):
            ident, group = attribute(num, "numId") or "", _value(num, "abstractNumId") or ""
            levels = {i: level for i, level in map(_level, _children(abstract.get(group), "lvl"))}
            restarts = {}
            for override in _children(num, "lvlOverride"):
                index = _int(attribute(override, "ilvl"), 0)
                for _, level in map(_level, _children(override, "lvl")):
                    restarts[index] = level
                if (start := _value(override, "startOverride")) is not None:
                    kept = restarts.get(index, levels.get(index, Level()))
                    restarts[index] = Level(_int(start, 1), kept.format, kept.label)
            out.lists[ident] = (f"num:{ident}" if restarts else f"abstract:{group}", levels | restarts)
    for style in _children(styles, "style"):
        if (found := _style_number(style)) is not None:
            out.styles[attribute(style, "styleId") or ""] = found
    return out


def number_properties(properties: Element | None) -> tuple[str, int] | None:
    """(list, level) of a ``pPr``; list "0" means: none, whatever the style says."""
    for number in _children(properties, "numPr"):
        return _value(number, "numId") or "0", _int(_value(number, "ilvl"), 0)
    return None


def _style_number(style: Element) -> tuple[str, int] | None:
    for properties in _children(style, "pPr"):
        return number_properties(properties)
    return None


def written(number: int, kind: str) -> str:
    """The number as the format writes it (chineseCounting 12 is 十二)."""
    if kind in _CHINESE:
        return chinese(number)
    if kind.startswith("decimalEnclosedCircle"):
        return chr(0x2460 + number - 1) if 1 <= number <= 20 else str(number)
    if kind == "decimalFullWidth":
        return "".join(chr(ord(digit) + 0xFEE0) for digit in str(number))
    if kind in ("upperLetter", "lowerLetter"):
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letter.upper() if kind == "upperLetter" else letter
    if kind in ("upperRoman", "lowerRoman"):
        return _roman(number).upper() if kind == "upperRoman" else _roman(number)
    return str(number)


def chinese(number: int) -> str:
    """1 to 999 in Chinese numerals, beyond that in digits."""
    digits = load_table("reading")["numerals"]
    ten, hundred = digits[10], digits[11]
    if not 0 < number < 1000:
        return str(number)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    out = f"{digits[hundreds]}{hundred}" if hundreds else ""
    if tens:
        out += ("" if tens == 1 and not hundreds else digits[tens]) + ten
    elif hundreds and ones:
        out += digits[0]
    return out + (digits[ones] if ones else "")


def _roman(number: int) -> str:
    out = ""
    for value, sign in (*_ROMAN, *_ROMAN_ONES):
        count, number = divmod(number, value)
        out += sign * min(count, 9)
    return out


def _level(element: Element) -> tuple[int, Level]:
    kind = _value(element, "numFmt") or "decimal"
    level = Level(_int(_value(element, "start"), 1), kind, _value(element, "lvlText") or "")
    return _int(attribute(element, "ilvl"), 0), level


def _children(element: Element | None, name: str) -> Iterator[Element]:
    return (child for child in (element if element is not None else ()) if local(child) == name)


def _value(element: Element, name: str) -> str | None:
    return next((attribute(child, "val") for child in _children(element, name)), None)


def _int(text: str | None, default: int) -> int:
    return int(text) if text and text.lstrip("-").isdigit() else default

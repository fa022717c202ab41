"""The numbers Word shows but does not store: 一、（一）1. of automatic numbering, counted from numbering.xml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from flows.letters.reading.xml import Element, attribute, local
from flows.letters.rules.load import load_table

_CHINESE = frozenset(
    {"chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting", "taiwaneseCountingThousand"}
    | {"koreanCounting"}
)
_DIGITS = frozenset({"ideographDigital", "japaneseDigitalTenThousand", "taiwaneseDigital"})  # ten is 一〇
_LEGAL = frozenset({"chineseLegalSimplified", "ideographLegalTraditional"})
_DECIMAL = frozenset({"decimal", "decimalHalfWidth"})
# Ways of counting for which there are characters of their own: the first of them, and how many.
_SIGNS = {
    "decimalEnclosedCircle": (0x2460, 20), "decimalEnclosedCircleChinese": (0x2460, 20),
    "decimalEnclosedFullstop": (0x2488, 20), "decimalEnclosedParen": (0x2474, 20), "ideographEnclosedCircle": (0x3280, 10),
}  # fmt: skip
_MOST_LETTERS = 780  # aa…a thirty times: Word begins again after it
_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"))
_ROMAN_ONES = ((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))


@dataclass(frozen=True, slots=True)
class Level:
    """How one level counts: first number, format, and the label with %1 … %9 in it.

    ``legal``: its label has every level's number in digits; ``endless``: it does not begin anew under a new heading.
    """

    start: int = 1
    format: str = "decimal"
    label: str = ""
    legal: bool = False
    endless: bool = False


_NO_LEVEL, _LEVELS = Level(), 9


@dataclass(slots=True)
class Numbering:
    """Every list of the document; ``label`` counts on each time it is asked.

    ``unknown``: a label was asked for whose way of counting is not known here, and its number stands in digits.
    """

    lists: dict[str, tuple[str, dict[int, Level]]] = field(default_factory=dict)
    styles: dict[str, tuple[str, int]] = field(default_factory=dict)
    unknown: bool = False
    _counts: dict[tuple[str, int], int] = field(default_factory=dict)

    def label(self, num: str, level: int) -> str:
        """The next label of that list at that level, "" for bullets and unknown lists."""
        if num not in self.lists:
            return ""
        group, levels = self.lists[num]
        own = levels.get(level, _NO_LEVEL)
        self._counts[group, level] = self._counts.get((group, level), own.start - 1) + 1
        for deeper in range(level + 1, _LEVELS):
            if not levels.get(deeper, _NO_LEVEL).endless:
                self._counts.pop((group, deeper), None)
        if own.format in ("bullet", "none"):
            return ""
        return re.sub(r"%([1-9])", lambda m: self._number(group, int(m.group(1)) - 1, levels, own.legal), own.label)

    def _number(self, group: str, level: int, levels: dict[int, Level], legal: bool) -> str:
        kind = levels.get(level, _NO_LEVEL)
        number = self._counts.setdefault((group, level), kind.start)
        text = written(number, "decimal" if legal else kind.format)
        self.unknown = self.unknown or text is None
        return str(number) if text is None else text


def numbering_of(numbering: Element | None, styles: Element | None) -> Numbering:
    """What numbering.xml and styles.xml say, either of which may be absent."""
    out = Numbering(styles=_style_numbers(styles))
    if numbering is not None:
        abstract = {attribute(e, "abstractNumId") or "": e for e in _children(numbering, "abstractNum")}
        linked = {link: e for e in abstract.values() if (link := _value(e, "styleLink"))}
        for num in _children(numbering, "num"):
            ident, group = attribute(num, "numId") or "", _value(num, "abstractNumId") or ""
            holder = abstract.get(group)
            if holder is not None and (link := _value(holder, "numStyleLink")):  # the levels stand with a style of lists
                holder = linked.get(link, holder)
                group = attribute(holder, "abstractNumId") or group
            levels = {i: level for i, level in map(_level, _children(holder, "lvl"))}
            restarts = {}
            for override in _children(num, "lvlOverride"):
                index = _int(attribute(override, "ilvl"), 0)
                for _, level in map(_level, _children(override, "lvl")):
                    restarts[index] = level
                if (start := _value(override, "startOverride")) is not None:
                    kept = restarts.get(index, levels.get(index, Level()))
                    restarts[index] = replace(kept, start=_int(start, 1))
            out.lists[ident] = (f"num:{ident}" if restarts else f"abstract:{group}", levels | restarts)
    return out


def number_properties(properties: Element | None) -> tuple[str | None, int | None]:
    """(list, level) as a ``pPr`` says them, None what it does not say; list "0" means: none, whatever the style says."""
    for number in _children(properties, "numPr"):
        level = _value(number, "ilvl")
        return _value(number, "numId"), None if level is None else _int(level, 0)
    return None, None


def _style_numbers(styles: Element | None) -> dict[str, tuple[str, int]]:
    """By style (list, level), its own or those of the style it is based on; styles without a list are left out."""
    own: dict[str, tuple[str | None, int | None, str]] = {}
    for style in _children(styles, "style"):
        properties = next(_children(style, "pPr"), None)
        own[attribute(style, "styleId") or ""] = (*number_properties(properties), _value(style, "basedOn") or "")
    out = {}
    for ident in own:
        name, seen, level = ident, set[str](), None
        while name in own and name not in seen:
            seen.add(name)
            number, deep, name = own[name]
            level = deep if level is None else level
            if number is not None:
                out[ident] = (number, level or 0)
                break
    return out


def written(number: int, kind: str) -> str | None:
    """The number as the format writes it (chineseCounting 12 is 十二); None where the format is not known here.

    What a format has no sign for is in digits, as Word has it.
    """
    table = load_table("reading")
    if kind in _DECIMAL:
        return str(number)
    if kind in _CHINESE:
        return chinese(number)
    if kind in _DIGITS:
        return "".join(table["numerals"][int(digit)] for digit in str(abs(number)))
    if kind in _LEGAL:
        return chinese(number, "legal_numerals")
    if kind in _SIGNS:
        first, count = _SIGNS[kind]
        return chr(first + number - 1) if 1 <= number <= count else str(number)
    return _plain(number, kind, table["stems"])


def _plain(number: int, kind: str, stems: str) -> str | None:
    if kind == "decimalZero":
        return f"{number:02d}"
    if kind in ("decimalFullWidth", "decimalFullWidth2"):
        return "".join(chr(ord(digit) + 0xFEE0) for digit in str(number))
    if kind == "ideographTraditional":
        return stems[number - 1] if 1 <= number <= len(stems) else str(number)
    if kind in ("upperLetter", "lowerLetter"):
        turn, place = divmod((number - 1) % _MOST_LETTERS, 26)
        letter = chr(ord("a") + place) * (turn + 1)
        return letter.upper() if kind == "upperLetter" else letter
    if kind in ("upperRoman", "lowerRoman"):
        return _roman(number).upper() if kind == "upperRoman" else _roman(number)
    return None


def chinese(number: int, signs: str = "numerals") -> str:
    """1 to 999 in Chinese numerals, beyond that in digits; ``signs`` "legal_numerals" are those of contracts (壹拾)."""
    digits = load_table("reading")[signs]
    ten, hundred = digits[10], digits[11]
    if not 0 < number < 1000:
        return str(number)
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    out = f"{digits[hundreds]}{hundred}" if hundreds else ""
    if tens:
        out += ("" if tens == 1 and not hundreds and signs == "numerals" else digits[tens]) + ten
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
    legal = any(attribute(mark, "val") not in ("0", "false") for mark in _children(element, "isLgl"))
    endless = _value(element, "lvlRestart") == "0"
    level = Level(_int(_value(element, "start"), 1), kind, _value(element, "lvlText") or "", legal, endless)
    return _int(attribute(element, "ilvl"), 0), level


def _children(element: Element | None, name: str) -> Iterator[Element]:
    return (child for child in (element if element is not None else ()) if local(child) == name)


def _value(element: Element, name: str) -> str | None:
    return next((attribute(child, "val") for child in _children(element, name)), None)


def _int(text: str | None, default: int) -> int:
    return int(text) if text and text.lstrip("-").isdigit() else default

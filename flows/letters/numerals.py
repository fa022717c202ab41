"""Numbers as letters write them: 42万, 1.86亿, 1,200, 两, 二十五, 三百余."""

from __future__ import annotations

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {
    "〇": 0, "○": 0, "两": 2, "O": 0, "o": 0
}
_SCALES = {"十": 10, "百": 100, "千": 1000}
_MYRIADS = {"万": 10_000, "亿": 100_000_000}


def number(text: str) -> float | None:
    """The value of ``text`` (half-width digits, commas, Chinese numerals, mixtures), None where it is no number."""
    if len(text) < 16 and text.isascii() and text.isdecimal():  # as exact as a float is
        return int(text)
    total = section = 0.0
    pending: float | None = None
    at, length = 0, len(text)
    while at < length:
        char = text[at]
        if char.isascii() and (char.isdigit() or char == "."):
            stop = at
            while stop < length and text[stop] in "0123456789.,":
                stop += 1
            try:
                pending = float(text[at:stop].replace(",", ""))
            except ValueError:
                return None
            at = stop
            continue
        if char in _DIGITS:
            value = _DIGITS[char]
            # 二〇三五: digits in a row make a decimal number.
            pending = value if pending is None else pending * 10 + value
        elif char == "半":
            pending = 0.5
        elif char in _SCALES:
            section += (1.0 if pending is None else pending) * _SCALES[char]
            pending = None
        elif char in _MYRIADS:
            whole = section + (pending or 0.0)
            total += (whole or 1.0) * _MYRIADS[char]
            section, pending = 0.0, None
        else:
            return None
        at += 1
    return plain(total + section + (pending or 0.0)) if text else None


def whole(text: str) -> int | None:
    """``number`` where it is a whole one."""
    value = number(text)
    return int(value) if value is not None and value == int(value) else None


def plain(value: float) -> float:
    """An int where nothing stands after the point; the noise of binary fractions is rounded off."""
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded

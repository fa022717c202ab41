"""Tells by content alone which encoding a text is in; labels inside the file are never obeyed."""

from __future__ import annotations

import codecs
import re
from functools import cache

from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.rules.load import load_table

_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_PRIVATE = re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010fffd\ufffd]")

_GOOD = re.compile(
    r"[\u3000-\u303f\u3400-\u4dbf\u4e00-\u9fff\uff00-\uffef\u2010-\u2027\u2030-\u205e\x20-\x7e·×÷±°①-⑳Ⅰ-Ⅻ]"
)
_BAD = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ue000-\uf8ff\ufffd\U000f0000-\U0010fffd]")


def decode(data: bytes, name: str) -> tuple[str, str]:
    """(text, encoding); ``UnreadableLetter`` where no encoding gives sense, ``UnknownFormat`` for binary data."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding, name), encoding
    if b"\0" in data:
        return _without_mark(data, name)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return _older(data, name)
    if b"~{" in data and text.isascii():  # HZ: Chinese in seven bits, for old mail
        try:
            turned = data.decode("hz")
        except UnicodeDecodeError:
            return text, "utf-8"
        if _HAN.search(turned) and reads_as_chinese(turned):
            return turned, "hz"
    return text, "utf-8"


def _older(data: bytes, name: str) -> tuple[str, str]:
    for encoding in ("gb18030", "big5hkscs"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if reads_as_chinese(text):
            return text, encoding
    raise UnreadableLetter(
        f"{name}: neither UTF-8 nor sensible GB18030; ask the sender for the file in one of the two", found="nonsense"
    )


def binary(name: str) -> UnknownFormat:
    """The refusal of bytes that are no text."""
    return UnknownFormat(
        f"{name}: binary data without a known mark; save the letter as plain text and drop it again",
        found="binary data",
    )


def _strict(data: bytes, encoding: str, name: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as fault:
        raise UnreadableLetter(
            f"{name}: not valid {encoding} (byte {fault.start}); ask the sender for a readable copy", encoding=encoding
        ) from fault


def _without_mark(data: bytes, name: str) -> tuple[str, str]:
    """UTF-16 shows in NULs that stand on one side only: digits and line ends have a zero half."""
    even, odd = data[0::2].count(0), data[1::2].count(0)
    for encoding, nulls, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if len(data) % 2 == 0 and nulls > 4 * others:
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\0" not in text and (reads_as_chinese(text) or text.isascii()):
                return text, encoding
    raise binary(name)


def reads_as_chinese(text: str) -> bool:
    """Enough of the characters that no Chinese letter does without, and next to none from private areas."""
    han = _HAN.findall(text)
    if not han:
        return text.isascii()
    if len(_PRIVATE.findall(text)) > len(text) // 100:
        return False
    common = _common()
    return sum(char in common for char in han) >= 0.3 * len(han)


def is_true_text(text: str) -> bool:
    """False for what a font without a map to Unicode yields: signs of no meaning, or rare characters only."""
    if len(text) < 8:
        return not _BAD.search(text)
    good, bad = len(_GOOD.findall(text)), len(_BAD.findall(text))
    if good < 0.6 * len(text) or bad > 0.02 * len(text):
        return False
    return len(text) < 60 or reads_as_chinese(text)  # too short a page shows nothing of its characters


@cache
def _common() -> frozenset[str]:
    return frozenset(load_table("reading")["common_characters"])

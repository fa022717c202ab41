"""Reads plain text in UTF-8, UTF-16 or GB18030, and refuses what decodes to nonsense."""

from __future__ import annotations

import codecs
import re
from functools import cache

from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.model import Line, Reader, SourceText
from flows.letters.reading.magic import name_of
from flows.letters.rules.load import load_table

NAME, VERSION = "txt", "1"
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_PRIVATE = re.compile(r"[\ue000-\uf8ff\U000f0000-\U0010fffd\ufffd]")
_BREAK = re.compile(r"\r\n|[\n\r\x0b\x85\u2028\u2029]")


def claims(data: bytes) -> bool:
    """True for everything that no magic number gives to another format."""
    return name_of(data) is None


def read(data: bytes, name: str) -> SourceText:
    """One ``Line`` per physical line; a form feed begins the next page."""
    if not data.strip(b" \t\r\n\x0c\x00\xef\xbb\xbf\xff\xfe"):
        raise UnreadableLetter(f"{name}: the file is empty; ask the sender for a readable copy", found="empty")
    text, encoding = _decode(data, name)
    if not text.strip("\ufeff \t\r\n\x0c\x0b\u3000\u00a0"):
        raise UnreadableLetter(f"{name}: only white space; ask the sender for a readable copy", found="empty")
    if len(_CONTROL.findall(text)) > max(2, len(text) // 500):
        raise _binary(name)
    lines = tuple(
        Line(text=row, page=page)
        for page, sheet in enumerate(text.removeprefix("\ufeff").split("\x0c"), start=1)
        for row in _BREAK.split(sheet)
    )
    return SourceText(lines=lines, reader=Reader(NAME, VERSION), media_type=f"text/plain; charset={encoding}")


def _binary(name: str) -> UnknownFormat:
    return UnknownFormat(
        f"{name}: binary data without a known mark; save the letter as plain text and drop it again",
        found="binary data",
    )


def _decode(data: bytes, name: str) -> tuple[str, str]:
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _strict(data[len(mark) :], encoding, name), encoding
    if b"\0" in data:
        return _without_mark(data, name)
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        text = _strict(data, "gb18030", name)
    if not _reads_as_chinese(text):
        raise UnreadableLetter(
            f"{name}: neither UTF-8 nor sensible GB18030; ask the sender for the file in one of the two",
            found="nonsense",
        )
    return text, "gb18030"


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
            if "\0" not in text and (_reads_as_chinese(text) or text.isascii()):
                return text, encoding
    raise _binary(name)


def _reads_as_chinese(text: str) -> bool:
    """Enough of the characters that no Chinese letter does without, and next to none from private areas."""
    han = _HAN.findall(text)
    if not han:
        return text.isascii()
    if len(_PRIVATE.findall(text)) > len(text) // 100:
        return False
    common = _common()
    return sum(char in common for char in han) >= 0.3 * len(han)


@cache
def _common() -> frozenset[str]:
    return frozenset(load_table("reading")["common_characters"])

"""Reads plain text in UTF-8, UTF-16, GB18030 or Big5, and refuses what decodes to nonsense."""

from __future__ import annotations

import re

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Line, Reader, SourceText
from flows.letters.reading.encoding import binary, decode

NAME, VERSION = "txt", "1"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x19\x1b-\x1f\x7f]")
_BREAK = re.compile(r"\r\n|[\n\r\x0b\x85\u2028\u2029]")


def read(data: bytes, name: str) -> SourceText:
    """One ``Line`` per physical line; a form feed begins the next page."""
    if not data.strip(b" \t\r\n\x0c\x00\xef\xbb\xbf\xff\xfe"):
        raise UnreadableLetter(f"{name}: the file is empty; ask the sender for a readable copy", found="empty")
    text, encoding = decode(data, name)
    if not text.strip("\ufeff \t\r\n\x0c\x0b\u3000\u00a0"):
        raise UnreadableLetter(f"{name}: only white space; ask the sender for a readable copy", found="empty")
    if len(_CONTROL.findall(text)) > max(2, len(text) // 500):
        raise binary(name)
    lines = tuple(
        Line(text=row, page=page)
        for page, sheet in enumerate(text.removeprefix("\ufeff").split("\x0c"), start=1)
        for row in _BREAK.split(sheet)
    )
    return SourceText(lines=lines, reader=Reader(NAME, VERSION), media_type=f"text/plain; charset={encoding}")

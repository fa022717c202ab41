"""Reads the old Word format (.doc, and .wps of Kingsoft) through its piece table."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator

import olefile  # type: ignore[import-untyped]

from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.model import Line, Problem, Reader, SourceText

NAME, VERSION = "doc", "1"
MEDIA_TYPE = "application/msword"
MAX_CHARACTERS = 3_000_000
_WORD_97 = 0xC1
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_CLX, _TEXT, _FOOTNOTES, _HEADERS, _ANNOTATIONS, _ENDNOTES, _BOXES = 0x1A2, 0x4C, 0x50, 0x54, 0x5C, 0x60, 0x64
_LIST_USED = re.compile(rb"\x0b\x46(?!\x00\x00)[\x00-\xff][\x00-\x07]", re.DOTALL)  # sprmPIlfo with a list
_FIELD_CODE = re.compile(r"\x13[^\x13\x14\x15]*(?:\x14|(?=\x15))")
_DROPPED = re.compile(r"[\x00-\x06\x08\x0e-\x1d\x1f]")


def read(data: bytes, name: str) -> SourceText:
    """One ``Line`` per paragraph or table row; automatic numbers are not stored as text and become a problem."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as ole:
            return _read(ole, name)
    except (OSError, struct.error, IndexError, OverflowError, ValueError, TypeError, AttributeError) as fault:
        raise UnreadableLetter(f"{name}: the Word file is damaged ({fault}); ask for a whole copy") from fault


def _read(ole: olefile.OleFileIO, name: str) -> SourceText:
    if ole.exists("EncryptedPackage"):
        raise UnreadableLetter(f"{name}: encrypted; ask the sender for a copy without a password", found="encrypted")
    if not ole.exists("WordDocument"):
        found = "Excel" if ole.exists("Workbook") or ole.exists("Book") else "an OLE file that is no letter"
        raise UnknownFormat(f"{name}: {found}; save the letter as DOCX or PDF and drop it again", found=found)
    main = ole.openstream("WordDocument").read()
    flags, version = struct.unpack_from("<H", main, 0x0A)[0], struct.unpack_from("<H", main, 2)[0]
    if flags & _ENCRYPTED:
        raise UnreadableLetter(f"{name}: encrypted; ask the sender for a copy without a password", found="encrypted")
    if version < _WORD_97:
        raise UnreadableLetter(
            f"{name}: written by Word 95 or older; open it in Word or WPS and save it as DOCX", converter="doc"
        )
    table = ole.openstream("1Table" if flags & _SECOND_TABLE else "0Table").read()
    text = "".join(_pieces(main, table))
    if len(text) > MAX_CHARACTERS:
        raise UnreadableLetter(f"{name}: {len(text)} characters, more than any letter; send the letter alone")
    lines = tuple(_lines(_without_side_texts(text, main)))
    if not any(line.text.strip() for line in lines):
        raise UnreadableLetter(f"{name}: no text in the Word file; send the letter as PDF or pictures", found="no text")
    problems = []
    if _LIST_USED.search(main) or _LIST_USED.search(table):
        problems.append(Problem("numbering_lost", "旧版 Word 文件使用自动编号，序号未能读出，请核对原件或另存为 DOCX"))
    if ole.exists("Macros") or ole.exists("_VBA_PROJECT_CUR"):
        problems.append(Problem("macro_ignored", "文件含宏，系统未执行"))
    return SourceText(lines, Reader(NAME, VERSION), MEDIA_TYPE, problems=tuple(problems), paragraphs=True)


def _pieces(main: bytes, table: bytes) -> Iterator[str]:
    """The text's runs in order; each is UTF-16 or, where every character allowed it, code page 1252."""
    start, size = struct.unpack_from("<II", main, _CLX)
    clx = table[start : start + size]
    at = 0
    while at < len(clx) and clx[at] == 1:  # property modifiers come first
        at += 3 + struct.unpack_from("<H", clx, at + 1)[0]
    if at >= len(clx) or clx[at] != 2:
        raise ValueError("no piece table")
    length = struct.unpack_from("<I", clx, at + 1)[0]
    plc = clx[at + 5 : at + 5 + length]
    count = (len(plc) - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", plc, 0)
    for i in range(count):
        place = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * i + 2)[0]
        letters = bounds[i + 1] - bounds[i]
        if not 0 <= letters <= len(main):
            raise ValueError("a piece longer than the file")
        if place & 0x4000_0000:
            begin = (place & 0x3FFF_FFFF) // 2
            yield main[begin : begin + letters].decode("cp1252", errors="replace")
        else:
            yield main[place : place + 2 * letters].decode("utf-16-le", errors="replace")


def _without_side_texts(text: str, main: bytes) -> str:
    """Body, then footnotes, endnotes and text boxes; headers, footers and comments are left out."""
    lengths = [struct.unpack_from("<I", main, place)[0] for place in (_TEXT, _FOOTNOTES, _HEADERS)]
    lengths += [struct.unpack_from("<I", main, place)[0] for place in (0x58, _ANNOTATIONS, _ENDNOTES, _BOXES)]
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    return "\r".join(text[starts[i] : starts[i] + lengths[i]] for i in (0, 1, 5, 6) if lengths[i])


def _lines(text: str) -> Iterator[Line]:
    for _ in range(8):  # a field may stand in another's code
        shorter = _FIELD_CODE.sub("", text)
        if shorter == text:
            break
        text = shorter
    page = 1
    for block in re.split(r"(\x0c|\r|\x0b|\x07\x07)", _rows(text)):
        if block == "\x0c":
            page += 1
        elif block not in ("\r", "\x0b", "\x07\x07"):
            shown = _DROPPED.sub("", block).replace("\x1e", "-").replace("\x07", " | ")
            yield Line(shown.removesuffix(" | "), page)


def _rows(text: str) -> str:
    """Within a table's row, a short cell of several paragraphs becomes one entry."""
    return re.sub(r"[^\x07\x0c]*\x07(?:[^\x07\x0c]+\x07)*\x07", lambda row: _one_row(row.group()), text)


def _one_row(row: str) -> str:
    """What stands before the row's first cell is not part of it: the row begins after the last paragraph mark."""
    before, mark, first = row.partition("\x07")[0].rpartition("\r")
    cells = (first + row[len(before) + len(mark) + len(first) :]).removesuffix("\x07\x07").split("\x07")
    long = any(len(cell) > 60 and "\r" in cell for cell in cells)
    return before + mark + ("\r".join(cells) if long else "\x07".join(c.replace("\r", "") for c in cells)) + "\r"

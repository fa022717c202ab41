"""Reads the old Word format (.doc, and .wps of Kingsoft): its pieces, automatic numbers; what is struck out is left out."""

from __future__ import annotations

import io
import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import olefile  # type: ignore[import-untyped]

from flows.letters.errors import UnknownFormat, UnreadableLetter
from flows.letters.model import Line, Problem, Reader, SourceText
from flows.letters.reading.doc_formatting import Paragraphs, paragraphs, unseen
from flows.letters.reading.doc_lists import numbering_of
from flows.letters.reading.numbering import Numbering

NAME, VERSION = "doc", "1"
MEDIA_TYPE = "application/msword"
MAX_CHARACTERS = 3_000_000
_WORD_97 = 0xC1
_ENCRYPTED, _SECOND_TABLE = 0x0100, 0x0200
_CLX, _TEXT, _FOOTNOTES, _HEADERS, _ANNOTATIONS, _ENDNOTES, _BOXES = 0x1A2, 0x4C, 0x50, 0x54, 0x5C, 0x60, 0x64
_FIELD_CODE = re.compile(r"\x13[^\x13\x14\x15]*(?:\x14|(?=\x15))")
_DROPPED = re.compile(r"[\x00-\x06\x08\x0e-\x1d\x1f]")
_UNSEEN = "\x00"  # stands for a character that is not shown
_END = re.compile(r"[\r\x07\x0c]")  # of a paragraph
_RECKONED = re.compile(r"\x13\s*(?:AUTONUM|LISTNUM|EQ)\b", re.IGNORECASE)  # fields whose result no file stores
_LOST = Problem("numbering_lost", "文件的自动编号或公式域未能全部读出，请核对原件")
_FORMATTING_LOST = Problem(
    "formatting_lost", "旧版 Word 文件的格式信息已损坏，隐藏或已删除的文字可能混入正文，自动编号可能缺失，请核对原件"
)
_CHANGED = Problem("text_not_shown", "文件含修订删除或隐藏的文字，未读入，请核对是否为定稿")


@dataclass(frozen=True, slots=True)
class _Piece:
    """A run of characters (``start`` to ``end`` in the text) and where in the file they lie, ``width`` bytes each."""

    start: int
    end: int
    place: int
    width: int


def read(data: bytes, name: str) -> SourceText:
    """One ``Line`` per paragraph or table row, with its automatic number, which the file does not store as text."""
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
    pieces = _pieces(main, table)
    if pieces and pieces[-1].end > MAX_CHARACTERS:
        raise UnreadableLetter(f"{name}: {pieces[-1].end} characters, more than any letter; send the letter alone")
    text, labels, problems = _shown(main, table, pieces)
    lines = tuple(_lines(_without_side_texts(text, labels, main)))
    if not any(line.text.strip() for line in lines):
        raise UnreadableLetter(f"{name}: no text in the Word file; send the letter as PDF or pictures", found="no text")
    if ole.exists("Macros") or ole.exists("_VBA_PROJECT_CUR"):
        problems.append(Problem("macro_ignored", "文件含宏，系统未执行"))
    return SourceText(lines, Reader(NAME, VERSION), MEDIA_TYPE, problems=tuple(problems), paragraphs=True)


def _pieces(main: bytes, table: bytes) -> list[_Piece]:
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
    out = []
    for i in range(count):
        place = struct.unpack_from("<I", plc, 4 * (count + 1) + 8 * i + 2)[0]
        if not 0 <= bounds[i + 1] - bounds[i] <= len(main):
            raise ValueError("a piece longer than the file")
        narrow = bool(place & 0x4000_0000)
        begin = (place & 0x3FFF_FFFF) // 2 if narrow else place
        out.append(_Piece(bounds[i], bounds[i + 1], begin, 1 if narrow else 2))
    return out


def _shown(main: bytes, table: bytes, pieces: list[_Piece]) -> tuple[str, dict[int, str], list[Problem]]:
    """The text with a mark in place of each character that is not shown; by a paragraph's beginning its number; problems."""
    try:
        hidden, formatted = unseen(main, table), paragraphs(main, table)
    except (struct.error, IndexError, ValueError):
        return "".join(_text(main, piece, ()) for piece in pieces), {}, [_FORMATTING_LOST]
    text = "".join(_text(main, piece, hidden) for piece in pieces)
    problems = [_CHANGED] if _UNSEEN in text else []
    lost = [_LOST] if _RECKONED.search(text) else []
    labels: dict[int, str] = {}
    if formatted.any_listed():
        try:
            numbering = numbering_of(main, table)
            labels = _labels(text, numbering, pieces, formatted)
        except (struct.error, IndexError, ValueError):
            numbering = Numbering(unknown=True)
        lost = [_LOST] if numbering.unknown else lost
    return text, labels, [*problems, *lost]


def _text(main: bytes, piece: _Piece, hidden: Sequence[tuple[int, int]]) -> str:
    """The piece's characters; ``hidden``: stretches of the file in its order, not shown."""
    size = piece.width * (piece.end - piece.start)
    raw = main[piece.place : piece.place + size]
    text = raw.decode("cp1252" if piece.width == 1 else "utf-16-le", errors="replace")
    parts, done = [], 0
    first = max(0, bisect_right(hidden, (piece.place, 0)) - 1)
    for start, end in hidden[first:]:
        if start >= piece.place + size:
            break
        begin, stop = (max(done, (place - piece.place) // piece.width) for place in (start, end))
        parts += [text[done:begin], _UNSEEN * (min(stop, len(text)) - begin)]
        done = stop
    return "".join([*parts, text[done:]])


def _labels(text: str, numbering: Numbering, pieces: list[_Piece], formatted: Paragraphs) -> dict[int, str]:
    """By where a paragraph begins in the text, the number that Word shows before it."""
    starts = [piece.start for piece in pieces]
    out, begins = dict[int, str](), 0
    for end in (mark.start() for mark in _END.finditer(text)):
        piece = pieces[bisect_right(starts, end) - 1]
        place = piece.place + (end - piece.start) * piece.width
        if text[end] == "\x0c" and not formatted.begins(place + piece.width):
            continue  # a page begins within the paragraph
        listed = formatted.at(place)
        if listed.list and (label := numbering.label(str(listed.list), listed.level or 0)):
            out[begins] = label
        begins = end + 1
    return out


def _without_side_texts(text: str, labels: dict[int, str], main: bytes) -> str:
    """Body, then footnotes, endnotes and text boxes, numbers written in; headers, footers and comments are left out."""
    lengths = [struct.unpack_from("<I", main, place)[0] for place in (_TEXT, _FOOTNOTES, _HEADERS)]
    lengths += [struct.unpack_from("<I", main, place)[0] for place in (0x58, _ANNOTATIONS, _ENDNOTES, _BOXES)]
    starts = [sum(lengths[:i]) for i in range(len(lengths))]
    parts = []
    for first, last in ((starts[i], starts[i] + lengths[i]) for i in (0, 1, 5, 6) if lengths[i]):
        cuts = [first, *(at for at in labels if first < at < last), last]
        parts.append("".join(labels.get(at, "") + text[at:end] for at, end in pairwise(cuts)))
    return "\r".join(parts)


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

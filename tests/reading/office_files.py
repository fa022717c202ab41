"""Writes the formats for which no writer is at hand: old Word (.doc), RTF and OFD; LibreOffice writes a real .doc."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from tests.reading.sample_files import bundle, wrapped

_SECTOR = 512
_END, _FAT, _FREE = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


def ole_file(streams: dict[str, bytes]) -> bytes:
    """A compound file with these streams in its root, each large enough to stand in sectors of its own."""
    body, entries, fat = b"", [], []
    for name, data in streams.items():
        data = data.ljust(4096, b"\0")
        count = -(-len(data) // _SECTOR)
        entries.append((name, 2, len(fat), len(data)))
        fat += [*range(len(fat) + 1, len(fat) + count), _END]
        body += data.ljust(count * _SECTOR, b"\0")
    directory = _directory(entries)
    start = len(fat)
    count = len(directory) // _SECTOR
    fat += [*range(start + 1, start + count), _END]
    sectors = 1
    while (len(fat) + sectors) * 4 > sectors * _SECTOR:
        sectors += 1
    first_fat = len(fat)
    fat += [_FAT] * sectors
    table = struct.pack(f"<{len(fat)}I", *fat).ljust(sectors * _SECTOR, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    head += struct.pack("<IIIIIIIII", 0, sectors, start, 0, 4096, _END, 0, _END, 0)
    places = [first_fat + i for i in range(sectors)]
    head += struct.pack("<109I", *places, *[_FREE] * (109 - sectors))
    return head + body + directory + table


def _directory(entries: Sequence[tuple[str, int, int, int]]) -> bytes:
    rows = [("Root Entry", 5, _END, 0), *entries]
    out = b""
    for i, (name, kind, start, size) in enumerate(rows):
        raw = name.encode("utf-16-le") + b"\0\0"
        child = 1 if i == 0 and entries else _FREE
        right = i + 1 if 0 < i < len(rows) - 1 else _FREE
        out += raw.ljust(64, b"\0") + struct.pack("<HBBIII", len(raw), kind, 1, _FREE, right, child)
        out += b"\0" * 36 + struct.pack("<IQ", start, size)
    free = b"\0" * 64 + struct.pack("<HBBIII", 0, 0, 0, _FREE, _FREE, _FREE) + b"\0" * 48
    return out + free * (-len(rows) % 4)


def doc_file(
    text: str,
    *,
    flags: int = 0,
    version: int = 0xC1,
    listed: Mapping[int, int] | None = None,
    levels: Sequence[tuple[int, str]] = ((0x25, "\0、"), (0x25, "（\1）"), (0, "\2.")),
    struck: Mapping[str, int] | None = None,
    streams: dict[str, bytes] | None = None,
) -> bytes:
    """A Word 97 file whose text lies in two pieces; table rows are given as ``a | b``.

    ``listed``: paragraph → level in the file's one list, whose ``levels`` are (way of counting, label); ``struck``:
    words → the modifier they bear (0x0800 deleted, 0x083C hidden).
    """
    rows = [row.replace(" | ", "\x07") + "\x07\x07" if " | " in row else row + "\r" for row in text.split("\n")]
    body = "".join(rows)
    half = len(body) // 2
    main = bytearray(0x600)
    struct.pack_into("<HH", main, 0, 0xA5EC, version)
    struct.pack_into("<H", main, 0x0A, 0x0200 | flags)
    struct.pack_into("<I", main, 0x4C, len(body))
    first, second = body[:half].encode("utf-16-le"), body[half:].encode("utf-16-le")
    bounds = struct.pack("<III", 0, half, len(body))
    pieces = bounds + struct.pack("<HIH", 0, len(main), 0) + struct.pack("<HIH", 0, len(main) + len(first), 0)
    table = bytearray(b"\x02" + struct.pack("<I", len(pieces)) + pieces)
    struct.pack_into("<II", main, 0x1A2, 0, len(table))
    pages = b""
    start = -(-(len(main) + len(first + second)) // 512) * 512
    if listed:
        pages += _paragraph_page(rows, listed, len(main))
        _append(main, table, 0x102, struct.pack("<III", len(main), len(main) + 2 * len(body), start // 512))
        _append(main, table, 0x2E2, *_list_tables(levels))
        _append(main, table, 0x2EA, struct.pack("<II8x4xi", 1, 7, -1))
    if struck:
        at = (start + len(pages)) // 512
        pages += _character_page(body, struck, len(main))
        _append(main, table, 0xFA, struct.pack("<III", len(main), len(main) + 2 * len(body), at))
    whole = (bytes(main) + first + second).ljust(start, b"\0") + pages
    return ole_file({"WordDocument": whole, "1Table": bytes(table)} | (streams or {}))


def _append(main: bytearray, table: bytearray, place: int, data: bytes, after: bytes = b"") -> None:
    """A part of the table stream, told in the FIB at ``place``; ``after`` follows it uncounted."""
    struct.pack_into("<II", main, place, len(table), len(data))
    table += data + after


def _paragraph_page(rows: Sequence[str], listed: Mapping[int, int], start: int) -> bytes:
    """A page of formatting: each paragraph's list and level."""
    ends = [0]
    for row in rows:
        ends.append(ends[-1] + len(row))
    page = bytearray(512)
    struct.pack_into(f"<{len(ends)}I", page, 0, *(start + 2 * end for end in ends))
    page[511], free = len(rows), 510
    for i in range(len(rows)):
        modifiers = struct.pack("<HB", 0x260A, listed[i]) + struct.pack("<HH", 0x460B, 1) if i in listed else b""
        said = b"\0\0" + modifiers + b"\0" * (1 - len(modifiers) % 2)
        free -= (1 + len(said) + 1) // 2 * 2
        assert free > 4 * len(ends) + 13 * len(rows), "more paragraphs than fit"
        page[free : free + 1 + len(said)] = bytes([(len(said) + 1) // 2]) + said
        page[4 * len(ends) + 13 * i] = free // 2
    return bytes(page)


def _character_page(body: str, struck: Mapping[str, int], start: int) -> bytes:
    """A page of formatting: which words are struck out or hidden."""
    marked = sorted((body.index(words), body.index(words) + len(words), code) for words, code in struck.items())
    bounds = [0, *(at for first, last, _ in marked for at in (first, last)), len(body)]
    page = bytearray(512)
    struct.pack_into(f"<{len(bounds)}I", page, 0, *(start + 2 * at for at in bounds))
    page[511] = len(bounds) - 1
    for i, (_, _, code) in enumerate(marked):
        at = 500 - 6 * i
        page[at : at + 4] = struct.pack("<BHB", 3, code, 1)
        page[4 * len(bounds) + 2 * i + 1] = at // 2
    return bytes(page)


def _list_tables(levels: Sequence[tuple[int, str]]) -> tuple[bytes, bytes]:
    """The list of number 7, and after it its nine levels."""
    made = b""
    for kind, label in [*levels, *[(0xFF, "")] * (9 - len(levels))]:
        made += struct.pack("<iB23x", 1, kind) + struct.pack("<H", len(label)) + label.encode("utf-16-le")
    return struct.pack("<HI24x", 1, 7), made


def rtf_file(text: str) -> bytes:
    """As Chinese Word and WPS write it: GB2312 bytes as ``\\'xx``, what GB2312 lacks as ``\\uNNNN?``; ``a | b`` is a row."""
    rows = [_rtf_row(row) if " | " in row else _rtf_words(row) + "\\par" for row in text.split("\n")]
    head = r"{\rtf1\ansi\ansicpg936\deff0\uc1{\fonttbl{\f0\fnil\fcharset134 SimSun;}}\f0\fs32 "
    return (head + "\n".join(rows) + "}").encode("ascii")


def _rtf_row(row: str) -> str:
    cells = row.split(" | ")
    edges = "".join(f"\\cellx{2500 * (i + 1)}" for i in range(len(cells)))
    return f"\\trowd{edges}" + "".join(f"\\intbl {_rtf_words(cell)}\\cell" for cell in cells) + "\\row\\pard"


def _rtf_words(text: str) -> str:
    out = []
    for char in text:
        if ord(char) < 128:
            out.append("\\" + char if char in "\\{}" else char)
            continue
        try:
            out.append("".join(f"\\'{byte:02x}" for byte in char.encode("gb2312")))
        except UnicodeEncodeError:
            units = struct.unpack(f"<{len(char.encode('utf-16-le')) // 2}h", char.encode("utf-16-le"))
            out.append("".join(f"\\u{unit}?" for unit in units))
    return "".join(out)


def doc_by_libreoffice(docx: bytes) -> bytes:
    """The DOCX as LibreOffice saves it in Word 97's format."""
    program = shutil.which("soffice")
    assert program is not None, "needs LibreOffice"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "letter.docx")
        source.write_bytes(docx)
        profile = f"-env:UserInstallation=file://{folder}/profile"
        command = [program, profile, "--headless", "--convert-to", "doc:MS Word 97", "--outdir", folder, str(source)]
        subprocess.run(command, check=True, capture_output=True, timeout=100)
        return source.with_suffix(".doc").read_bytes()


def ofd_file(
    pages: Sequence[Sequence[tuple[float, float, str]]], pictures: dict[int, bytes] | None = None, text: str = ""
) -> bytes:
    """Pages of (x, baseline, text) in millimetres at 5.6 mm type; ``pictures`` cover whole pages (index → PNG).

    ``text``: further attributes of every text object.
    """
    space = 'xmlns:ofd="http://www.ofdspec.org/2016"'
    parts = {
        "OFD.xml": f'<ofd:OFD {space} Version="1.0" DocType="OFD"><ofd:DocBody><ofd:DocInfo/>'
        "<ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>",
    }
    listed, media = "", ""
    for i, page in enumerate(pages):
        listed += f'<ofd:Page ID="{i + 1}" BaseLoc="Pages/Page_{i}/Content.xml"/>'
        objects = "".join(
            f'<ofd:TextObject ID="{100 + 1000 * i + j}" Boundary="{x} {y - 5} 170 7" Font="3" Size="5.6" {text}>'
            f'<ofd:TextCode X="0" Y="5" DeltaX="{_steps(words)}">{escape(words)}</ofd:TextCode></ofd:TextObject>'
            for j, (x, y, words) in enumerate(page)
        )
        if pictures and i in pictures:
            objects += f'<ofd:ImageObject ID="{9000 + i}" Boundary="0 0 210 297" ResourceID="{50 + i}"/>'
            media += f'<ofd:MultiMedia ID="{50 + i}"><ofd:MediaFile>p{i}.png</ofd:MediaFile></ofd:MultiMedia>'
        parts[f"Doc_0/Pages/Page_{i}/Content.xml"] = (
            f'<ofd:Page {space}><ofd:Area><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:Area>'
            f'<ofd:Content><ofd:Layer ID="{500 + i}">{objects}</ofd:Layer></ofd:Content></ofd:Page>'
        )
    parts["Doc_0/Document.xml"] = (
        f"<ofd:Document {space}><ofd:CommonData>"
        "<ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea>"
        f"<ofd:DocumentRes>DocumentRes.xml</ofd:DocumentRes></ofd:CommonData><ofd:Pages>{listed}</ofd:Pages></ofd:Document>"
    )
    parts["Doc_0/DocumentRes.xml"] = (
        f'<ofd:Res {space} BaseLoc="Res"><ofd:MultiMedias>{media}</ofd:MultiMedias></ofd:Res>'
    )
    members = {name: ('<?xml version="1.0" encoding="UTF-8"?>' + xml).encode() for name, xml in parts.items()}
    members |= {f"Doc_0/Res/p{i}.png": data for i, data in (pictures or {}).items()}
    return bundle(members)


def _steps(text: str) -> str:
    """Full-width characters are 5.6 mm wide, others half of it."""
    return " ".join("5.6" if ord(char) > 0x2000 else "2.8" for char in text[:-1])


def ofd_letter(text: str) -> bytes:
    """The letter set in official layout: 28 characters a line, 22 lines a page, page numbers."""
    rows = [row for paragraph in text.split("\n") for row in wrapped("\u3000\u3000" + paragraph, 28)]
    pages = []
    for start in range(0, len(rows), 22):
        page = [(28 + 5.6 * (len(row) - len(row.lstrip("\u3000"))), 45 + 9.8 * i, row.lstrip("\u3000"))
                for i, row in enumerate(rows[start : start + 22])]  # fmt: skip
        pages.append([*page, (100.0, 280.0, f"— {start // 22 + 1} —")])
    return ofd_file(pages)

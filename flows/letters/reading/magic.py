"""Names a file's format by its content, never by its name."""

from __future__ import annotations

import re

from flows.letters.reading.package import part_names

# (offset, first bytes, name); an OOXML, OFD or WPS file is a ZIP and is told apart by what the archive lists.
_MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "PDF"),
    (0, b"\x89PNG\r\n\x1a\n", "PNG"),
    (0, b"\xff\xd8\xff", "JPEG"),
    (0, b"GIF8", "GIF"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "OLE (old Word, Excel or WPS)"),
    (0, b"{\\rtf", "RTF"),
    (0, b"Rar!\x1a\x07", "RAR"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"\x1f\x8b", "GZIP"),
    (0, b"MZ", "Windows program"),
    (0, b"\x7fELF", "ELF program"),
    (0, b"SQLite format 3\0", "SQLite"),
    (4, b"ftyphei", "HEIC (a telephone's photograph)"),
    (4, b"ftypmif1", "HEIC (a telephone's photograph)"),
    (4, b"ftyp", "MP4"),
    (8, b"WEBP", "WEBP"),
)
# A page saved with its pictures in one file: the form of a mail, without the fields of one.
_SAVED_PAGE = re.compile(rb"MIME-Version:[^\r\n]*\r?\nContent-Type:\s*multipart/related", re.IGNORECASE)
# Word 2003 in XML, and DOCX laid flat, after instructions and remarks.
_WORD_XML = re.compile(rb"(?:<[?!][^<>]*>\s*){0,9}<(?:\w+:)?(?:wordDocument|package)\b[^<>]*(?:wordml|xmlPackage)")
_WORD = re.compile(r"word/document\d*\.xml")
_TAGS = re.compile(rb"<(?:html|head|body|div|p|table|meta|span|title|br|section|article)\b[^<>]*>", re.IGNORECASE)
_MAIL_FIELD = re.compile(
    rb"(?:received|return-path|from|to|subject|date|message-id|mime-version|content-type|x-[a-z-]{2,40}|delivered-to"
    rb"|dkim-signature|authentication-results|reply-to|cc|sender)[ \t]*:",
    re.IGNORECASE,
)


def name_of(data: bytes) -> str | None:
    """The format's name, or None where the content is like plain text."""
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08"):
        return _zip_kind(part_names(data), data)
    for offset, magic, name in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return name
    if data[:2] == b"BM" and data[6:10] == b"\0\0\0\0" and len(data) > 26:
        return "BMP"
    if b"%PDF-" in data[:1024]:
        return "PDF"
    head = _narrowed(data[:4096])
    if _WORD_XML.match(head):
        return "XML (Word)"
    if is_mail(head) or _SAVED_PAGE.match(head):
        return "EML"
    if _is_html(head):
        return "HTML"
    return "XML" if head.startswith(b"<?xml") else None


def _zip_kind(names: tuple[str, ...], data: bytes) -> str:
    lower = {name.lower().lstrip("/") for name in names}
    if any(_WORD.fullmatch(name) for name in lower):
        return "ZIP (DOCX)"
    if "ofd.xml" in lower:
        return "ZIP (OFD)"
    if "xl/workbook.xml" in lower:
        return "ZIP (XLSX)"
    if "ppt/presentation.xml" in lower:
        return "ZIP (PPTX)"
    if b"mimetypeapplication/vnd.oasis" in data[:200]:
        return "ZIP (ODF)"
    return "ZIP"


def _narrowed(head: bytes) -> bytes:
    """The ASCII of the head, whatever the encoding, without byte order marks and leading blanks."""
    return head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")


def is_mail(head: bytes) -> bool:
    """True where the first line is a mail header field and at least two more follow before the body."""
    rows = re.split(rb"\r?\n", head)
    top = rows[: rows.index(b"")] if b"" in rows else rows[:-1] or rows
    fields = [row for row in top if not row.startswith((b" ", b"\t"))]
    known = sum(_MAIL_FIELD.match(row) is not None for row in fields)
    return bool(fields) and known >= 3 and _MAIL_FIELD.match(fields[0]) is not None


def _is_html(head: bytes) -> bool:
    low = head.lower()
    if low.startswith((b"<!doctype html", b"<html")) or b"<html" in low[:2048]:
        return True
    return low.startswith(b"<") and len(_TAGS.findall(low)) >= 3

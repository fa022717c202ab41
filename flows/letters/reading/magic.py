"""Names a file's format by its first bytes, so that a refusal can say what was found."""

from __future__ import annotations

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
    (4, b"ftyp", "MP4"),
)
_IN_ZIP: tuple[tuple[bytes, str], ...] = (
    (b"word/", "ZIP (DOCX)"),
    (b"xl/", "ZIP (XLSX)"),
    (b"OFD.xml", "ZIP (OFD)"),
    (b"mimetypeapplication/vnd.oasis", "ZIP (ODF)"),
)


def name_of(data: bytes) -> str | None:
    """The format's name, or None where the first bytes say nothing."""
    if data[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return next((name for part, name in _IN_ZIP if part in data), "ZIP")
    for offset, magic, name in _MAGIC:
        if data[offset : offset + len(magic)] == magic:
            return name
    head = data[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "HTML"
    return "PDF" if b"%PDF-" in data[:1024] else None

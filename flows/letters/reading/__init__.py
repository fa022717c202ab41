"""Bytes to lines: the readers, asked in order; a reader is chosen by content, never by the file's name."""

from __future__ import annotations

from types import ModuleType

from flows.letters.errors import UnknownFormat
from flows.letters.model import SourceText
from flows.letters.reading import docx, eml, html, pdf, txt
from flows.letters.reading.magic import name_of

# Each reader is a module with claims(data) -> bool and read(data, name) -> SourceText; plain text is asked last.
READERS: tuple[ModuleType, ...] = (pdf, docx, eml, html, txt)


def read(data: bytes, name: str) -> SourceText:
    """The lines of the letter; raises ``UnknownFormat`` or ``UnreadableLetter``."""
    for reader in READERS:
        if reader.claims(data):
            source: SourceText = reader.read(data, name)
            return source
    found = name_of(data) or "binary data"
    raise UnknownFormat(
        f"{name}: these bytes are {found}, which no reader knows; save the letter as plain text and drop it again",
        found=found,
    )

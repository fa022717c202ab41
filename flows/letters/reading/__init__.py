"""Bytes to lines: one reader a format, chosen by content, never by the file's name, and loaded when first needed."""

from __future__ import annotations

import importlib
from types import ModuleType

from flows.letters.errors import UnknownFormat
from flows.letters.model import SourceText
from flows.letters.reading.magic import name_of

# What magic calls the format, and the module that reads it with read(data, name) -> SourceText.
READERS: tuple[tuple[str | None, str], ...] = (
    ("PDF", "pdf"),
    ("ZIP (DOCX)", "docx"),
    ("ZIP (OFD)", "ofd"),
    ("OLE (old Word, Excel or WPS)", "doc"),
    ("RTF", "rtf"),
    ("XML (Word)", "word_xml"),
    ("HTML", "html"),
    ("EML", "eml"),
    *((kind, "image") for kind in ("PNG", "JPEG", "TIFF", "BMP", "GIF", "WEBP")),
    (None, "txt"),  # no mark of any other format
)


def read(data: bytes, name: str) -> SourceText:
    """The lines of the letter; raises ``UnknownFormat`` or ``UnreadableLetter``.

    Where ``images`` is not empty, those pages are pictures: ``pictures.picture_of`` shows them,
    ``recognition.with_recognised`` takes in what was read on them.
    """
    found = name_of(data)
    reader = next((module for kind, module in READERS if kind == found), None)
    if reader is None:
        raise UnknownFormat(
            f"{name}: these bytes are {found}, which no reader knows; save the letter as PDF or DOCX and drop it again",
            found=found,
        )
    source: SourceText = _module(reader).read(data, name)
    return source


def preload() -> None:
    """Load every reader now, so that the first letter does not wait for it."""
    for _, module in READERS:
        _module(module)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{__name__}.{name}")

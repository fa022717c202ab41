"""RTF is read by a converter only: this reader says so, and the reading process looks for one."""

from __future__ import annotations

from flows.letters.errors import UnreadableLetter
from flows.letters.model import SourceText


def read(data: bytes, name: str) -> SourceText:
    """Always ``UnreadableLetter``, with the fact ``converter`` for those who have one."""
    raise UnreadableLetter(
        f"{name}: RTF needs LibreOffice, which this machine lacks: install libreoffice-writer-nogui,"
        f" or save the letter as DOCX ({len(data)} bytes)",
        converter="rtf",
    )

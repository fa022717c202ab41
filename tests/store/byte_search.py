"""Looks for sentences in the bytes of files, in every encoding in which a program may have left them."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

_ENCODINGS = ("utf-8", "gb18030", "utf-16-le", "utf-16-be")


def byte_search(places: Iterable[Path], sentences: Iterable[str], chunks: Iterable[bytes] = ()) -> list[str]:
    """Every file under ``places`` that holds a sentence or one of the raw ``chunks``: its path and what was found.

    Sentences are looked for in the usual encodings, as JSON escapes, percent-encoded (as file names travel in headers),
    and inside gzip members (stores pack small files) and ZIPs (office files).
    """
    needles = {bytes(chunk): "raw bytes" for chunk in chunks}
    for sentence in sentences:
        for encoding in _ENCODINGS:
            needles[sentence.encode(encoding)] = sentence
        needles[json.dumps(sentence).strip('"').encode("ascii")] = sentence
        needles[quote(sentence).encode("ascii")] = sentence
    found = []
    for path in _files(places):
        for content in _contents(path):
            found += [f"{path}: {what}" for needle, what in needles.items() if needle in content]
    return found


def _files(places: Iterable[Path]) -> Iterator[Path]:
    for place in places:
        for path in [place] if place.is_file() else place.rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield path


def _contents(path: Path) -> Iterator[bytes]:
    """The file's bytes, what its gzip members unpack to, and of a ZIP (also an office file) its members."""
    data = path.read_bytes()
    yield data
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as members:
            yield from map(members.read, members.namelist())
    start = data.find(b"\x1f\x8b\x08")
    while start != -1:
        member = zlib.decompressobj(wbits=31)
        try:
            yield member.decompress(data[start:], 16 * 1024 * 1024)
        except zlib.error:
            yield b""  # the three bytes were no gzip member
        start = data.find(b"\x1f\x8b\x08", start + 3)

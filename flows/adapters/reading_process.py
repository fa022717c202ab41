"""Reads a file of any kind: plain text here, everything that native code must parse in a process with limits.

    read_file(data, name, *, limits=None, progress=None) -> SourceText      raises UnknownFormat, UnreadableLetter
    FileReader(limits)(data, name, progress=None) -> SourceText             the same, with pools of its own

``progress(page, pages)`` is called after each recognised page.  Containers (ZIP, mails with letters) are not read:
ask ``flows.letters.reading.containers`` first.
"""

from __future__ import annotations

import atexit
import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from typing import Any

from flows.adapters import converter
from flows.adapters.reading_pool import Bounds, Pool
from flows.letters.errors import UnreadableLetter
from flows.letters.model import Line, Problem, Reader, SourceText
from flows.letters.reading import read
from flows.letters.reading.encoding import is_true_text
from flows.letters.reading.magic import name_of
from flows.letters.reading.recognition import Recognised, RecognisedPage, with_recognised

Box = tuple[float, float, float, float]
Progress = Callable[[int, int], None]
_MEDIA_TYPES = {"rtf": "application/rtf", "doc": "application/msword"}
_HERE = 2 * 2**20  # bytes up to which plain text, which no native code parses, is read in this process


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost; recognition has limits of its own, for each page."""

    memory: int = 2**30
    cpu_seconds: int = 30
    wall_seconds: float = 60.0
    readers: int = 2
    file_bytes: int = 200 * 2**20
    recogniser_memory: int = 3 * 2**29  # address space; what it really holds is 350 MB, 450 with a huge picture
    recogniser_cpu_seconds: int = 60
    recogniser_wall_seconds: float = 120.0
    recognisers: int = 1
    recognised_pages: int = 60


class FileReader:
    """Reads files in two bounded pools: scans wait for scans, never text for scans.  Safe for many threads."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        one = self.limits
        self._readers = Pool(one.readers, Bounds(one.memory, one.cpu_seconds, one.wall_seconds), "read")
        page = Bounds(one.recogniser_memory, one.recogniser_cpu_seconds, one.recogniser_wall_seconds)
        self._recognisers = Pool(one.recognisers, page, "recognise")
        atexit.register(self.close)

    def __call__(self, data: bytes, name: str, progress: Progress | None = None) -> SourceText:
        """The letter's lines, recognised pages among them; raises ``UnknownFormat`` or ``UnreadableLetter``."""
        if not data:
            raise UnreadableLetter(f"{name}: the file is empty; ask the sender for a readable copy", found="empty")
        if len(data) > self.limits.file_bytes:
            raise UnreadableLetter(f"{name}: {len(data)} bytes, more than {self.limits.file_bytes}", found="too large")
        if name_of(data) is None and len(data) <= _HERE:
            return read(data, name)
        source, read_bytes = self._converted(data, name)
        return self._recognised(source, read_bytes, name, progress) if source.images else source

    def _converted(self, data: bytes, name: str) -> tuple[SourceText, bytes]:
        """Read as it is, or by way of LibreOffice where there is no other; and the bytes that were read."""
        try:
            return self._read(data, name), data
        except UnreadableLetter as fault:
            kind = fault.facts.get("converter")
            if not isinstance(kind, str):
                raise
            return self._by_libreoffice(data, kind, name)

    def _by_libreoffice(self, data: bytes, kind: str, name: str) -> tuple[SourceText, bytes]:
        made = converter.to_docx(data, kind, name)
        source = self._read(made, name)
        if not is_true_text("".join(line.text for line in source.lines)) and not source.images:
            # What it does not understand it takes for plain text of some encoding.
            raise UnreadableLetter(f"{name}: LibreOffice made no sense of it; ask the sender for DOCX or PDF", found="garbage")
        reader = replace(source.reader, name=f"{kind}-libreoffice-{source.reader.name}")
        return replace(source, media_type=_MEDIA_TYPES[kind], reader=reader), made

    def _read(self, data: bytes, name: str) -> SourceText:
        with self._readers.worker() as worker:
            return _source(worker.ask({"name": name}, data, name)[0]["source"])

    def draw(self, data: bytes, name: str, page: int, boxes: Sequence[Box]) -> bytes:
        """Page ``page`` of a PDF, OFD or picture as PNG, the boxes (points from the top left) marked on it."""
        with self._readers.worker() as worker:
            return worker.ask({"name": name, "page": page, "boxes": [list(box) for box in boxes]}, data, name)[1]

    def strips(
        self, data: bytes, name: str, page: int, wanted: Sequence[Sequence[Box]], covers: Sequence[Box], quarters: int = 0
    ) -> list[bytes]:
        """For each list of boxes a PNG of that part of the page, marked; the rows of ``covers`` are black in all of them.

        ``quarters``: how often the page is turned counter-clockwise to stand upright.
        """
        asked: dict[str, Any] = {"name": name, "page": page, "quarters": quarters}
        asked["strips"] = [list(map(list, boxes)) for boxes in wanted]
        with self._readers.worker() as worker:
            answer, blob = worker.ask({**asked, "covers": list(map(list, covers))}, data, name)
        ends = list(accumulate(answer["sizes"]))
        return [blob[end - size : end] for size, end in zip(answer["sizes"], ends, strict=True)]

    def _recognised(self, source: SourceText, data: bytes, name: str, progress: Progress | None) -> SourceText:
        if len(source.images) > self.limits.recognised_pages:
            raise UnreadableLetter(
                f"{name}: {len(source.images)} scanned pages, more than {self.limits.recognised_pages};"
                " send the letter alone",
                found="too many pages",
            )
        digest = hashlib.sha256(data).hexdigest()
        pages: list[RecognisedPage] = []
        with ThreadPoolExecutor(self.limits.recognisers, "recognise") as threads:
            for page in threads.map(lambda number: self._page(data, digest, name, number), source.images):
                pages.append(page)
                if progress is not None:
                    progress(len(pages), len(source.images))
        return with_recognised(source, pages, name)

    def _page(self, data: bytes, digest: str, name: str, number: int) -> RecognisedPage:
        with self._recognisers.worker(digest) as worker:
            blob = b"" if worker.holds == digest else data
            worker.holds = digest
            return _page(worker.ask({"name": name, "page": number}, blob, name)[0]["page"])

    def close(self) -> None:
        """End the waiting processes."""
        self._readers.close()
        self._recognisers.close()


@cache
def shared_reader(limits: Limits | None = None) -> FileReader:
    """One reader for the whole process."""
    return FileReader(limits)


def read_file(
    data: bytes, name: str, *, limits: Limits | None = None, progress: Progress | None = None
) -> SourceText:
    """As ``FileReader``, with one reader for the whole process."""
    return shared_reader(limits)(data, name, progress)


def _source(fields: dict[str, Any]) -> SourceText:
    """From JSON back to the value."""
    return SourceText(
        lines=tuple(Line(**(row | {"box": _box(row["box"])})) for row in fields["lines"]),
        reader=Reader(**fields["reader"]),
        media_type=fields["media_type"],
        meta=tuple((label, value) for label, value in fields["meta"]),
        problems=tuple(Problem(row["code"], row["message"]) for row in fields["problems"]),
        paragraphs=fields["paragraphs"],
        images=tuple(fields["images"]),
    )


def _box(given: list[float] | None) -> tuple[float, float, float, float] | None:
    if given is None:
        return None
    left, top, right, bottom = map(float, given)
    return left, top, right, bottom


def _page(fields: dict[str, Any]) -> RecognisedPage:
    lines = []
    for row in fields["lines"]:
        left, top, right, bottom = map(float, row["box"])
        lines.append(Recognised(row["text"], (left, top, right, bottom), row["confidence"]))
    return RecognisedPage(**(fields | {"lines": tuple(lines)}))

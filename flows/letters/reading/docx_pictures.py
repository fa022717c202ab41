"""The pictures of a Word file in their order: a letter may be nothing but scans pasted into Word."""

from __future__ import annotations

import posixpath

from flows.letters.errors import UnreadableLetter
from flows.letters.reading.package import Package, open_package
from flows.letters.reading.xml import Element, attribute, local, parse_xml

_DRAWN = ("blip", "imagedata")
_LEAST = 20_000  # bytes: smaller ones are signs and signatures, no page of print


def pictures_of(package: Package, root: Element) -> tuple[str, ...]:
    """The parts that hold the document's large pictures, as they follow one another in the text."""
    folder = "word"
    relations = package.find(f"{folder}/_rels/document.xml.rels")
    if relations is None:
        return ()
    targets = {
        attribute(row, "Id"): posixpath.normpath(posixpath.join(folder, attribute(row, "Target") or ""))
        for row in parse_xml(relations, package.what)
        if attribute(row, "TargetMode") != "External"
    }
    named = (targets.get(attribute(e, "embed") or attribute(e, "id")) for e in root.iter() if local(e) in _DRAWN)
    seen = dict.fromkeys(part for part in named if part is not None)
    return tuple(part for part in seen if (data := package.find(part)) is not None and len(data) >= _LEAST)


def picture_bytes(data: bytes, name: str, number: int) -> bytes:
    """Picture ``number`` (1-based) of the file; ``UnreadableLetter`` where there is none."""
    package = open_package(data, name)
    parts = pictures_of(package, parse_xml(package.read("word/document.xml"), name))
    if not 1 <= number <= len(parts):
        raise UnreadableLetter(f"{name}: has no picture {number}", found="no page")
    return package.read(parts[number - 1])

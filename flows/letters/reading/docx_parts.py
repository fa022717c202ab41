"""The parts of a Word file: its text, what the text calls by name, its pictures (a letter may be scans pasted into Word)."""

from __future__ import annotations

import posixpath
import re

from flows.letters.errors import UnreadableLetter
from flows.letters.reading.package import Package, open_package
from flows.letters.reading.xml import Element, attribute, local, parse_xml

_DRAWN = ("blip", "imagedata")
_LEAST = 20_000  # bytes: smaller ones are signs and signatures, no page of print
_MAIN = re.compile(r"word/document\d*\.xml", re.IGNORECASE)  # programs in a browser number it


def main_part(package: Package) -> str | None:
    """The part that holds the text, None where there is none."""
    return next((name for name in sorted(package.names) if _MAIN.fullmatch(name)), None)


def relations_of(package: Package) -> dict[str | None, str]:
    """The parts that the text calls by a name of its own, by that name; links out of the file are left out."""
    folder, _, main = (main_part(package) or "").rpartition("/")
    relations = package.find(f"{folder}/_rels/{main}.rels")
    if relations is None:
        return {}
    return {
        attribute(row, "Id"): posixpath.normpath(posixpath.join(folder, attribute(row, "Target") or "")).lstrip("/")
        for row in parse_xml(relations, package.what)
        if attribute(row, "TargetMode") != "External"
    }


def pictures_of(package: Package, root: Element) -> tuple[str, ...]:
    """The parts that hold the document's large pictures, as they follow one another in the text."""
    targets = relations_of(package)
    named = (targets.get(attribute(e, "embed") or attribute(e, "id")) for e in root.iter() if local(e) in _DRAWN)
    seen = dict.fromkeys(part for part in named if part is not None)
    return tuple(part for part in seen if (data := package.find(part)) is not None and len(data) >= _LEAST)


def picture_bytes(data: bytes, name: str, number: int) -> bytes:
    """Picture ``number`` (1-based) of the file; ``UnreadableLetter`` where there is none."""
    package = open_package(data, name)
    parts = pictures_of(package, parse_xml(package.read(main_part(package) or "word/document.xml"), name))
    if not 1 <= number <= len(parts):
        raise UnreadableLetter(f"{name}: has no picture {number}", found="no page")
    return package.read(parts[number - 1])

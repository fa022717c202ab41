"""Reads Word files that are one XML file: of Word 2003, which office systems fill in as a form, and DOCX laid flat."""

from __future__ import annotations

import base64
import binascii
import io
import zipfile

from lxml import etree  # type: ignore[import-untyped]  # its stubs are a package of their own, long unkept

from flows.letters.errors import UnreadableLetter
from flows.letters.model import Problem, Reader, SourceText
from flows.letters.reading import docx
from flows.letters.reading.numbering import Numbering
from flows.letters.reading.xml import Element, attribute, local, parse_xml

NAME, VERSION = "word-xml", "1"
MEDIA_TYPE = "application/msword"


def read(data: bytes, name: str) -> SourceText:
    """As a DOCX is read; numbers are those that Word 2003 has stored."""
    root = parse_xml(data, name)
    if local(root) == "package":
        flat = docx.read(_package(root, name), name)
        if not flat.images:
            return flat
        raise UnreadableLetter(f"{name}: pictures without text in a Word XML file; save it as PDF", found="no text")
    if local(root) != "wordDocument":
        raise UnreadableLetter(f"{name}: XML that is no Word file; save the letter as DOCX or PDF", found="XML")
    breaks = any(local(element) == "lastRenderedPageBreak" for element in root.iter())
    styles = next((child for child in root if local(child) == "styles"), None)
    walk = docx.Walk(Numbering(), breaks, docx.hidden_styles(styles))
    for body in (child for child in root if local(child) == "body"):
        docx.blocks(body, walk)
        walk.finish()
    if not any(line.text.strip() for line in walk.lines):
        raise UnreadableLetter(f"{name}: no text in the Word file; send the letter as PDF or pictures", found="no text")
    problems = [*docx.not_shown(root, walk)]
    if walk.pictures:
        problems.append(Problem("picture_not_read", f"文件含有{walk.pictures}幅图片，图中文字未读入，请核对原件"))
    return SourceText(tuple(walk.lines), Reader(NAME, VERSION), MEDIA_TYPE, problems=tuple(problems), paragraphs=True)


def _package(root: Element, name: str) -> bytes:
    """The DOCX that was laid flat: each part under its name again."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for part in (child for child in root if local(child) == "part"):
            for held in part:
                archive.writestr((attribute(part, "name") or "").lstrip("/"), _content(held, name))
    return out.getvalue()


def _content(held: Element, name: str) -> bytes:
    if local(held) == "binaryData":
        try:
            return base64.b64decode(held.text or "")
        except binascii.Error as fault:
            raise UnreadableLetter(f"{name}: a damaged part in it; ask for a whole copy") from fault
    return b"".join(etree.tostring(child, encoding="utf-8") for child in held)

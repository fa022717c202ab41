"""Parses XML that a stranger sent: no entities, no network, no endless trees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeAlias

from lxml import etree  # type: ignore[import-untyped]  # its stubs are a package of their own, long unkept

from flows.letters.errors import UnreadableLetter

if TYPE_CHECKING:
    Element: TypeAlias = Any  # lxml ships no types
else:
    Element = etree._Element
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def parse_xml(data: bytes, what: str) -> Element:
    """The root element; ``UnreadableLetter`` where the XML is damaged or brings a document type of its own.

    Neither OOXML nor OFD has a DOCTYPE: whoever writes one wants entities expanded.
    """
    if _DOCTYPE.search(data) or _DOCTYPE.search(data.replace(b"\0", b"")):
        raise UnreadableLetter(
            f"{what}: the XML declares a document type or entities, which no office program does; refused as hostile",
            found="doctype",
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError as fault:
        raise UnreadableLetter(f"{what}: damaged XML ({fault.msg}); ask the sender for a whole copy") from fault


def local(element: Element) -> str:
    """The tag without its namespace."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Element, name: str) -> str | None:
    """The attribute of that local name, in whatever namespace."""
    for key, value in element.attrib.items():
        if str(key).rpartition("}")[2] == name:
            return str(value)
    return None

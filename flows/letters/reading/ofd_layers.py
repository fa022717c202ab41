"""Which text of an OFD page nobody sees: scanners lay what they recognised, often badly, under or over their picture."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from flows.letters.reading.geometry import Box
from flows.letters.reading.xml import Element, attribute, local

_ORDER = {"Background": 0, "Body": 1, "Foreground": 2}  # in which layers are drawn, whatever their place in the file
_WHOLE = 0.8  # the share of a page from which a picture is the page


def unseen_objects(page: Element, page_box: Box, is_opaque: Callable[[str], bool]) -> frozenset[str]:
    """The ids of text objects that are never painted, or lie under an opaque picture of the whole page.

    ``page_box``: x, y, width and height; ``is_opaque`` tells of a picture by the id of its resource.
    """
    found, below = set[str](), set[str]()
    for element in _drawn(page):
        if local(element) == "TextObject":
            ident = attribute(element, "ID")
            if ident is not None:
                (found if _is_invisible(element) else below).add(ident)
        elif below and _covers(element, page_box) and is_opaque(attribute(element, "ResourceID") or ""):
            found |= below
            below = set()
    return frozenset(found)


def _drawn(page: Element) -> Iterator[Element]:
    """Texts and pictures in the order in which they are drawn."""
    layers = [element for element in page.iter() if local(element) == "Layer"]
    for layer in sorted(layers, key=lambda one: _ORDER.get(attribute(one, "Type") or "Body", 1)):
        yield from (element for element in layer.iter() if local(element) in ("TextObject", "ImageObject"))


def _is_invisible(text: Element) -> bool:
    if attribute(text, "Visible") == "false" or attribute(text, "Alpha") == "0":
        return True
    if attribute(text, "Fill") == "false":
        return attribute(text, "Stroke") != "true"
    return any(local(child) == "FillColor" and attribute(child, "Alpha") == "0" for child in text)


def _covers(picture: Element, page_box: Box) -> bool:
    if attribute(picture, "Visible") == "false" or attribute(picture, "Alpha") not in (None, "255"):
        return False
    try:
        _, _, wide, high = map(float, (attribute(picture, "Boundary") or "").split())
    except ValueError:
        return False
    return wide * high > _WHOLE * page_box[2] * page_box[3]

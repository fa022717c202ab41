"""Reads what stands behind labels (办理结果：解决或采纳) in the lines above and below a letter's text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING

from flows.letters.model import Span
from flows.letters.rules.load import load_table

if TYPE_CHECKING:
    from flows.letters.zones import Row


@dataclass(frozen=True, slots=True)
class Labelled:
    """A value behind a label: the field it speaks of ("" for none), as folded text, and where it stands."""

    field: str
    label: str
    value: str
    span: Span


@cache
def _fields() -> dict[str, str]:
    return {name: row["field"] for row in load_table("labels")["label"] for name in row["names"]}


@cache
def _label() -> re.Pattern[str]:
    names = sorted(_fields(), key=lambda name: (-len(name), name))
    written = "|".join(r"[ \u3000]*".join(map(re.escape, name)) for name in names)
    # A label begins a line, or follows a blank, a bracket, a bar, a bullet or a mark; a colon or a bracket ends it.
    return re.compile(rf"(?:^|(?<=[\s\[\](|·•*,;。)]))(?P<label>{written})\s*(?:\]?\s*[:]|(?=\[))\s*")


@cache
def _alone() -> re.Pattern[str]:
    names = sorted(_fields(), key=lambda name: (-len(name), name))
    return re.compile("|".join(r"[ \u3000]*".join(map(re.escape, name)) for name in names))


_VALUE_ENDS = re.compile(r"[ \t]{2,}|\u3000|\||\]|\[ ")


def begins_with_label(view: str) -> bool:
    """True where the line (folded) begins with a label, a bracket before it or not."""
    return _label().match(view.lstrip("[(·•* ")) is not None


def is_label(view: str) -> bool:
    """True where the line is nothing but a label."""
    return len(view) <= 12 and _alone().fullmatch(view) is not None


def labelled(rows: Sequence[Row]) -> Iterator[Labelled]:
    """Every value behind a label in these lines, in text order; a label alone on its line has the next line's value."""
    for i, row in enumerate(rows):
        hits = list(_label().finditer(row.view)) if (":" in row.view or "[" in row.view) else []
        for hit, following in zip_longest(hits, hits[1:]):
            end = following.start() if following else len(row.view)
            found = _value(row, hit.group("label"), hit.end(), end)
            if not found.value and following is None and i + 1 < len(rows) and _stands_alone(rows[i + 1]):
                found = _value(rows[i + 1], hit.group("label"), 0, len(rows[i + 1].view))
            yield found
        if not hits and i + 1 < len(rows) and is_label(row.view):
            after = rows[i + 1]
            if not is_label(after.view):
                yield _value(after, row.view, 0, len(after.view))


def _stands_alone(row: Row) -> bool:
    """A short line without a label: the value of a label that ends the line before (电话：⏎58601037)."""
    return len(row.view) <= 20 and re.fullmatch(r"[\d\-转 ()]+", row.view) is not None


def _value(row: Row, label: str, start: int, end: int) -> Labelled:
    """The value between the offsets, without the brackets, marks and blanks around it."""
    name = re.sub(r"\s", "", label)
    written = row.view[start:end]
    opened = written.startswith("[")
    begin = 1 if opened else 0
    cut = written.find("]", begin) if opened else -1
    if cut < 0:
        # A gap ends the value; but 陆 某 and a list of bodies hold single blanks.
        gap = _VALUE_ENDS.search(written, begin)
        cut = gap.start() if gap and written[begin : gap.start()].strip() else len(written)
    inner = written[begin:cut]
    value = inner.strip(" \u3000,;。、·•|[(")
    if value.endswith(")") and "(" not in value:
        value = value.rstrip(") ")
    at = start + begin + (inner.index(value) if value else 0)
    return Labelled(_fields()[name], name, value, Span(row.start + at, row.start + at + len(value)))

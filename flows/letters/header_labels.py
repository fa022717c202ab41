"""Reads what stands behind labels (办理结果：解决或采纳) in the lines above and below a letter's text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from flows.letters.model import SourceText, Span
from flows.letters.rules.load import load_table
from flows.letters.wordings import folded

if TYPE_CHECKING:
    from flows.letters.zones import Row


class Labelled(NamedTuple):
    """A value behind a label: the field it speaks of ("" for none), as folded text, and where it stands.

    ``span`` is None for a fact that the file carries beside the letter's text (a web page's table).
    """

    field: str
    label: str
    value: str
    span: Span | None

    def place(self, start: int, length: int) -> Span | None:
        """Where ``value[start:start+length]`` stands."""
        return Span(self.span.start + start, self.span.start + start + length) if self.span else None


@cache
def _fields() -> dict[str, str]:
    return {name: row["field"] for row in load_table("labels")["label"] for name in row["names"]}


@cache
def _label() -> re.Pattern[str]:
    before = load_table("labels")["before"]
    # A label begins a line, or follows a blank, a bracket, a bar, a bullet or a mark; a colon or a bracket ends it.
    return re.compile(
        rf"(?:^|(?<=[\s\[\](|·•*,;。)])){_beginning(*before, *_fields())}(?:{'|'.join(before)})?"
        rf"(?P<label>{_written()})\s*(?:\]?\s*[:]|\]|(?=\[|\([A-D]\d?\)))\s*"
    )


@cache
def _alone() -> re.Pattern[str]:
    return re.compile(f"{_beginning(*_fields())}(?:{_written()})")


def _written() -> str:
    names = sorted(_fields(), key=lambda name: (-len(name), name))
    return "|".join(r"[ \u3000]*".join(map(re.escape, name)) for name in names)


def _beginning(*words: str) -> str:
    """One look at the first character, before a hundred words are tried one after the other."""
    return f"(?=[{re.escape(''.join(sorted({word[0] for word in words})))}])"


_LABEL_ENDS = re.compile(r"[:\[\](]")
_VALUE_ENDS = re.compile(r"[ \t]{2,}|\u3000|\||\[(?!\d)")


def begins_with_label(view: str) -> bool:
    """True where the line (folded) begins with a label, a bracket before it or not."""
    if _LABEL_ENDS.search(view) and _label().match(view.lstrip("[(·•* ")) is not None:
        return True
    return "|" in view and is_label(view[: view.index("|")].strip())


def is_label(view: str) -> bool:
    """True where the line is nothing but a label."""
    return len(view) <= 12 and _alone().fullmatch(view) is not None


def field_of(label: str) -> str:
    """The field a label speaks of, "" for none; ``KeyError`` where it is no label."""
    return _fields()[_squeezed(label)]


def labelled(rows: Sequence[Row]) -> Iterator[Labelled]:
    """Every value behind a label in these lines, in text order; a label alone on its line has the next line's value."""
    pattern = _label()
    for i, row in enumerate(rows):
        if "|" in row.view and ":" not in row.view:
            yield from _in_cells(row)
            continue
        hits = list(pattern.finditer(row.view)) if ":" in row.view or "[" in row.view else []
        for number, hit in enumerate(hits, 1):
            is_last = number == len(hits)
            found = _value(row, hit["label"], hit.end(), len(row.view) if is_last else hits[number].start())
            if not found.value and is_last and i + 1 < len(rows) and _stands_alone(rows[i + 1]):
                found = _value(rows[i + 1], hit["label"], 0, len(rows[i + 1].view))
            yield found
        if not hits and i + 1 < len(rows) and is_label(row.view):
            after = rows[i + 1]
            if not is_label(after.view):
                yield _value(after, row.view, 0, len(after.view))


def _in_cells(row: Row) -> Iterator[Labelled]:
    """The values of a table's row: a cell that is a label speaks of the next one."""
    cells = [(hit.start(), hit.group().rstrip()) for hit in re.finditer(r"[^|\s][^|]*", row.view)]
    for (_, label), (at, value) in pairwise(cells):
        if is_label(label) and not is_label(value):
            name = _squeezed(label)
            yield Labelled(_fields()[name], name, value, Span(row.start + at, row.start + at + len(value)))


def labelled_beside(source: SourceText) -> Iterator[Labelled]:
    """The facts that a web page prints beside the letter."""
    for label, value in source.meta:
        name = _squeezed(label)
        if name in _fields() and _fields()[name]:
            yield Labelled(_fields()[name], name, folded(value.strip()), None)


def _stands_alone(row: Row) -> bool:
    """A short line without a label: the value of a label that ends the line before (电话：⏎58601037)."""
    return len(row.view) <= 20 and re.fullmatch(r"[\d\-转 ()]+", row.view) is not None


def _value(row: Row, label: str, start: int, end: int) -> Labelled:
    """The value between the offsets, without the brackets, marks and blanks around it."""
    name, fields = _squeezed(label), _fields()
    written = row.view[start:end]
    begin = 1 if written.startswith("[") else 0
    cut = _closed(written, begin) if "]" in written else len(written)
    if begin == 0 and fields[name] != "contact_name":  # 综合规划处　尤某: office and person
        # A gap ends the value; but 陆 某 and a list of bodies hold single blanks.
        gap = _VALUE_ENDS.search(written, 0, cut)
        cut = gap.start() if gap and written[: gap.start()].strip() else cut
    inner = written[begin:cut]
    value = inner.strip(" \u3000,;。、·•|[(")
    if value.endswith(")") and "(" not in value:
        value = value.rstrip(") ")
    at = row.start + start + begin + (inner.index(value) if value else 0)
    return Labelled(fields[name], name, value, Span(at, at + len(value)))


def _squeezed(label: str) -> str:
    """The label without the blanks between its characters."""
    return label if label in _fields() else re.sub(r"\s", "", label)


def _closed(written: str, begin: int) -> int:
    """Where a bracket that was opened before ``begin`` closes; the end where none does."""
    depth = 0
    for hit in re.finditer(r"[\[\]]", written[begin:]):
        depth += 1 if hit.group() == "[" else -1
        if depth < 0:
            return begin + hit.start()
    return len(written)

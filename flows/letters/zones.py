"""Tells the parts of a letter apart by its lines: what stands above the salutation, the text, what stands below it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flows.letters.header_labels import begins_with_label
from flows.letters.model import Span
from flows.letters.wordings import any_of, folded, patterns


@dataclass(slots=True)
class Row:
    """One line of the letter: its place in the text, and what it says with marks folded and ends stripped."""

    start: int
    end: int
    view: str


@dataclass(frozen=True, slots=True)
class Zones:
    """``rows[:head]`` stand above the salutation, ``rows[foot:]`` below the text.

    ``salutation`` is the salutation's place without its colon (None where there is none); ``opening`` the covering
    formula's, from the salutation's end to where the text begins; ``tail`` a signature that ends the last paragraph.
    """

    rows: tuple[Row, ...]
    head: int
    foot: int
    salutation: Span | None
    opening: Span
    tail: Span | None = None


def rows_of(text: str) -> tuple[Row, ...]:
    """Every line that is not blank, in order."""
    rows, start = [], 0
    view = folded(text)
    for line in view.split("\n"):
        stripped = line.strip()
        if stripped:
            at = start + line.index(stripped[0])
            rows.append(Row(at, at + len(stripped), stripped))
        start += len(line) + 1
    return tuple(rows)


def zones_of(text: str) -> Zones:
    """The zones of a letter; a text without salutation and formula is all head up to its first long line."""
    rows = rows_of(text)
    at, said = _salutation(rows)
    head = at if at is not None else _first_prose(rows)
    begins = rows[head].start if head < len(rows) else len(text)
    salutation = Span(begins + said.start, begins + said.end) if said else None
    first = head + 1 if said and said.whole_line else head
    inline = salutation.end if salutation and not (said and said.whole_line) else None
    opening = _opening(rows, first, inline, begins)
    foot = _foot(rows, first, opening.end)
    return Zones(rows, head, foot, salutation, opening, _tail(rows, first, foot, opening.end))


@dataclass(frozen=True, slots=True)
class _Salutation:
    """Where in its line the names stand, and whether the line holds nothing else."""

    start: int
    end: int
    whole_line: bool


def _salutation(rows: Sequence[Row]) -> tuple[int | None, _Salutation | None]:
    """The line with the salutation and where in it; else the line with the covering formula and None."""
    rules = patterns("layout")
    search = rules["opening"].search
    opened = next((i for i, row in enumerate(rows) if search(row.view)), None)
    near = range(len(rows)) if opened is None else range(opened, max(-1, opened - 5), -1)
    for i in near:  # the last before the formula, or the first in the letter
        if said := _salutes(rows[i].view):
            return i, said
    if opened is None:
        return None, None
    above = rows[opened - 1].view if opened else ""
    named = rules["salutation_names"].fullmatch(above)
    if named and not begins_with_label(above):
        return opened - 1, _Salutation(*named.span("who"), True)
    return opened, None


def _salutes(view: str) -> _Salutation | None:
    rules = patterns("layout")
    may_fill = view.endswith(":") and len(view) <= 100 and not begins_with_label(view)
    if may_fill and (hit := rules["salutation"].fullmatch(view)):
        return _Salutation(*hit.span("who"), True)
    hit = rules["salutation_inline"].match(view)
    return _Salutation(*hit.span("who"), False) if hit else None


def _first_prose(rows: Sequence[Row]) -> int:
    """The first line that reads like a sentence."""
    return next((i for i, row in enumerate(rows) if len(row.view) > 40 and re.search(r"[。;]", row.view)), len(rows))


def _opening(rows: Sequence[Row], first: int, inline: int | None, begins: int) -> Span:
    """Where the covering formula ends: within the first lines of the text."""
    rules = patterns("layout")
    start = inline if inline is not None else (rows[first].start if first < len(rows) else begins)
    received: int | None = None
    for number, row in enumerate(rows[first : first + 4]):
        offset = max(0, start - row.start)
        # Further lines belong to the formula only where they say in so many words that the answer follows.
        closes = rules["opening_end"] if number == 0 or received is None else rules["opening_end_later"]
        if hit := closes.search(row.view, offset, offset + 1200):
            return Span(start, row.start + hit.end())
        if received is None and (hit := rules["received"].search(row.view, offset, offset + 600)):
            received = row.start + hit.end()
        if (len(row.view) > 60 and received is None) or row.start - start > 500:
            break
    return Span(start, received if received is not None else start)


_SHORT = 60


def _foot(rows: Sequence[Row], first: int, text_begins: int) -> int:
    """The first line below the text."""
    signature, sign = patterns("layout")["signature"], patterns("layout")["form_sign"]
    begin, printed, end = any_of("layout", *_BEGINS), any_of("layout", *_PRINTED), any_of("layout", *_ENDS)
    for i in range(first, len(rows)):
        row = rows[i]
        view = row.view
        if len(view) > _LONGEST or row.end <= text_begins or (row.start < text_begins and len(view) > _SHORT):
            continue
        if begin.match(view):
            return i
        if view[-1] != "。" and sign.search(view) and printed.search(view):
            return i
        if len(view) <= _SHORT and (end.fullmatch(view) or (signature.fullmatch(view) and _is_signed(rows, i))):
            return i
    return len(rows)


_LONGEST = 160
_BEGINS = ("contact_line", "copies_line", "attachment_line")
_PRINTED = ("form_line", "print_line")
_ENDS = ("closing", "date_line", "signature_dated", "broken_date_line", "notice_line", "link_line")


def signing_rows(zones: Zones) -> Sequence[Row]:
    """The lines below the text among which it is signed.

    A note of what is attached (附件：清单) may stand between text and signature; the attachment itself does not.
    """
    rows, rules = zones.rows[zones.foot :], patterns("layout")
    noted = next((at for at, row in enumerate(rows[:_NOTED]) if not rules["closing"].fullmatch(row.view)), 0)
    rows = rows[noted:]
    if not rows or not rules["attachment_line"].match(rows[0].view) or ":" not in rows[0].view:
        return rows
    day = any_of("layout", "date_line", "signature_dated")
    for at, row in enumerate(rows[1:_NOTED], 1):
        if day.fullmatch(row.view):
            first = next((i for i in range(1, at) if rules["signature"].fullmatch(rows[i].view)), at)
            return rows[first:]
    return rows


_NOTED = 9  # lines that a note of what is attached and the signature below it take at most


def _is_signed(rows: Sequence[Row], at: int) -> bool:
    """A body's name alone on a line is a signature where a date, a contact or nothing but short lines follow."""
    day, contact = any_of("layout", "date_line", "broken_date_line"), patterns("layout")["contact_line"]
    following = [row for row in rows[at + 1 : at + 5] if not contact.match(row.view)]
    if any(day.fullmatch(row.view) for row in following):
        return all(len(row.view) <= _SHORT for row in following[:2])
    return all(len(row.view) <= _SHORT and not row.view.endswith(("。", ";")) for row in rows[at + 1 :])


def _tail(rows: Sequence[Row], first: int, foot: int, text_begins: int) -> Span | None:
    """A signature and date that stand at the end of the last paragraph."""
    for row in reversed(rows[first:foot]):
        view = row.view[-90:]
        hit = None if view.endswith(("。", ";", "!")) else patterns("layout")["tail"].search(view)
        if hit and row.end > text_begins:
            base = row.end - len(view)
            return Span(base + hit.start("sign"), base + hit.end("sign"))
        return None
    return None

"""Finds the letter's title, also where it is broken over lines or begins with its letterhead."""

from __future__ import annotations

from collections.abc import Sequence

from flows.letters.header_labels import Labelled, begins_with_label, field_of, is_label
from flows.letters.header_marks import is_mark
from flows.letters.wordings import any_of, patterns
from flows.letters.zones import Row, Zones

_MOST_LINES = 5


def title_of(zones: Zones, labels: Sequence[Labelled]) -> Row | None:
    """The title as one row over its lines, the nearest above the salutation; None where the letter has none."""
    head = zones.rows[: zones.head]
    plain = [_may_be_title(row) and not (i and _is_value(head[i - 1])) for i, row in enumerate(head)]
    found = [*_candidates(head, plain)]
    whole = [row for row in found if not patterns("header")["session_lost"].search(row.view)]
    if whole or found:
        return _without_site((whole or found)[0])
    for label in labels:
        if label.field == "title" and label.span and len(label.value) > 4:
            return Row(label.span.start, label.span.end, label.value)
    for name in ("title_proposal", "title_bare"):
        for row in reversed(head):
            if patterns("header")[name].fullmatch(row.view):
                return row
    return None


def _without_site(title: Row) -> Row:
    """The title without the name of the site that a page's own title carries behind it."""
    hit = patterns("header")["site_suffix"].search(title.view)
    if hit is None:
        return title
    return Row(title.start, title.end - len(title.view) + hit.start(), title.view[: hit.start()])


def other_title(zones: Zones) -> Row | None:
    """The title of a paper that is no reply: its first line that is no label, number, name or sentence."""
    rules = patterns("header")
    for row in zones.rows[: max(zones.head, 1)]:
        if _may_be_title(row) and 6 <= len(row.view) <= 80 and not rules["letterhead"].fullmatch(row.view):
            return row
    return None


def _is_value(above: Row) -> bool:
    """Whether a label stands alone on the line above: what follows is its value, and no title but behind 标题."""
    return is_label(above.view) and field_of(above.view) != "title"


_LONGEST = 120


def _may_be_title(row: Row) -> bool:
    """Whether the line is no label, mark, number, letterhead, list or sentence."""
    rules, view = patterns("header"), row.view
    if len(view) > _LONGEST or view.startswith(("·", "•", "-", "[")) or view.endswith((":", "。", ";", ",")):
        return False
    if view.endswith(rules["letterhead_end"].pattern) or begins_with_label(view) or is_label(view) or is_mark(view):
        return False
    return any_of("header", *_NUMBERS).match(view) is None and rules["number_rest"].fullmatch(view) is None


_NUMBERS = ("document_number", "document_number_round", "document_number_broken")


def _candidates(head: Sequence[Row], plain: Sequence[bool]) -> list[Row]:
    """Titles from the salutation upwards; of those that end on one line the one that begins highest."""
    found: list[Row] = []
    end = len(head)
    while end > 0:
        best: Row | None = None
        for start in range(end - 1, max(-1, end - 1 - _MOST_LINES), -1):
            if not plain[start]:
                break
            joined = _joined(head[start:end])
            if _is_title(joined.view) and (best is None or _belongs(head, start, end)):
                best, first = joined, start
        if best is not None:
            found.append(best)
            end = first
        else:
            end -= 1
    return found


def _joined(rows: Sequence[Row]) -> Row:
    return Row(rows[0].start, rows[-1].end, "".join(row.view for row in rows))


def _is_title(view: str) -> bool:
    rule = patterns("header")["title_whole"]
    return len(view) <= 200 and rule.fullmatch(view) is not None


def _belongs(head: Sequence[Row], start: int, end: int) -> bool:
    """Whether the line above a title is its beginning: of a broken title always, of a whole one if it is a letterhead.

    A letterhead over a title of one line stays apart where the document number follows: it heads the paper then.
    """
    rules = patterns("header")
    above = head[start]
    if not rules["letterhead"].fullmatch(above.view):
        return not rules["title_whole"].fullmatch(above.view)
    below = head[end] if end < len(head) else None
    is_broken = end - start > 2
    return is_broken or below is None or rules["document_number"].search(below.view) is None

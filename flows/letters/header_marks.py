"""Reads the marks of a letter: its result, whether it may be published, whether it is secret."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flows.letters.header_labels import Labelled
from flows.letters.header_numbers import Found
from flows.letters.model import LetterText, Problem, SourceText, Span
from flows.letters.rules.load import load_table
from flows.letters.wordings import folded, patterns
from flows.letters.zones import Row, Zones

_RESULTS = {"outcome": ("class_value", "outcome_value"), "outcome_class": ("class_value", "class_in_words")}


def outcome_in(zones: Zones, labels: Sequence[Labelled], number: Found | None) -> Found | None:
    """The bare result: behind its label, after the document number, or a lone class letter."""
    rules = patterns("header")
    for label in labels:
        # 类别 may be the class of the result, or of the web page: it counts with a letter or a result's words only.
        for name in _RESULTS.get(label.field, ()):
            if hit := rules[name].match(label.value):
                return Found(hit.group("class"), label.place(hit.start("class"), len(hit.group("class"))))
    if number and number.span and (hit := rules["class_after_number"].match(number.rest)):
        start = number.span.end + hit.start("class")
        return Found(hit.group("class"), Span(start, start + len(hit.group("class"))))
    for row in (*zones.rows[: zones.head], *zones.rows[zones.foot :]):
        for found in _pieces(row) if rules["class_letter"].search(row.view) else ():
            if hit := rules["class_line"].fullmatch(found.view):
                start = found.start + hit.start("class")
                return Found(hit.group("class"), Span(start, start + len(hit.group("class"))))
        for found in _bracketed(row):
            if rules["result_alone"].fullmatch(found.view):
                return Found(found.view, Span(found.start, found.end))
    return None


def disclosure_in(zones: Zones, labels: Sequence[Labelled]) -> tuple[Found | None, list[Problem]]:
    """How far it may be published, as written: behind its label, else in a notice above or below the text."""
    found = [*_labelled_disclosure(labels), *_notices(zones)]
    if not found:
        return None, []
    differing = next((other for other in found[1:] if _openness(other.value) not in (None, _openness(found[0].value))), None)
    if differing is None or _openness(found[0].value) is None:
        return found[0], []
    message = f"公开属性前后不一致（{found[0].value}、{differing.value}），请核对原件"
    return found[0], [Problem("disclosure_conflict", message, differing.span)]


def _labelled_disclosure(labels: Sequence[Labelled]) -> Iterator[Found]:
    for label in labels:
        value = re.split(r"[*(,;。\s\]/]", label.value)[0].strip("“”\"") if label.field == "disclosure" else ""
        if value:
            yield Found(value, label.place(label.value.index(value), len(value)))


def _notices(zones: Zones) -> Iterator[Found]:
    rule, public = patterns("layout")["notice_line"], load_table("layout")["parts"]["public"]
    for row in (*zones.rows[: zones.head], *zones.rows[zones.foot :]):
        for piece in (*_pieces(row), *_words(row), *_bracketed(row)) if public in row.view else ():
            if hit := rule.fullmatch(piece.view):
                start = piece.start + hit.start("disclosure")
                yield Found(hit.group("disclosure"), Span(start, start + len(hit.group("disclosure"))))
                break


def _words(row: Row) -> Iterator[Row]:
    """The words of a line whose gaps a page squeezed to single blanks: 办复类别:B1 同意公开."""
    for hit in re.finditer(r"\S+", row.view) if " " in row.view and len(row.view) <= 80 else ():
        if len(hit.group()) >= _LEAST_NOTICE:
            yield Row(row.start + hit.start(), row.start + hit.end(), hit.group())


_LEAST_NOTICE = 4


def _bracketed(row: Row) -> Iterator[Row]:
    """What the brackets of a line of nothing but brackets hold, mark by mark: (部分采纳,主动公开)."""
    if len(row.view) > _LONGEST_BRACKETED or _BRACKETS.fullmatch(row.view) is None:
        return
    for hit in re.finditer(r"[^\[\](),:;\s]+", row.view):
        yield Row(row.start + hit.start(), row.start + hit.end(), hit.group())


_LONGEST_BRACKETED = 40
_BRACKETS = re.compile(r"(?:[\[(][^\[\]()]+[\])]\s*)+")


_GAP = re.compile(r"\s{2,}|\u3000+")
_SHORT_GAP = re.compile(r"\s+|(?<=.)(?=[\[(])")
_SHORT = 16


def is_mark(view: str) -> bool:
    """Whether a line holds nothing but a result's class and a notice of disclosure."""
    rules, public = patterns("header"), load_table("layout")["parts"]["public"]
    if public not in view and rules["class_letter"].search(view) is None:
        return False
    class_line, notice = rules["class_line"], patterns("layout")["notice_line"]
    pieces = list(_pieces(Row(0, len(view), view)))
    if class_line.fullmatch(view):
        return True
    return bool(pieces) and all(class_line.fullmatch(p.view) or notice.fullmatch(p.view) for p in pieces)


def _pieces(row: Row) -> Iterator[Row]:
    """The parts of a line that gaps keep apart; in a very short line also what stands in brackets."""
    if len(row.view) > 120:
        return
    at = 0
    gap = _SHORT_GAP if len(row.view) <= _SHORT else _GAP
    for start, end in (*(hit.span() for hit in gap.finditer(row.view)), (len(row.view), 0)):
        if at < start:
            yield Row(row.start + at, row.start + start, row.view[at:start])
        at = end


def _openness(value: str) -> bool | None:
    rules = patterns("header")
    if rules["closed"].search(value):
        return False
    return True if rules["open"].search(value) else None


_SCANNED_HEAD = 16
_SCANNED_PAGE_HEAD = 3
_LONGEST_MARK = 60


def secrecy_mark(letter: LetterText, zones: Zones) -> str | None:
    """The mark of state secrecy in the letter's head or at the head of a page; the word inside a sentence is none."""
    rules, sign = patterns("header"), load_table("header")["parts"]["secret"]
    if not _holds(sign, letter):
        return None
    heads = [row.view for row in zones.rows[: zones.head]]
    for view, rule in (
        *((view, rules["secrecy"]) for view in (*heads, *_raw_head(letter, zones), *_meta(letter.source))),
        *((view, rules["secrecy_starred"]) for view in _page_heads(letter.source)),
    ):
        if sign not in view or len(view) > _LONGEST_MARK:
            continue
        for piece in (view, *re.split(r"\s{2,}|\u3000", view)):
            if hit := rule.fullmatch(piece.strip()):
                return re.sub(r"\s", "", hit.group("mark"))
    return None


def _holds(sign: str, letter: LetterText) -> bool:
    """Whether the sign stands anywhere in what was read; most letters are done with here."""
    source = letter.source
    return (
        sign in letter.text
        or any(sign in line.text for line in source.lines)
        or any(sign in label or sign in value for label, value in source.meta)
    )


def _raw_head(letter: LetterText, zones: Zones) -> Iterator[str]:
    """The lines above the salutation as the reader saw them: mending drops what stands on every page."""
    begins = zones.rows[zones.head].start if zones.head < len(zones.rows) else len(letter.text)
    first = next((piece.line for piece in letter.pieces if piece.start + piece.length > begins), _SCANNED_HEAD)
    return (folded(line.text.strip()) for line in letter.source.lines[: max(first, 0)])


def _page_heads(source: SourceText) -> Iterator[str]:
    """The first lines of every page after the first."""
    page = on_page = 0
    for line in source.lines:
        on_page = on_page + 1 if line.page == page else 1
        page = line.page
        if page > 1 and on_page <= _SCANNED_PAGE_HEAD:
            yield folded(line.text.strip())


def _meta(source: SourceText) -> Iterator[str]:
    """Web tables and the like, a pair a line."""
    return (folded(f"{label}:{value}") for label, value in source.meta if len(value) <= 40)

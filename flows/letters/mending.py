"""Mends what page and web site did to a letter: furniture dropped, wrapped lines joined, pinyin taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from flows.letters.cleaning import cleaned
from flows.letters.model import LetterText, Piece, Problem, SourceText, Span
from flows.letters.page_places import doubtful
from flows.letters.rows import Row, row_of, trimmed
from flows.letters.rules.load import load_table
from flows.letters.script import holds_traditional, simplified
from flows.letters.wrapping import begins_title, join_wrapped

_SPACED = re.compile(
    r"(?:[\u4e00-\u9fff][ \u3000]{1,3}){2,}[\u4e00-\u9fff]|答[ \u3000]+[复覆復](?:[ \u3000]+函)?|复[ \u3000]+函"
)
# Each alternative looks back over the blank itself, so that the search can run from blank to blank.
_NUMBER_SPACE = re.compile(
    r" (?:(?<=[\u4e00-\u9fff（(〔〕《“，。；：、] )(?=\d)"
    r"|(?<![A-Za-z]\d )(?<=\d )(?=[\u4e00-\u9fff）)〕》”，。；：、]|[—～~-]\d)|(?<=[—～~] )(?=\d))"
)


def mend(source: SourceText) -> LetterText:
    """The letter as a careful person reads it, one paragraph a line; every character knows its source."""
    whole = "\n".join([line.text for line in source.lines])
    traditional = holds_traditional(whole)
    rows = cleaned([row_of(line.text, i, line.page) for i, line in enumerate(source.lines)], whole)
    rows, found = _without_furniture(rows, by_eye=not source.paragraphs, traditional=traditional)
    rows, repeated = _without_repeat(_cells_of_flat(rows))
    # Where the format tells paragraphs, many lines that end at one edge show text that was pasted with its line ends.
    joined = join_wrapped(_joined_as_read(rows, source), _SURELY_CUT) if source.paragraphs else join_wrapped(rows)
    written, pieces = _laid_out([_tight(row) for row in joined])
    # A letter in traditional script is read in simplified script, character for character; the source keeps its own.
    text = simplified(written) if traditional else written
    converted = [Problem("script_converted", "原文为繁体字，此处按简体字引用，以原件为准")] if text != written else []
    problems = (*source.problems, *found, *repeated, *converted, *_losses(text), *doubtful(source, pieces))
    return LetterText(text=text, source=source, pieces=pieces, problems=problems)


_SURELY_CUT = 5


def _joined_as_read(rows: Iterable[Row], source: SourceText) -> list[Row]:
    """The paragraphs the reader saw on the page."""
    out: list[Row] = []
    for row in rows:
        if out and source.lines[row.line].continues and not begins_title(out[-1].text, row.text):
            blank = source.lines[row.line].text[:1]  # the line was broken at it, and the reader kept it
            opening = Row(blank, ((1, row.line, 0),), row.page) if row.indent and blank.isspace() else None
            out[-1] = out[-1].joined(opening.joined(row) if opening else row)
        else:
            out.append(row)
    return out


def _without_furniture(rows: Sequence[Row], *, by_eye: bool, traditional: bool) -> tuple[list[Row], list[Problem]]:
    """Page numbers, running headers and site chrome go; what follows them knows that a page or a gap came before."""
    kept: list[Row] = []
    numbers: list[tuple[int, int]] = []
    after_page = blank = False
    page = rows[0].page if rows else 0
    views = [row.text for row in rows]
    if traditional:
        views = simplified("\n".join(views), always=True).split("\n")
    pages = [_page_number(row) for row in rows]
    # A reader of pages has seen to them.
    headers = _running_headers(rows, pages) if by_eye and _has_pages(rows, pages) else frozenset()
    for i, row in enumerate(rows):
        number = pages[i]
        after_page = after_page or row.page != page or number is not None
        page = row.page
        if number is not None:
            numbers.append(number)
        elif not row.text:
            blank = True
        elif row.text not in headers and not _is_chrome(views[i]):
            kept.append(row.standing(after_blank=blank, after_page=after_page) if blank or after_page else row)
            after_page = blank = False
    return kept, _page_gaps(numbers)


@cache
def _line_rules(kind: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rule["pattern"]) for rule in load_table("mending")[kind])


_LONGEST_PAGE_NUMBER = 24
_DIGIT = re.compile(r"\d")


def _page_number(row: Row) -> tuple[int, int] | None:
    """(this page, pages in all or 0), or None where the line is no page number."""
    if not row.text or len(row.text) > _LONGEST_PAGE_NUMBER or _DIGIT.search(row.text) is None:
        return None
    for rule in _line_rules("page_number"):
        if hit := rule.fullmatch(row.text):
            groups = hit.groupdict()
            return int(groups["page"]), int(groups.get("of") or 0)
    return None


_LONGEST_CHROME = 260
_LONGEST_NOTICE = 40


def _is_chrome(view: str) -> bool:
    # A long line that ends like a sentence is text, whatever words it holds.
    if len(view) > _LONGEST_CHROME or (len(view) > _LONGEST_NOTICE and view[-1] in "。；："):
        return False
    return _chrome().fullmatch(view) is not None


@cache
def _chrome() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{rule['pattern']})" for rule in load_table("mending")["line"]))


def _has_pages(rows: Sequence[Row], pages: Sequence[tuple[int, int] | None]) -> bool:
    return any(pages) or len({row.page for row in rows}) > 1


def _running_headers(rows: Sequence[Row], pages: Sequence[tuple[int, int] | None]) -> frozenset[str]:
    """Lines that open a page and stand, word for word, at the head of another page too."""
    heads: dict[str, int] = {}
    opens = True
    for i, row in enumerate(rows):
        opens = opens or (i > 0 and rows[i - 1].page != row.page)
        if pages[i] is not None:
            opens = True
        elif row.text:
            if opens and not row.text.endswith(("：", ":", "。")):
                heads[row.text] = heads.get(row.text, 0) + 1
            opens = False
    return frozenset(text for text, count in heads.items() if count > 1 and len(text) > 3)


def _page_gaps(numbers: Sequence[tuple[int, int]]) -> list[Problem]:
    gaps = [f"第{a + 1}页" for (a, _), (b, _) in pairwise(numbers) if b > a + 1]
    if numbers and 0 < numbers[-1][0] < numbers[-1][1]:
        gaps.append(f"第{numbers[-1][0] + 1}页")
    return [Problem("page_missing", f"来函缺页：{'、'.join(gaps)}，请核对原件")] if gaps else []


def _without_repeat(rows: list[Row]) -> tuple[list[Row], list[Problem]]:
    """A letter that the page prints twice is kept once."""
    texts = [row.text for row in rows]
    for start in range(3, len(rows)):
        if texts[start] != texts[0]:
            continue
        rest = texts[start:]
        if len(rest) * 2 >= start and rest == texts[: len(rest)]:
            return rows[:start], [Problem("letter_repeated", "同一文件中正文重复出现，只取一次")]
    return rows, []


def _cells_of_flat(rows: list[Row]) -> list[Row]:
    """Rows in which a page flattened its table into one line are cut at its bars, one cell a row."""
    if not any(map(_is_flat, rows)):
        return rows
    return [cell for row in rows for cell in (_cells(row) if _is_flat(row) else (row,))]


def _is_flat(row: Row) -> bool:
    return len(row.text) >= 200 and row.text.count(" | ") >= 6


def _cells(row: Row) -> list[Row]:
    parts: list[Row] = []
    start = 0
    for cut in [*(m.start() for m in re.finditer(r"\|", row.text)), len(row.text)]:
        part = trimmed(row.part(start, cut, 0.0))
        if part.text:
            parts.append(part.part(0, len(part.text), 2.0))  # a cell begins a paragraph
        start = cut + 1
    return [part for part in parts if not _is_chrome(simplified(part.text, always=True))]


def _tight(row: Row) -> Row:
    """Blanks that typesetting put around numbers or between the letters of a spaced line go."""
    text = row.text
    if " " not in text and "\u3000" not in text:
        return row
    if _SPACED.fullmatch(text):
        gaps = [(i, i + 1) for i, char in enumerate(text) if char in " \u3000"]
    else:
        gaps = [hit.span() for hit in _NUMBER_SPACE.finditer(text)]
    return row.without(gaps) if gaps else row


def _laid_out(paragraphs: Iterable[Row]) -> tuple[str, tuple[Piece, ...]]:
    lines: list[str] = []
    pieces: list[Piece] = []
    at = 0
    for row in paragraphs:
        lines.append(row.text)
        for length, line, column in row.runs:
            pieces.append(Piece(at, length, line, column))
            at += length
        at += 1
    return "\n".join(lines), tuple(pieces)


_FORM = re.compile(r"□|\||签名|签字")


@cache
def _loss_rules() -> tuple[tuple[dict[str, Any], re.Pattern[str]], ...]:
    return tuple((rule, re.compile(rule["pattern"])) for rule in load_table("mending")["loss"])


@cache
def _loss_signs() -> tuple[AhoCorasick, tuple[int, ...]]:
    """What finds the signs without which nothing was lost, and for each sign the number of its rule."""
    signs = [(sign, number) for number, (rule, _) in enumerate(_loss_rules()) for sign in rule["needs"]]
    finder = AhoCorasick([sign for sign, _ in signs], matchkind=MatchKind.Standard, implementation=Implementation.DFA)
    return finder, tuple([number for _, number in signs])


def _losses(text: str) -> list[Problem]:
    """Where digits were lost on the way; blanks of a form to be filled in are none."""
    finder, rule_of = _loss_signs()
    signed = {rule_of[sign] for sign, _, _ in finder.find_matches_as_indexes(text, overlapping=True)}
    found = []
    for rule, pattern in [_loss_rules()[number] for number in sorted(signed)]:
        for hit in pattern.finditer(text):
            line = text[text.rfind("\n", 0, hit.start()) + 1 : (text.find("\n", hit.end()) + 1 or len(text) + 1) - 1]
            if not _FORM.search(line):
                start = hit.start() + len(hit.group()) - len(hit.group().lstrip("\n"))
                found.append(Problem(rule["code"], rule["message"], Span(start, hit.end())))
    return sorted(found, key=lambda p: p.span or Span(0, 0))

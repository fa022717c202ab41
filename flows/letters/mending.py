"""Mends what page and web site did to a letter: furniture dropped, wrapped lines joined, pinyin taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from flows.letters.model import LetterText, Piece, Problem, SourceText, Span
from flows.letters.page_places import doubtful
from flows.letters.rows import Row, row_of, trimmed
from flows.letters.rules.load import load_table
from flows.letters.script import holds_traditional, simplified
from flows.letters.wrapping import begins_title, join_wrapped

_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ"
_TONE = re.compile(f"[{_TONED}]")
_PINYIN = re.compile(rf"(?<=[\u4e00-\u9fffA-Z])[(（][a-zü{_TONED}ńňǹ]{{1,7}}[)）]")
_ENTITY = re.compile(r"&(?:amp|gt|lt|nbsp|quot|ldquo|rdquo|middot);")
_ENTITIES = {"&amp;": "&", "&gt;": ">", "&lt;": "<", "&nbsp;": " ", "&quot;": '"', "&middot;": "·"}
_NOISE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f]")
_SPACED = re.compile(
    r"(?:[\u4e00-\u9fff][ \u3000]{1,3}){2,}[\u4e00-\u9fff]|答[ \u3000]+[复覆復](?:[ \u3000]+函)?|复[ \u3000]+函"
)
_NUMBER_SPACE = re.compile(
    r"(?<=[\u4e00-\u9fff（(〔〕《“，。；：、]) (?=\d)"
    r"|(?<![A-Za-z]\d)(?<=\d) (?=[\u4e00-\u9fff）)〕》”，。；：、]|[—～~-]\d)|(?<=[—～~]) (?=\d)"
)


def mend(source: SourceText) -> LetterText:
    """The letter as a careful person reads it, one paragraph a line; every character knows its source."""
    whole = "\n".join([line.text for line in source.lines])
    traditional = holds_traditional(whole)
    rows = _cleaned([row_of(line.text, i, line.page) for i, line in enumerate(source.lines)], whole)
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


def _is_annotated(whole: str) -> bool:
    """Whether the page printed pinyin behind characters: a toned one at least three times."""
    if _TONE.search(whole) is None:
        return False
    return sum(_TONE.search(hit) is not None for hit in _PINYIN.findall(whole)) >= 3


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


def _cleaned(rows: list[Row], whole: str) -> list[Row]:
    """Noise characters go, misread marks are put right, full-width digits and letters become plain ones.

    ``whole`` holds every character of the rows: what is nowhere in it need not be looked for in each.
    """
    pinyin = _is_annotated(whole)
    if pinyin or "&" in whole or _NOISE.search(whole):
        rows = [_without_noise(row, pinyin) for row in rows]
        whole = "\n".join([row.text for row in rows])
    odd = _odd().search(whole) is not None
    repairs = [repair for repair in _repairs() if any(map(whole.__contains__, repair[2]))]
    return [_put_right(row, odd, repairs) for row in rows] if odd or repairs else rows


def _put_right(row: Row, odd: bool, repairs: Sequence[_Repair]) -> Row:
    text = row.text.translate(_plain()) if odd and _odd().search(row.text) else row.text
    for pattern, right, _ in repairs:
        text = _repaired(text, pattern, right)
    return row if text is row.text else trimmed(row.written(text))


def _without_noise(row: Row, pinyin: bool) -> Row:
    if not (pinyin or "&" in row.text or _NOISE.search(row.text)):
        return row
    chars, gaps = list(row.text), [hit.span() for hit in _NOISE.finditer(row.text)]
    for hit in _ENTITY.finditer(row.text):
        gaps.append((hit.start() + 1, hit.end()))
        chars[hit.start()] = _ENTITIES.get(hit.group(), "”")
    for hit in _PINYIN.finditer(row.text) if pinyin else ():
        gaps.append(hit.span())
        _unhide(chars, row.text, hit)
    return trimmed(row.written("".join(chars)).without(_apart(gaps)))


def _apart(gaps: list[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    for start, end in sorted(gaps):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def _unhide(chars: list[str], text: str, hit: re.Match[str]) -> None:
    """A capital letter before pinyin stands for a character the page hid; only sure ones are put back."""
    letter = hit.start() - 1
    if not text[letter].isascii():
        return
    following = text[hit.end() : hit.end() + 1]
    for rule in load_table("mending")["hidden"]:
        if hit.group()[1:-1] == rule["pinyin"] and following and following in rule["before"]:
            chars[letter] = rule["char"]


def _repaired(text: str, pattern: re.Pattern[str], right: str) -> str:
    """The last character of every match is the wrong one."""
    for hit in pattern.finditer(text):
        text = text[: hit.end() - 1] + right + text[hit.end() :]
    return text


_Repair = tuple[re.Pattern[str], str, list[str]]


@cache
def _repairs() -> tuple[_Repair, ...]:
    return tuple((re.compile(rule["pattern"]), rule["right"], rule["needs"]) for rule in load_table("mending")["repair"])


@cache
def _odd() -> re.Pattern[str]:
    return re.compile("[" + re.escape("".join(map(chr, _plain()))) + "]")


@cache
def _plain() -> dict[int, str]:
    """One character for one: full-width digits and letters, stray marks, blanks of every kind."""
    wide = "０１２３４５６７８９．％" + "".join(chr(c) for c in (*range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B)))
    table = {ord(char): chr(ord(char) - 0xFEE0) for char in wide}
    table |= {ord(rule["wrong"]): rule["right"] for rule in load_table("mending")["stray"]}
    return table | {ord(char): " " for char in "\u00a0\t\u2002\u2003\u2009\u202f"}


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
    headers = _running_headers(rows, pages) if by_eye else frozenset()  # a reader of pages has seen to them
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


@cache
def _loss_rules() -> tuple[tuple[dict[str, Any], re.Pattern[str]], ...]:
    return tuple((rule, re.compile(rule["pattern"])) for rule in load_table("mending")["loss"])


def _losses(text: str) -> list[Problem]:
    """Where digits were lost on the way; blanks of a form to be filled in are none."""
    found = []
    for rule, pattern in _loss_rules():
        if not any(map(text.__contains__, rule["needs"])):
            continue
        for hit in pattern.finditer(text):
            line = text[text.rfind("\n", 0, hit.start()) + 1 : (text.find("\n", hit.end()) + 1 or len(text) + 1) - 1]
            if not re.search(r"□|\||签名|签字", line):
                start = hit.start() + len(hit.group()) - len(hit.group().lstrip("\n"))
                found.append(Problem(rule["code"], rule["message"], Span(start, hit.end())))
    return sorted(found, key=lambda p: p.span or Span(0, 0))

"""Mends what page and web site did to a letter: furniture dropped, wrapped lines joined, pinyin taken out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise

from flows.letters.model import LetterText, Piece, Problem, SourceText, Span
from flows.letters.page_places import doubtful
from flows.letters.rows import Cell, Row, row_of, trim
from flows.letters.rules.load import load_table
from flows.letters.script import simplified
from flows.letters.wrapping import join_wrapped

_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ"
_PINYIN = re.compile(rf"(?<=[\u4e00-\u9fffA-Z])[(（][a-zü{_TONED}ńňǹ]{{1,7}}[)）]")
_ENTITY = re.compile(r"&(?:amp|gt|lt|nbsp|quot|ldquo|rdquo|middot);")
_ENTITIES = {"&amp;": "&", "&gt;": ">", "&lt;": "<", "&nbsp;": " ", "&quot;": '"', "&middot;": "·"}
_NOISE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f]")
_SPACED = re.compile(
    r"(?:[\u4e00-\u9fff][ \u3000]{1,3}){2,}[\u4e00-\u9fff]|答[ \u3000]+[复覆復](?:[ \u3000]+函)?|复[ \u3000]+函"
)
_NUMBER_SPACE = re.compile(
    r"(?<=[\u4e00-\u9fff（(〔〕《“，。；：、]) (?=\d)"
    r"|(?<=\d) (?=[\u4e00-\u9fff）)〕》”，。；：、]|[—～~-]\d)|(?<=[—～~]) (?=\d)"
)


def mend(source: SourceText) -> LetterText:
    """The letter as a careful person reads it, one paragraph a line; every character knows its source."""
    toned = sum(any(char in _TONED for char in hit) for line in source.lines for hit in _PINYIN.findall(line.text))
    rows = [_cleaned(row_of(line.text, i, line.page), toned >= 3) for i, line in enumerate(source.lines)]
    rows, found = _without_furniture(rows)
    rows, repeated = _without_repeat([row for sheet in rows for row in _cells_of_flat(sheet)])
    joined = _joined_as_read(rows, source) if source.paragraphs else join_wrapped(rows)
    paragraphs = [_tight(row) for row in joined]
    written, pieces = _laid_out(paragraphs)
    # A letter in traditional script is read in simplified script, character for character; the source keeps its own.
    text = simplified(written)
    converted = [Problem("script_converted", "原文为繁体字，此处按简体字引用，以原件为准")] if text != written else []
    problems = (*source.problems, *found, *repeated, *converted, *_losses(text), *doubtful(source, pieces))
    return LetterText(text=text, source=source, pieces=pieces, problems=problems)


def _joined_as_read(rows: Iterable[Row], source: SourceText) -> list[Row]:
    """The paragraphs the reader saw on the page."""
    out: list[Row] = []
    for row in rows:
        if out and source.lines[row.cells[0][1]].continues:
            out[-1] = out[-1].keep((*out[-1].cells, *row.cells))
        else:
            out.append(row)
    return out


def _cleaned(row: Row, pinyin: bool) -> Row:
    """Noise characters go, misread marks are put right, full-width digits and letters become plain ones."""
    table = load_table("mending")
    text, cells = row.text, list(row.cells)
    drop: set[int] = {m.start() for m in _NOISE.finditer(text)}
    for hit in _ENTITY.finditer(text):
        drop.update(range(hit.start() + 1, hit.end()))
        cells[hit.start()] = (_ENTITIES.get(hit.group(), "”"), *cells[hit.start()][1:])
    for hit in _PINYIN.finditer(text) if pinyin else ():
        drop.update(range(hit.start(), hit.end()))
        _unhide(cells, text, hit)
    kept = [(_plain(cell[0]), *cell[1:]) for i, cell in enumerate(cells) if i not in drop]
    text = "".join(cell[0] for cell in kept)
    for rule in table["repair"]:
        for hit in re.finditer(rule["pattern"], text):
            kept[hit.end() - 1] = (rule["right"], *kept[hit.end() - 1][1:])
    return trim(row.keep(kept))


def _unhide(cells: list[Cell], text: str, hit: re.Match[str]) -> None:
    """A capital letter before pinyin stands for a character the page hid; only sure ones are put back."""
    letter = hit.start() - 1
    if not text[letter].isascii():
        return
    following = text[hit.end() : hit.end() + 1]
    for rule in load_table("mending")["hidden"]:
        if hit.group()[1:-1] == rule["pinyin"] and following and following in rule["before"]:
            cells[letter] = (rule["char"], *cells[letter][1:])


@cache
def _stray() -> dict[str, str]:
    return {rule["wrong"]: rule["right"] for rule in load_table("mending")["stray"]}


def _plain(char: str) -> str:
    if "０" <= char <= "９" or "Ａ" <= char <= "Ｚ" or "ａ" <= char <= "ｚ" or char in "．％":
        return chr(ord(char) - 0xFEE0)
    return _stray().get(char, " " if char in "\u00a0\t\u2002\u2003\u2009\u202f" else char)


def _without_furniture(rows: Sequence[Row]) -> tuple[list[Row], list[Problem]]:
    """Page numbers, running headers and site chrome go; what follows them knows that a page or a gap came before."""
    kept: list[Row] = []
    numbers: list[tuple[int, int]] = []
    after_page = blank = False
    headers = _running_headers(rows)
    for i, row in enumerate(rows):
        number = _page_number(row)
        turned = i > 0 and row.page != rows[i - 1].page
        after_page = after_page or turned or number is not None
        if number is not None:
            numbers.append(number)
        elif row.text in headers or not row.cells or _is_chrome(row):
            blank = blank or not row.cells
        else:
            kept.append(replace(row, after_blank=blank, after_page=after_page))
            after_page = blank = False
    return kept, _page_gaps(numbers)


@cache
def _line_rules(kind: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rule["pattern"]) for rule in load_table("mending")[kind])


def _page_number(row: Row) -> tuple[int, int] | None:
    """(this page, pages in all or 0), or None where the line is no page number."""
    for rule in _line_rules("page_number") if row.cells else ():
        if hit := rule.fullmatch(row.text):
            groups = hit.groupdict()
            return int(groups["page"]), int(groups.get("of") or 0)
    return None


def _is_chrome(row: Row) -> bool:
    view = simplified(row.text, always=True)
    return any(rule.fullmatch(view) for rule in _line_rules("line"))


def _running_headers(rows: Sequence[Row]) -> frozenset[str]:
    """Lines that open a page and stand, word for word, at the head of another page too."""
    heads: dict[str, int] = {}
    opens = True
    for i, row in enumerate(rows):
        opens = opens or (i > 0 and rows[i - 1].page != row.page)
        if _page_number(row) is not None:
            opens = True
        elif row.cells:
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
        rest = texts[start:]
        if texts[start] == texts[0] and len(rest) * 2 >= start and rest == texts[: len(rest)]:
            return rows[:start], [Problem("letter_repeated", "同一文件中正文重复出现，只取一次")]
    return rows, []


def _cells_of_flat(row: Row) -> list[Row]:
    """A page whose table was flattened into one line is cut at its bars, one cell a row."""
    if row.text.count(" | ") < 6 or len(row.cells) < 200:
        return [row]
    parts: list[Row] = []
    start = 0
    for cut in [*(m.start() for m in re.finditer(r"\|", row.text)), len(row.cells)]:
        part = trim(row.keep(row.cells[start:cut]))
        if part.cells:
            parts.append(replace(part, indent=2.0))  # a cell begins a paragraph
        start = cut + 1
    return [part for part in parts if not _is_chrome(part)]


def _tight(row: Row) -> Row:
    """Blanks that typesetting put around numbers or between the letters of a spaced line go."""
    text = row.text
    drop = {m.start() for m in _NUMBER_SPACE.finditer(text)}
    if _SPACED.fullmatch(text):
        drop |= {i for i, char in enumerate(text) if char in " \u3000"}
    return row.keep(cell for i, cell in enumerate(row.cells) if i not in drop)


def _laid_out(paragraphs: Iterable[Row]) -> tuple[str, tuple[Piece, ...]]:
    chars: list[str] = []
    pieces: list[Piece] = []
    for row in paragraphs:
        if chars:
            chars.append("\n")
        for char, line, column in row.cells:
            last = pieces[-1] if pieces else None
            at = len(chars)
            if last and (at, line, column) == (last.start + last.length, last.line, last.column + last.length):
                pieces[-1] = replace(last, length=last.length + 1)
            else:
                pieces.append(Piece(at, 1, line, column))
            chars.append(char)
    return "".join(chars), tuple(pieces)


def _losses(text: str) -> list[Problem]:
    """Where digits were lost on the way; blanks of a form to be filled in are none."""
    found = []
    for rule in load_table("mending")["loss"]:
        for hit in re.finditer(rule["pattern"], text):
            line = text[text.rfind("\n", 0, hit.start()) + 1 : (text.find("\n", hit.end()) + 1 or len(text) + 1) - 1]
            if not re.search(r"□|\||签名|签字", line):
                found.append(Problem(rule["code"], rule["message"], Span(hit.start(), hit.end())))
    return sorted(found, key=lambda p: p.span or Span(0, 0))

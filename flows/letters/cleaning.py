"""Puts single characters right: noise and pinyin go, misread marks and full-width digits become what they stand for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from flows.letters.rows import Row, trimmed
from flows.letters.rules.load import load_table

_TONED = "āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜ"
_TONE = re.compile(f"[{_TONED}]")
_PINYIN = re.compile(rf"(?<=[\u4e00-\u9fffA-Z])[(（][a-zü{_TONED}ńňǹ]{{1,7}}[)）]")
_ENTITY = re.compile(r"&(?:amp|gt|lt|nbsp|quot|ldquo|rdquo|middot);")
_ENTITIES = {"&amp;": "&", "&gt;": ">", "&lt;": "<", "&nbsp;": " ", "&quot;": '"', "&middot;": "·"}
_NOISE = re.compile(r"[\u200b-\u200f\u2060\ufeff\u00ad\x00-\x08\x0b-\x1f\x7f]")


def cleaned(rows: list[Row], whole: str) -> list[Row]:
    """Noise characters go, misread marks are put right, full-width digits and letters become plain ones.

    ``whole`` holds every character of the rows: what is nowhere in it need not be looked for in each.
    """
    if _doubtful().search(whole) is None:
        return rows
    pinyin = _is_annotated(whole)
    if pinyin or "&" in whole or _NOISE.search(whole):
        rows = [_without_noise(row, pinyin) for row in rows]
        whole = "\n".join([row.text for row in rows])
    odd = _odd().search(whole) is not None
    repairs = [repair for repair in _repairs() if any(map(whole.__contains__, repair[2]))]
    return [_put_right(row, odd, repairs) for row in rows] if odd or repairs else rows


def _put_right(row: Row, odd: bool, repairs: Sequence[_Repair]) -> Row:
    text = row.text.translate(_plain()) if odd and _odd().search(row.text) else row.text
    for pattern, right, signs in repairs:
        if any(map(text.__contains__, signs)):
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
def _doubtful() -> re.Pattern[str]:
    """Any character of those that are looked at below: one look, where many letters need no more."""
    signs = "".join(sign for _, _, needs in _repairs() for sign in needs)
    return re.compile(f"{_NOISE.pattern[:-1]}{_TONED}&{re.escape(signs)}{_odd().pattern[1:]}")


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


def _is_annotated(whole: str) -> bool:
    """Whether the page printed pinyin behind characters: a toned one at least three times."""
    if _TONE.search(whole) is None:
        return False
    return sum(_TONE.search(hit) is not None for hit in _PINYIN.findall(whole)) >= 3

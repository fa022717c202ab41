"""Mending and layout take time in proportion to the letter, whatever it holds."""

import time

import pytest

from flows.letters.layout import lay_out
from flows.letters.mending import mend
from flows.letters.model import Line, Reader, SourceText

_SIZE = 100_000  # characters of the smaller text; the larger has four times as many
_READER = Reader("txt", "1")

_HOSTILE = {
    "one line of formulas": "您提出的关于",
    "one line of sessions": "第十届第十次",
    "one line of bodies": "市人民政府局",
    "one line of blanks": "年  ",
    "one line of brackets": "（《“",
    "one line of openings": "提出的《关于",
    "lines of labels": "类别：公开属性：\n",
    "lines of letterheads": "市人民政府局\n",
    "lines of numbers": "文〔2024〕1\n",
    "lines of heads": "一、关于“甲”的建议\n",
    "lines of heads and text": "一、关于路灯\n已经修好。\n（一）甲\n乙。\n",
    "lines of dates": "2024年5月6日\n",
    "lines of salutations": "某某代表：\n",
    "lines of thanks": "感谢您的支持！感谢您的支持！\n",
    "lines cut at the edge": "我局将进一步加强对辖区内各类市政公用设施的巡查和日常养护管\n",
    "bars": "甲 | 乙 | ",
    "chrome": "首页 > 位置：浏览次数：",
}


def _source(unit: str, size: int) -> SourceText:
    text = unit * (size // len(unit))
    lines = tuple(Line(line, 1) for line in text.split("\n"))
    return SourceText(lines, _READER, "text/plain")


def _seconds(source: SourceText) -> float:
    begun = time.process_time()
    lay_out(mend(source))
    return time.process_time() - begun


@pytest.mark.parametrize("unit", _HOSTILE.values(), ids=_HOSTILE.keys())
@pytest.mark.usefixtures("no_collection")
def test_four_times_the_text_takes_no_more_than_eight_times_the_time(unit: str) -> None:
    lay_out(mend(_source(unit, 1000)))  # the tables are compiled
    small = _seconds(_source(unit, _SIZE))
    large = _seconds(_source(unit, 4 * _SIZE))
    assert large < 8 * small + 0.5


@pytest.mark.parametrize("unit", ["您提出的关于", "类别：公开属性：\n", "某某代表：\n", "年  "])
@pytest.mark.usefixtures("no_collection")
def test_a_million_characters_are_read_in_seconds(unit: str) -> None:
    assert _seconds(_source(unit, 1_000_000)) < 20

"""Understanding a letter takes time in proportion to its length, whatever it holds."""

import time

import pytest

from flows.letters.agencies import Directory
from flows.letters.model import Line, Original, Reader, SourceText
from flows.letters.profile import SiteProfile
from flows.letters.understanding import understand

_HEAD = "关于区政协九届一次会议第21号提案的答复\n丁某委员：\n您提出的《关于智慧停车的提案》收悉，现答复如下：\n"
_AGENCIES = """[[agency]]
id = "edu"
jurisdiction = "禾川省东江市东湖区"
name = "东江市东湖区教育局"
aliases = ["区教育局"]
"""
_DIRECTORY = Directory.load(_AGENCIES.encode())
_ORIGINAL = Original("x.txt", "0" * 64, 1, "text/plain", "2024-01-01T00:00:00Z")

_HOSTILE = {
    "promises with commas": "我局将于2024年底前完成道路修缮，",
    "promises with stops": "我局将于2024年底前完成道路修缮。",
    "conditions": "如条件成熟则",
    "waits": "待资金落实后，",
    "bodies": "区教育局、区财政局会同",
    "one long body": "市人民政府局",
    "numbers": "12万元",
    "objects": "将将将",
    "items in a line": "一是加强管理；二是完善制度；",
    "items by line": "1.我局将完成路灯20盏。\n",
    "quotes": "“甲”、",
    "opened quotes": "“《（",
    "plans": "到2025年",
    "blanks": "年  ",
    "table rows": "1 | 拓宽路面 | 区教育局 | 2024年底\n",
    "heads and text": "一、关于路灯\n已经修好。\n（一）甲\n乙。\n",
}


def _seconds(unit: str, size: int) -> float:
    text = _HEAD + unit * (size // len(unit))
    source = SourceText(tuple(Line(line, 1) for line in text.split("\n")), Reader("txt", "1"), "text/plain")
    begun = time.process_time()
    understand(source, _ORIGINAL, _DIRECTORY, SiteProfile())
    return time.process_time() - begun


@pytest.mark.parametrize("unit", _HOSTILE.values(), ids=_HOSTILE.keys())
@pytest.mark.usefixtures("no_collection")
def test_four_times_the_text_takes_no_more_than_eight_times_the_time(unit: str) -> None:
    _seconds(unit, 200)  # the tables are compiled
    assert _seconds(unit, 60_000) < 8 * _seconds(unit, 15_000) + 0.5


@pytest.mark.parametrize("unit", ["到2025年", "“甲”、", "我局将推进"])
@pytest.mark.usefixtures("no_collection")
def test_a_million_characters_without_a_stop_are_understood(unit: str) -> None:
    assert _seconds(unit, 1_000_000) < 60

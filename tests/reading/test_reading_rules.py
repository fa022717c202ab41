"""The patterns of rules/reading.toml take what they should and leave what they should."""

from __future__ import annotations

import re

import pytest

from flows.letters.reading.geometry import is_page_number
from flows.letters.rules.load import load_table

RULES = load_table("reading")


@pytest.mark.parametrize("text", ["— 1 —", "-2-", "第 3 页", "第1页 共4页", "· 5 ·"])
def test_page_numbers(text):
    assert is_page_number(text)


@pytest.mark.parametrize("text", ["", " ", "12", "2024年", "12个", "第3页见附件", "— 一 —是"])
def test_no_page_numbers(text):
    assert not is_page_number(text)


@pytest.mark.parametrize(
    ("rule", "hit", "miss"),
    [
        ("title_end", "关于第12号提案的答复", "关于对县政协十四届五次会议第61号提案的"),
        ("title_end", "第0031号建议办理情况的复函", "关于区六届人大一次会议第031号建议办理"),
        ("number_line", "涪川农业函〔2021〕102号", "的协办意见"),
        ("number_line", "某教复(2024) 9 号", "再次答复（二次办理）"),
    ],
)
def test_titles_and_document_numbers(rule, hit, miss):
    assert re.search(RULES[rule], hit)
    assert not re.search(RULES[rule], miss)


def test_numerals_count_from_zero_to_a_hundred():
    assert RULES["numerals"] == "〇一二三四五六七八九十百"

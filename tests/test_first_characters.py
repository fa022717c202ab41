"""A guarded pattern finds what the pattern finds."""

from __future__ import annotations

import re

import pytest

from flows.letters.first_characters import guarded
from flows.letters.rules.load import load_table

SOMETHING = "县水利局将于2025年6月底前会同市财政局（牵头）、各镇街，进一步加强《办法》的落实；以后不再新建a，以及和田、同济。"


@pytest.mark.parametrize(
    ("pattern", "begins"),
    [
        ("县|市", "(?=[县市])"),
        ("(?<=a)县|[省市]局|(?:我|本)委", "(?=[县我本]|[省市])"),
        ("各?(?:镇|村){0,2}街", "(?=[各村街镇])"),
        (r"(?!x)\S+县", ""),
        ("县?", ""),
        ("县|$", ""),
        ("(?:^|(?<=，))(?:学校|医院)", "(?=[医学])"),
        ("[^a-z]b|a", "(?=[a]|[^a-z])"),
        (r"\[甲|\(乙", r"(?=[\(\[])"),
        (r"[)\]]|(?P<x>k[|])", r"(?=[k]|[)\]])"),
    ],
)
def test_first_characters(pattern: str, begins: str) -> None:
    assert guarded(pattern) == (f"{begins}(?:{pattern})" if begins else pattern)


def test_finds_the_same() -> None:
    specific = load_table("specificity")
    rows = [row["pattern"] for kind in ("concrete", "general") for row in specific[kind]]
    for pattern in [load_table("bodies")["begins"]["pattern"], load_table("deadlines")["may"], *rows]:
        plain = [match.span() for match in re.finditer(pattern, SOMETHING)]
        assert [match.span() for match in re.finditer(guarded(pattern), SOMETHING)] == plain


def test_an_open_bracket_is_refused() -> None:
    with pytest.raises(ValueError, match="not closed"):
        guarded("(?:a|b")

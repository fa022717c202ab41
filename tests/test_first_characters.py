"""A guarded pattern finds what the pattern finds."""

from __future__ import annotations

import re

import pytest

from flows.letters.first_characters import any_guarded, guarded
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


def test_of_several_patterns_the_first_still_wins() -> None:
    patterns = [f"(?P<{name}>{pattern})" for name, pattern in {"a": "县[水财]", "b": r"\S", "c": "县水利局"}.items()]
    assert any_guarded(patterns) == r"(?=[县])(?:(?P<a>县[水财]))|(?P<b>\S)|(?=[县])(?:(?P<c>县水利局))"
    found = [[hit.lastgroup for hit in re.finditer(either, SOMETHING)] for either in (any_guarded(patterns), "|".join(patterns))]
    assert found[0] == found[1]


def test_an_open_bracket_is_refused() -> None:
    with pytest.raises(ValueError, match="not closed"):
        guarded("(?:a|b")

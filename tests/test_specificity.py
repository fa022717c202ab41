"""Each row of the specificity table with its examples."""

from __future__ import annotations

import pytest

from flows.letters.rules.load import load_table
from flows.letters.specificity import is_specific

TABLE = load_table("specificity")


def plain(said: str) -> bool:
    return is_specific(said, dated=False, counted=False, conditional=False)


@pytest.mark.parametrize("row", TABLE["concrete"], ids=lambda row: row["id"])
def test_concrete(row: dict[str, list[str]]) -> None:
    assert [plain(said) for said in row["hits"]] == [True] * len(row["hits"])
    assert [plain(said) for said in row["misses"]] == [False] * len(row["misses"])


@pytest.mark.parametrize("row", TABLE["general"], ids=lambda row: row["id"])
def test_general(row: dict[str, list[str]]) -> None:
    assert [plain(said) for said in row["hits"]] == [False] * len(row["hits"])
    assert [plain(said) for said in row["misses"]] == [True] * len(row["misses"])


def test_a_day_a_number_or_a_condition_makes_it_specific() -> None:
    said = "进一步加强管理"
    assert not plain(said)
    assert is_specific(said, dated=True, counted=False, conditional=False)
    assert is_specific(said, dated=False, counted=True, conditional=False)
    assert is_specific(said, dated=False, counted=False, conditional=True)

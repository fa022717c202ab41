"""Every wording of the tables for layout, header, marks and mending does what its examples say."""

import re

import pytest

from flows.letters.rules.load import load_table
from flows.letters.script import simplified
from flows.letters.wordings import any_of, folded, patterns

_ROWS = [(table, row) for table in ("layout", "header") for row in load_table(table)["pattern"]]


@pytest.mark.parametrize(("table", "row"), _ROWS, ids=[f"{table}-{row['id']}" for table, row in _ROWS])
def test_a_pattern_finds_its_hits_and_leaves_its_misses(table: str, row: dict[str, object]) -> None:
    find = getattr(patterns(table)[str(row["id"])], str(row.get("how", "search")))
    hits, misses = row["hits"], row["misses"]
    assert [text for text in hits if not find(text)] == []  # type: ignore[attr-defined]
    assert [text for text in misses if find(text)] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["always", "disclosure"])
def test_a_mark_means_what_its_row_says(kind: str) -> None:
    wrong = []
    for row in load_table("outcomes")[kind]:
        wrong += [(row["means"], text) for text in row["hits"] if not re.search(row["pattern"], text)]
        wrong += [(row["means"], text) for text in row["misses"] if re.search(row["pattern"], text)]
    assert wrong == []


@pytest.mark.parametrize("kind", ["line", "page_number"])
def test_furniture_is_told_from_text(kind: str) -> None:
    wrong = []
    for row in load_table("mending")[kind]:
        wrong += [row["hits"]] * (not re.fullmatch(row["pattern"], simplified(row["hits"], always=True)))
        wrong += [row["misses"]] * bool(re.fullmatch(row["pattern"], row["misses"]))
    assert wrong == []


def test_a_label_is_named_once() -> None:
    names = [name for row in load_table("labels")["label"] for name in row["names"]]
    assert sorted(names) == sorted(set(names))


def test_folding_keeps_every_place() -> None:
    text = "（一）“甲”：乙，丙；丁！【戊】〔2024〕3号？"
    assert len(folded(text)) == len(text)
    assert folded(text) == "(一)“甲”:乙,丙;丁![戊][2024]3号?"


@pytest.mark.parametrize("table", ["header", "layout"])
def test_the_quick_look_at_an_ending_keeps_every_ending(table: str) -> None:
    first, endings = re.fullmatch(r"\(\?=\[(.+?)\]\)\(\?:(.+)\)", load_table(table)["parts"]["org_end"]).groups()  # type: ignore[union-attr]
    words = [re.sub(r"\(\?[^()]*\)", "", ending) for ending in endings.split("|")]
    assert {word[0] for word in words} == set(first)


def test_any_of_takes_what_one_of_its_patterns_takes() -> None:
    both = any_of("layout", "date_line", "signature_dated")
    assert both.fullmatch("2024年5月6日")
    assert both.fullmatch("禾川县住建局 2021年10月27日")
    assert both.fullmatch("禾川县住建局") is None
    assert both.groupindex == {}

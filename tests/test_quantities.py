"""Each row's examples, the table of whole statements, and numerals."""

from __future__ import annotations

import time
import tomllib
from datetime import date
from pathlib import Path

import pytest

from flows.letters import deadlines, quantities
from flows.letters.folding import fold
from flows.letters.numerals import number
from flows.letters.rules.load import load_table
from flows.letters.script import simplified

TABLE = load_table("quantities")
ON = date(2024, 5, 6)
SPECS = tomllib.loads((Path(__file__).parent / "specs" / "quantities.toml").read_text("utf-8"))
COMPARISONS = [(row["comparator"], row) for row in TABLE["before"] + TABLE["after"]]


def found(say: str) -> str:
    said = fold(say, traditional=simplified(say, always=True) != say)
    return "; ".join(
        f"{q.value} {q.unit} {q.comparator}" for q in quantities.find(said, deadlines.find(said, ON).taken)
    )


@pytest.mark.parametrize(("comparator", "row"), COMPARISONS)
def test_comparators(comparator: str, row: dict[str, list[dict[str, str]]]) -> None:
    for hit in row["hits"]:
        assert found(hit["say"]) == hit["found"]
    for miss in row["misses"]:
        assert comparator not in found(f"{miss}")


@pytest.mark.parametrize("row", TABLE["decoy"], ids=lambda row: row["id"])
def test_decoys(row: dict[str, list[str]]) -> None:
    for hit in row["hits"]:
        assert found(hit) == "", hit
    for miss in row["misses"]:
        assert found(miss) != "", miss


@pytest.mark.parametrize("row", SPECS["statement"], ids=lambda row: row["say"][:24])
def test_statement(row: dict[str, str]) -> None:
    assert found(row["say"]) == row["found"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42万", 420_000), ("1.86亿", 186_000_000), ("1,200", 1200), ("两", 2), ("二十五", 25), ("三百二十", 320),
        ("1亿2000万", 120_000_000), ("二〇三五", 2035), ("半", 0.5), ("两万", 20_000), ("三万五千", 35_000), ("十", 10),
        ("0.86", 0.86), ("百", 100),
        ("甲", None), ("", None),
    ],
)
def test_numerals(text: str, value: float | None) -> None:
    assert number(text) == value


def test_a_quantity_quotes_itself() -> None:
    text = "新增泊位不少于 3 20 个。"
    (quantity,) = quantities.find(fold(text))
    assert quantity.span is not None
    assert (quantity.span.quote(text), quantity.value) == ("不少于 3 20 个", 320)


@pytest.mark.parametrize("piece", ["1234567890", "三百二十", "新增12处，", "《“", "由3个提高到"])
@pytest.mark.usefixtures("no_collection")
def test_time_is_linear_in_the_text(piece: str) -> None:
    # Twice the text may take three times as long at most: a quadratic step would take four.
    def seconds(times: int) -> float:
        said, best = fold(piece * times), 9.0
        for _ in range(3):
            begun = time.process_time()
            quantities.find(said, deadlines.find(said, ON).taken)
            best = min(best, time.process_time() - begun)
        return best

    assert seconds(20_000) < 3 * seconds(10_000) + 0.005

"""Nothing is more public than its letter, and nobody's number leaves the archive."""

from __future__ import annotations

import re
from typing import Any

import pytest

from flows.letters import disclosure
from flows.letters.masking import COVER, Private, is_person, leaks, mask_record, mask_text, say_the_same
from flows.letters.rules.load import load_table
from tests.proof.letters_for_proof import letter

ROWS: list[dict[str, Any]] = load_table("masking")["mask"]


@pytest.mark.parametrize(("row", "hit"), [(row, hit) for row in ROWS for hit in row["hits"]])
def test_a_masking_row_covers_its_hits(row: dict[str, Any], hit: list[str]) -> None:
    text, expected = hit

    def cover(match: re.Match[str]) -> str:
        return match.group(0).replace(match.group("private"), COVER * len(match.group("private")))

    assert re.sub(row["pattern"], cover, text) == expected
    assert len(mask_text(text)) == len(text) and leaks(mask_text(text)) == []


@pytest.mark.parametrize(("row", "miss"), [(row, miss) for row in ROWS for miss in row["misses"]])
def test_a_masking_row_leaves_its_misses(row: dict[str, Any], miss: str) -> None:
    assert re.search(row["pattern"], miss) is None


@pytest.mark.parametrize("row", load_table("masking")["person"])
def test_bodies_are_no_persons(row: dict[str, Any]) -> None:
    assert not any(map(is_person, row["hits"]))
    assert all(map(is_person, row["misses"]))


@pytest.mark.parametrize(
    ("said", "level", "restricted"),
    [
        ("public_full", "public_full", False),
        ("public_summary", "public_summary", False),
        ("on_request", "on_request", True),
        ("not_public", "not_public", True),
        (None, "unmarked", False),
        ("unheard_of", "not_public", True),
    ],
)
def test_what_does_not_say_is_not_public(said: str | None, level: str, restricted: bool) -> None:
    found = disclosure.as_level(said)
    assert (found, disclosure.is_restricted(found)) == (level, restricted)


def test_a_masked_record_keeps_its_spans_and_loses_its_persons() -> None:
    _, text, record = letter(1)
    masked, covered = mask_record(record), mask_text(text.decode(), Private.of(record))
    assert len(covered) == len(text.decode())
    for statement in masked["statements"]:
        start, end = statement["span"]
        assert covered[start:end] == statement["text"] == record["statements"][0]["text"]
    told = f"{masked}{covered}"
    for private in ("13800001234", "王某某", "李某某"):
        assert private in f"{record}" and private not in told
    assert leaks(told, [Private.of(record)]) == []
    assert leaks(text.decode()) and leaks("李某某", [Private.of(record)]) == ["李某某"]


def test_a_name_printed_with_a_space_is_covered_too() -> None:
    private = Private(("陆某", "0001234"))
    covered = "＊＊＊、＊＊＊，分机＊＊＊＊＊＊＊，项目10001234号"
    assert mask_text("陆 某、陆　某，分机0001234，项目10001234号", private) == covered


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("可向王某某（13800001234）查询", "可向＊＊＊（＊＊＊＊＊＊＊＊＊＊＊）查询", True),
        ("可向＊＊＊（13800001234）查询", "可向王某某（＊＊＊＊＊＊＊＊＊＊＊）查询", True),
        ("年底前建成12处", "年底前建成13处", False),
        ("年底前建成12处", "年底前建成＊处", False),
    ],
)
def test_texts_say_the_same_where_only_the_cover_differs(one: str, other: str, same: bool) -> None:
    assert say_the_same(one, other) is same and say_the_same(other, one) is same

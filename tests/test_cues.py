"""Every row of the tables that statements are found with proves itself by its own examples."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

import pytest

from flows.letters.clauses import Clause
from flows.letters.cues import all_cues, cues_in, cues_of
from flows.letters.rules.load import load_table
from flows.letters.stance_frames import heading_tone
from flows.letters.stance_time import tenses_of

CUES: list[dict[str, Any]] = load_table("cues")["cue"]


def examples(kind: str) -> list[Any]:
    return [pytest.param(row["id"], text, id=f"{row['id']}-{text}") for row in CUES for text in row[kind]]


@pytest.mark.parametrize(("name", "clause"), examples("hits"))
def test_cue_is_found(name: str, clause: str) -> None:
    assert name in cues_of(clause)


@pytest.mark.parametrize(("name", "clause"), examples("misses"))
def test_cue_is_not_found(name: str, clause: str) -> None:
    assert name not in cues_of(clause)


def test_ids_are_unique() -> None:
    ids = [cue.id for cue in all_cues()]
    assert sorted(set(ids)) == sorted(ids)


@pytest.mark.parametrize("row", CUES, ids=lambda row: row["id"])
def test_decoys_hold_a_wording_of_some_row(row: dict[str, Any]) -> None:
    wordings = [wording for other in CUES for wording in other["surfaces"]]
    idle = [decoy for decoy in row.get("decoys", ()) if not any(wording in decoy for wording in wordings)]
    assert idle == []


@pytest.mark.parametrize("row", load_table("clauses")["enumerator"], ids=lambda row: row["id"])
def test_enumerators(row: dict[str, Any]) -> None:
    pattern = re.compile(row["pattern"])
    assert [text for text in row["hits"] if not pattern.match(text)] == []
    assert [text for text in row["misses"] if pattern.match(text)] == []


@pytest.mark.parametrize("row", load_table("frames")["heading"], ids=lambda row: row["tone"])
def test_headings(row: dict[str, Any]) -> None:
    assert {heading_tone(text) for text in row["hits"]} == {row["tone"]}
    assert [text for text in row["misses"] if heading_tone(text) == row["tone"]] == []


@pytest.mark.parametrize("row", load_table("tenses")["row"], ids=lambda row: row["id"])
def test_date_wordings(row: dict[str, Any]) -> None:
    pattern = re.compile(row["pattern"])
    assert [text for text in row["hits"] if not pattern.search(text)] == []
    assert [text for text in row["misses"] if pattern.search(text)] == []
    begins = re.compile(load_table("tenses")["begins"])
    assert [text for text in row["hits"] if not begins.match(pattern.search(text)[0])] == []  # type: ignore[index]


@pytest.mark.parametrize(
    ("text", "tense"),
    [
        ("2025年9月底前完工", "future"),
        ("2025年3月已完工", "past"),
        ("今年5月15日前完成", "future"),
        ("5月完成", "same"),
        ("到2025年覆盖率达到60%", "future"),
        ("2025年安排200万元", "same"),
        ("2023年安排200万元", "past"),
        ("明年3月底前", "future"),
        ("去年9月", "past"),
        ("“十四五”期间", "future"),
        ("“十三五”期间", "past"),
        ("三季度投用", "future"),
        ("一季度投用", "past"),
        ("三年内完成", "future"),
        ("完善制度", "-"),
    ],
)
def test_tense_is_seen_from_the_letters_date(text: str, tense: str) -> None:
    assert tenses_of(text, [Clause(0, len(text), "")], date(2025, 5, 20)) == [tense]


def test_without_a_letter_date_only_plain_words_tell_the_time() -> None:
    assert tenses_of("2025年9月底前完工", [Clause(0, 11, "")], None) == ["-"]
    assert tenses_of("明年完工", [Clause(0, 4, "")], None) == ["future"]


def test_each_cue_stands_in_its_clause() -> None:
    text = "目前正在编制方案，我局将于年底前印发"
    clauses = [Clause(0, 8, "，"), Clause(9, len(text), "")]
    assert [said.ids for said in cues_in(text, clauses)] == [("now", "doing"), ("will", "issued")]


def test_every_opening_word_is_short_enough_to_be_seen() -> None:
    frames = load_table("frames")
    assert {len(word) for word in (*frames["verb"]["words"], *frames["also"]["words"])} <= {1, 2, 3}

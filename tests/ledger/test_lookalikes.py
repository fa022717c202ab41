"""A letter that may be an earlier one again: recognised, asked about, held back until answered, never handed out twice."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

from flows.adapters import migrations
from flows.adapters.ledger_lookalikes import Decision, Verdict
from flows.adapters.sql_ledger import SqlLedger
from flows.letters.errors import StepRefused
from flows.letters.notices import hand_off
from flows.letters.routing import route
from tests.ledger.steps import LATER, NOW, TEA, enter, reissue
from tests.ledger.test_together import together
from tests.notices.ledger_samples import DIRECTORY, GOLD

TEXT = GOLD[0].with_name(GOLD[0].name.replace(".gold.json", ".txt")).read_text("utf-8")
FIRST = TEA["id"]


def misread(text: str, share: float = 0.03, seed: int = 1) -> str:
    chance = random.Random(seed)  # noqa: S311 - repeatable noise, no secret
    return "".join(chance.choice("的一是在不了有和人这") if chance.random() < share else char for char in text)


def scan(sha: str, number: str | None = None, **texts: str | None) -> dict[str, Any]:
    """The letter scanned: its number not readable (or misread), some words wrong."""
    made = reissue(TEA, sha, **({"s0": misread(TEA["statements"][0]["text"], 0.1, int(sha, 16))} | texts))
    made["header"]["document_number"], made["reader"] = number, {"ocr": True}
    return made


def printed(record: dict[str, Any]) -> dict[str, Any]:
    return copy.deepcopy(record) | {"reader": {"ocr": False}}


def answer(ledger: SqlLedger, record: dict[str, Any], verdict: Verdict, at: str = LATER) -> bool:
    asked = ledger.lookalike(record["id"])
    other_id = asked["other_id"] if asked else ""
    assignments = route(record, DIRECTORY)
    told = Decision(record["id"], other_id, verdict, "督查室 王某", at, "逐页比对")
    return ledger.decide_lookalike(told, record, assignments, hand_off(record, assignments, DIRECTORY))


@pytest.fixture
def asked(ledger: SqlLedger) -> SqlLedger:
    """A ledger with the letter, and its scan waiting for an answer."""
    enter(ledger, printed(TEA), text=TEXT)
    enter(ledger, scan("aa"), LATER, misread(TEXT))
    return ledger


def handed_out(ledger: SqlLedger) -> tuple[int, int]:
    counts = ledger.counts()
    return counts["commitments"], counts["notices.queued"]


def test_the_same_text_in_another_file_is_known_though_it_was_read_otherwise(ledger: SqlLedger) -> None:
    enter(ledger, printed(TEA), text=TEXT)
    before = handed_out(ledger)
    other = scan("aa", s1=None)
    enter(ledger, other, LATER, TEXT.replace("\n", "\r\n\r\n"))
    enter(ledger, other, LATER, TEXT.replace("\n", "\r\n\r\n"))
    assert handed_out(ledger) == before
    assert ledger.standing(other["id"]).kind == "same"
    assert ledger.standing(other["id"]).other["id"] == FIRST  # type: ignore[index]
    assert (ledger.counts()["letters"], ledger.counts()["letters.same"], ledger.open_lookalikes()) == (2, 1, [])


def test_a_scan_is_asked_about_and_brings_nothing_before_the_answer(asked: SqlLedger) -> None:
    before = handed_out(asked)
    enter(asked, scan("aa"), LATER, misread(TEXT))  # the process died, and came again
    assert handed_out(asked) == before
    (question,) = asked.open_lookalikes()
    assert (question["letter"]["id"], question["other"]["id"]) == ("Laa", FIRST)
    assert 50 <= question["percent"] < 100
    assert asked.standing("Laa").kind == "asked"
    assert asked.counts()["lookalikes"] == 1
    assert {row["letter_id"] for row in asked.rows()} == {FIRST}


def test_same_links_it_and_brings_nothing(asked: SqlLedger) -> None:
    before = handed_out(asked)
    assert answer(asked, scan("aa"), "same")
    length = asked.check_history()
    assert not answer(asked, scan("aa"), "same", "2026-03-09T01:00:00Z")
    enter(asked, scan("aa"), LATER, misread(TEXT))
    assert (handed_out(asked), asked.check_history(), asked.open_lookalikes()) == (before, length, [])
    assert asked.standing("Laa").kind == "same"
    told = asked.lookalike("Laa")
    assert told is not None
    assert (told["answer"], told["answered_by"], told["answered_at"], told["reason"]) == (
        "same", "督查室 王某", LATER, "逐页比对",
    )  # fmt: skip


def test_different_hands_it_out_once(asked: SqlLedger) -> None:
    commitments, notices = handed_out(asked)
    assert answer(asked, scan("aa"), "different")
    assert not answer(asked, scan("aa"), "different")
    enter(asked, scan("aa"), LATER, misread(TEXT))
    assert handed_out(asked) == (2 * commitments, 2 * notices)
    assert asked.standing("Laa").kind == "own"
    with pytest.raises(StepRefused, match="不能更改"):
        answer(asked, scan("aa"), "same")


def test_a_corrected_reissue_supersedes_and_what_it_repeats_goes_on(asked: SqlLedger) -> None:
    _, notices = handed_out(asked)
    assert answer(asked, scan("aa"), "version")
    states = {row["id"]: row["state"] for row in asked.rows()}
    assert all(state == "superseded" for one, state in states.items() if not one.startswith("Caa"))
    again = {one for one, state in states.items() if one.startswith("Caa") and state == "issued"}
    fresh = {notice.commitment_id for notice in asked.queued()} & again
    assert fresh <= {"Caa000"}  # only what the scan says otherwise is handed out anew
    assert len(again) > 1
    assert asked.standing("Laa").kind == "version"
    assert asked.lookalike("Laa")["answer"] == "version"  # type: ignore[index]
    assert asked.counts()["notices.queued"] <= notices + 2


def test_a_wrong_same_is_taken_back_and_its_copies_follow(asked: SqlLedger) -> None:
    answer(asked, scan("aa"), "same")
    enter(asked, scan("bb", s1=None), LATER, misread(TEXT))  # a second file of the scan
    assert asked.standing("Lbb").other["id"] == FIRST  # type: ignore[index]
    assert answer(asked, scan("aa"), "different")
    assert {row["letter_id"] for row in asked.rows()} == {FIRST, "Laa"}
    assert asked.standing("Lbb").other["id"] == "Laa"  # type: ignore[index]


def test_a_new_printing_of_a_letter_in_question_is_in_question_too(ledger: SqlLedger) -> None:
    enter(ledger, printed(TEA), text=TEXT)
    enter(ledger, printed(scan("aa", "浙提〔2026〕1号")), LATER, misread(TEXT))
    enter(ledger, printed(scan("bb", "浙提〔2026〕1号", s0="另一句")), LATER, misread(TEXT, seed=2))
    assert [row["letter"]["id"] for row in ledger.open_lookalikes()] == ["Lbb"]
    assert ledger.lookalike("Laa")["answer"] == "superseded"  # type: ignore[index]
    assert {row["letter_id"] for row in ledger.rows()} == {FIRST}


def test_a_scan_of_the_same_number_is_asked_about_a_printed_reissue_is_a_new_version(ledger: SqlLedger) -> None:
    number = TEA["header"]["document_number"]
    enter(ledger, printed(TEA), text=TEXT)
    before = handed_out(ledger)
    enter(ledger, scan("aa", number), LATER, misread(TEXT))
    assert (handed_out(ledger), ledger.standing("Laa").kind) == (before, "asked")
    again = printed(reissue(TEA, "bb", s1="于2026年底前建成茶叶交易市场1个"))
    enter(ledger, again, LATER, TEXT.replace("茶", "茶叶"))
    assert (ledger.standing("Lbb").kind, ledger.standing("Lbb").other["id"]) == ("version", FIRST)  # type: ignore[index]
    assert answer(ledger, scan("aa", number), "same")
    assert {row["letter_id"] for row in ledger.rows() if row["state"] != "superseded"} == {"Lbb"}


def test_a_print_of_what_was_scanned_takes_its_place_when_a_person_says_so(ledger: SqlLedger) -> None:
    number = TEA["header"]["document_number"]
    enter(ledger, scan("aa", number), text=misread(TEXT))
    enter(ledger, printed(TEA), LATER, TEXT)
    assert ledger.standing(FIRST).kind == "asked"
    answer(ledger, printed(TEA), "version")
    assert {row["letter_id"] for row in ledger.rows() if row["state"] != "superseded"} == {FIRST}


def test_what_nobody_asked_cannot_be_answered(ledger: SqlLedger) -> None:
    enter(ledger, printed(TEA), text=TEXT)
    with pytest.raises(StepRefused, match="没有待确认"):
        answer(ledger, TEA, "same")


def test_of_a_letter_and_its_scan_that_come_together_one_is_asked_about(ledger: SqlLedger, url: str) -> None:
    scans = [scan(sha) for sha in ("aa", "bb", "cc", "dd")]
    together(url, *[lambda mine, one=one, n=n: enter(mine, one, NOW, misread(TEXT, 0.01, n)) for n, one in enumerate(scans)])
    assert len(ledger.open_lookalikes()) == 3
    assert len({row["letter_id"] for row in ledger.rows()}) == 1


def test_two_who_answer_at_once_hand_out_once(asked: SqlLedger, url: str) -> None:
    commitments, notices = handed_out(asked)
    given = together(url, *[lambda mine: answer(mine, scan("aa"), "different")] * 3)
    assert sorted(given) == [False, False, True]
    assert handed_out(asked) == (2 * commitments, 2 * notices)


def test_letters_in_the_form_of_an_office_are_not_asked_about_for_ever_a_scan_of_one_is(ledger: SqlLedger) -> None:
    """Four fifths of each are the same words, none says on which proposal it is."""
    form, words = TEXT, "".join(path.with_name(path.name.replace(".gold.json", ".txt")).read_text("utf-8") for path in GOLD[1:9])
    chance = random.Random(1)  # noqa: S311 - repeatable noise, no secret
    texts = [form + "".join(chance.choices(words, k=len(form) // 4)) for _ in range(40)]
    asked = []
    for number, text in enumerate(texts):
        record = printed(reissue(TEA, f"{number:02x}")) | {"statements": []}
        record["original"]["sha256"] = f"{number:064x}"
        record["header"] |= {"document_number": f"浙农提〔2026〕{number}号", "proposal": None}
        enter(ledger, record, text=text)
        asked += [number] if ledger.standing(record["id"]).kind == "asked" else []
    assert len(asked) <= 3
    enter(ledger, scan("ff", "浙农提〔2026〕700号"), LATER, misread(texts[33], 0.02))
    (*_, question) = ledger.open_lookalikes()
    assert (question["letter"]["id"], question["other"]["id"]) == ("Lff", "L21")


def test_letters_of_which_nothing_could_be_read_are_not_the_same(ledger: SqlLedger) -> None:
    """Else what better rules read in the second one would never be handed out."""
    for sha in ("aa", "bb"):
        made = scan(sha)
        made["statements"], made["header"] = [], made["header"] | {"title": None, "date": None, "issuers": []}
        enter(ledger, made, text=chr(0x4E00 + int(sha, 16)) * 40)
    assert [ledger.standing(one).kind for one in ("Laa", "Lbb")] == ["own", "own"]


def test_a_ledger_of_the_first_schema_is_brought_along_and_its_letters_are_compared_once_read_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ledger.db'}"
    engine, config = sa.create_engine(url), Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        sha256 = TEA["original"]["sha256"]
        seen = {"name": "a", "state": "cleared", "attempts": 1, "received_at": NOW, "changed_at": NOW}
        entered = {"id": FIRST, "rules_version": "r0", "letter_type": "reply", "original_key": "o", "record_key": "r"}
        entered |= {"problems": 0, "fingerprint": "f", "version": 1, "entered_at": NOW, "year": 2026}
        for table, row in (("intake", seen), ("letters", entered)):
            columns = {"sha256": sha256} | row
            names = ", ".join(columns)
            values = ", ".join(f":{name}" for name in columns)
            connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({values})"), columns)  # noqa: S608
    engine.dispose()
    ledger = SqlLedger(url)
    ledger.create()
    enter(ledger, scan("aa"), LATER, misread(TEXT))
    assert ledger.standing("Laa").kind == "own"  # nothing is known of the old letter's text
    enter(ledger, printed(TEA), LATER, TEXT)
    enter(ledger, scan("bb"), LATER, misread(TEXT, seed=7))
    assert ledger.standing("Lbb").kind == "asked"
    ledger.close()

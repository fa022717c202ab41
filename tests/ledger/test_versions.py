"""Letters come again: as the same words, as a new printing, under new rules; nothing is lost or doubled."""

from __future__ import annotations

import copy

from flows.adapters.sql_ledger import SqlLedger
from tests.ledger.steps import LATER, NOW, TEA, TEA_LEAD, enter, reissue, take

FIRST = TEA["statements"][0]["id"]


def test_the_same_words_in_another_file_are_linked_and_bring_no_second_row(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    before = ledger.counts()
    enter(ledger, reissue(TEA, "aa"), LATER)
    after = ledger.counts()
    assert (after["commitments"], after["notices.queued"]) == (before["commitments"], before["notices.queued"])
    twin = ledger.find("Laa")
    assert twin is not None
    assert twin["same_as"] == TEA["id"]
    assert ledger.find(TEA["header"]["document_number"])["id"] == TEA["id"]  # type: ignore[index]


def test_a_new_printing_supersedes_and_what_it_repeats_goes_on(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    take(ledger, FIRST, "sign", party="owner", agency_id=TEA_LEAD, by="张某", responsible="张某")
    queued = ledger.counts()["notices.queued"]
    enter(ledger, reissue(TEA, "aa", s1="于2026年底前建成茶叶交易市场1个"), LATER)
    states = {row["id"]: row["state"] for row in ledger.rows()}
    old = [s["id"] for s in TEA["statements"] if s["stance"] in ("pledged", "conditional")]
    assert [states[one] for one in old] == ["superseded"] * len(old)
    assert states["Caa000"] == "signed"
    assert states["Caa001"] == "issued"
    heir = ledger.commitment("Caa000")
    assert heir is not None
    assert (heir["responsible"], heir["signed_on"]) == ("张某", "2026-03-03")
    assert [owner["signed_on"] for owner in ledger.owners_of("Caa000")] == ["2026-03-03", None]
    assert ledger.commitment(FIRST)["superseded_by"] == "Caa000"  # type: ignore[index]
    told_again = {notice.commitment_id for notice in ledger.queued() if notice.commitment_id not in old}
    assert told_again == {"Caa001"}
    assert ledger.counts()["notices.queued"] > queued
    newest = ledger.find(TEA["header"]["document_number"])
    assert newest is not None
    assert (newest["id"], newest["version"], newest["supersedes"]) == ("Laa", 2, TEA["id"])


def test_an_older_printing_that_comes_in_late_is_kept_and_routes_nothing(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    old = reissue(TEA, "aa", s1=None)
    old["header"]["date"] = "2020-01-01"
    before = ledger.counts()
    enter(ledger, old, LATER)
    after = ledger.counts()
    assert (after["letters"], after["commitments"], after["notices.queued"]) == (
        before["letters"] + 1, before["commitments"], before["notices.queued"],
    )  # fmt: skip
    assert ledger.find(TEA["header"]["document_number"])["id"] == TEA["id"]  # type: ignore[index]


def test_read_under_new_rules_what_is_new_comes_in_and_what_is_gone_is_withdrawn(ledger: SqlLedger) -> None:
    record = copy.deepcopy(TEA)
    record["statements"][0]["confidence"] = 0.2  # asked first: nobody acted on it
    enter(ledger, record)
    again = copy.deepcopy(TEA)
    again["rules_version"] = "r2"
    added = copy.deepcopy(again["statements"][1]) | {"id": "Cnew", "text": "2026年建成冷库3座"}
    again["statements"] = [*again["statements"][1:], added]
    enter(ledger, again, LATER)
    enter(ledger, again, LATER)
    states = {row["id"]: row["state"] for row in ledger.rows()}
    assert states[FIRST] == "withdrawn"
    assert states["Cnew"] == "issued"
    assert [event["action"] for event in ledger.history_of(FIRST)] == ["propose", "withdraw"]
    assert [event["action"] for event in ledger.history_of("Cnew")] == ["propose", "issue"]
    assert ledger.letter_of(TEA["original"]["sha256"])["rules_version"] == "r2"  # type: ignore[index]


def test_entering_twice_writes_history_once(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    first = ledger.check_history()
    enter(ledger, TEA, LATER)
    assert ledger.check_history() == first
    assert first[0] == 1 + 2 * ledger.counts()["commitments"]
    assert ledger.history_of(FIRST)[0]["at"] == NOW

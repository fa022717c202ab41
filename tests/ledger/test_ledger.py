"""The ledger: what is written twice counts once, and what is down says so."""

from pathlib import Path

import pytest

from flows.adapters.sql_ledger import SqlLedger
from flows.letters.errors import Unavailable
from flows.letters.model import Assignment, Notice
from flows.ports import Receipt

SHA = "ab" * 32
NOW, LATER = "2026-11-24T08:00:00Z", "2026-11-24T09:00:00Z"


def owner(role: str, agency_id: str | None) -> dict[str, object]:
    return {"mention": "区水务局", "name": agency_id and "某区水务局", "agency_id": agency_id, "role": role, "basis": "named"}


def statement(number: int, stance: str, agency_id: str | None) -> dict[str, object]:
    return {
        "id": f"L1-{number}", "text": "年底前建成泵站2座", "span": [10, 19], "page": 1, "section": None, "stance": stance,
        "specific": True, "cues": [], "confidence": 0.9, "owners": [owner("lead", agency_id)], "quantities": [],
        "deadline": {"text": "年底前", "date": "2026-12-31", "precision": "year", "provenance": "stated"},
    }  # fmt: skip


RECORD = {
    "id": "L1",
    "rules_version": "r1",
    "original": {"sha256": SHA},
    "header": {
        "letter_type": "reply", "document_number": "某水函〔2026〕1号", "title": "答复", "issuers": ["某区水务局"],
        "date": "2026-05-06", "disclosure_normalised": None, "addressees": [], "contacts": [],
    },
    "statements": [statement(1, "pledged", "w"), statement(2, "ongoing", "w"), statement(3, "conditional", None)],
    "problems": [],
}  # fmt: skip


def enter(ledger: SqlLedger) -> None:
    ledger.enter(
        RECORD,
        original=Receipt("originals/x", SHA, 3, "v1"),
        filed=Receipt("records/x", SHA, 3, "v1"),
        assignments=[
            Assignment("L1-1", "w", "区水务局", "lead"),
            Assignment("L1-3", None, "区水务局", "lead", "review"),
        ],
        queued=[Notice("L1-1-w", "w", "L1-1", "lead", "{}", "<p>")],
        now=NOW,
    )


def test_a_letter_entered_twice_counts_once(ledger: SqlLedger) -> None:
    ledger.see(SHA, "a.txt", "inbox/a.txt", NOW)
    enter(ledger)
    enter(ledger)
    assert ledger.counts() == {
        "intake.entered": 1, "notices.queued": 1, "letters": 1, "commitments": 2, "unresolved": 1, "duplicates": 0,
        "letters.same": 0, "lookalikes": 0,
    }  # fmt: skip
    assert [(row["id"], row["state"]) for row in ledger.rows()] == [("L1-1", "issued"), ("L1-3", "proposed")]
    assert [question["mention"] for question in ledger.open_questions()] == ["区水务局"]


def test_the_first_time_seen_stays_the_time_of_receipt(ledger: SqlLedger) -> None:
    first = ledger.see(SHA, "a.txt", "inbox/a.txt", NOW)
    again = ledger.see(SHA, "a.txt", "inbox/a.txt", LATER)
    assert (first.received_at, again.received_at) == (NOW, NOW)
    assert (ledger.attempt(SHA, NOW), ledger.attempt(SHA, LATER)) == (1, 2)
    assert ledger.counts()["duplicates"] == 0


def test_the_same_bytes_after_the_inbox_was_cleared_are_a_duplicate(ledger: SqlLedger) -> None:
    ledger.see(SHA, "a.txt", "inbox/a.txt", NOW)
    enter(ledger)
    ledger.mark(SHA, "cleared", NOW)
    assert ledger.see(SHA, "b.txt", "inbox/b.txt", LATER).state == "cleared"
    assert ledger.counts()["duplicates"] == 1
    enter(ledger)
    assert ledger.counts()["intake.cleared"] == 1


def test_a_notice_leaves_the_queue_only_when_marked_sent(ledger: SqlLedger) -> None:
    ledger.see(SHA, "a.txt", "inbox/a.txt", NOW)
    enter(ledger)
    ledger.not_sent("L1-1-w", "mail server down")
    assert [n.id for n in ledger.queued("L1")] == ["L1-1-w"]
    ledger.sent([("L1-1-w", "outbox/w/L1-1-w.json")], LATER)
    assert ledger.queued() == []
    assert ledger.counts()["notices.sent"] == 1


@pytest.mark.parametrize("wanted", ["L1", SHA, "某水函〔2026〕1号", "L1-3"])
def test_a_letter_is_found_by_any_of_its_names(ledger: SqlLedger, wanted: str) -> None:
    ledger.see(SHA, "a.txt", "inbox/a.txt", NOW)
    enter(ledger)
    found = ledger.find(wanted)
    assert found is not None
    assert found["id"] == "L1"


def test_a_ledger_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").mkdir()
    broken = SqlLedger(f"sqlite:///{tmp_path / 'ledger.db'}")
    with pytest.raises(Unavailable, match="ledger"):
        broken.create()

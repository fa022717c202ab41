"""Several processes at one ledger: nothing is doubled, the history stays one chain, a notice is in one hand at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flows.adapters.sql_ledger import SqlLedger
from flows.letters.errors import ChangedMeanwhile, StepRefused
from tests.ledger.steps import NOW, TEA, TEA_LEAD, enter, take
from tests.notices.ledger_samples import GOLD, record_of

ONE = TEA["statements"][0]["id"]


def together(url: str, *deeds: Callable[[SqlLedger], Any]) -> list[Any]:
    """Every deed at the same moment, each on its own connection; what each gave, or its error."""
    gate = Barrier(len(deeds))

    def run(deed: Callable[[SqlLedger], Any]) -> Any:
        mine = SqlLedger(url)
        gate.wait()
        try:
            return deed(mine)
        except (ChangedMeanwhile, StepRefused) as fault:
            return fault
        finally:
            mine.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(run, deeds))


def test_the_same_letter_entered_by_four_counts_once(ledger: SqlLedger, url: str) -> None:
    together(url, *[lambda mine: enter(mine, TEA)] * 4)
    counts = ledger.counts()
    assert (counts["letters"], ledger.check_history()[0]) == (1, 1 + 2 * counts["commitments"])


def test_letters_entered_side_by_side_make_one_history(ledger: SqlLedger, url: str) -> None:
    records = [record_of(path) for path in GOLD[:6]]
    together(url, *[lambda mine, record=record: enter(mine, record) for record in records])
    assert ledger.counts()["letters"] == 6
    assert ledger.check_history()[0] > 6


def test_of_two_who_sign_at_once_one_is_told(ledger: SqlLedger, url: str) -> None:
    enter(ledger, TEA)

    def sign(mine: SqlLedger) -> str:
        return take(mine, ONE, "object", party="owner", agency_id=TEA_LEAD, by="张某", reason="非本局职责")

    given = together(url, sign, sign, sign)
    assert [one for one in given if isinstance(one, str)] == ["objected"]
    assert [event["action"] for event in ledger.history_of(ONE)] == ["propose", "issue", "object"]
    ledger.check_history()


def test_a_notice_is_in_one_hand_at_a_time(ledger: SqlLedger, url: str) -> None:
    enter(ledger, TEA)
    first = ledger.queued()[0].id
    until = "2026-03-02T01:02:00Z"
    given = together(url, *[lambda mine, by=by: mine.claim(first, by, NOW, until) for by in ("d1", "d2", "d3", "d4")])
    assert [one.id for one in given if one is not None] == [first]
    assert first not in {notice.id for notice in ledger.queued(now=NOW)}
    assert ledger.claim(first, "d5", until, "2026-03-02T01:04:00Z")

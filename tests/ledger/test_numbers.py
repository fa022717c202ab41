"""The office's numbers: one series a year for each kind of paper, without gaps, each given once and kept."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date

import pytest
import sqlalchemy as sa

from flows.adapters.ledger_tables import notices
from flows.adapters.sql_ledger import SqlLedger
from flows.commands.show import papers_about
from flows.delivery import Channels, deliver_waiting
from flows.letters.errors import Unavailable
from flows.letters.follow_up import about
from flows.letters.model import Notice
from flows.letters.notices import hand_off, parts_of
from flows.letters.papers import number_of
from flows.letters.routing import route
from flows.letters.rules.load import load_table
from flows.letters.sheets import Templates, docx, pdf
from tests.ledger.steps import NOW, TEA, TEA_LEAD, enter, without_gaps
from tests.ledger.test_together import together
from tests.notices.ledger_samples import DIRECTORY, GOLD, record_of
from tests.notices.test_papers import text_of_docx, text_of_pdf

UNTIL, LATER = "2026-03-02T01:02:00Z", "2026-03-02T02:00:00Z"


class Receiver:
    """Keeps what came, first things first; ``down`` for the first so many calls."""

    def __init__(self, down: int = 0) -> None:
        self.came: list[Notice] = []
        self.down = down

    def deliver(self, notice: Notice) -> str:
        self.came.append(notice)
        if len(self.came) <= self.down:
            raise Unavailable("down")
        return "here"

    def channels(self) -> Channels:
        return Channels({"here": self}, lambda agency_id: "here")


def numbers(came: Iterable[Notice]) -> list[str]:
    return [number_of(json.loads(notice.event)) for notice in came]


def reminder(ledger: SqlLedger, occasion: str, day: str) -> Notice:
    row = ledger.rows()[0]
    to = (TEA_LEAD, "瓯溪县农业农村局")
    return about(row, "reminder", to, day=date.fromisoformat(day), occasion=occasion, stage="near")


def test_each_kind_of_paper_has_its_own_series_each_year(ledger: SqlLedger) -> None:
    for path in GOLD[:3]:
        enter(ledger, record_of(path))
    handed = len(ledger.queued())
    told = [reminder(ledger, *one) for one in (("a", "2026-11-02"), ("b", "2026-12-30"), ("c", "2027-01-04"))]
    ledger.queue(told, NOW)
    box = Receiver()
    deliver_waiting(ledger, box.channels(), NOW)
    given = sorted(numbers(box.came), key=parts_of)
    assert given == [
        *(f"督交〔2026〕{serial}号" for serial in range(1, handed + 1)), "督催〔2026〕1号", "督催〔2026〕2号", "督催〔2027〕1号",
    ]  # fmt: skip


def test_the_paper_shows_the_number_and_counts_once_by_its_id(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    box = Receiver()
    waiting = ledger.queued()
    deliver_waiting(ledger, box.channels(), NOW)
    for notice in box.came:
        event = json.loads(notice.event)
        number = event["data"]["number"]
        assert event["id"] == notice.id and notice.number == number
        assert number in notice.sheet and notice.id not in notice.sheet
        assert number in text_of_docx(docx(event, "")) and number in text_of_pdf(pdf(event, ""))
        assert ledger.notice(number) == ledger.notice(notice.id) == notice
    assert {notice.id for notice in box.came} == {notice.id for notice in waiting}


def test_nothing_that_runs_again_takes_a_second_number(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    box = Receiver(down=1)
    for moment in (NOW, LATER, "2026-03-02T03:00:00Z"):
        deliver_waiting(ledger, box.channels(), moment)
        enter(ledger, TEA)
    first, again = [notice for notice in box.came if notice.id == box.came[0].id]
    assert first == again  # tried twice under one number, though others went out between
    enter(ledger, record_of(GOLD[1]))
    deliver_waiting(ledger, box.channels(), "2026-03-03T01:00:00Z")
    assert without_gaps(set(numbers(box.came)))
    assert len(set(numbers(box.came))) == len({notice.id for notice in box.came})


def test_who_dies_with_a_notice_in_hand_leaves_its_number_to_it(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    one = ledger.queued()[0]
    taken = ledger.claim(one.id, "d1", NOW, UNTIL)
    assert taken is not None and taken.number == "督交〔2026〕1号"
    assert ledger.claim(one.id, "d2", UNTIL, "2026-03-02T01:04:00Z") == taken
    assert ledger.queued()[0] == taken


def test_many_at_once_leave_no_gap_and_give_nothing_twice(ledger: SqlLedger, url: str) -> None:
    for path in GOLD[:6]:
        enter(ledger, record_of(path))
    ids = [notice.id for notice in ledger.queued()]
    assert len(ids) >= 8

    def deliver(mine: SqlLedger, start: int) -> list[Notice | None]:
        return [mine.claim(one, f"d{start}", NOW, UNTIL) for one in ids[start:] + ids[:start]]

    given = together(url, *[lambda mine, start=start: deliver(mine, start) for start in (0, 2, 4, 6)])
    taken = [notice for each in given for notice in each if notice is not None]
    assert len(taken) == len(ids)
    assert without_gaps(numbers(taken))


def test_a_parcel_has_one_number_and_its_parts_have_none(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    ledger.queue([reminder(ledger, one, "2026-03-02") for one in "abc"], NOW)
    box = Receiver()
    parts = [notice for notice in ledger.queued() if notice.agency_id == TEA_LEAD]
    deliver_waiting(ledger, box.channels(), NOW, bundled=lambda agency_id: True)
    assert box.came == []
    deliver_waiting(ledger, box.channels(), NOW, bundled=lambda agency_id: True, bundle_now=True)
    (parcel,) = [notice for notice in box.came if notice.agency_id == TEA_LEAD]
    assert (parcel.kind, parcel.series) == ("bundle", "督交〔2026〕")
    assert without_gaps(numbers(box.came))
    assert {found.number for part in parts if (found := ledger.notice(part.id))} == {None}


def test_the_papers_about_a_commitment_are_told_by_their_numbers(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    ledger.queue([reminder(ledger, "a", "2026-03-02")], NOW)
    one = ledger.rows()[0]["id"]
    assert all(line.endswith("尚未发出") for line in papers_about(ledger, one))
    box = Receiver()
    deliver_waiting(ledger, box.channels(), NOW, bundled=lambda agency_id: agency_id == TEA_LEAD, bundle_now=True)
    (parcel,) = [notice for notice in box.came if notice.kind == "bundle"]
    mine = [line for line in papers_about(ledger, one) if "农业农村局" in line]
    assert len(mine) == 2
    for line in mine:
        assert line.startswith(f"{parcel.number}　承诺事项") and line.endswith("2026-03-02发出")


def test_what_was_tried_alone_goes_on_alone_under_its_number(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    box = Receiver(down=1)
    deliver_waiting(ledger, box.channels(), NOW)  # the one channel is down: one was tried, the others wait
    deliver_waiting(ledger, box.channels(), LATER, bundled=lambda agency_id: True, bundle_now=True)
    tried = [notice for notice in box.came if notice.id == box.came[0].id]
    assert len(tried) == 2 and without_gaps(set(numbers(box.came)))


def test_a_site_numbers_under_its_own_code(ledger: SqlLedger) -> None:
    assignments = route(TEA, DIRECTORY)
    made = hand_off(TEA, assignments, DIRECTORY, Templates(code="瓯督"))
    assert {notice.series for notice in made} == {"瓯督交〔2026〕"}


def test_a_notice_from_before_keeps_its_old_number(ledger: SqlLedger, url: str) -> None:
    enter(ledger, TEA)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.update(notices).values(series=None))
    engine.dispose()
    box = Receiver()
    deliver_waiting(ledger, box.channels(), NOW)
    assert numbers(box.came) == [notice.id for notice in box.came]
    assert all(notice.id in notice.sheet for notice in box.came)


def test_what_the_archive_says_was_sent_keeps_its_number_and_the_series_goes_on(ledger: SqlLedger) -> None:
    enter(ledger, TEA)
    one, *others = ledger.queued()
    for number in ("督交〔2026〕41号", "督交〔2026〕7号"):
        ledger.put_number(one.id, number, one.event, one.sheet)
    taken = ledger.claim(others[0].id, "d1", NOW, UNTIL)
    assert taken is not None and taken.number == "督交〔2026〕42号"


@pytest.mark.parametrize("row", load_table("notices")["notice"], ids=lambda row: f"{row['kind']}-{row.get('stage')}")
def test_a_number_can_be_taken_apart(row: dict[str, str]) -> None:
    words = load_table("notices")["numbers"]
    name = words["series"].format(office=words["office"], word=row["word"], year=2026)
    assert parts_of(words["number"].format(series=name, serial=120)) == (name, 120)
    with pytest.raises(ValueError, match="no number"):
        parts_of(name.replace("2026", ""))

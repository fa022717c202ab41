"""Thirty letters over two years through the real flows: Prefect, SeaweedFS, PostgreSQL, a mail server; the clock is turned.

One system lives through the two years once; every test looks at what is left of them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from flows import wiring
from flows.adapters.ledger_copy import LedgerCopy
from flows.ledger_archive import archived_rows
from flows.letters.lifecycle import final_states
from flows.letters.masking import is_person
from flows.letters.notices import parts_of, wording
from flows.letters.rules.load import load_table
from flows.letters.schema_check import schema_faults, shipped
from flows.letters.sheets import docx, pdf
from flows.letters.workbook import cohorts
from flows.letters.workdays import WorkCalendar
from flows.ports import original_key
from tests.ledger.steps import without_gaps
from tests.story.house import House, house
from tests.story.letters import Letter, Promise, letters
from tests.story.office import LAST, OFFICE, Office

# A busy machine takes its time over two years.
pytestmark = pytest.mark.timeout(900)
YEARLY = ("carry_over", "annual_list")


@dataclass(frozen=True)
class Story:
    """The two years when they are over; ``events``: every notice there is, as its event."""

    office: Office
    house: House
    letters: list[Letter]
    events: list[dict[str, Any]]

    def promises(self) -> Iterator[tuple[Letter, Promise, dict[str, Any]]]:
        """Every promise with the row it has in the ledger."""
        for letter in self.letters:
            for promise in letter.promises:
                yield letter, promise, self.office.row(letter.document, promise)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The two years, lived through once."""
    with house(tmp_path_factory.mktemp("story")) as running:
        office, coming = Office(running), letters()
        office.live(coming)
        copy = LedgerCopy(running.settings.database_url)
        events = [json.loads(str(row.columns["event"])) for row in copy.rows() if row.table == "notices"]
        copy.close()
        yield Story(office, running, coming, events)


def test_everything_that_can_happen_happened(story: Story) -> None:
    office, counts = story.office, story.house.ledger.counts()
    assert (counts["letters"], counts["duplicates"], counts["intake.cleared"]) == (30, 1, 30)
    assert story.house.ledger.states() == {
        "closed": 23, "overdue": 3, "in_progress": 3, "not_fulfilled": 2, "superseded": 1,
    }  # fmt: skip
    deeds = "sign object reassign uphold progress extend grant refuse done return verify rate close fail issue"
    assert set(office.deeds) == set(deeds.split())
    said = {"/".join(filter(None, (e["data"]["kind"], e["data"].get("stage")))) for e in story.events}
    rows = {"/".join(filter(None, (row["kind"], row.get("stage")))) for row in load_table("notices")["notice"]}
    assert rows - said == {"bundle", "withdrawal", "reminder/quiet", "reminder/undecided"}
    assert story.house.ledger.check_history()[0] > 300


def test_every_flow_ran_in_prefect_and_ended_as_it_said(story: Story) -> None:
    runs: list[dict[str, Any]] = []
    while page := story.house.api("/flow_runs/filter", {"limit": 200, "offset": len(runs), "sort": "ID_DESC"}):
        runs += page
    flows = {flow["id"]: flow["name"] for flow in story.house.api("/flows/filter", {"limit": 200})}
    found = Counter((flows[run["flow_id"]], run["state"]["type"]) for run in runs)
    letter_days = len({letter.day for letter in story.letters})
    own = {key: count for key, count in found.items() if key[0] != "process-letter"}
    assert own == dict(story.house.asked)
    assert found["process-letter", "COMPLETED"] == letter_days == story.house.asked["sweep-inbox", "COMPLETED"]
    assert {key: count for key, count in story.house.asked.items() if key[1] != "COMPLETED"} == {
        ("answer-commitment", "FAILED"): Counter(p.way for _, p, _ in story.promises())["keen"]
    }
    assert all(run["parameters"].get("today") for run in runs)
    again = [run for run in runs if run["run_count"] > 1]
    assert story.office.deaths == story.house.postman.killed == 3
    assert len(again) + found["process-letter", "CRASHED"] >= 3
    tasks = story.house.api("/task_runs/count", {"task_runs": {"name": {"like_": "来函"}}})
    assert tasks >= 1


def test_originals_records_and_texts_are_in_the_store(story: Story) -> None:
    settings = story.house.settings
    public, restricted = wiring.archive(settings), wiring.archive(settings, restricted=True)
    for letter in story.letters:
        sha256 = hashlib.sha256(letter.data).hexdigest()
        mine, other = (restricted, public) if letter.restricted else (public, restricted)
        assert mine.get(original_key(sha256)) == letter.data and other.receipt(original_key(sha256)) is None
        row = story.house.ledger.letter_of(sha256)
        assert row is not None
        record = json.loads(mine.get(row["record_key"]))
        assert schema_faults(record, shipped("v1/record")) == []
        assert record["original"]["received_at"][:10] == letter.day.isoformat()
        receipt = mine.receipt(row["record_key"])
        assert receipt is not None and (receipt.retain_until or receipt.legal_hold)
        assert record["header"]["date"] == letter.day.isoformat()


def test_no_notice_was_lost_and_none_shown_twice(story: Story) -> None:
    counts, box = story.house.ledger.counts(), story.house.postman.box
    assert counts.get("notices.queued", 0) == counts.get("notices.dead", 0) == 0
    mails = [str(mail["X-Duban-Notice"]) for mail in box.kept().values()]
    files = [path.stem for path in story.house.settings.outbox.rglob("N*.json")]
    assert len(mails) == len(set(mails)) and len(files) == len(set(files))
    assert {*mails, *files} == {event["id"] for event in story.events}
    assert len(mails) + len(files) == counts["notices.sent"]
    # The lost answers and the deaths did send some twice (a process has four letters in hand at most): the key tells.
    lost, killed = story.house.postman.lost, story.house.postman.killed
    assert lost > 9 and killed == 3
    assert lost + killed <= len(box.mails) - len(mails) <= lost + 4 * killed


def test_the_offices_numbers_have_no_gap_and_none_is_given_twice(story: Story) -> None:
    """Though papers were sent twice and processes died with them in hand."""
    numbers = [event["data"]["number"] for event in story.events]
    assert without_gaps(numbers)
    assert {"督交〔2023〕", "督催〔2023〕", "督交〔2024〕", "督催〔2024〕"} <= {parts_of(number)[0] for number in numbers}


def test_every_notice_is_sound_and_private(story: Story) -> None:
    for path in story.house.settings.outbox.rglob("N*.json"):
        assert path.with_suffix(".html").exists()
    persons = {name for row in story.house.ledger.rows() for name in json.loads(row["proposers"]) if is_person(name)}
    assert persons == {"陈某某"}
    for event in story.events:
        assert schema_faults(event, shipped("v1/notice")) == []
        if event["data"]["to"]["agency_id"] != "proposer-desk":
            assert not [name for name in persons if name in json.dumps(event, ensure_ascii=False)]


@pytest.mark.parametrize(
    ("what", "days"),
    [
        # Due 12 October: the holiday ended on the 6th, and Saturday and Sunday the 7th and 8th were worked.
        ("建成社区食堂6家", {"reminder/near": "2023-09-22", "reminder/close": "2023-10-09", "overdue/": "2023-10-13"}),
        # Due 20 February: Sunday the 4th and Sunday the 18th were worked, the 10th to the 17th were not.
        ("改造乡村学校食堂13个", {"reminder/near": "2024-02-01", "reminder/close": "2024-02-09", "overdue/": "2024-02-21"}),
    ],
)
def test_reminders_fall_on_the_right_working_days(story: Story, what: str, days: dict[str, str]) -> None:
    """Reckoned by hand with the State Council's tables, on stretches that were lived through day by day."""
    row = next(row for _, promise, row in story.promises() if promise.what == what)
    first: dict[str, str] = {}
    for event in sorted(story.events, key=lambda e: str(e["data"]["day"])):
        if event["subject"] == row["id"]:
            first.setdefault(f"{event['data']['kind']}/{event['data'].get('stage') or ''}", event["data"]["day"])
    assert {key: first[key] for key in days} == days


def test_nobody_is_reminded_on_a_holiday_or_before_it_is_due(story: Story) -> None:
    calendar = WorkCalendar()
    for event in story.events:
        data = event["data"]
        if data["kind"] in ("reminder", "overdue", "explanation") and data.get("stage") != "told":
            assert calendar.works(date.fromisoformat(data["day"])), event["id"]
        if data["kind"] == "overdue":
            assert data["items"][0]["due"] < data["day"]
        if data["kind"] == "reminder" and data["stage"] in ("near", "close"):
            assert data["items"][0]["due"] >= data["day"]


def test_each_way_ended_where_it_must(story: Story) -> None:
    ends = {"silent": "overdue", "fails": "not_fulfilled", "long": "in_progress"}
    for letter, promise, row in story.promises():
        way = promise.way
        assert row["state"] == ends.get(way, "closed"), (promise, row["state"])
        if row["state"] == "closed":
            assert (row["verified_by"], row["closed_by"], row["evidence"]) == (OFFICE, OFFICE, "验收报告")
        if way == "extends":
            assert (row["extensions"], row["due_basis"]) == (1, "extension")
            assert row["due"] > promise.due.isoformat()
        if way == "objects":
            owners = story.house.ledger.owners_of(row["id"])
            assert [o["agency_id"] for o in owners if o["role"] == "lead"] == [row["lead_agency_id"]] == ["yh-parks"]
        if way == "issued by hand":
            assert row["lead_agency_id"] == "yh-water"
        if way == "silent" and letter.day.year == 2023:
            kinds = Counter(n["kind"] for n in story.house.ledger.notices_about(row["id"]))
            assert kinds["overdue"] > 3 and kinds["reminder"] > 2 and kinds["explanation"] == 1


def test_a_name_means_who_bore_it_on_the_letters_day(story: Story) -> None:
    leads = {promise.what: row["lead_agency_id"] for _, promise, row in story.promises()}
    assert (leads["新建口袋公园5处"], leads["建成湖滨绿道11公里"]) == ("yh-water", "yh-parks")


def test_what_must_not_be_believed_was_not(story: Story) -> None:
    returns = story.house.settings.returns
    assert sorted(story.office.refused) == sorted(["退回1份；答复0项"] * 3 + ["待人工核实1份；答复0项"] * 2)
    reasons = "\n".join(path.read_text("utf-8") for path in (returns / "refused").glob("*.why.json"))
    assert reasons.count("请使用新的回执表") == 2 and reasons.count("须由牵头单位办理") == 1
    assert len(list((returns / "refused").glob("*"))) == 6  # each form with its reason
    listed = story.house.duban("returns", "list").output
    assert "共2份待核实" in listed and "来历不明" in listed


def test_what_was_open_was_carried_over_with_its_id(story: Story) -> None:
    ledger = story.house.ledger
    carried = [row for row in ledger.rows() if row["carried_from"]]
    assert {row["carried_from"] for row in carried} == {2023, 2024}
    carries = Counter(e["action"] for row in carried for e in ledger.history_of(row["id"]))["carry"]
    assert carries > len(carried)  # some were carried twice, under the same id
    for row in ledger.rows():
        if row["state"] not in final_states() and row["issued_on"]:
            assert row["carried_from"] == 2024
    lists = {(e["data"]["kind"], e["data"]["day"][:4]) for e in story.events if e["data"]["kind"] in YEARLY}
    assert lists == {(kind, year) for kind in YEARLY for year in ("2023", "2024")}


def test_the_workbook_of_the_last_day(story: Story) -> None:
    rows = story.house.ledger.rows()
    path = story.house.settings.reports / f"台账-{LAST.isoformat()}.xlsx"
    book = openpyxl.load_workbook(path)
    sheet = book["承诺事项台账"]
    headings = [cell.value for cell in sheet[3]]
    shown = {line[headings.index("承诺编号")]: line for line in sheet.iter_rows(min_row=4, values_only=True)}
    assert set(shown) == {row["id"] for row in rows} and sheet.max_row == 3 + len(rows)
    states = {row["id"]: row["name"] for row in load_table("states")["state"]}
    for row in rows:
        line = shown[row["id"]]
        assert row["quote"] in line and states[row["state"]] in line
    fulfilled = {tuple(cell.value for cell in line)[:3] for line in book["按年度落实率"].iter_rows(min_row=4)}
    assert fulfilled == {tuple(line[:3]) for line in cohorts(rows)}
    agencies = {row["lead_name"] for row in rows if row["lead_name"]}
    assert len(book.sheetnames) >= len(agencies) + 2
    again = [str(cell.value) for sheet in book.worksheets for line in sheet.iter_rows() for cell in line if cell.value]
    twice = [row["id"] for _, promise, row in story.promises() if promise.what == "建成社区食堂6家"]
    assert len(twice) == 2 and [row["repeats"] for row in rows if row["id"] == twice[1]] == [twice[0]]
    assert any(twice[0] in text for text in again)
    digests = story.house.api("/artifacts/filter", {"artifacts": {"key": {"any_": ["digest"]}}})
    assert len(digests) == story.house.asked["report-ledger", "COMPLETED"]


def test_every_kind_of_paper_can_be_printed(story: Story) -> None:
    kinds: dict[tuple[str, str | None], dict[str, Any]] = {}
    for event in story.events:
        kinds.setdefault((event["data"]["kind"], event["data"].get("stage")), event)
    assert len(kinds) > 14
    for event in kinds.values():
        data = event["data"]
        opening = wording(data["kind"], data["role"], data.get("stage"))["opening"]
        assert pdf(event, opening).startswith(b"%PDF")
        assert docx(event, opening).startswith(b"PK")


def test_the_archive_of_the_two_years_proves_itself_and_gives_the_ledger_back(story: Story, tmp_path: Path) -> None:
    assert story.house.run("audit-archive")["type"] == "COMPLETED"
    verified = story.house.duban("verify", "--all")
    assert verified.exit_code == 0, verified.output
    assert "30" in verified.output and "全部通过" in verified.output

    journal = wiring.archive(story.house.settings, restricted=True)
    latest = {row.key: row.columns for row in archived_rows(journal) if row.table == "notices"}
    assert sorted(json.loads(str(row["event"]))["id"] for row in latest.values()) == sorted(e["id"] for e in story.events)

    other = f"sqlite:///{tmp_path / 'rebuilt.db'}"
    restored = story.house.duban("restore", DUBAN_LEDGER_URL=other)
    assert restored.exit_code == 0, restored.output
    before, after = LedgerCopy(story.house.settings.database_url), LedgerCopy(other)
    told, rebuilt = (sorted(map(repr, copy.rows())) for copy in (before, after))
    before.close()
    after.close()
    assert rebuilt == told

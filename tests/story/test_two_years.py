"""Thirty letters over two years, on PostgreSQL and a mail server, through crashes: from hand-over to carry-over."""

from __future__ import annotations

import copy
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from flows.adapters.folder_channel import FolderChannel
from flows.adapters.smtp_channel import MailServer, SmtpChannel
from flows.adapters.sql_ledger import SqlLedger
from flows.delivery import Channels
from flows.letters.agencies import Directory
from flows.letters.lifecycle import final_states
from flows.letters.masking import is_person
from flows.letters.notices import wording
from flows.letters.rules.load import load_table
from flows.letters.schema_check import schema_faults, shipped
from flows.letters.sheets import docx, pdf
from flows.letters.workbook import LedgerView, cohorts, workbook
from flows.reporting import report_day
from tests.ledger.databases import Databases
from tests.notices.ledger_samples import GOLD, LETTERS, record_of
from tests.notices.mailbox import Mailbox, mail_server
from tests.story.office import Dying, Office, way_of

# A busy machine takes its time over two years.
pytestmark = pytest.mark.timeout(600)
YEARLY = ("carry_over", "annual_list")
FIRST, LAST = date(2025, 1, 6), date(2026, 12, 31)
DEV = sorted((LETTERS / "dev").glob("0[0-2]*.gold.json"))


def letters() -> dict[date, list[dict[str, Any]]]:
    """Thirty letters with their first promises, one every three weeks; their deadlines move with their dates."""
    records = [record for path in (*GOLD, *DEV) if (record := record_of(path))["header"]["letter_type"] != "other"]
    found: dict[date, list[dict[str, Any]]] = {}
    for number, record in enumerate(records[:30]):
        day = FIRST + timedelta(days=21 * number)
        moved = copy.deepcopy(record)
        written = date.fromisoformat(record["header"]["date"] or day.isoformat())
        moved["header"]["date"] = day.isoformat()
        promised = [s for s in moved["statements"] if s["stance"] == "pledged" and s["specific"]]
        moved["statements"] = promised[:2]
        for statement in promised:
            if statement["deadline"] and statement["deadline"]["date"]:
                due = date.fromisoformat(statement["deadline"]["date"]) + (day - written)
                statement["deadline"]["date"] = due.isoformat()
        found.setdefault(day, []).append(moved)
    return found


def directory() -> Directory:
    """Both directories of the letters; every eighth body has a mailbox, the others a folder."""
    bodies = {}
    for name in ("own/agencies-south.toml", "dev/agencies.toml"):
        for number, agency in enumerate(Directory.load(LETTERS / name).agencies):
            mail = (("mail", f"{agency.id}@example.cn"),) if number % 8 == 0 else ()
            bodies[agency.id] = replace(agency, channels=mail)
    return Directory(bodies.values())


@dataclass(frozen=True)
class Story:
    """The two years when they are over; ``events``: every notice about one commitment."""

    office: Office
    box: Mailbox
    root: Path
    events: list[dict[str, Any]]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """The two years, lived through once."""
    root = tmp_path_factory.mktemp("story")
    databases = Databases(root)
    known = directory()
    with mail_server() as box:
        server = MailServer.of(box.url)
        mail = SmtpChannel(server, "督办室 <duban@example.gov.cn>", lambda one: f"{one}@example.cn")
        by_kind = {"mail": Dying(mail), "folder": Dying(FolderChannel(root / "outbox"))}
        channels = Channels(by_kind, lambda one: "mail" if (a := known.get(one)) and a.channels else "folder")
        ledger = SqlLedger(databases.fresh("postgresql"))
        ledger.create()
        office = Office(ledger, known, channels, root / "returns")
        coming = letters()
        today = FIRST
        while today <= LAST:
            # A quiet day between two Mondays changes nothing that the next Monday would not find.
            if today in coming or today in office.plan or today.weekday() == 0 or today == LAST or today.day == 31:
                office.day(today, coming.get(today, []))
            today += timedelta(days=1)
        yield Story(office, box, root, made_notices(office))
        ledger.close()
    databases.stop()


def made_notices(office: Office) -> list[dict[str, Any]]:
    """Every notice about one commitment, as its event."""
    found: dict[str, dict[str, Any]] = {}
    rows = office.ledger.rows()
    for row in rows:
        for noted in office.ledger.notices_about(row["id"]):
            notice = office.ledger.notice(noted["id"])
            assert notice is not None
            found[notice.id] = json.loads(notice.event)
    return list(found.values())


def test_everything_that_can_happen_happened(story: Story) -> None:
    office = story.office
    assert office.ledger.counts()["letters"] == 30
    assert office.refused == []
    assert office.deaths > 20
    deeds = "sign object reassign uphold progress extend grant done return verify rate close fail"
    assert set(office.deeds) == set(deeds.split())
    said = Counter("/".join(filter(None, (e["data"]["kind"], e["data"].get("stage")))) for e in story.events)
    rows = {"/".join(filter(None, (row["kind"], row.get("stage")))) for row in load_table("notices")["notice"]}
    never = {"bundle", "withdrawal", "extension/refused", "reminder/quiet", "reminder/undecided"}
    assert rows - never - set(said) <= {"carry_over", "annual_list"}, said  # lists of several have no commitment of their own
    assert office.ledger.check_history()[0] > 300


def test_no_notice_was_lost_and_none_shown_twice(story: Story) -> None:
    office = story.office
    box = story.box
    root = story.root
    counts = office.ledger.counts()
    assert counts.get("notices.queued", 0) == counts.get("notices.dead", 0) == 0
    mails = [str(mail["X-Duban-Notice"]) for mail in box.kept().values()]
    files = [path.stem for path in (root / "outbox").rglob("N*.json")]
    assert len(mails) == len(set(mails)) and len(files) == len(set(files))
    assert len(mails) + len(files) == counts["notices.sent"]
    assert len(box.mails) > len(mails)  # the crashes did send some twice: the key tells


def test_every_notice_is_sound_and_private(story: Story) -> None:
    office = story.office
    root = story.root
    for path in (root / "outbox").rglob("N*.json"):
        event = json.loads(path.read_text("utf-8"))
        assert schema_faults(event, shipped("v1/notice")) == []
        assert path.with_suffix(".html").exists()
    persons = {name for row in office.ledger.rows() for name in json.loads(row["proposers"]) if is_person(name)}
    assert persons
    for event in story.events:
        if event["data"]["to"]["agency_id"] != "proposer-desk":
            assert not [name for name in persons if name in json.dumps(event, ensure_ascii=False)]


def test_reminders_fall_on_working_days_and_only_when_due(story: Story) -> None:
    office = story.office
    for event in story.events:
        data = event["data"]
        if data["kind"] in ("reminder", "overdue", "explanation") and data.get("stage") != "told":
            assert office.calendar.works(date.fromisoformat(data["day"])), event["id"]
        if data["kind"] == "overdue":
            assert data["items"][0]["due"] < data["day"]
        if data["kind"] == "reminder" and data["stage"] in ("near", "close"):
            assert data["items"][0]["due"] >= data["day"]


def test_each_way_ended_where_it_must(story: Story) -> None:
    office = story.office
    for row in office.ledger.rows():
        if row["issued_on"] is None or not row["due"] or row["due"] > "2026-07-31":
            continue
        way, state = way_of(row["id"]), row["state"]
        ends = {"silent": "overdue", "fails": "not_fulfilled"}.get(way, "closed")
        assert state == ends, (row["id"], way, state)
        assert row["verified_by"] in (None, "督查室 王某")
        if way == "extends":
            assert (row["extensions"], row["due_basis"]) == (1, "extension")
            assert row["due"] > (row["deadline"] or "")
        if way == "objects":
            assert [o["agency_id"] for o in office.ledger.owners_of(row["id"]) if o["role"] == "lead"] == [row["lead_agency_id"]]
        if way == "silent":
            kinds = Counter(n["kind"] for n in office.ledger.notices_about(row["id"]))
            assert kinds["overdue"] > 3 and kinds["reminder"] > 1 and kinds["explanation"] == 1


def test_what_was_open_was_carried_over_with_its_id(story: Story) -> None:
    office = story.office
    root = story.root
    carried = [row for row in office.ledger.rows() if row["carried_from"]]
    assert 2026 in {row["carried_from"] for row in carried}
    carries = Counter(e["action"] for row in carried for e in office.ledger.history_of(row["id"]))["carry"]
    assert carries > len(carried)  # some were carried twice, under the same id
    for row in office.ledger.rows():
        if row["state"] not in final_states() and row["issued_on"]:
            assert row["carried_from"] == 2026
    listed = [json.loads(p.read_text("utf-8")) for p in (root / "outbox").rglob("N*.json")]
    lists = {(e["data"]["kind"], e["data"]["day"][:4]) for e in listed if e["data"]["kind"] in YEARLY}
    assert lists == {(kind, year) for kind in YEARLY for year in ("2025", "2026")}


def test_the_report_of_the_last_day(story: Story) -> None:
    office = story.office
    root = story.root
    done = report_day(office.ledger, root / "reports", LAST, f"{LAST.isoformat()}T08:00:00Z")
    rows = office.ledger.rows()
    book = openpyxl.load_workbook(io.BytesIO(done.path.read_bytes()))
    assert book["承诺事项台账"].max_row == 3 + len(rows) == 3 + done.rows
    shown = {tuple(cell.value for cell in line)[:3] for line in book["按年度落实率"].iter_rows(min_row=4)}
    assert shown == {tuple(line[:3]) for line in cohorts(rows)}
    owners = office.ledger.owners_by_commitment([row["id"] for row in rows])
    again = workbook(LedgerView(rows, LAST, owners, office.ledger.open_questions(), done.repeats))
    assert len(again) == len(done.path.read_bytes())
    office.ledger.check_history()


def test_every_kind_of_paper_can_be_printed(story: Story) -> None:
    root = story.root
    kinds: dict[tuple[str, str | None], dict[str, Any]] = {}
    for event in (*story.events, *(json.loads(p.read_text("utf-8")) for p in (root / "outbox").rglob("N*.json"))):
        kinds.setdefault((event["data"]["kind"], event["data"].get("stage")), event)
    assert len(kinds) > 14
    for event in kinds.values():
        data = event["data"]
        opening = wording(data["kind"], data["role"], data.get("stage"))["opening"]
        assert pdf(event, opening).startswith(b"%PDF")
        assert docx(event, opening).startswith(b"PK")

"""A ledger lost entirely comes back from the archive; one that was edited is found out."""

from __future__ import annotations

import gzip
import hashlib
import re
import sqlite3
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.adapters.folder_archive import FolderArchive
from flows.adapters.ledger_copy import LedgerCopy
from flows.adapters.ledger_lookalikes import Decision, Verdict
from flows.adapters.sql_ledger import SqlLedger
from flows.delivery import Channels, deliver_waiting
from flows.ledger_archive import archive_ledger, archived_rows
from flows.letters.agencies import Directory
from flows.letters.errors import ArchiveDamaged, SettingsError
from flows.letters.fingerprint import fingerprint
from flows.letters.model import Notice
from flows.letters.notices import hand_off
from flows.letters.proof import Delivery
from flows.letters.routing import route
from flows.letters.verify_report import report
from flows.lookalikes import answer, archived_answers, keep_order
from flows.ports import original_key, record_key
from flows.restore_ledger import Routed, restore_ledger
from flows.seal_archive import seal_archive
from flows.verify_archive import Plan, verify_archive
from flows.verify_ledger import verify_ledger
from tests.proof.letters_for_proof import NOW, file_as_flow, file_letter, letter, scanned_again, told

DIRECTORY = Directory.load(
    '[[agency]]\nid = "hc-mzj"\nname = "虹川市民政局"\njurisdiction = "虹川市"\nkind = "department"\naliases = []\n'.encode()
)


# What was sent when is known from the seals and packs alone.
_WITHOUT_DELIVERY = ("letters", "readings", "sketches", "lookalikes", "commitments", "history", "chain")


def routed(record: Mapping[str, Any]) -> Routed:
    assignments = route(record, DIRECTORY)
    return assignments, hand_off(record, assignments, DIRECTORY)


class Box:
    """A receiver: what came, as id and number."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str | None]] = []

    def deliver(self, notice: Notice) -> str:
        self.came.append((notice.id, notice.number))
        return "outbox"

    def channels(self) -> Channels:
        return Channels({"outbox": self}, lambda agency_id: "outbox")


class Site:
    """An archive in a folder and a ledger in a file."""

    def __init__(self, folder: Path) -> None:
        self.archive, self.index = FolderArchive(folder / "archive"), folder / "index.json"
        self.file = folder / "ledger.db"
        self.open()

    def open(self) -> None:
        self.url = f"sqlite:///{self.file}"
        self.ledger, self.copy = SqlLedger(self.url), LedgerCopy(self.url)
        self.ledger.create()

    def enter(self, number: int, **more: Any) -> dict[str, Any]:
        sent = more.pop("sent", True)
        return self.take_in(file_letter(self.archive, number, **more), sent)

    def take_in(self, record: dict[str, Any], sent: bool = True) -> dict[str, Any]:
        original = record["original"]
        text = self.archive.get(record_key(original["sha256"], record["rules_version"], ".txt")).decode()
        kept = self.archive.receipt(original_key(original["sha256"]))
        filed = self.archive.receipt(record_key(original["sha256"], record["rules_version"]))
        assert kept and filed
        self.ledger.see(original["sha256"], original["name"], original["name"], original["received_at"])
        assignments, notices = routed(record)
        self.ledger.enter(
            record, original=kept, filed=filed, assignments=assignments, queued=notices, now=NOW, text=fingerprint(text)
        )
        keep_order(self.archive, record["id"], self.ledger.standing(record["id"]))
        if sent:
            self.ledger.sent([(notice.id, "outbox") for notice in notices], NOW)
        self.ledger.mark(original["sha256"], "cleared", NOW)
        return record

    def lose(self) -> None:
        self.ledger.close()
        self.copy.close()
        for path in self.file.parent.glob("ledger.db*"):
            path.unlink()
        self.open()

    def seal_ledger(self, day: int) -> str | None:
        return archive_ledger(self.archive, self.copy, date(2024, 5, day), self.index)

    def restore(self, before_damage: bool = False) -> tuple[int, int]:
        archives = [self.archive]
        restored = restore_ledger(self.ledger, self.copy, archives, self.archive, routed, before_damage=before_damage)
        return restored.rows, restored.records

    def damage(self) -> list[tuple[str, str]]:
        checked = verify_ledger(self.copy, [self.archive], self.archive)
        return [(f.code, f.object) for f in checked.damage]

    def answer(self, letter_id: str, verdict: Verdict, at: str) -> bool:
        asked = self.ledger.lookalike(letter_id)
        assert asked is not None
        told = Decision(letter_id, asked["other_id"], verdict, "督查室王某", at, "逐页比对")
        return answer(self.ledger, [self.archive], self.archive, told, routed)

    def bands(self) -> list[Any]:
        with sqlite3.connect(self.file) as connection:
            return connection.execute("SELECT band, letter_id FROM bands ORDER BY band, letter_id").fetchall()

    def edit(self, statement: str) -> None:
        with sqlite3.connect(self.file) as connection:
            connection.execute(statement)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_a_sealed_ledger_comes_back_row_for_row(site: Site) -> None:
    for number in range(1, 4):
        site.enter(number)
    assert archive_ledger(site.archive, site.copy, date(2024, 5, 8), site.index) is not None
    site.enter(4)
    assert archive_ledger(site.archive, site.copy, date(2024, 5, 9), site.index) is not None
    assert archive_ledger(site.archive, site.copy, date(2024, 5, 10), site.index) is None
    before = list(site.copy.rows())
    site.lose()
    rows, records = site.restore()
    assert list(site.copy.rows()) == before
    assert (records, rows) == (0, len(list(archived_rows(site.archive))))
    assert site.damage() == [] and site.ledger.check_history()[0] > 0


def test_the_second_seal_holds_only_what_changed(site: Site) -> None:
    site.enter(1)
    assert site.seal_ledger(8) == "journal/ledger/2024/2024-05-08-full.jsonl.gz"
    first = len(list(archived_rows(site.archive)))
    site.enter(2)
    assert site.seal_ledger(9) == "journal/ledger/2024/2024-05-09.jsonl.gz"
    second = len(list(archived_rows(site.archive))) - first
    assert 0 < second <= first + 1
    site.index.unlink()
    site.enter(3)
    site.seal_ledger(10)
    assert len(list(archived_rows(site.archive))) > first + 2 * second


def test_a_copy_is_full_again_when_the_parts_have_outgrown_the_last_one(site: Site) -> None:
    kinds, sizes = [], []
    for day in range(1, 15):
        site.enter(day)
        key = site.seal_ledger(day)
        assert key is not None
        kinds.append(key.endswith("-full.jsonl.gz"))
        sizes.append(len(site.archive.get(key)))
    assert kinds[:2] == [True, False] and 2 <= sum(kinds) <= 5
    full, parts = ([size for size, kind in zip(sizes, kinds, strict=True) if kind is wanted] for wanted in (True, False))
    assert sum(full[:-1]) < sum(parts)
    before = list(site.copy.rows())
    site.lose()
    rows, _ = site.restore()
    assert list(site.copy.rows()) == before
    assert len(before) <= rows < len(list(archived_rows(site.archive)))
    assert site.damage() == []


def test_what_was_answered_between_many_copies_comes_back(site: Site) -> None:
    records = [site.enter(number) for number in range(1, 9)]
    site.seal_ledger(1)
    for day, record in enumerate(records, 2):
        site.ledger.mark_lights({record["statements"][0]["id"]: "red"}, f"2024-05-{day:02d}T01:00:00Z")
        assert site.seal_ledger(day) is not None
    before = list(site.copy.rows())
    assert site.damage() == []
    site.lose()
    site.restore()
    assert list(site.copy.rows()) == before
    assert site.damage() == [] and site.ledger.check_history()[0] > 0


@pytest.mark.parametrize("deed", ["delete", "truncate", "forge"])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_part_that_is_gone_or_changed_is_named_and_nothing_written(site: Site, which: int, deed: str) -> None:
    parts = []
    for day in range(1, 4):
        for number in range(8 if day == 1 else 2):
            site.enter(10 * day + number)
        parts.append(site.seal_ledger(day))
        assert seal_archive(site.archive, told, day=date(2024, 5, day), now=NOW) is not None
    before, key = list(site.copy.rows()), str(parts[which])
    path = site.file.parent / "archive" / key
    content = path.read_bytes()
    path.chmod(0o600)
    if deed == "delete":
        path.unlink()
    else:
        forged = gzip.compress(gzip.decompress(content).replace(b"2024", b"2034"))
        path.write_bytes(forged if deed == "forge" else content[:-9])
    assert key in {f.object for f in verify_archive(site.archive, Plan()).damage}
    assert all(code.startswith("ledger_") for code, _ in site.damage())  # and no crash
    site.lose()
    with pytest.raises(ArchiveDamaged, match=re.escape(key)):
        site.restore()
    assert site.copy.is_empty()
    rows, records = site.restore(before_damage=True)
    assert (rows > 0) == (which > 0) and records == (12, 4, 2)[which]
    assert len(site.copy.letter_rows()) == 12
    site.lose()
    path.write_bytes(content)
    site.restore()
    assert list(site.copy.rows()) == before


def test_a_damaged_part_before_the_last_full_copy_keeps_nothing_back(site: Site) -> None:
    site.enter(1)
    lost = site.seal_ledger(1)
    site.index.unlink()
    site.enter(2)
    site.seal_ledger(2)
    before = list(site.copy.rows())
    (site.file.parent / "archive" / str(lost)).unlink()
    site.lose()
    site.restore()
    assert list(site.copy.rows()) == before


def test_the_report_of_the_ledger_tells_what_was_counted_and_nothing_else(site: Site) -> None:
    site.enter(1)
    rows = len(list(site.copy.rows(("commitments", "history"))))
    site.seal_ledger(8)
    site.enter(2)
    checked = verify_ledger(site.copy, [site.archive], site.archive)
    page = report(checked, "ledger", NOW, "duban")
    counts = [line for line in page.split("## 核验范围")[1].splitlines() if line.startswith("- ")]
    assert counts == ["- 来函与归档记录逐项比对：2 件", f"- 承诺事项和办理经过与历次封存逐条比对：{rows} 条"]
    assert "台账与归档记录一致" in page and "摘录" not in page and "SHA-256" not in page


def test_an_edit_that_was_sealed_since_is_still_named(site: Site) -> None:
    """The seal comes before the night's audit: it must not make an edit the truth."""
    site.enter(1)
    site.seal_ledger(8)
    site.edit("UPDATE commitments SET due = '2034-12-31'")
    site.enter(2)
    for day in (9, 10):
        site.seal_ledger(day)
    assert {code for code, _ in site.damage()} == {"ledger_changed"}


def test_a_state_that_no_history_led_to_is_named_before_any_seal(site: Site) -> None:
    site.enter(1)
    site.edit("UPDATE commitments SET state = 'closed'")
    assert {code for code, _ in site.damage()} == {"ledger_changed"}


def test_without_any_seal_the_records_are_enough(site: Site) -> None:
    records = [site.enter(number) for number in range(1, 4)]
    before = site.copy.letter_rows()
    commitments = site.ledger.rows()
    assert seal_archive(site.archive, told, day=date(2024, 5, 8), now=NOW) is not None
    site.lose()
    assert site.restore() == (0, 3)
    assert site.copy.letter_rows() == before
    assert site.ledger.rows() == commitments
    assert site.damage() == [] and len(records) == 3


def test_the_index_of_letters_alike_comes_back_with_the_sealed_rows(site: Site) -> None:
    site.enter(1)
    scan = site.take_in(file_as_flow(site.archive, *scanned_again(1)))
    archive_ledger(site.archive, site.copy, date(2024, 5, 8), site.index)
    before, bands = list(site.copy.rows()), site.bands()
    site.lose()
    site.restore()
    assert (list(site.copy.rows()), site.bands()) == (before, bands)
    assert {letter_id for _, letter_id in bands} == {row["id"] for row in site.copy.letter_rows()}
    assert [row["letter"]["id"] for row in site.ledger.open_lookalikes()] == [scan["id"]]


def test_notices_keep_their_numbers_and_the_series_go_on_behind_the_highest(site: Site) -> None:
    """The first letter's come back with the sealed rows, the second's with its pack."""
    box = Box()
    for number in (1, 2):
        site.enter(number, sent=False)
        deliver_waiting(site.ledger, box.channels(), NOW)
        if number == 1:
            archive_ledger(site.archive, site.copy, date(2024, 5, 8), site.index)
    assert [number for _, number in box.came] == [f"督交〔2024〕{serial}号" for serial in range(1, 1 + len(box.came))]
    packed = [Delivery(*one) for row in site.copy.letter_rows() for one in site.copy.deliveries(row["id"])]
    assert seal_archive(
        site.archive,
        lambda letter_id: [Delivery(*one) for one in site.copy.deliveries(letter_id)],
        day=date(2024, 5, 8),
        now=NOW,
    )
    site.lose()
    site.restore()
    again = [Delivery(*one) for row in site.copy.letter_rows() for one in site.copy.deliveries(row["id"])]
    assert again == packed
    assert deliver_waiting(site.ledger, box.channels(), NOW).sent == 0
    before = len(box.came)
    site.enter(3, sent=False)
    deliver_waiting(site.ledger, box.channels(), NOW)
    assert box.came[before][1] == f"督交〔2024〕{before + 1}号"


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("verdict", ["same", "version", "different"])
def test_what_a_person_said_of_a_letter_is_known_to_a_rebuilt_ledger(site: Site, verdict: Verdict, sealed: bool) -> None:
    site.enter(1)
    scan = site.take_in(file_as_flow(site.archive, *scanned_again(1)))
    if sealed:  # the answer comes after the seal
        archive_ledger(site.archive, site.copy, date(2024, 5, 8), site.index)
    assert site.answer(scan["id"], verdict, "2024-05-08T03:00:00Z")
    assert not site.answer(scan["id"], verdict, "2024-05-08T04:00:00Z")
    before = list(site.copy.rows(_WITHOUT_DELIVERY))
    site.lose()
    site.restore()
    assert list(site.copy.rows(_WITHOUT_DELIVERY)) == before
    assert site.damage() == []
    assert site.ledger.open_lookalikes() == []


def test_letters_of_the_same_second_come_back_in_their_order(site: Site) -> None:
    _, text, record = letter(1)
    texts = {sha256: b"x" * number for number in range(1, 6) if (sha256 := hashlib.sha256(b"x" * number).hexdigest())}
    for sha256, original in texts.items():  # the same letter in five files
        site.take_in(
            file_as_flow(
                site.archive,
                original,
                text,
                record | {"id": sha256[:20], "original": record["original"] | {"sha256": sha256}},
            )
        )
    before = site.copy.letter_rows()
    site.lose()
    site.restore()
    assert site.copy.letter_rows() == before
    assert [row["id"] for row in before if row["same_as"] is None] == [next(iter(texts))[:20]]


def test_who_dies_between_ledger_and_archive_gives_the_answer_again(site: Site) -> None:
    site.enter(1)
    record = site.take_in(file_as_flow(site.archive, *scanned_again(1)))
    asked = site.ledger.lookalike(record["id"])
    assert asked is not None
    told = Decision(record["id"], asked["other_id"], "different", "督查室王某", "2024-05-08T03:00:00Z", "逐页比对")
    assert site.ledger.decide_lookalike(told, record, *routed(record))  # and the process died
    assert list(archived_answers(site.archive)) == []
    assert not site.answer(record["id"], "different", "2024-05-08T04:00:00Z")
    assert list(archived_answers(site.archive)) == [told]


def test_a_same_that_was_taken_back_stays_so(site: Site) -> None:
    site.enter(1)
    scan = site.take_in(file_as_flow(site.archive, *scanned_again(1)))
    site.answer(scan["id"], "same", "2024-05-08T03:00:00Z")
    site.answer(scan["id"], "different", "2024-05-08T05:00:00Z")
    before = site.ledger.rows()
    site.lose()
    site.restore()
    assert site.ledger.rows() == before
    assert len(before) == 2


def test_a_ledger_that_is_there_is_not_touched(site: Site) -> None:
    site.enter(1)
    with pytest.raises(SettingsError, match="not empty"):
        site.restore()


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE commitments SET quote = '我局将研究' WHERE place = 1", "ledger_changed"),
        ("UPDATE commitments SET deadline = '2034-12-31'", "ledger_changed"),
        ("UPDATE letters SET disclosure = 'public_full', title = '另一标题'", "ledger_changed"),
        ("UPDATE commitments SET state = 'closed', closed_on = '2024-05-09'", "ledger_changed"),
        ("UPDATE letters SET record_key = 'records/none.json'", "ledger_extra"),
        ("UPDATE intake SET received_at = received_at", None),
    ],
)
def test_an_edited_ledger_is_named(site: Site, statement: str, code: str | None) -> None:
    site.enter(1)
    archive_ledger(site.archive, site.copy, date(2024, 5, 8), site.index)
    assert site.damage() == []
    site.edit(statement)
    assert {found for found, _ in site.damage()} == ({code} if code else set())


def test_the_ledger_holds_no_contact_data_and_is_compared_all_the_same(site: Site) -> None:
    original, text, record = letter(1)
    statement = record["statements"][0]
    said = f"{statement['text']}，可向王某某（13800001234）查询"
    text = text.decode().replace(statement["text"], said).encode()
    statement |= {"text": said, "span": [statement["span"][0], statement["span"][0] + len(said)]}
    site.take_in(file_as_flow(site.archive, original, text, record))
    [row] = site.ledger.rows()
    assert row["quote"] == said.replace("王某某", "＊＊＊").replace("13800001234", "＊" * 11)
    assert not any("13800001234" in str(row.columns) for row in site.copy.rows())
    assert site.damage() == []
    site.edit(f"UPDATE commitments SET quote = '{said}'")  # noqa: S608 - as an earlier program wrote it
    assert site.damage() == []
    site.edit(f"UPDATE commitments SET quote = '{said.replace('12月', '11月')}'")  # noqa: S608 - our own words
    assert {code for code, _ in site.damage()} == {"ledger_changed"}


def test_a_letter_taken_out_of_the_ledger_is_named(site: Site) -> None:
    record = site.enter(1)
    site.enter(2)
    archive_ledger(site.archive, site.copy, date(2024, 5, 8), site.index)
    with sqlite3.connect(site.file) as connection:
        for table, column in (("notices", "letter_id"), ("readings", "letter_id")):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (record["id"],))  # noqa: S608
        connection.execute("DELETE FROM owners WHERE commitment_id = ?", (record["statements"][0]["id"],))
        connection.execute("DELETE FROM commitments WHERE letter_id = ?", (record["id"],))
        connection.execute("DELETE FROM letters WHERE id = ?", (record["id"],))
    assert {code for code, _ in site.damage()} == {"ledger_missing"}

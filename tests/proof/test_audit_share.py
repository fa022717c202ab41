"""A large archive is audited in shares: each object is read once within the days, what nobody sealed is found within them."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from flows.adapters.folder_archive import FolderArchive
from flows.audit_share import Share, share_of
from flows.auditing import Audited, audit
from flows.ports import original_key
from flows.seal_archive import SEALED_PREFIXES
from flows.seal_scope import UNSEALED
from flows.settings import load_settings
from tests.proof.letters_for_proof import RULES
from tests.proof.test_seal_scope import RESTRICTED, Site, keys_of

FIRST = date(2026, 11, 1)
YEARS = frozenset(f"20{year:02d}" for year in range(30))


def at(day: date) -> str:
    return f"{day}T18:30:00Z"


def share(number: int, days: int = 30) -> Share:
    return replace(share_of(at(FIRST + timedelta(days=number)), days), years=YEARS)


def digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


# As duban writes them, and as only a stranger would.
USUAL = [
    key
    for number in range(400)
    for key in (
        original_key(digest(number)), f"records/{digest(number)}/{RULES}.json",
        f"packages/20{number % 30:02d}/{digest(number)[:20]}.zip",
    )
]  # fmt: skip
JOURNALS = [f"journal/2026-11-{day:02d}/fixity-{day}.events.jsonl" for day in range(1, 31)]
STRANGE = [
    "originals/a", "originals/sha256/", "originals/sha256/08", "originals/sha256/zz/1", "originals/甲", "packages/a.zip",
    "packages/2001/", "packages/2001/08", "packages/2001/g", "packages/2001/z/1", "packages/2001/甲.zip", "packages/20010",
    "packages/甲/1.zip", "records/1", "records/08", "records/ffff", "records/zz/1.json", "records/甲", "journal/甲",
]  # fmt: skip
KEYS = sorted({*USUAL, *JOURNALS, *STRANGE})


class Listing:
    """An archive of keys alone; counts what is handed out."""

    def __init__(self, keys: list[str]) -> None:
        self.all, self.listed = sorted(keys), 0

    def keys(self, prefix: str = "") -> Iterator[str]:
        for key in self.all:
            if key.startswith(prefix):
                self.listed += 1
                yield key


def listed(one: Share, archive: Listing) -> list[str]:
    return [key for folder in SEALED_PREFIXES for key in one.keys(archive, folder)]  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [1, 2, 30, 365])
def test_each_key_has_its_turn_within_the_days(days: int) -> None:
    shares = [share(number, days) for number in range(days)]
    assert all(sum(one.reads(key) for one in shares) == 1 for key in KEYS)


@pytest.mark.parametrize("days", [1, 2, 30, 365])
def test_what_is_listed_is_what_the_share_says_and_every_key_is_listed_within_the_days(days: int) -> None:
    times = Counter[str]()
    for number in range(days):
        found = listed(share(number, days), Listing(KEYS))
        assert sorted(found) == [key for key in KEYS if share(number, days).lists(key)]
        times.update(found)
    assert times == {key: days if key.startswith("journal/") else 1 for key in KEYS}


def test_a_night_lists_its_share_and_three_of_them_a_folder() -> None:
    archives = [Listing(KEYS) for _ in range(30)]
    for number, archive in enumerate(archives):
        listed(share(number), archive)
    costs = sorted(archive.listed for archive in archives)
    assert costs[26] < len(KEYS) / 10 < costs[27]
    assert sum(costs) < 2 * len(KEYS) + 30 * len(JOURNALS)


def test_nights_that_were_missed_are_made_up_for() -> None:
    missed = [share(number) for number in range(1, 5)]
    after = replace(share_of(at(FIRST + timedelta(days=4)), 30, last=FIRST), years=YEARS)
    assert [key for key in KEYS if after.reads(key)] == [key for key in KEYS if any(one.reads(key) for one in missed)]
    assert all(share_of(at(FIRST + timedelta(days=90)), 30, last=FIRST).reads(key) for key in KEYS)
    assert share_of(at(FIRST), 30, last=FIRST) == share_of(at(FIRST), 30)  # twice on one day


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Letters in both parts, sealed; audited in shares however few they are."""
    made = Site(tmp_path, audit_whole=0, audit_days=5, store_lock="")
    for number in range(6):
        made.enter(number, "2024-05-01T03:00:00Z")
    made.enter(9, "2024-05-01T03:00:00Z", disclosure=RESTRICTED)
    made.seal(2)
    yield made
    made.ledger.close()


def night(site: Site, number: int) -> dict[str, Audited]:
    return {one.place: one for one in audit(site.settings, at(FIRST + timedelta(days=number)))}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that were read."""
    asked: list[str] = []
    get = FolderArchive.get

    def noting(self: FolderArchive, key: str) -> bytes:
        asked.append(key)
        return get(self, key)

    monkeypatch.setattr(FolderArchive, "get", noting)
    return asked


def test_every_sealed_object_is_read_within_the_days_and_a_night_reads_its_share(site: Site, read: list[str]) -> None:
    due, nights = {*keys_of(site.public), *keys_of(site.restricted)}, []
    for number in range(5):
        read.clear()
        found = night(site, number)
        assert all(one.checked.whole for one in found.values())
        nights.append(due & set(read))
        assert found["public"].checked.objects < len(due) / 2
    assert set.union(*nights) == due
    assert sum(map(len, nights)) < 1.5 * len(due)  # the ledger's own copy is read each night


@pytest.mark.parametrize("deed", ["stranger", "changed", "missing"])
def test_each_deed_is_named_within_the_days(site: Site, deed: str) -> None:
    folder = site.settings.home / "archive" / "public"
    pack = next(site.public.archive.keys("packages/"))
    found = set()
    if deed == "stranger":
        strange = ("originals/sha256/ee/e1", "records/ab/1.txt", "packages/2001/zz.zip", "packages/odd.zip", "journal/1")
        for key in strange:
            site.public.archive.put(key, b"PK", media_type="x")
        wanted = {("pack_unsealed" if key.startswith("packages/") else "unsealed", key) for key in strange}
    elif deed == "changed":
        (folder / pack).chmod(0o600)
        (folder / pack).write_bytes(b"forged")
        wanted = {("leaf_changed", pack)}
    else:
        (folder / pack).unlink()
        wanted = {("leaf_missing", pack)}
    times = Counter[tuple[str, str]]()
    for number in range(10):
        found = {(f.code, f.object) for f in night(site, number)["public"].checked.findings}
        times.update(found & wanted)
        if number == 4:
            assert times.keys() == wanted
    # Damage that nothing repairs is told every night from then on.
    assert deed == "stranger" or times.total() > 5


def test_what_a_night_found_unsealed_is_sealed_though_the_next_one_does_not_see_it(site: Site) -> None:
    strange = [f"packages/2001/{digit}0.zip" for digit in "0123456789abcdef"]
    for key in strange:
        site.public.archive.put(key, b"PK", media_type="x")
    for number in range(5):
        night(site, number)
    made = site.seal(20)["public"]
    assert {*strange} <= {leaf.key for leaf in made.day.leaves}
    assert not site.public.unsealed.exists()
    codes = {f.code for number in range(5, 10) for f in night(site, number)["public"].checked.findings if f.object in strange}
    assert not codes & UNSEALED


def test_a_row_that_differs_from_its_record_and_a_letter_that_the_ledger_lost_are_named_within_the_days(site: Site) -> None:
    database = site.settings.database_url.removeprefix("sqlite:///")
    with sqlite3.connect(database) as connection:
        [(lost,), (edited,)] = connection.execute("SELECT id FROM letters ORDER BY id LIMIT 2").fetchall()
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM letters WHERE id = ?", (lost,))
        connection.execute("UPDATE letters SET title = 'other' WHERE id = ?", (edited,))
    found = [[f.object for f in night(site, number)["ledger"].checked.damage] for number in range(5)]
    assert sum(f"ledger: {edited}" in one for one in found) == 1
    assert sum(any(f"ledger: records/{lost}" in name for name in one) for one in found) == 1


def test_with_everything_a_large_archive_is_read_whole(site: Site) -> None:
    found = {one.place: one for one in audit(site.settings, at(FIRST), everything=True)}
    assert found["public"].whole and found["public"].checked.objects == len(keys_of(site.public)) - 1  # its own note
    assert load_settings(home=site.settings.home).audit_whole > 0

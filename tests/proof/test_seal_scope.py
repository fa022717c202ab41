"""A night's seal looks at what is new and lists no more; what came another way is found by the audit and sealed then."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.adapters.folder_archive import FolderArchive
from flows.adapters.sql_ledger import SqlLedger
from flows.ports import original_key, record_key
from flows.proving import Part, parts, seal_parts, verify_part
from flows.seal_archive import SEALED_PREFIXES, Seal, journal, pack_letters, sealed_days
from flows.seal_scope import UNSEALED, note_unsealed
from flows.settings import Settings, load_settings
from tests.proof.letters_for_proof import Disclosure, file_letter

RESTRICTED: Disclosure = ("不予公开", "not_public")


def at(day: int) -> str:
    """Past midnight in Beijing, when the day before is sealed."""
    return f"2024-05-{day:02d}T16:10:00Z"


class Site:
    """A folder archive of two parts and a ledger, as a site has them."""

    def __init__(self, home: Path, **more: Any) -> None:
        self.settings: Settings = load_settings(home=home, store_url=f"file://{home}/archive", **more)
        self.ledger = SqlLedger(self.settings.database_url)
        self.ledger.create()
        self.public, self.restricted = parts(self.settings)

    def enter(self, number: int, now: str, **more: Any) -> dict[str, Any]:
        part = self.restricted if more.get("disclosure") == RESTRICTED else self.public
        record = file_letter(part.archive, number, **more)
        sha256 = record["original"]["sha256"]
        kept, filed = (
            part.archive.receipt(key) for key in (original_key(sha256), record_key(sha256, record["rules_version"]))
        )
        assert kept and filed
        self.ledger.see(sha256, "a", "a", now)
        self.ledger.enter(record, original=kept, filed=filed, assignments=(), queued=(), now=now)
        self.ledger.mark(sha256, "cleared", now)
        return record

    def contain(self, data: bytes, now: str) -> str:
        """A container of letters, kept as such; its key."""
        receipt = self.restricted.archive.put(original_key(hashlib.sha256(data).hexdigest()), data, media_type="application/zip")
        self.ledger.see(receipt.sha256, "b", "b", now)
        self.ledger.mark(receipt.sha256, "cleared", now)
        return receipt.key

    def seal(self, day: int, everything: bool = False) -> dict[str, Seal]:
        made = seal_parts(self.settings, self.ledger, day=date(2024, 5, day), moment=at(day), everything=everything)
        return {part.name: seal for part, seal in made}

    def audit(self, moment: str) -> list[str]:
        """As the audit does; what was found unsealed."""
        found = []
        for part in (self.public, self.restricted):
            checked = verify_part(part)
            unsealed = [f.object for f in checked.findings if f.code in UNSEALED]
            note_unsealed(part.unsealed, unsealed, moment)
            found += unsealed
        return found


def keys_of(part: Part) -> list[str]:
    """Every key of a part that a sealed day must list."""
    return [key for prefix in SEALED_PREFIXES for key in part.archive.keys(prefix)]


def sealed_keys(part: Part) -> list[str]:
    return [leaf.key for _, day, _ in sealed_days(part.archive) for leaf in day.leaves]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.ledger.close()


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The prefixes under which an archive was asked for its keys."""
    asked: list[str] = []
    keys = FolderArchive.keys

    def noting(self: FolderArchive, prefix: str = "") -> Iterator[str]:
        asked.append(prefix)
        return keys(self, prefix)

    monkeypatch.setattr(FolderArchive, "keys", noting)
    return asked


def test_night_after_night_everything_is_sealed_once_and_nothing_is_listed(site: Site, listed: list[str]) -> None:
    site.enter(1, at(1))
    site.enter(2, at(1), disclosure=RESTRICTED)
    site.seal(2)  # the first lists: nothing is sealed yet
    assert "records/" in listed
    listed.clear()
    for day in range(3, 6):
        site.enter(day * 10, f"2024-05-{day:02d}T03:00:00Z")
        site.enter(day * 10 + 1, f"2024-05-{day:02d}T03:00:00Z", disclosure=RESTRICTED)
        site.contain(f"PK{day}".encode(), f"2024-05-{day:02d}T04:00:00Z")
        journal(site.public.archive, f"2024-05-{day:02d}/fixity-{day}", [])
        made = site.seal(day)
        assert (len(made["public"].packs.made), len(made["restricted"].packs.made)) == (1, 1)
    assert {prefix for prefix in listed if not prefix.startswith(("days/", "journal/20", "journal/ledger/20"))} == set()
    for part in (site.public, site.restricted):
        assert sorted(sealed_keys(part)) == sorted(keys_of(part))
    assert site.audit(at(6)) == []
    assert site.seal(6) == {}


def test_what_came_another_way_is_found_by_the_audit_and_sealed_next(site: Site) -> None:
    site.enter(1, at(1))
    site.seal(2)
    late = site.public.archive.put("packages/2019/LATE.zip", b"PK", media_type="application/zip").key
    unentered = file_letter(site.public.archive, 7)  # filed, and the ledger never heard of it
    assert site.seal(3) == {}
    found = site.audit(at(3))
    key = record_key(unentered["original"]["sha256"], unentered["rules_version"])
    assert {late, key} <= set(found)
    made = site.seal(4)["public"]
    assert len(made.packs.made) == 1
    assert {late, key, made.packs.made[0]} <= {leaf.key for leaf in made.day.leaves}
    assert sorted(sealed_keys(site.public)) == sorted(keys_of(site.public))
    site.enter(8, at(4))
    assert late not in {leaf.key for leaf in site.seal(5)["public"].day.leaves}  # the note is old by now


def test_everything_is_listed_when_asked(site: Site) -> None:
    site.enter(1, at(1))
    site.seal(2)
    late = site.public.archive.put("packages/2019/LATE.zip", b"PK", media_type="application/zip").key
    assert [leaf.key for leaf in site.seal(3, everything=True)["public"].day.leaves] == [late]


def test_a_crash_between_packing_and_sealing_leaves_nothing_behind(site: Site) -> None:
    site.enter(1, at(1))
    site.seal(2)
    site.enter(3, at(3))
    packed = pack_letters(site.public.archive, lambda _: (), at(3))
    letter_id = packed.made[0].rsplit("/", 1)[1].split(".")[0]
    site.ledger.packed(letter_id, packed.made[0], "0" * 64, at(3))  # the ledger knows of it already
    made = site.seal(4)["public"]
    assert set(packed.made) <= {leaf.key for leaf in made.day.leaves}
    assert sorted(sealed_keys(site.public)) == sorted(keys_of(site.public))


def test_a_damaged_letter_is_tried_each_night(site: Site) -> None:
    site.enter(1, at(1))
    site.seal(2)
    record = site.enter(3, at(3))
    text = site.settings.home / "archive" / "public" / record_key(record["original"]["sha256"], record["rules_version"], ".txt")
    content = text.read_bytes()
    text.unlink()
    assert len(site.seal(4)["public"].packs.damaged) == 1
    for day in (5, 20):
        site.enter(day, at(day))
        assert len(site.seal(day)["public"].packs.damaged) == 1
    text.write_bytes(content)
    site.seal(21)
    assert sorted(sealed_keys(site.public)) == sorted(keys_of(site.public))

"""The audit's shares, and what it can put right: objects from a second copy, days by what the witness noted of them."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from flows.adapters.folder_archive import FolderArchive
from flows.repair_archive import repair
from flows.seal_archive import append_witness, day_key, read_witness, seal_archive
from flows.verify_archive import Plan, Verification, verify_archive
from tests.proof.letters_for_proof import NOW, file_letter, told

DAYS = (date(2024, 5, 8), date(2024, 5, 9))


class Site:
    """Two sealed days, their witness, and a second copy."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.archive, self.witness = folder, FolderArchive(folder / "archive"), folder / "witness.jsonl"
        for number, day in enumerate(DAYS):
            file_letter(self.archive, number)
            seal = seal_archive(self.archive, told, day=day, now=NOW)
            assert seal is not None
            append_witness(self.witness, seal)
        shutil.copytree(folder / "archive", folder / "copy")

    def verify(self) -> Verification:
        return verify_archive(self.archive, Plan(witness=read_witness(self.witness)))

    def repair(self, now: str = NOW, witnessed: bool = True) -> dict[str, str | None]:
        copies = [("replica", FolderArchive(self.folder / "copy"))]
        noted = read_witness(self.witness) if witnessed else {}
        return {one.key: one.source for one in repair(self.archive, self.verify().damage, copies, now=now, witness=noted)}

    def path(self, key: str) -> Path:
        return self.folder / "archive" / key


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def cut(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize("deed", [cut, Path.unlink])
def test_a_day_is_put_right_by_what_the_witness_noted(site: Site, deed: object) -> None:
    assert callable(deed)
    deed(site.path(day_key(DAYS[1])))
    assert "day_rolled_back" in {f.code for f in site.verify().damage}
    assert site.repair(witnessed=False) == {}  # nobody knows what it was: nothing is believed
    assert site.repair() == {day_key(DAYS[1]): "replica"}
    assert site.verify().whole


def test_a_copy_that_is_no_better_is_not_taken(site: Site) -> None:
    for folder in ("archive", "copy"):
        cut(site.folder / folder / day_key(DAYS[1]))
    assert site.repair() == {day_key(DAYS[1]): None}


def test_a_day_that_cannot_be_read_keeps_no_object_from_repair(site: Site) -> None:
    pack = next(site.archive.keys("packages/"))
    for day in DAYS:
        if pack in site.path(day_key(day)).read_text("utf-8"):
            kept = day
    other = DAYS[1 - DAYS.index(kept)]
    site.path(pack).unlink()
    cut(site.path(day_key(other)))
    assert site.repair(witnessed=False) == {pack: "replica"}
    assert site.repair("2024-05-08T01:00:01Z") == {day_key(other): "replica"}
    assert site.verify().whole

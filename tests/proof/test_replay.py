"""Archived letters understood anew: what changes is shown, and nothing is written by looking."""

from __future__ import annotations

import hashlib
from functools import partial
from pathlib import Path

from flows.adapters.folder_archive import FolderArchive
from flows.letters.agencies import Directory
from flows.letters.model import Original
from flows.letters.profile import SiteProfile
from flows.letters.reading import read
from flows.letters.record_changes import tell
from flows.letters.understanding import Understood, understand
from flows.ports import original_key, record_key
from flows.replay_letters import replay

DEMO = Path("flows/demo")


def understood(data: bytes, original: Original, directory: Directory) -> Understood:
    return understand(read(data, original.name), original, directory, SiteProfile())


def directory(name: str) -> Directory:
    """The demonstration's directory with its transport bureau under another full name."""
    return Directory.load((DEMO / "agencies.toml").read_text("utf-8").replace("交通运输局", name).encode())


def filed(archive: FolderArchive, by: Directory) -> str:
    data = (DEMO / "letter.txt").read_bytes()
    sha256 = hashlib.sha256(data).hexdigest()
    made = understood(data, Original("答复函.txt", sha256, len(data), "text/plain", "2026-06-01T00:00:00Z"), by)
    archive.put(original_key(sha256), data, media_type="text/plain")
    key = record_key(sha256, made.record["rules_version"])
    archive.put(key, made.record_bytes, media_type="application/json")
    return key


def test_the_difference_is_shown_and_nothing_is_written(tmp_path: Path) -> None:
    archive, old, new = FolderArchive(tmp_path), directory("交通运输局"), directory("城市交通局")
    key = filed(archive, old)
    before = list(archive.keys())
    replayed = list(replay(archive, lambda _: key, partial(understood, directory=new)))
    assert len(replayed) == 1 and replayed[0].refused is None
    change = replayed[0].change
    assert change is not None and change.changed and not change.gained and not change.lost
    assert all(set(one.fields) == {"owners"} for one in change.changed)
    assert "owners" in tell([change])
    assert list(archive.keys()) == before


def test_the_same_rules_have_nothing_to_say(tmp_path: Path) -> None:
    archive, same = FolderArchive(tmp_path), directory("交通运输局")
    key = filed(archive, same)
    assert list(replay(archive, lambda _: key, partial(understood, directory=same))) == []


def test_a_record_that_no_longer_counts_is_passed_over(tmp_path: Path) -> None:
    archive = FolderArchive(tmp_path)
    filed(archive, directory("交通运输局"))
    assert list(replay(archive, lambda _: None, partial(understood, directory=directory("城市交通局")))) == []


def test_a_letter_the_new_rules_refuse_is_named(tmp_path: Path) -> None:
    archive, by = FolderArchive(tmp_path), directory("交通运输局")
    data = (DEMO / "letter.txt").read_bytes()
    key = filed(archive, by)

    def marked(_: bytes, original: Original) -> Understood:
        return understood(data.replace("公开属性：主动公开".encode(), "机密★10年".encode()), original, by)

    (one,) = replay(archive, lambda _: key, marked)
    assert one.understood is None and one.refused is not None and one.refused.startswith("secret_letter")

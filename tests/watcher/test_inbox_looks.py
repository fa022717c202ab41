"""What the watcher decides about files, with a clock that is turned by hand and no thread."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.adapters.inbox_folder import InboxFolder, Seen
from flows.inbox_desk import Desk
from flows.inbox_looks import Looks


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Watched:
    """Looks at an inbox, their desk and their clock."""

    def __init__(self, folder: InboxFolder) -> None:
        self.clock = Clock()
        self.desk = Desk()
        self.looks = Looks(folder, self.desk, settle_seconds=2.0, rest_seconds=30.0, clock=self.clock)

    def after(self, seconds: float) -> list[str]:
        """What is offered once so much time has passed; it is taken."""
        self.clock.now += seconds
        self.looks.due()
        return [seen.path.as_posix() for seen in self.take()]

    def take(self) -> list[Seen]:
        return self.desk.take(99, 0.0, lambda: True)

    def next_look(self) -> float | None:
        """Seconds until something falls due."""
        due = self.looks.next_due()
        return None if due is None else round(due - self.clock.now, 3)


@pytest.fixture
def watched(folder: InboxFolder) -> Watched:
    return Watched(folder)


def test_a_hint_is_looked_at_and_looked_at_again(watched: Watched, inbox: Path) -> None:
    (inbox / "a.txt").write_bytes(b"1")
    watched.looks.hinted(Path("a.txt"), placed=False)
    assert (watched.next_look(), watched.after(1.9), watched.after(0.1)) == (2.0, [], ["a.txt"])
    assert watched.next_look() is None


def test_a_hint_at_a_folder_finds_what_it_holds(watched: Watched, inbox: Path) -> None:
    """Row 2: of these files no event may ever tell."""
    for name in ("a.txt", "deep/b.txt", ".hidden", "deep/c.part"):
        (inbox / "new" / name).parent.mkdir(parents=True, exist_ok=True)
        (inbox / "new" / name).write_bytes(b"1")
    watched.looks.hinted(Path("new"), placed=False)
    assert sorted(watched.after(2.0)) == ["new/a.txt", "new/deep/b.txt"]


def test_a_hint_at_nothing_is_forgotten(watched: Watched) -> None:
    watched.looks.hinted(Path("gone.txt"), placed=True)
    assert (watched.next_look(), len(watched.looks)) == (None, 0)


def test_a_file_that_vanishes_before_it_is_taken_is_withdrawn(watched: Watched, inbox: Path) -> None:
    (inbox / "a.txt").write_bytes(b"1")
    watched.looks.hinted(Path("a.txt"), placed=True)
    assert watched.desk.sizes() == (1, 0)
    (inbox / "a.txt").unlink()
    watched.looks.hinted(Path("a.txt"), placed=False)
    assert watched.desk.sizes() == (0, 0)


def test_placed_but_still_written_to_is_not_taken(watched: Watched, inbox: Path) -> None:
    """Row 11: a rename proves nothing while somebody has the file open for writing."""
    with (inbox / "a.txt").open("wb", buffering=0) as writer:
        writer.write(b"1")
        watched.looks.hinted(Path("a.txt"), placed=True)
        assert (watched.desk.sizes(), watched.next_look()) == ((0, 0), 2.0)
        assert watched.after(2.0) == []
    assert watched.after(2.0) == ["a.txt"]


def test_a_file_held_open_is_taken_at_the_hint_of_its_close(watched: Watched, inbox: Path) -> None:
    """Row 12."""
    with (inbox / "a.txt").open("wb", buffering=0) as writer:
        writer.write(b"1")
        watched.looks.hinted(Path("a.txt"), placed=False)
        assert watched.after(2.0) == []
    watched.looks.hinted(Path("a.txt"), placed=False)
    assert watched.after(0.0) == ["a.txt"]


@pytest.mark.parametrize(("routine", "finds"), [(True, 1), (False, 0)])
def test_what_only_a_routine_scan_finds_is_counted(watched: Watched, inbox: Path, routine: bool, finds: int) -> None:
    (inbox / "a.txt").write_bytes(b"1")
    watched.looks.all(routine=routine)
    assert (watched.after(2.0), watched.looks.rescan_finds) == (["a.txt"], finds)


def test_a_hint_that_comes_just_after_the_scan_is_no_miss(watched: Watched, inbox: Path) -> None:
    (inbox / "a.txt").write_bytes(b"1")
    watched.looks.all(routine=True)
    watched.looks.hinted(Path("a.txt"), placed=False)
    assert (watched.after(2.0), watched.looks.rescan_finds) == (["a.txt"], 0)


def test_letters_in_flight_and_at_rest_are_no_finds(watched: Watched, inbox: Path) -> None:
    (inbox / "a.txt").write_bytes(b"1")
    watched.looks.hinted(Path("a.txt"), placed=True)
    seen = watched.take()
    watched.looks.all(routine=True)
    watched.looks.returned(seen[0], None)
    watched.looks.all(routine=True)
    assert (watched.after(30.0), watched.looks.rescan_finds) == (["a.txt"], 0)


def test_rests_double_up_to_ten_minutes(watched: Watched, inbox: Path) -> None:
    """Row 18."""
    (inbox / "a.txt").write_bytes(b"1")
    watched.looks.hinted(Path("a.txt"), placed=True)
    rests = []
    for _ in range(7):
        watched.looks.returned(watched.take()[0], None)
        rest = watched.next_look()
        assert rest is not None
        rests.append(rest)
        watched.looks.hinted(Path("a.txt"), placed=False)  # a hint does not shorten a rest
        watched.clock.now += rest
        watched.looks.due()
    assert rests == [30.0, 60.0, 120.0, 240.0, 480.0, 600.0, 600.0]


def test_a_rest_asked_for_is_kept_and_does_not_grow(watched: Watched, inbox: Path) -> None:
    (inbox / "a.txt").write_bytes(b"1")
    watched.looks.hinted(Path("a.txt"), placed=True)
    for _ in range(3):
        watched.looks.returned(watched.take()[0], 0.5)
        assert watched.next_look() == 0.5
        watched.clock.now += 0.5
        watched.looks.due()


def test_other_content_under_the_name_starts_from_the_beginning(watched: Watched, inbox: Path) -> None:
    (inbox / "a.txt").write_bytes(b"1")
    watched.looks.hinted(Path("a.txt"), placed=True)
    watched.looks.returned(watched.take()[0], None)
    assert watched.next_look() == 30.0
    (inbox / "a.txt").write_bytes(b"corrected")
    watched.looks.hinted(Path("a.txt"), placed=False)
    assert watched.after(2.0) == ["a.txt"]


def test_a_name_that_cannot_be_mended_holds_up_nobody(watched: Watched, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row 24."""
    (inbox / os.fsdecode("答复.txt".encode("gb18030"))).write_bytes(b"1")
    (inbox / "z.txt").write_bytes(b"1")

    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("flows.adapters.inbox_files.move_in", refused)
    watched.looks.all(routine=False)
    assert watched.after(2.0) == ["z.txt"]
    monkeypatch.undo()
    assert watched.after(30.0) == ["答复.txt"]

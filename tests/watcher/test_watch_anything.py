"""Whatever people do to the inbox, in the end every letter has been handed out as it lies there."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.adapters.inbox_folder import InboxFolder, Seen
from flows.watch_inbox import InboxWatch
from tests.watcher.waiting import NEVER, wait_for

STEPS = 400
NAMES = ["a.txt", "b.pdf", "答复.docx", ".hidden", "c.part"]
FOLDERS = ["", "甲", "甲/乙", "丙", ".trash"]


class Mischief:
    """Random acts of people and programs, the same for the same seed."""

    def __init__(self, inbox: Path, outside: Path, seed: int) -> None:
        self._inbox = inbox
        self._outside = outside
        self._dice = random.Random(seed)  # noqa: S311 - a test's dice
        self._number = 0
        outside.mkdir()

    def act(self) -> None:
        acts = [self.write, self.write, self.append, self.place, self.rename, self.delete, self.move_folder, self.link]
        self._dice.choice(acts)()

    def path(self) -> Path:
        folder = self._inbox / self._dice.choice(FOLDERS)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / self._dice.choice(NAMES)

    def some_file(self) -> Path | None:
        files = sorted(path for path in self._inbox.rglob("*") if path.is_file() and not path.is_symlink())
        return self._dice.choice(files) if files else None

    def content(self) -> bytes:
        self._number += 1
        return b"x" * self._dice.randrange(50) + str(self._number).encode()

    def write(self) -> None:
        path = self.path()
        if not path.is_symlink():
            path.write_bytes(self.content())

    def append(self) -> None:
        if path := self.some_file():
            with path.open("ab") as more:
                more.write(self.content())

    def place(self) -> None:
        aside = self._outside / "aside"
        aside.write_bytes(self.content())
        aside.replace(self.path())

    def rename(self) -> None:
        if path := self.some_file():
            path.replace(self.path())

    def delete(self) -> None:
        if path := self.some_file():
            path.unlink()

    def move_folder(self) -> None:
        """Out of the inbox and back in under another name, or within it."""
        folders = sorted(path for path in self._inbox.iterdir() if path.is_dir() and not path.is_symlink())
        if folders:
            self._number += 1
            target = self._dice.choice([self._inbox, self._outside]) / f"moved{self._number}"
            self._dice.choice(folders).rename(target)
        away = sorted(path for path in self._outside.iterdir() if path.is_dir())
        if away and self._dice.random() < 0.5:
            self._dice.choice(away).rename(self._inbox / f"back{self._number}")

    def link(self) -> None:
        path, target = self.path(), self.some_file()
        if not path.exists() and not path.is_symlink() and target:
            path.symlink_to(target)


@pytest.mark.parametrize("polling", [False, True], ids=["inotify", "polling"])
@pytest.mark.parametrize("seed", range(4))
def test_every_letter_is_handed_out_as_it_lies_there(
    folder: InboxFolder, watching: Callable[..., InboxWatch], home: Path, seed: int, polling: bool
) -> None:
    """With inotify no sweep helps; polling needs it for what events cannot tell."""
    watch = watching(settle_seconds=0.02, polling=polling, sweep_seconds=0.2 if polling else NEVER)
    mischief = Mischief(folder.root, home / "outside", seed)
    last: dict[Path, Seen] = {}

    def take() -> None:
        seen = watch.take(limit=100, timeout=0)
        last.update((one.path, one) for one in seen)
        watch.release(seen, retry_after=NEVER)

    for _ in range(STEPS):
        mischief.act()
        take()

    def all_as_they_lie() -> bool:
        take()
        return all(last.get(one.path) == one for one in folder.scan())

    wait_for(all_as_they_lie)
    health = watch.health()
    assert (health.alive, health.trouble, health.restarts, health.lost) == (True, None, 0, {})
    assert polling or health.rescan_finds == 0

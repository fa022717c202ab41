"""An inbox on a real disk, and a watcher on it that is quick enough for tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from flows.adapters.inbox_folder import InboxFolder
from flows.watch_inbox import InboxWatch
from tests.watcher.waiting import NEVER


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path


@pytest.fixture
def inbox(home: Path) -> Path:
    return home / "inbox"


@pytest.fixture
def folder(home: Path) -> InboxFolder:
    return InboxFolder(home / "inbox", home / "quarantine", home / "spool")


@pytest.fixture
def watching(folder: InboxFolder) -> Iterator[Callable[..., InboxWatch]]:
    """Starts watchers; all are closed after the test.  Sweeps never come unless the test asks for them."""
    with ExitStack() as stack:

        def start(**given: Any) -> InboxWatch:
            settings = {"settle_seconds": 0.05, "sweep_seconds": NEVER, "poll_seconds": 0.05, **given}
            return stack.enter_context(InboxWatch(folder, **settings))

        yield start

"""Handles: stand for a file's name where the name must not be seen, and lead back to the file."""

from __future__ import annotations

import hashlib
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from flows.adapters.inbox_folder import InboxFolder, NotALetterFile
from flows.adapters.inbox_handles import Handles
from flows.letters.errors import Unavailable

NAME = "关于扩建储备库的答复.txt"


def test_a_handle_leads_back_to_its_file_also_in_another_process(folder: InboxFolder, inbox: Path, home: Path) -> None:
    (inbox / "2024").mkdir()
    (inbox / "2024" / NAME).write_bytes(b"letter")
    path = Path("2024") / NAME
    handle = folder.handle(path)
    assert re.fullmatch("[0-9a-f]{16}", handle)
    assert folder.find(handle) == path
    later = InboxFolder(inbox, home / "quarantine", home / "spool")  # remembers nothing: the inbox is searched
    assert later.find(handle) == path
    (inbox / path).unlink()
    assert InboxFolder(inbox, home / "quarantine", home / "spool").find(handle) is None


def test_other_paths_have_other_handles_and_other_machines_too(tmp_path: Path) -> None:
    here, there = Handles(tmp_path / "a.key"), Handles(tmp_path / "b.key")
    path = Path("甲") / NAME
    assert len({here.of(path), here.of(Path("乙") / NAME), here.of(Path(NAME)), there.of(path)}) == 4
    assert Handles(tmp_path / "a.key").of(path) == here.of(path)


def test_who_guesses_the_name_cannot_test_the_guess(folder: InboxFolder, home: Path) -> None:
    assert folder.handle(Path(NAME)) != hashlib.sha256(NAME.encode()).hexdigest()[:16]
    assert stat.S_IMODE((home / "spool" / "handles.key").stat().st_mode) == 0o600


def test_a_key_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="handles"):
        Handles(tmp_path / "missing" / "handles.key").of(Path(NAME))


def test_faults_tell_files_by_handle(folder: InboxFolder, inbox: Path) -> None:
    (inbox / NAME).mkdir()
    with pytest.raises(NotALetterFile) as raised:
        folder.claim(Path(NAME))
    assert folder.handle(Path(NAME)) in str(raised.value)
    assert NAME not in str(raised.value)


def test_many_processes_that_begin_at_once_have_one_key(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from flows.adapters.inbox_handles import Handles\n"
    program += "sys.stdin.readline(); print(Handles(Path(sys.argv[1])).of(Path('a')))"
    command = [sys.executable, "-c", program, str(tmp_path / "handles.key")]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    told = [process.communicate("\n", timeout=60)[0] for process in started]
    assert len(set(told)) == 1 and len(told[0].strip()) == 16
    assert [path.name for path in tmp_path.iterdir()] == ["handles.key"]

"""What goes to a log about a fault: its kind and place, never the words or the name of a letter."""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.logging import disable_run_logger
from pydantic import ValidationError

from flows.adapters.sql_ledger import SqlLedger
from flows.discretion import trace_of
from flows.letters.errors import InvalidRecord, Unavailable
from flows.process_letter import LetterRef
from flows.settings import load_settings
from flows.tasks import handle_letter
from flows.wiring import inbox, wiring
from tests.system.running import LETTER

TITLE = "关于扩建储备库的答复"


def caught(action: object) -> BaseException:
    assert callable(action)
    try:
        action()
    except Exception as fault:
        return fault
    raise AssertionError("nothing was raised")


def refuse() -> None:
    raise InvalidRecord(f"statements/0: {TITLE} is too long")


def be_down() -> None:
    try:
        Path("/nowhere", TITLE).read_bytes()
    except OSError as fault:
        raise Unavailable("the inbox is away") from fault


@pytest.mark.parametrize("action", [Path("/nowhere", TITLE).read_bytes, lambda: int(TITLE), refuse])
def test_a_fault_is_told_without_what_it_quotes(action: object) -> None:
    fault = caught(action)
    told = trace_of(fault)
    assert TITLE in str(fault)
    assert TITLE not in told and told.startswith(type(fault).__name__) and "line " in told


def test_what_we_wrote_about_the_world_is_told_and_what_lies_behind_it_is_not() -> None:
    told = trace_of(caught(be_down))
    assert told.startswith("Unavailable: the inbox is away\n") and TITLE not in told


def test_a_letter_is_shown_by_its_handle_or_as_the_person_wrote_it() -> None:
    assert LetterRef(handle="00ff", sha256="a" * 64).shown == "00ff"
    assert LetterRef(path="2024/答复.pdf", sha256="a" * 64).shown == "2024/答复.pdf"
    assert LetterRef(sha256="a" * 64).shown == "a" * 16
    with pytest.raises(ValidationError, match="handle"):
        LetterRef()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A site whose archive is a folder; what is wired to it is forgotten afterwards."""
    monkeypatch.setenv("DUBAN_HOME", str(tmp_path))
    monkeypatch.setenv("DUBAN_STORE_URL", f"file://{tmp_path}/archive")
    (tmp_path / "inbox").mkdir()
    wiring.cache_clear()
    yield tmp_path
    wiring.cache_clear()


def shown(home: Path) -> str:
    """All that the UI and the run's log would get of a letter that cannot go on."""
    file = home / "inbox" / f"{TITLE}.txt"
    handle = inbox(load_settings()).handle(Path(file.name))
    with disable_run_logger(), pytest.raises(Unavailable) as raised:
        handle_letter.fn(LetterRef(handle=handle))
    return "".join(traceback.format_exception(raised.value)) + repr(raised.value)


def test_a_letter_still_being_written_is_told_by_its_handle(home: Path) -> None:
    with (home / "inbox" / f"{TITLE}.txt").open("w", encoding="utf-8") as writer:
        writer.write(LETTER)
        writer.flush()
        told = shown(home)
    assert inbox(load_settings()).handle(Path(f"{TITLE}.txt")) in told and TITLE not in told


def test_an_archive_that_is_down_tells_nothing_of_the_letter(home: Path) -> None:
    (home / "inbox" / f"{TITLE}.txt").write_text(LETTER, "utf-8")
    (home / "archive").write_text("no folder", "ascii")
    told = shown(home)
    assert "archive folder" in told and TITLE not in told and "陈某某" not in told
    ledger = SqlLedger(load_settings().database_url)
    assert ledger.letter_of(hashlib.sha256(LETTER.encode()).hexdigest()) is None
    ledger.close()

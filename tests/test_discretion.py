"""What goes to a log about a fault: its kind and place, never the words or the name of a letter."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from flows.discretion import trace_of
from flows.letters.errors import InvalidRecord, Unavailable
from flows.process_letter import LetterRef

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

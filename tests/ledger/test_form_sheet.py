"""Forms are written into a drawing made once: part by part what the library for workbooks writes, whatever they say."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from flows.letters.form_sheet import Cells, drawn, written

WORDS = st.text(
    st.one_of(
        st.sampled_from("=+@<>&\"' \t\n牵头单位〔2026〕𠮷"),
        st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"),
    ),
    min_size=1,
    max_size=30,
)
HEADS = st.fixed_dictionaries({key: WORDS for key in ("agency", "agency_name", "number", "day", "code", "hint")})
LINES = st.fixed_dictionaries({key: st.none() | WORDS for key in ("commitment_id", "quote", "due", "state")})
HEAD = {key: key for key in ("agency", "agency_name", "number", "day", "code", "hint")}


def parts(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as opened:
        assert opened.testzip() is None
        return {name: opened.read(name) for name in opened.namelist()}


@given(head=HEADS, lines=st.lists(LINES, min_size=1, max_size=4))
@example(head=dict.fromkeys(HEAD, "=0"), lines=[dict.fromkeys(("commitment_id", "quote", "due", "state"), "=0")])
@settings(max_examples=60, deadline=None)
def test_every_part_is_the_one_the_library_writes(head: Cells, lines: list[Cells]) -> None:
    assert parts(written(head, lines)) == parts(drawn(head, lines))


@pytest.mark.parametrize("count", [0, 1, 2, 300])
def test_each_line_can_be_answered_and_nothing_else_changed(count: int) -> None:
    lines = [{"commitment_id": f"C{number}", "quote": "@quote@ @row@ @end@", "due": None} for number in range(count)]
    made = written(HEAD, lines)
    assert made == written(HEAD, lines)
    sheet = openpyxl.load_workbook(io.BytesIO(made)).worksheets[0]
    assert [row[0].value for row in sheet.iter_rows(min_row=5)] == [line["commitment_id"] for line in lines]
    assert all(row[1].value == "@quote@ @row@ @end@" and row[0].protection.locked for row in sheet.iter_rows(min_row=5))
    answers: Any = sheet.data_validations.dataValidation[0].sqref
    assert all(f"E{number}" in answers and not sheet[f"E{number}"].protection.locked for number in range(5, 5 + count))


def test_what_no_workbook_can_hold_is_shown_and_what_is_too_long_is_cut() -> None:
    made = written(HEAD, [{"commitment_id": "C1", "quote": "一\x0b二\ud800三\ufffe四\r五", "due": "", "state": "长" * 40_000}])
    sheet = openpyxl.load_workbook(io.BytesIO(made)).worksheets[0]
    assert (sheet["B5"].value, sheet["C5"].value, len(str(sheet["D5"].value))) == ("一\ufffd二\ufffd三\ufffd四\r五", None, 32767)


def test_a_form_costs_a_small_part_of_drawing_it() -> None:
    def cpu(make: Callable[[Cells, list[Cells]], bytes]) -> float:
        make(HEAD, [HEAD])
        before = time.process_time()
        for _ in range(20):
            make(HEAD, [HEAD])
        return time.process_time() - before

    assert cpu(written) < cpu(drawn) / 5

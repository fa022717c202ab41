"""The directory's commands: a spreadsheet becomes a directory, and a wrong one says where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner, Result

from flows.cli import duban
from flows.commands.agencies import agencies
from flows.letters.agencies import Directory
from flows.letters.directory_check import oddities, region_fault
from flows.letters.directory_sheet import derived_id
from flows.letters.errors import RulesError, UnknownFormat

HEADINGS = ["单位全称", "行政区划", "单位编号", "简称", "单位类别", "统一社会信用代码", "行政区划代码", "电子邮箱", "备注"]
GOOD = [
    ["上海市浦东新区民政局", "上海市浦东新区", "pd-civil", "区民政局、浦东民政局", "政府部门", None, 310115, "mz@a.cn", "x"],
    [None, None, None, None, None, None, None, None, None],
    ["上海市浦东新区水务局", "上海市浦东新区", None, "区水务局", "政府部门", None, 310115.0, None, None],
]


def import_sheet(tmp_path: Path, rows: list[list[Any]]) -> tuple[Result, Path]:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]  # a new workbook has a sheet
    book.save(tmp_path / "名录.xlsx")
    out = tmp_path / "agencies.toml"
    return CliRunner().invoke(agencies, ["import", str(tmp_path / "名录.xlsx"), "--out", str(out)]), out


def test_a_spreadsheet_becomes_a_directory(tmp_path: Path) -> None:
    result, out = import_sheet(tmp_path, [HEADINGS, *GOOD])
    assert result.exit_code == 0, result.output
    directory = Directory.load(out)
    civil = directory.get("pd-civil")
    assert civil is not None
    assert (civil.aliases, civil.kind, civil.region_code, civil.channels) == (
        ("区民政局", "浦东民政局"), "department", "310115", (("mail", "mz@a.cn"),),
    )  # fmt: skip
    water = directory.get(derived_id("上海市浦东新区", "上海市浦东新区水务局"))
    assert water is not None
    assert directory.resolve("区水务局", "上海市浦东新区") is water
    assert oddities(directory) == []


WRONG = [
    ([[*HEADINGS, "天气"], *GOOD], RulesError, "天气"),
    ([HEADINGS[1:], *GOOD], RulesError, "单位全称"),
    ([HEADINGS, [None, *GOOD[0][1:]]], RulesError, "row 2, 单位全称: is empty"),
    ([HEADINGS, [*GOOD[0][:4], "商会", *GOOD[0][5:]]], RulesError, "row 2, 单位类别"),
    ([HEADINGS, [*GOOD[0][:5], "91310115MA1K35CY7X", *GOOD[0][6:]]], RulesError, "check character"),
    ([HEADINGS, GOOD[0], GOOD[0]], RulesError, "already the id"),
]


@pytest.mark.parametrize(("rows", "kind", "said"), WRONG)
def test_a_wrong_spreadsheet_says_where_and_writes_nothing(
    tmp_path: Path, rows: list[list[Any]], kind: type[Exception], said: str
) -> None:
    result, out = import_sheet(tmp_path, rows)
    assert isinstance(result.exception, kind)
    assert said in str(result.exception)
    assert not out.exists()


def test_what_is_no_workbook_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "x.xlsx").write_text("no workbook")
    result = CliRunner().invoke(agencies, ["import", str(tmp_path / "x.xlsx"), "--out", str(tmp_path / "o.toml")])
    assert isinstance(result.exception, UnknownFormat)


@pytest.mark.parametrize(
    ("code", "fault"), [("310115", None), ("310000", None), ("310115103", None), ("990115", "省级"), ("310015", "中间两位")]
)
def test_region_codes(code: str, fault: str | None) -> None:
    found = region_fault(code)
    assert found is None if fault is None else found is not None and fault in found


def test_check_and_suggest(tmp_path: Path) -> None:
    _, out = import_sheet(tmp_path, [HEADINGS, *GOOD])
    runner = CliRunner()
    checked = runner.invoke(duban, ["agencies", "check", str(out)])
    assert (checked.exit_code, "2个单位" in checked.output) == (0, True)
    known = runner.invoke(agencies, ["suggest", "区民政局", "--in", "上海市浦东新区", "--agencies", str(out)])
    assert (known.exit_code, "pd-civil" in known.output) == (0, True)
    guess = runner.invoke(agencies, ["suggest", "浦东新区水务", "--in", "上海市浦东新区", "--agencies", str(out)])
    assert (guess.exit_code, "上海市浦东新区水务局" in guess.output) == (1, True)


def test_odd_places_are_listed(tmp_path: Path) -> None:
    rows = [GOOD[0], [*GOOD[2][:6], 310116, *GOOD[2][7:]]]
    _, out = import_sheet(tmp_path, [HEADINGS, *rows])
    assert [problem.code for problem in oddities(Directory.load(out))] == ["region_code"]

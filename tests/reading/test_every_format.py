"""One letter in every format an office sends, through `duban read`: the same header and the same commitment."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import CliRunner

from flows.cli import duban
from tests.reading.office_files import doc_by_libreoffice, doc_file, ofd_letter, rtf_file
from tests.reading.sample_files import bundle, cid_pdf, docx_file, mail, site_page, typst_pdf, weasy_pdf
from tests.reading.scan_files import as_image, as_pdf, scanned, sheets
from tests.reading.test_converter import needs_libreoffice

DEMO = Path(__file__).resolve().parents[2] / "flows" / "demo" / "agencies.toml"
LETTER = """云交复〔2023〕17号
关于区十六届人大二次会议第41号建议的答复
卫东平代表：
您提出的《关于修缮北关路的建议》（第41号）收悉，现答复如下：
我局将于2023年9月底前完成北关路3号段路面修缮。
示例市云湖区交通运输局
2023年5月9日"""


def scan(text: str) -> list[object]:
    return [scanned(sheet, 5, skew=0.8) for sheet in sheets(weasy_pdf(text), 200)]


FORMATS: dict[str, Callable[[str], bytes]] = {
    "plain.txt": str.encode,
    "gb18030.txt": lambda text: text.encode("gb18030"),
    "utf16.txt": lambda text: text.encode("utf-16"),
    "site.html": lambda text: site_page(text, "gb18030", "gb2312"),
    "typst.pdf": typst_pdf,
    "old.pdf": cid_pdf,
    "scan.pdf": lambda text: as_pdf(scan(text), 200),  # type: ignore[arg-type]
    "photograph.jpg": lambda text: as_image(scan(text)[0], "JPEG", 200),  # type: ignore[arg-type]
    "word.docx": docx_file,
    "old-word.doc": doc_file,
    "kingsoft.wps": doc_file,
    "paper.ofd": ofd_letter,
    "message.eml": lambda text: mail(text),
    "bundle.zip": lambda text: bundle({"答复.docx": docx_file(text)}),
}
BY_LIBREOFFICE: dict[str, Callable[[str], bytes]] = {
    "letter.rtf": rtf_file, "saved.doc": lambda text: doc_by_libreoffice(docx_file(text)),
}  # fmt: skip


def said(files: dict[str, bytes], folder: Path) -> dict[str, tuple[object, ...]]:
    """By file: number, date, and each commitment with deadline and lead."""
    (folder / "in").mkdir()
    for name, data in files.items():
        (folder / "in" / name).write_bytes(data)
    paths = [str(folder / "in" / name) for name in files]
    done = CliRunner().invoke(duban, ["read", *paths, "--agencies", str(DEMO), "--out", str(folder / "out")])
    assert done.exit_code == 0, done.output + done.stderr
    return {path.stem: _said(json.loads(path.read_text("utf-8"))) for path in (folder / "out").iterdir()}


def _said(record: dict[str, object]) -> tuple[object, ...]:
    header: dict[str, object] = record["header"]  # type: ignore[assignment]
    statements: list[dict[str, object]] = record["statements"]  # type: ignore[assignment]
    found = [
        (one["stance"], one["text"], (one["deadline"] or {}).get("date"), one["owners"][0]["name"])  # type: ignore[attr-defined,index]
        for one in statements
    ]
    return header["document_number"], header["date"], header["issuers"], found


EXPECTED = (
    "云交复〔2023〕17号",
    "2023-05-09",
    ["示例市云湖区交通运输局"],
    [("pledged", "我局将于2023年9月底前完成北关路3号段路面修缮。", "2023-09-30", "示例市云湖区交通运输局")],
)


def test_every_format_says_the_same(tmp_path: Path) -> None:
    found = said({name: make(LETTER) for name, make in FORMATS.items()}, tmp_path)
    assert found == {Path(name).stem: EXPECTED for name in FORMATS}


@needs_libreoffice
def test_what_needs_libreoffice_says_the_same(tmp_path: Path) -> None:
    assert said({name: make(LETTER) for name, make in BY_LIBREOFFICE.items()}, tmp_path) == {
        "letter": EXPECTED, "saved": EXPECTED,
    }  # fmt: skip


def test_doctor_says_which_converters_there_are(tmp_path: Path) -> None:
    told = CliRunner().invoke(duban, ["doctor"], env={"DUBAN_HOME": str(tmp_path / "var")}).stdout
    assert any(line.split()[1:2] == ["LibreOffice:"] for line in told.splitlines()), told

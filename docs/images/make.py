"""Draws the pictures of the docs: the hand-off sheet as it is printed, the workbook as a spreadsheet shows it.

``python -m docs.images.make`` (needs Chromium for the workbook).  The letters are the project's own invented ones.
"""

from __future__ import annotations

import html
import io
import json
import re
import subprocess
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pylopdf_fonts_zh_cn
from openpyxl.cell.cell import Cell
from openpyxl.utils import get_column_letter

from flows.adapters.sql_ledger import SqlLedger
from flows.chasing import chase_day
from flows.letters.notices import numbered, wording
from flows.letters.sheets import Templates, pictures
from flows.letters.workbook import LedgerView, workbook
from flows.letters.workdays import WorkCalendar
from tests.ledger.steps import enter, take
from tests.notices.ledger_samples import DIRECTORY, GOLD, record_of

HERE, DAY, OFFICE = Path(__file__).parent, date(2026, 12, 28), "澜碧县人民政府督查室"
SERIES = "澜督交〔2026〕"
SHOWN = ("序号", "承诺编号", "答复文号", "公开属性", "承诺原文", "牵头单位", "现行时限", "进度灯", "状态", "进展", "跨年结转")


def ledger(folder: str) -> SqlLedger:
    """A ledger with eight letters, some of whose promises are under way."""
    made = SqlLedger(f"sqlite:///{folder}/ledger.db")
    made.create()
    for path in GOLD[:8]:
        record = _as_of_this_year(record_of(path))
        enter(made, record, "2026-03-02T01:00:00Z")
    for number, row in enumerate(made.rows()):
        if row["state"] != "issued" or number % 4 == 3:
            continue
        owner: dict[str, Any] = {"party": "owner", "agency_id": row["lead_agency_id"], "by": "经办人"}
        take(made, row["id"], "sign", day="2026-03-04", responsible="经办人", **owner)
        if number % 4 == 1:
            take(made, row["id"], "progress", day="2026-10-12", text="已完成招标，正在施工", **owner)
        if number % 8 == 2:
            take(made, row["id"], "done", day="2026-10-20", evidence="竣工验收报告", **owner)
            take(made, row["id"], "verify", day="2026-10-26")
    chase_day(made, DIRECTORY, WorkCalendar(), DAY, "2026-12-28T01:00:00Z")
    return made


def _as_of_this_year(record: dict[str, Any]) -> dict[str, Any]:
    """The letter as if it were of this year and public: every year in it moves."""
    later = DAY.year - int(record["header"]["date"][:4])
    for part in ("header", "statements"):
        text = json.dumps(record[part], ensure_ascii=False)
        record[part] = json.loads(re.sub(r"(?<![0-9a-f])20[12][0-9](?![0-9a-f])", lambda y: str(int(y[0]) + later), text))
    written = date.fromisoformat(record["header"]["date"])
    record["original"]["received_at"] = f"{written + timedelta(days=3)}T01:00:00Z"
    record["header"] |= {"disclosure": "主动公开", "disclosure_normalised": "public_full"}
    return record


def _telling(made: SqlLedger) -> dict[str, Any]:
    """The event of a hand-over with everything a sheet can show: a day, a quantity, a supporting body."""
    for notice in made.queued():
        event: dict[str, Any] = json.loads(numbered(replace(notice, series=SERIES), 12).event)
        data, item = event["data"], event["data"]["items"][0]
        if (
            (data["kind"], data["role"]) == ("hand_off", "lead")
            and item["support"]
            and item["quantities"]
            and (item["deadline"] or {}).get("date")
        ):
            return event
    raise LookupError("no letter has such a promise")


def as_page(sheet: Any) -> str:
    """The sheet's head and first rows as HTML, in its own colours and widths."""
    headings = {cell.value: cell.column for cell in sheet[3]}
    columns = [headings[name] for name in SHOWN]
    lines = []
    for number in range(3, min(sheet.max_row, 22) + 1):
        tag = "th" if number == 3 else "td"
        held = [sheet.cell(number, column) for column in columns]
        lines.append("<tr>" + "".join(f"<{tag} style='{_style(c)}'>{_shown(c)}</{tag}>" for c in held) + "</tr>")
    widths = "".join(f"<col style='width:{sheet.column_dimensions[get_column_letter(c)].width * 8.6:.0f}px'>" for c in columns)
    tabs = "".join(f"<span>{html.escape(name)}</span>" for name in sheet.parent.sheetnames[:9])
    serif, sans = pylopdf_fonts_zh_cn.serif_path().as_uri(), pylopdf_fonts_zh_cn.sans_path().as_uri()
    return f"""<meta charset="utf-8"><style>
@font-face {{ font-family: Serif; src: url({serif}); }} @font-face {{ font-family: Sans; src: url({sans}); }}
html {{ overflow: hidden; }}
body {{ font: 14px/1.45 Serif; margin: 18px; background: #fff; }} h1 {{ font: 26px Serif; color: #8c1d2f; margin: 0 0 4px; }}
table {{ border-collapse: collapse; table-layout: fixed; width: 1810px; margin-top: 8px; }}
th, td {{ border: 1px solid #bfbfbf; padding: 5px 7px; vertical-align: top; overflow: hidden; }}
th {{ font: 14px Sans; color: #fff; }}
div span {{ display: inline-block; border: 1px solid #bbb; border-top: 0; padding: 4px 12px; font: 13px Sans;
  background: #f3f3f3; }}
div span:first-child {{ background: #fff; color: #8c1d2f; }}</style>
<h1>{html.escape(sheet["A1"].value)}</h1>{html.escape(sheet["A2"].value)}
<table>{widths}{"".join(lines)}</table><div>{tabs}</div>"""


def _style(cell: Cell) -> str:
    colour = str(cell.fill.fgColor.rgb)[-6:] if cell.fill.fill_type == "solid" else "FFFFFF"
    across = f";text-align:{cell.alignment.horizontal}" if cell.alignment.horizontal else ""
    shown = f"background:#{colour};vertical-align:middle{across}"
    return shown + (";white-space:nowrap" if hasattr(cell.value, "strftime") else "")


def _shown(cell: Cell) -> str:
    value = cell.value
    return html.escape(value.strftime("%Y-%m-%d") if hasattr(value, "strftime") else "" if value is None else str(value))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = ledger(folder)
        event = _telling(made)
        opening = wording(event["data"]["kind"], event["data"]["role"], event["data"].get("stage"))["opening"]
        (HERE / "hand-off.png").write_bytes(pictures(event, opening, Templates(office=OFFICE))[0])
        rows = made.rows()
        view = LedgerView(rows, DAY, made.owners_by_commitment([row["id"] for row in rows]), made.open_questions())
        book = openpyxl.load_workbook(io.BytesIO(workbook(view)))
        made.close()
        page = Path(folder) / "page.html"
        page.write_text(as_page(book.worksheets[0]), encoding="utf-8")
        command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--allow-file-access-from-files",
                   "--window-size=1860,1100", f"--screenshot={HERE / 'workbook.png'}", page.as_uri()]  # fmt: skip
        subprocess.run(command, check=True, capture_output=True, timeout=120)  # noqa: S603  -- a fixed command


if __name__ == "__main__":
    main()

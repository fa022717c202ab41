"""``duban ledger`` and ``duban notice``: the ledger as a table or workbook, a notice as paper."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from flows.settings import load_settings


@click.command()
@click.option("--agency", help="Only what this agency (its id) has a part in.")
@click.option("--state", "states", multiple=True, help="Only this state, such as overdue; may be given again.")
@click.option("--year", type=int, help="Only promises of letters of this year.")
@click.option("--due-before", type=click.DateTime(["%Y-%m-%d"]), help="Only open ones due before this day, soonest first.")
@click.option("--limit", type=int, default=50, show_default=True, help="Most rows to print.")
@click.option("--offset", type=int, default=0, help="Rows to leave out first.")
@click.option("--xlsx", type=click.Path(dir_okay=False, path_type=Path), help="Write the workbook (台账) of these rows.")
@click.option("--private", is_flag=True, help="In the workbook: with the proposers' names, for the office alone.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one row a line.")
def ledger(
    agency: str | None,
    states: tuple[str, ...],
    year: int | None,
    due_before: datetime | None,
    limit: int,
    offset: int,
    xlsx: Path | None,
    private: bool,
    as_json: bool,
) -> None:
    """The ledger of commitments as a table, or with --xlsx as a workbook."""
    from flows.adapters.sql_ledger import Filter, SqlLedger
    from flows.letters.lifecycle import states as known

    if strange := [state for state in states if state not in known()]:
        raise click.BadParameter(f"no such state: {', '.join(strange)}; there are {', '.join(known())}")
    wanted = Filter(agency, states, year, due_before=due_before.date() if due_before else None)
    opened = SqlLedger(load_settings().database_url)
    opened.create()
    try:
        if xlsx is not None:
            count = _write_workbook(opened, wanted, xlsx, private)
            click.echo(f"已写入{xlsx}：{count}项")
            return
        rows = opened.rows(wanted, limit, offset)
    finally:
        opened.close()
    for row in rows:
        row.pop("proposers")  # personal data: only in the office's own workbook
        click.echo(json.dumps(row, ensure_ascii=False) if as_json else _line(row))
    if not as_json:
        more = "，可用 --offset 查看其余" if len(rows) == limit else ""
        click.echo(f"共显示{len(rows)}项{more}" if rows else "台账中没有符合条件的承诺")


@click.command()
@click.argument("wanted", metavar="NOTICE")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), default=Path("."), help="Folder to write to.")
@click.option("--again", is_flag=True, help="Put a notice that no channel took back into the queue.")
def notice(wanted: str, out: Path, again: bool) -> None:
    """A notice (its id or its number) as JSON, HTML, DOCX and PDF, from the ledger."""
    from flows.adapters.sql_ledger import SqlLedger
    from flows.delivery_wiring import templates
    from flows.letters.notices import wording
    from flows.letters.papers import written_number
    from flows.letters.sheets import docx, pdf

    settings = load_settings()
    opened = SqlLedger(settings.database_url)
    opened.create()
    found = opened.notice(wanted) or opened.notice(written_number(wanted))
    if found is None:
        raise click.ClickException(f"台账中没有通知“{wanted}”")
    if again:
        done = opened.revive(found.id)
        click.echo("已重新排队，等待发送" if done else "该通知不是“发送失败”状态，未作改动")
        return
    event = json.loads(found.event)
    data = event["data"]
    opening = wording(data["kind"], data["role"], data.get("stage"))["opening"]
    out.mkdir(parents=True, exist_ok=True)
    name = found.number or found.id
    look = templates(settings)
    papers: dict[str, bytes] = {
        ".json": found.event.encode(), ".html": found.sheet.encode(),
        ".docx": docx(event, opening, look), ".pdf": pdf(event, opening, look),
    }  # fmt: skip
    for ending, content in papers.items():
        (out / f"{name}{ending}").write_bytes(content)
        click.echo(out / f"{name}{ending}")


@click.command()
@click.argument("agency_id", metavar="AGENCY")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The workbook to write.")
def form(agency_id: str, out: Path) -> None:
    """The form (回执) in which an agency answers for its open commitments; filled in, it goes into the returns folder."""
    from flows.adapters.sql_ledger import Filter, SqlLedger
    from flows.form_key import forms
    from flows.letters.agencies import Directory
    from flows.letters.follow_up import item_of_row, name_of
    from flows.letters.lifecycle import open_states
    from flows.letters.return_forms import form as made
    from flows.letters.return_forms import form_number
    from flows.moment import now, today

    settings = load_settings()
    opened = SqlLedger(settings.database_url)
    opened.create()
    rows = opened.rows(Filter(agency_id=agency_id, states=open_states()))
    opened.close()
    if not rows:
        raise click.ClickException(f"{agency_id} 没有未办结的承诺事项")
    name = next((row["lead_name"] for row in rows if row["lead_agency_id"] == agency_id), None) or agency_id
    name = name_of(agency_id, Directory.load(settings.agencies), name)
    issue = forms(settings).issue(agency_id, form_number(agency_id, now()), today())
    out.write_bytes(made(agency_id, name, [item_of_row(row) for row in rows], issue))
    click.echo(f"已写入{out}：{len(rows)}项；填好后放入{settings.returns}")


def _write_workbook(opened: Any, wanted: Any, path: Path, private: bool) -> int:
    from flows.letters.repeats import find_repeats
    from flows.letters.workbook import LedgerView, workbook
    from flows.moment import today

    rows = opened.rows(wanted)
    owners = opened.owners_by_commitment([row["id"] for row in rows])
    questions, asked = opened.open_questions(), opened.open_lookalikes()
    view = LedgerView(rows, today(), owners, questions, find_repeats(rows), private, asked)
    aside = path.with_name(f".{path.name}.new")
    aside.write_bytes(workbook(view))
    aside.replace(path)
    return len(rows)


def _line(row: dict[str, Any]) -> str:
    from flows.letters.lifecycle import states

    lead = row["lead_name"] or row["lead_mention"] or "待确认"
    due = row["due"] or row["deadline_text"] or "未明确"
    return f"{row['id']}　{states()[row['state']]}　{due}　{lead}\n  {row['document_number'] or '无文号'}　“{row['quote']}”"

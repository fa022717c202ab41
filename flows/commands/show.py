"""``duban show``: one letter or commitment with its proof."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.letters import disclosure
from flows.letters.model import COMMITMENT_STANCES
from flows.letters.workdays import beijing_day
from flows.settings import load_settings

if TYPE_CHECKING:
    from flows.adapters.sql_ledger import SqlLedger


@click.command()
@click.argument("wanted", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the record itself, contact data and all.")
@click.option(
    "--pages",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write a picture of each page of the original, whole, with the statement marked, into this folder.",
)
def show(wanted: str, as_json: bool, pages: Path | None) -> None:
    """One letter or commitment with its proof: ID is a letter's id, hash or document number, or a commitment's id.

    A commitment comes with its state, its history (who did what, when and why) and the papers about it.
    """
    from flows import wiring
    from flows.adapters.sql_ledger import SqlLedger
    from flows.letters.masking import mask_record

    settings = load_settings()
    ledger = SqlLedger(settings.database_url)
    ledger.create()
    row = ledger.find(wanted)
    if row is None:
        raise click.ClickException(f"台账中没有“{wanted}”；请用 duban ledger 查看现有编号")
    restricted = disclosure.is_restricted(disclosure.as_level(row["disclosure"]))
    archive = wiring.archive(settings, restricted=restricted)
    record = json.loads(archive.get(row["record_key"]))
    if as_json:
        click.echo(json.dumps(record, ensure_ascii=False, indent=1))
        return
    _print(mask_record(record), wanted, row["original_key"])
    _print_standing(ledger, row["id"], wanted)
    if pages is not None:
        for path in _draw(record, wanted, archive.get(row["original_key"]), pages):
            click.echo(f"原件页面：{path}")


def _draw(record: dict[str, Any], wanted: str, data: bytes, folder: Path) -> list[Path]:
    """A PNG for each page and statement, named after both; the files written."""
    from flows.adapters import page_image
    from flows.adapters.reading_process import read_file
    from flows.letters.mending import mend
    from flows.letters.model import Span

    name = record["original"]["name"]
    text = mend(read_file(data, name))
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for statement in _chosen(record, wanted):
        start, end = statement["span"]
        if text.text[start:end] != statement["text"]:
            raise click.ClickException(f"{statement['id']}: 现行程序读出的正文与归档记录不一致，请先运行 duban replay")
        for page, picture in page_image.show(data, name, text, Span(start, end)):
            path = folder / f"{statement['id']}-p{page}.png"
            path.write_bytes(picture)
            written.append(path)
    return written


def _chosen(record: dict[str, Any], wanted: str) -> list[dict[str, Any]]:
    """The statement asked for, or all commitments of the letter."""
    only = [s for s in record["statements"] if s["id"] == wanted]
    return only or [s for s in record["statements"] if s["stance"] in COMMITMENT_STANCES]


def _print(record: dict[str, object], wanted: str, original_key: str) -> None:
    header: dict[str, object] = record["header"]  # type: ignore[assignment]
    click.echo(f"{header['document_number'] or '无文号'}　{header['title'] or ''}")
    click.echo(f"发文机关：{'、'.join(header['issuers']) or '未写明'}　成文日期：{header['date'] or '未写明'}")  # type: ignore[arg-type]
    click.echo(f"原件：{original_key}")
    for one in _chosen(record, wanted):
        _print_statement(one)


def _print_standing(ledger: SqlLedger, letter_id: str, wanted: str) -> None:
    """What the ledger knows: whether the letter is an earlier one again; of a commitment its state and history."""
    from flows.history_lines import history_lines
    from flows.letters.lifecycle import states
    from flows.lookalikes import remark

    if said := remark(ledger.standing(letter_id)):
        click.echo(f"\n本来函{said.strip('（）')}")
    held = ledger.commitment(wanted)
    if held is None:
        return
    due = held["due"] or "未明确"
    click.echo(f"\n当前状态：{states()[held['state']]}　时限：{due}　办理经过：")
    for line in history_lines(ledger.history_of(wanted)):
        click.echo(f"  {line}")
    if papers := list(papers_about(ledger, wanted)):
        click.echo("往来文书：\n" + "\n".join(f"  {line}" for line in papers))


def papers_about(ledger: SqlLedger, commitment_id: str) -> Iterator[str]:
    """The notices about a commitment: number, title, to whom, when it was sent; one that went in a parcel by the parcel's."""
    for row in ledger.notices_about(commitment_id):
        own, sent = ledger.notice(row["id"]), ledger.notice(row["bundle_id"] or row["id"])
        if own is not None and sent is not None:
            data = json.loads(own.event)["data"]
            day = f"{beijing_day(row['sent_at'])}发出" if row["sent_at"] else "尚未发出"
            yield f"{sent.number or sent.id}　{data['title']}　{data['to']['name']}　{day}"


def _print_statement(statement: dict[str, object]) -> None:
    deadline: dict[str, object] = statement["deadline"] or {}  # type: ignore[assignment]
    owners: list[dict[str, str]] = statement["owners"]  # type: ignore[assignment]
    span: list[int] = statement["span"]  # type: ignore[assignment]
    click.echo(f"\n{statement['id']}　第{statement['page']}页，第{span[0]}—{span[1]}字")
    click.echo(f"  “{statement['text']}”")
    click.echo(f"  责任单位：{'、'.join(o['name'] or o['mention'] or '待确认' for o in owners) or '待确认'}")
    click.echo(f"  完成时限：{deadline.get('date') or deadline.get('text') or '未明确'}")

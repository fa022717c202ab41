"""``duban show``: one letter or commitment with its proof."""

from __future__ import annotations

import json

import click

from flows.letters import disclosure
from flows.letters.model import COMMITMENT_STANCES
from flows.settings import load_settings


@click.command()
@click.argument("wanted", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print the record itself.")
def show(wanted: str, as_json: bool) -> None:
    """One letter or commitment with its proof: ID is a letter's id, hash or document number, or a commitment's id."""
    from flows import wiring
    from flows.adapters.sql_ledger import SqlLedger

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
    _print(record, wanted, row["original_key"])


def _print(record: dict[str, object], wanted: str, original_key: str) -> None:
    header: dict[str, object] = record["header"]  # type: ignore[assignment]
    statements: list[dict[str, object]] = record["statements"]  # type: ignore[assignment]
    click.echo(f"{header['document_number'] or '无文号'}　{header['title'] or ''}")
    click.echo(f"发文机关：{'、'.join(header['issuers']) or '未写明'}　成文日期：{header['date'] or '未写明'}")  # type: ignore[arg-type]
    click.echo(f"原件：{original_key}")
    only = [s for s in statements if s["id"] == wanted]
    for one in only or [s for s in statements if s["stance"] in COMMITMENT_STANCES]:
        _print_statement(one)


def _print_statement(statement: dict[str, object]) -> None:
    deadline: dict[str, object] = statement["deadline"] or {}  # type: ignore[assignment]
    owners: list[dict[str, str]] = statement["owners"]  # type: ignore[assignment]
    span: list[int] = statement["span"]  # type: ignore[assignment]
    click.echo(f"\n{statement['id']}　第{statement['page']}页，第{span[0]}—{span[1]}字")
    click.echo(f"  “{statement['text']}”")
    click.echo(f"  责任单位：{'、'.join(o['name'] or o['mention'] or '待确认' for o in owners) or '待确认'}")
    click.echo(f"  完成时限：{deadline.get('date') or deadline.get('text') or '未明确'}")

"""``duban returns``: the forms that wait for a person, because nobody here issued them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.settings import load_settings

if TYPE_CHECKING:
    from flows.adapters.sql_ledger import SqlLedger
    from flows.receiving import Desk

_BY = click.option("--by", required=True, help="Who asked the agency: office and name, such as 督查室王某.")
_NAME = click.argument("name", metavar="FILE")


@click.group()
def returns() -> None:
    """Forms that came back without the code of a form issued here: see them, take them, turn them down."""


@returns.command(name="list")
def list_() -> None:
    """The forms that wait, each with what it says."""
    from flows.letters.errors import LetterError
    from flows.receiving import read_form, waiting

    found = waiting(load_settings().returns)
    for path in found:
        try:
            form = read_form(path)
        except LetterError as fault:
            click.echo(f"{path.name}　{fault.message}")
            continue
        click.echo(f"{path.name}　{form.agency_id}　填报人：{form.by}")
        for answer in form.answers:
            said = "；".join(value for _, value in answer.fields)
            click.echo(f"  {answer.commitment_id}　{answer.action}" + (f"　{said}" if said else ""))
    click.echo(f"共{len(found)}份待核实" if found else "没有待核实的回执")


@returns.command()
@_NAME
@_BY
def accept(name: str, by: str) -> None:
    """Take a form after asking its agency; who asked is noted with every answer."""
    from flows.receiving import accept as take

    path = _waiting(name)
    desk, ledger = _desk()
    try:
        done = take(path, desk, by)
    finally:
        ledger.close()
    click.echo(f"已受理{done.answers}项" + (f"，{len(done.refused)}项未受理：" if done.refused else ""))
    for why in done.refused:
        click.echo(f"- {why}")
    if done.refused:
        raise click.exceptions.Exit(1)


@returns.command()
@_NAME
@_BY
@click.option("--reason", required=True, help="Why, for whoever asks later.")
def refuse(name: str, by: str, reason: str) -> None:
    """Turn a form down: it moves to ``returns/refused`` with the reason."""
    from flows.receiving import turn_down

    path = _waiting(name)
    desk, ledger = _desk()
    try:
        turn_down(path, desk, by, reason)
    finally:
        ledger.close()
    click.echo(f"已退回：{path.name}")


def _waiting(name: str) -> Path:
    from flows.receiving import waiting

    found = [path for path in waiting(load_settings().returns) if path.name == name or path.name.endswith(f"-{name}")]
    if len(found) != 1:
        said = "没有" if not found else "不止一份"
        raise click.ClickException(f"待核实的回执中{said}“{name}”；请用 duban returns list 查看")
    return found[0]


def _desk() -> tuple[Desk, SqlLedger]:
    from flows.adapters.sql_ledger import SqlLedger
    from flows.delivery_wiring import templates
    from flows.form_key import forms
    from flows.letters.agencies import Directory
    from flows.moment import now, today
    from flows.receiving import Desk
    from flows.site_calendar import calendar

    settings = load_settings()
    ledger = SqlLedger(settings.database_url)
    ledger.create()
    directory = Directory.load(settings.agencies)
    return Desk(ledger, directory, forms(settings), today(), now(), calendar(settings), templates(settings)), ledger

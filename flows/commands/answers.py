"""``duban sign``, ``object``, … ``close``: the steps of a commitment's life, each refused where it is not allowed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from flows.letters.lifecycle import Step
from flows.settings import load_settings

_BY = click.option("--by", required=True, help="Who does it: office and name, such as 督查室王某.")
_AGENCY = click.option("--agency", help="Id of the owner answered for; without it the supervising office acts.")
_REASON = click.option("--reason", required=True, help="Why.")
_DATE = click.DateTime(["%Y-%m-%d"])
_DAY = click.option("--day", type=_DATE, help="The day it happened, where that was before today.")


def _command(name: str, text: str, *options: Callable[[Any], Any]) -> Callable[[Callable[..., Any]], click.Command]:
    def made(function: Callable[..., Any]) -> click.Command:
        for option in reversed((*options, _DAY)):
            function = option(function)
        function.__doc__ = text
        return click.command(name)(click.argument("commitment_id", metavar="ID")(function))

    return made


def take_step(
    commitment_id: str, action: str, by: str, agency: str | None = None, *, day: datetime | None, **fields: Any
) -> None:
    """Take a step as the command line asks for it, and say what came of it; ``day`` is when it happened, None: today."""
    from flows.adapters.sql_ledger import SqlLedger
    from flows.answering import take
    from flows.delivery_wiring import templates
    from flows.letters.agencies import Directory
    from flows.moment import now, today
    from flows.site_calendar import calendar

    settings = load_settings()
    said = {key: _said(value) for key, value in fields.items() if value is not None}
    step = Step(commitment_id, action, by, day.date() if day else today(), "owner" if agency else "office", agency, said)
    ledger = SqlLedger(settings.database_url)
    ledger.create()
    try:
        taken = take(ledger, Directory.load(settings.agencies), step, now(), templates(settings), calendar(settings))
    finally:
        ledger.close()
    click.echo(
        f"{taken.commitment_id}：{taken.before} → {taken.after}" + (f"，生成通知{taken.notices}件" if taken.notices else "")
    )


def _said(value: object) -> object:
    return value.date().isoformat() if isinstance(value, datetime) else value


@_command("sign", "Sign for a commitment that was handed over.", _AGENCY, _BY,
          click.option("--responsible", help="Who answers for it there."))  # fmt: skip
def sign(commitment_id: str, agency: str | None, by: str, responsible: str | None, day: datetime | None) -> None:
    take_step(commitment_id, "sign", by, agency, responsible=responsible, day=day)


@_command("object", "Object: it is not this agency's matter. The office then reassigns or upholds.", _AGENCY, _BY, _REASON)
def object_(commitment_id: str, agency: str | None, by: str, reason: str, day: datetime | None) -> None:
    take_step(commitment_id, "object", by, agency, reason=reason, day=day)


@_command("reassign", "Give a commitment to another lead (also one whose owner was unknown), or --keep it where it is.",
          click.option("--to", help="Id or full name of the agency that takes it."),
          click.option("--keep", is_flag=True, help="Turn an objection down: the owner stays."), _BY, _REASON)  # fmt: skip
def reassign(commitment_id: str, to: str | None, keep: bool, by: str, reason: str, day: datetime | None) -> None:
    if keep == bool(to):
        raise click.UsageError("give either --to AGENCY or --keep")
    if keep:
        take_step(commitment_id, "uphold", by, reason=reason, day=day)
    else:
        take_step(commitment_id, "reassign", by, agency_id=to, reason=reason, day=day)


@_command("progress", "Report progress.", _AGENCY, _BY, click.option("--text", required=True, help="What was done."),
          click.option("--evidence", help="What shows it."))  # fmt: skip
def progress(commitment_id: str, agency: str | None, by: str, text: str, evidence: str | None, day: datetime | None) -> None:
    take_step(commitment_id, "progress", by, agency, text=text, evidence=evidence, day=day)


@_command("extend", "Ask for more time (--until, --reason), or decide on it (--grant, or --refuse with --reason).", _AGENCY, _BY,
          click.option("--until", type=_DATE, help="The new deadline."), click.option("--reason", help="Why."),
          click.option("--grant", "decision", flag_value="grant", help="Grant what was asked; --by names who approved."),
          click.option("--refuse", "decision", flag_value="refuse", help="Refuse what was asked."))  # fmt: skip
def extend(
    commitment_id: str,
    agency: str | None,
    by: str,
    until: datetime | None,
    reason: str | None,
    decision: str | None,
    day: datetime | None,
) -> None:
    take_step(commitment_id, decision or "extend", by, agency, until=until, reason=reason, day=day)


@_command("done", "Report a commitment as done, with evidence; the office verifies it.", _AGENCY, _BY,
          click.option("--evidence", required=True, help="What shows it."),
          click.option("--on", "done_on", type=_DATE, help="The day it was done; default that of --day."),
          click.option("--text", help="What was done."))  # fmt: skip
def done(
    commitment_id: str,
    agency: str | None,
    by: str,
    evidence: str,
    done_on: datetime | None,
    text: str | None,
    day: datetime | None,
) -> None:
    take_step(commitment_id, "done", by, agency, evidence=evidence, done_on=done_on, text=text, day=day)


@_command("confirm-done", "Verify that what was reported as done is done; never by its owner. The proposer is then told.", _BY)
def confirm_done(commitment_id: str, by: str, day: datetime | None) -> None:
    take_step(commitment_id, "verify", by, day=day)


@_command("send-back", "Send a report of completion back to its owner: it is not done yet.", _BY, _REASON)
def send_back(commitment_id: str, by: str, reason: str, day: datetime | None) -> None:
    take_step(commitment_id, "return", by, reason=reason, day=day)


@_command("rate", "Note what the proposer said of the result.", _BY,
          click.option("--rating", required=True, help="Such as 满意, 基本满意, 不满意."))  # fmt: skip
def rate(commitment_id: str, by: str, rating: str, day: datetime | None) -> None:
    take_step(commitment_id, "rate", by, rating=rating, day=day)


@_command("close", "Close a commitment that is done, verified and told; never by its owner.", _BY)
def close(commitment_id: str, by: str, day: datetime | None) -> None:
    take_step(commitment_id, "close", by, day=day)


@_command("fail", "Note that a commitment was not fulfilled, with the signed explanation.", _BY, _REASON,
          click.option("--signer", required=True, help="The head of the unit who signed the explanation."),
          click.option("--number", help="The explanation's document number."))  # fmt: skip
def fail(commitment_id: str, by: str, reason: str, signer: str, number: str | None, day: datetime | None) -> None:
    take_step(commitment_id, "fail", by, reason=reason, signer=signer, number=number, day=day)


@_command("withdraw", "Withdraw a commitment that is none, or no more.", _BY, _REASON)
def withdraw(commitment_id: str, by: str, reason: str, day: datetime | None) -> None:
    take_step(commitment_id, "withdraw", by, reason=reason, day=day)


@_command("reopen", "Take up again a commitment that was closed, withdrawn or noted as not fulfilled.", _BY, _REASON)
def reopen(commitment_id: str, by: str, reason: str, day: datetime | None) -> None:
    take_step(commitment_id, "reopen", by, reason=reason, day=day)

"""``duban duplicates``: letters that may be an earlier one again, and a person's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from flows.settings import load_settings

if TYPE_CHECKING:
    from flows.adapters.ledger_lookalikes import Verdict
    from flows.letters.model import Assignment, Notice

_LETTER = click.argument("letter", metavar="LETTER")
_BY = click.option("--by", required=True, help="Who answers: office and name, such as 督查室王某.")
_REASON = click.option("--reason", help="Why, for the history.")


@click.group()
def duplicates() -> None:
    """Letters like an earlier one: nothing of them is handed out before somebody has said what they are.

    LETTER is a letter's id, hash or document number, as `duban duplicates list` shows it.
    """


@duplicates.command(name="list")
def list_() -> None:
    """The letters that wait for an answer, each beside the earlier letter it is like."""
    from flows.adapters.sql_ledger import SqlLedger
    from flows.lookalikes import questions

    ledger = SqlLedger(load_settings().database_url)
    ledger.create()
    click.echo("\n".join(questions(ledger)) or "没有待确认的疑似重复来函")
    ledger.close()


@duplicates.command()
@_LETTER
@_BY
@_REASON
def same(letter: str, by: str, reason: str | None) -> None:
    """It is the same letter: it is kept as a copy of the earlier one, with no commitments of its own."""
    _answer(letter, "same", by, reason)


@duplicates.command()
@_LETTER
@_BY
@_REASON
def version(letter: str, by: str, reason: str | None) -> None:
    """It is a corrected re-issue: it supersedes the earlier letter, and what it repeats goes on where it stands."""
    _answer(letter, "version", by, reason)


@duplicates.command()
@_LETTER
@_BY
@_REASON
def different(letter: str, by: str, reason: str | None) -> None:
    """It is another letter: its commitments are handed out. Also takes a wrong `same` back."""
    _answer(letter, "different", by, reason)


def _answer(wanted: str, verdict: Verdict, by: str, reason: str | None) -> None:
    from flows.adapters.ledger_lookalikes import Decision
    from flows.adapters.sql_ledger import SqlLedger
    from flows.delivery_wiring import templates
    from flows.letters.agencies import Directory
    from flows.letters.masking import mask_record
    from flows.letters.notices import hand_off
    from flows.letters.routing import route, rules_of
    from flows.lookalikes import ANSWERS, answer, note_answered
    from flows.moment import now
    from flows.proving import parts
    from flows.wiring import site

    settings = load_settings()
    directory, rules = Directory.load(settings.agencies), rules_of(site(settings))
    public, restricted = parts(settings)

    def routed(record: Mapping[str, Any]) -> tuple[Sequence[Assignment], Sequence[Notice]]:
        assignments = route(record, directory, rules)
        return assignments, hand_off(mask_record(record), assignments, directory, templates(settings))

    ledger = SqlLedger(settings.database_url)
    ledger.create()
    try:
        row = ledger.find(wanted)
        asked = ledger.lookalike(row["id"]) if row else None
        if row is None or asked is None:
            raise click.ClickException(f"“{wanted}”没有待确认的重复疑问；请用 duban duplicates list 查看")
        decision = Decision(row["id"], asked["other_id"], verdict, by, now(), reason)
        new = answer(ledger, [public.archive, restricted.archive], restricted.archive, decision, routed)
        note_answered(settings.answered, decision)
        waiting = len(ledger.queued(row["id"]))
    finally:
        ledger.close()
    said = f"已确认为“{ANSWERS[verdict]}”" if new else f"此前已确认为“{ANSWERS[verdict]}”，未作改动"
    click.echo(f"{row['id']}：{said}" + (f"；待发通知{waiting}件" if waiting else ""))

"""``duban verify``, ``seal``, ``export``, ``restore`` and ``replay``: the archive as proof."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from flows.letters.record_changes import tell
from flows.letters.verify_report import report
from flows.seal_archive import AGENT
from flows.settings import load_settings
from flows.verify_archive import Verification


@click.command()
@click.argument("path", metavar="PACKAGE|DIR", required=False, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Check the whole running archive.")
@click.option("--by", help="With a commitment's ID in place of PACKAGE: who verifies that it is done, as confirm-done.")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="With --by: the day it was verified, where that was before today.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the report (Markdown) there.")
@click.option("--witness", type=click.Path(path_type=Path, exists=True), help="What was noted of the sealed days.")
@click.option("--tsa-roots", type=click.Path(path_type=Path, exists=True), help="Root certificates for time stamps.")
def verify(
    path: Path | None,
    everything: bool,
    by: str | None,
    day: datetime | None,
    as_json: bool,
    out: Path | None,
    witness: Path | None,
    tsa_roots: Path | None,
) -> None:
    """Check archived letters against their proofs: a PACKAGE, a DIR copied from the archive, or --all of it.

    PACKAGE and DIR need no network, no server and no settings.  Exit code 0: everything is as it was archived;
    1: something is not, and the report names it.
    """
    if (path is None) == (not everything):
        raise click.UsageError("give either a PACKAGE or DIR, or --all")
    if path is not None and by is not None:
        from flows.commands.answers import take_step

        take_step(str(path), "verify", by, day=day)
        return
    if path is not None:
        from flows.verify_folder import verify_path

        checked = {str(path): verify_path(path, witness, tsa_roots)}
    else:
        checked = _verify_running(tsa_roots)
    _tell(checked, as_json, out)
    if not all(result.whole for result in checked.values()):
        raise click.exceptions.Exit(1)


def _verify_running(tsa_roots: Path | None) -> dict[str, Verification]:
    from flows.proving import has_locks, parts, verify_part, verify_running_ledger
    from flows.verify_folder import token_check

    settings = load_settings()
    roots, locks_at = tsa_roots or settings.timestamp_roots, _now() if has_locks(settings) else None
    checked = {p.name: verify_part(p, check=token_check(roots), locks_at=locks_at) for p in parts(settings)}
    return checked | {"ledger": verify_running_ledger(settings)}


def _tell(checked: dict[str, Verification], as_json: bool, out: Path | None) -> None:
    at = _now()
    page = "\n".join(report(result, place, at, AGENT) for place, result in checked.items())
    if out is not None:
        out.write_text(page, "utf-8")
    if as_json:
        rows = [
            {"place": place, "code": f.code, "severity": f.severity, "object": f.object, "detail": f.detail}
            for place, result in checked.items()
            for f in result.findings
        ]
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
    else:
        click.echo(page, nl=False)


@click.command()
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day to seal as; yesterday (Beijing) if not given.")
@click.option("--everything", is_flag=True, help="List the whole archive for what no day holds, as the audit does.")
def seal(day: datetime | None, everything: bool) -> None:
    """Seal what was archived and is in no sealed day yet: proof packs, the day's list, its link to the day before.

    The schedule does so every night; a day is sealed once and never changed.
    """
    from flows.adapters.sql_ledger import SqlLedger
    from flows.proving import seal_parts, yesterday

    settings, moment = load_settings(), _now()
    ledger = SqlLedger(settings.database_url)
    ledger.create()
    chosen: date = day.date() if day is not None else yesterday(moment)
    if chosen > yesterday(moment) + timedelta(days=1):
        raise click.UsageError(f"{chosen} is still to come: nothing could be sealed until after it")
    sealed = seal_parts(settings, ledger, day=chosen, moment=moment, everything=everything)
    for part, one in sealed:
        click.echo(f"{chosen} {part.name}: {len(one.day.leaves)} objects, {len(one.packs.made)} packs, root {one.day.root}")
        for line in one.packs.damaged:
            click.echo(f"cannot be packed: {line}", err=True)
    if not sealed:
        click.echo("nothing new to seal")
    if any(one.packs.damaged for _, one in sealed):
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--public", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="What may be published.")
@click.option("--archive", type=click.Path(path_type=Path, file_okay=False), metavar="DIR", help="A copy of the archive.")
@click.option("--restricted", is_flag=True, help="With --archive: the restricted part instead of the public one.")
def export(public: Path | None, archive: Path | None, restricted: bool) -> None:
    """Write letters out: --public as JSON, CSV and HTML without contact data, --archive as a folder that verifies offline.

    A folder made by --archive can be given again: what is new is added.
    Nothing is published of letters that do not say they are public; of a summary letter only the facts.
    """
    if (public is None) == (archive is None):
        raise click.UsageError("give either --public DIR or --archive DIR")
    target = public or archive
    assert target is not None  # noqa: S101 - one of both was given
    if public is not None:
        if public.exists() and any(public.iterdir()):
            raise click.UsageError(f"{public} is not empty; give a new folder")
        _export_public(public)
    else:
        from flows.proving import copy_part, parts

        part = parts(load_settings())[1 if restricted else 0]
        target.mkdir(mode=0o700, parents=True, exist_ok=True)
        click.echo(f"{copy_part(part, target)} objects copied to {target}; check them with: duban verify {target}")


def _export_public(folder: Path) -> None:
    from flows.adapters.sql_ledger import SqlLedger
    from flows.letters.publishing import public_set
    from flows.proving import publishable

    settings = load_settings()
    ledger = SqlLedger(settings.database_url)
    ledger.create()
    files = public_set(publishable(settings, ledger))
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    click.echo(f"{len(files)} files written to {folder}; begin with {folder / 'index.html'}")


@click.command()
@click.option("--before-damage", is_flag=True, help="Where a part of the archived ledger is lost: take what lies before it.")
def restore(before_damage: bool) -> None:
    """Rebuild a lost ledger from the archive alone: the sealed rows as they were, then every record filed since.

    Where a part of the archived ledger is gone or changed, it is named and nothing is written.
    """
    from flows.adapters.ledger_copy import LedgerCopy
    from flows.adapters.sql_ledger import SqlLedger
    from flows.delivery_wiring import templates
    from flows.letters.agencies import Directory
    from flows.letters.masking import mask_record
    from flows.letters.notices import hand_off
    from flows.letters.routing import route, rules_of
    from flows.proving import parts
    from flows.restore_ledger import Routed, restore_ledger
    from flows.wiring import site

    settings = load_settings()
    directory, rules = Directory.load(settings.agencies), rules_of(site(settings))
    public, restricted = parts(settings)

    def routed(record: Mapping[str, Any]) -> Routed:
        assignments = route(record, directory, rules)
        return assignments, hand_off(mask_record(record), assignments, directory, templates(settings))

    ledger, copy = SqlLedger(settings.database_url), LedgerCopy(settings.database_url)
    archives = [public.archive, restricted.archive]
    restored = restore_ledger(ledger, copy, archives, restricted.archive, routed, before_damage=before_damage)
    click.echo(f"{restored.rows} sealed rows put back, {restored.records} records entered since")


@click.command()
@click.option("--apply", "apply_", is_flag=True, help="File the new records and enter them; the old ones stay.")
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many letters.")
def replay(apply_: bool, limit: int | None) -> None:
    """Understand archived letters anew with today's rules: promises gained (+), lost (-), changed (~).

    Nothing is written unless --apply is given; records made by older rules always stay in the archive.
    """
    from itertools import islice

    from flows.replay_letters import file_again, replay_all

    counts = dict.fromkeys(("letters", "gained", "lost", "changed", "refused"), 0)
    for one in islice(replay_all(), limit):
        counts["letters"] += 1
        if one.change is None or one.understood is None:
            counts["refused"] += 1
            click.echo(f"{one.before['header']['document_number'] or one.before['id']}: refused: {one.refused}")
            continue
        for name in ("gained", "lost", "changed"):
            counts[name] += len(getattr(one.change, name))
        if not one.change.is_none:
            click.echo(tell([one.change]))
        if apply_:
            file_again(one)
    click.echo(", ".join(f"{name} {count}" for name, count in counts.items()) + ("" if apply_ else "; nothing was written"))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

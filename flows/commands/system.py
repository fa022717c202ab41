"""``duban up``, ``drop``, ``status`` and ``backfill``: running the system and feeding it."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from flows.settings import load_settings


@click.command()
def up() -> None:
    """Start the whole system on this machine: object store, Prefect with its UI, ledger, watcher, schedules.

    Everything lives under DUBAN_HOME (default: var/).  Ctrl-C stops all of it.
    """
    from flows import up as system

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    settings = load_settings()
    system.prepare(settings)
    with system.only_one(settings) as first:
        if not first:
            click.echo(system.banner(settings, running=True))
            return
        click.echo(f"duban: starting; logs in {settings.logs}")
        code = system.up(settings, ready=lambda _ports: click.echo(system.banner(settings)))
    click.echo("duban: stopped")
    raise click.exceptions.Exit(code)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def drop(files: tuple[Path, ...]) -> None:
    """Put letters into the inbox the safe way: written aside, then renamed."""
    from flows.wiring import inbox

    folder = inbox(load_settings())
    for file in files:
        placed = folder.drop(file.read_bytes(), file.name)
        click.echo(f"已投入收件箱：{placed}")


@click.command()
def status() -> None:
    """What is in flight: letters by state, what waits for a person, what waits to be sent."""
    from flows import standing

    click.echo(standing.report(load_settings()))


@click.command()
@click.argument("source")
def backfill(source: str) -> None:
    """Process many letters at once, from a folder or s3://bucket/prefix, with progress; needs `duban up` running."""
    from flows.backfill_letters import run_backfill

    done, refused = run_backfill(source, load_settings(), click.echo)
    click.echo(f"历史来函：已处理{done}件，未受理{refused}件")
    raise click.exceptions.Exit(3 if refused else 0)

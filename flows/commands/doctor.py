"""``duban doctor``: checks every part and says what is wrong and what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from flows.letters.errors import DubanError
from flows.settings import DEMO_DIRECTORY, Settings, load_settings

_MIN_FREE_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was checked, whether it holds (None: works, but look), what was seen and what to do."""

    name: str
    holds: bool | None
    seen: str


@click.command()
def doctor() -> None:
    """Check settings, rules, directory, inbox, ledger, store, server and optional converters.

    Exit code 1 when something is wrong; each line says what was found and what to do.
    """
    settings = load_settings()
    failed = False
    for finding in _findings(settings):
        mark = {True: "ok  ", None: "note", False: "FAIL"}[finding.holds]
        failed = failed or finding.holds is False
        click.echo(f"{mark}  {finding.name}: {finding.seen}")
    raise click.exceptions.Exit(1 if failed else 0)


def _findings(settings: Settings) -> Iterator[Finding]:
    checks: tuple[tuple[str, Callable[[Settings], Finding]], ...] = (
        ("rules", _rules),
        ("directory", _directory),
        ("site profile", _site),
        ("delivery", _delivery),
        ("disk", _disk),
        ("inbox", _inbox),
        ("ledger", _ledger),
    )
    for name, check in checks:
        try:
            yield check(settings)
        except DubanError as fault:
            yield Finding(name, False, str(fault))
    try:
        yield from _stores(settings)
    except DubanError as fault:
        yield Finding("store", False, str(fault))
    yield _server(settings)
    yield from _converters()


def _rules(_: Settings) -> Finding:
    from flows.letters.rules.load import load_every_table

    tables = load_every_table()
    return Finding("rules", True, f"{len(tables)} tables load and hold to their schemas: {', '.join(tables)}")


def _directory(settings: Settings) -> Finding:
    from flows.letters.agencies import Directory

    count = len(Directory.load(settings.agencies))
    if settings.agencies == DEMO_DIRECTORY:
        seen = f"the demonstration's {count} invented agencies; set DUBAN_AGENCIES to your own directory"
        return Finding("directory", None, seen)
    return Finding("directory", True, f"{count} agencies in {settings.agencies}")


def _site(settings: Settings) -> Finding:
    from flows import wiring

    wiring.site(settings)
    return Finding("site profile", True, str(settings.site or "the shipped one"))


def _delivery(settings: Settings) -> Finding:
    from flows import delivery_wiring, wiring
    from flows.letters.agencies import Directory

    seen = delivery_wiring.prove(settings, Directory.load(settings.agencies), wiring.site(settings))
    return Finding("delivery", True, seen)


def _disk(settings: Settings) -> Finding:
    existing = next(path for path in (settings.home, *settings.home.parents) if path.exists())
    free = shutil.disk_usage(existing).free
    seen = f"{free / 2**30:.1f} GiB free at {settings.home}"
    return Finding("disk", free > _MIN_FREE_BYTES, seen + ("" if free > _MIN_FREE_BYTES else "; make room before letters come"))


def _inbox(settings: Settings) -> Finding:
    from flows import wiring

    found = wiring.inbox(settings).survey()
    return Finding("inbox", True, f"{settings.inbox}: {len(found.seen)} letters waiting, {len(found.ignored)} entries ignored")


def _ledger(settings: Settings) -> Finding:
    from flows.adapters.sql_ledger import SqlLedger

    ledger = SqlLedger(settings.database_url)
    ledger.create()
    counts = ledger.counts()
    ledger.close()
    return Finding("ledger", True, f"{counts.get('letters', 0)} letters, {counts.get('commitments', 0)} commitments")


def _stores(settings: Settings) -> Iterator[Finding]:
    """A line for each bucket, tried with its own credentials, and one on whether they are kept apart."""
    from flows import store_proof, wiring

    proof = store_proof.prove_store(settings)
    if proof is None:
        yield Finding("store", True, f"{wiring.archive_folder(settings)}: a folder, in which nothing can be locked")
        return
    for name, report in zip(("store", "restricted store"), proof.reports, strict=True):
        missing = "; ".join(f"{one.code} ({one.detail})" for one in report.unproven)
        seen = f"not proven: {missing}" if missing else f"{len(report.proofs)} properties proven"
        short = None if report.holds(lock=bool(settings.store_lock)) else False
        yield Finding(name, short if missing else True, f"{report.where}: {seen}")
    if proof.apart.proven:
        yield Finding("stores apart", True, "the archive's credentials do not reach the restricted bucket")
    else:
        advice = "; give the restricted bucket a user of its own and set DUBAN_STORE_RESTRICTED_CREDENTIALS"
        yield Finding("stores apart", False if proof.claims_apart else None, proof.apart.detail + advice)


def _server(settings: Settings) -> Finding:
    from flows import parts, prefect_server

    ports = parts.known_ports(settings)
    if ports is None or not prefect_server.is_healthy(settings, ports.prefect):
        return Finding("server", False, "Prefect's server does not answer; start the system with duban up")
    return Finding("server", True, prefect_server.ui_url(ports.prefect, settings))


def _converters() -> Iterator[Finding]:
    from flows.adapters import converter

    for name, place in converter.available().items():
        yield Finding(name, True if place else None, place or "not on this machine; files that need it are refused with advice")

"""``duban verify``, ``seal``, ``export``, ``restore`` and ``replay``: the archive as proof."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from flows.letters.verify_report import report
from flows.seal_archive import AGENT
from flows.settings import load_settings
from flows.verify_archive import Verification


@click.command()
@click.argument("path", metavar="PACKAGE|DIR", required=False, type=click.Path(path_type=Path))
@click.option("--all", "everything", is_flag=True, help="Check the whole running archive.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the report (Markdown) there.")
@click.option("--witness", type=click.Path(path_type=Path, exists=True), help="What was noted of the sealed days.")
@click.option("--tsa-roots", type=click.Path(path_type=Path, exists=True), help="Root certificates for time stamps.")
def verify(
    path: Path | None,
    everything: bool,
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
    if path is not None:
        from flows.verify_folder import verify_path

        checked = {str(path): verify_path(path, witness, tsa_roots)}
    else:
        checked = _verify_running(tsa_roots)
    _tell(checked, as_json, out)
    if not all(result.whole for result in checked.values()):
        raise click.exceptions.Exit(1)


def _verify_running(tsa_roots: Path | None) -> dict[str, Verification]:
    from flows.proving import parts, verify_part
    from flows.verify_folder import token_check

    settings = load_settings()
    locks = bool(settings.store_lock)
    return {p.name: verify_part(p, check=token_check(tsa_roots), locks=locks) for p in parts(settings)}


def _tell(checked: dict[str, Verification], as_json: bool, out: Path | None) -> None:
    at = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
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

"""``duban read`` and ``duban evaluate``: understanding letters without any server, and measuring it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.letters.errors import LetterError, SecretLetter

if TYPE_CHECKING:
    from flows.letters.agencies import Directory
    from flows.letters.profile import SiteProfile
    from flows.letters.reading.containers import Member

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("files", nargs=-1, required=True, type=_FILE, metavar="FILE...")
@click.option("--agencies", type=_FILE, multiple=True, help="Agency directory (TOML); may be given more than once.")
@click.option("--site", "profile", type=_FILE, help="Site profile (TOML).")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write NAME.json per NAME.ext here.")
def read(files: tuple[Path, ...], agencies: tuple[Path, ...], profile: Path | None, out: Path | None) -> None:
    """Read letters with no server at all: print a summary, or with --out write their records.

    A ZIP or mail with several letters gives NAME/MEMBER.json for each of them.  Exit code 3 when some were refused.
    """
    from flows.commands.letter_summary import summary
    from flows.letters.agencies import Directory
    from flows.letters.profile import SiteProfile
    from flows.letters.record import record_bytes
    from flows.settings import DEMO_DIRECTORY, load_settings

    directory = Directory.load(*(agencies or (load_settings().agencies or DEMO_DIRECTORY,)))
    site = SiteProfile.load(profile or load_settings().site)
    refused, written = 0, set[Path]()
    for file in files:
        for target, record in _records(file, directory, site):
            if record is None:
                refused += 1
            elif out is None:
                click.echo(summary(record))
            else:
                _write(_free(out / target, file, written), record_bytes(record))
    if refused:
        raise click.exceptions.Exit(3)


def _records(file: Path, directory: Directory, site: SiteProfile) -> Iterator[tuple[Path, dict[str, Any] | None]]:
    """The file's records and where each belongs under the output folder; None for a letter that was refused."""
    from flows.letters.reading import containers

    try:
        data = file.read_bytes()
        members = containers.unpack(data, file.name) if containers.is_container(data) else None
    except OSError as fault:
        click.echo(f"{file}: unreadable_file: {fault.strerror}; give yourself the right to read it", err=True)
        yield Path(file.stem), None
        return
    except LetterError as fault:
        _say_refused(str(file), fault)
        yield Path(file.stem), None
        return
    moment = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if members is None or len(members) == 1:
        inner = (data, file.name) if members is None else (members[0].data, members[0].name)
        yield Path(f"{file.stem}.json"), _record(*inner, str(file), moment, directory, site)
        return
    for member, name in _own_names(members):
        where = f"{file}/{member.name}"
        yield Path(file.stem) / name, _record(member.data, member.name, where, moment, directory, site)


def _own_names(members: tuple[Member, ...]) -> Iterator[tuple[Member, str]]:
    """Each member with MEMBER.json, or MEMBER.ext.json where an earlier one has the same stem."""
    taken: set[str] = set()
    for member in members:
        name = f"{Path(member.name).stem}.json"
        name = name if name not in taken else f"{member.name}.json"
        taken.add(name)
        yield member, name


def _record(
    data: bytes, name: str, where: str, moment: str, directory: Directory, site: SiteProfile
) -> dict[str, Any] | None:
    """One letter's record; None, and a line on stderr, where it is refused."""
    from flows.adapters.reading_process import read_file
    from flows.letters.model import Original
    from flows.letters.understanding import understand

    original = Original(name, hashlib.sha256(data).hexdigest(), len(data), "application/octet-stream", moment)
    try:
        return understand(read_file(data, name), original, directory, site).record
    except LetterError as fault:
        _say_refused(where, fault)
        return None


def _say_refused(where: str, fault: LetterError) -> None:
    """File, code, what was found and what to do; of a secret letter nothing but its name."""
    said = "" if isinstance(fault, SecretLetter) else f"{fault.message} — "
    click.echo(f"{where}: {fault.code}: {said}{fault.reason_zh}。{fault.advice_zh}", err=True)


def _free(target: Path, file: Path, written: set[Path]) -> Path:
    """The place of a record; a second file of the same stem keeps its ending, so that nothing is overwritten."""
    if target in written:
        target = target.with_name(f"{file.name}.json")
        click.echo(f"{file}: another file has the same name; its record is {target}", err=True)
    written.add(target)
    return target


def _write(target: Path, data: bytes) -> None:
    """The whole file or none of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.part")
    aside.write_bytes(data)
    os.replace(aside, target)


@click.command()
@click.argument("folder", metavar="GOLD_DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--agencies", type=_FILE, multiple=True, help="Agency directory; default: GOLD_DIR/agencies*.toml.")
@click.option("--site", "profile", type=_FILE, help="Site profile (TOML).")
@click.option("--previous", type=_FILE, help="An earlier run (see --save): show what was gained, lost, changed.")
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Keep this run for a later --previous.")
@click.option(
    "--folds", type=click.IntRange(2, 20), help="Learn from the other folds only: the honest estimate (needs the repository)."
)
@click.option("--add", type=(_FILE, _FILE), multiple=True, metavar="RECORD LETTER", help="Keep a corrected record first.")
@click.option("--json", "as_json", is_flag=True, help="Print the measures as JSON.")
def evaluate(
    folder: Path,
    agencies: tuple[Path, ...],
    profile: Path | None,
    previous: Path | None,
    save: Path | None,
    folds: int | None,
    add: tuple[tuple[Path, Path], ...],
    as_json: bool,
) -> None:
    """Measure understanding on the annotated letters of GOLD_DIR (NAME.gold.json beside NAME.txt, .pdf, …)."""
    from flows import evaluating, gold_folder
    from flows.letters.profile import SiteProfile

    for record, letter in add:
        kept = gold_folder.add(folder, json.loads(record.read_text("utf-8")), letter)
        click.echo(f"kept {kept}", err=True)
    directory = gold_folder.directories(folder, agencies)
    run = evaluating.run(gold_folder.examples(folder), directory, SiteProfile.load(profile), folds)
    if save is not None:
        _write(save, (json.dumps(run, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8"))
    if as_json:
        click.echo(json.dumps(run["measures"], ensure_ascii=False, indent=2))
    else:
        click.echo(evaluating.page(run))
    if previous is not None:
        click.echo(evaluating.difference(json.loads(previous.read_text("utf-8")), run))

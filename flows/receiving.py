"""The returns folder: each filled-in form counts once, what is wrong in it comes back with its reasons beside it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from flows.adapters.spreadsheet import cells_of
from flows.adapters.sql_ledger import SqlLedger
from flows.answering import take_answer
from flows.letters.agencies import Directory
from flows.letters.errors import ChangedMeanwhile, LetterError, StepRefused, UnknownFormat
from flows.letters.returns import Answer, answers_of, answers_of_json
from flows.letters.rules.load import load_table
from flows.letters.workdays import WorkCalendar

_MOST_BYTES = 20_000_000
_DONE = ("taken", "refused")


@dataclass
class Received:
    """What was found: forms by fate (taken, refused, known), answers taken, and why answers or forms were refused."""

    forms: Counter[str] = field(default_factory=Counter)
    answers: int = 0
    refused: list[str] = field(default_factory=list)


def receive(
    folder: Path, ledger: SqlLedger, directory: Directory, today: date, now: str, calendar: WorkCalendar | None = None
) -> Received:
    """Work through every form in ``folder``; it moves to ``taken`` or, with a ``.why.json``, to ``refused``.

    A form speaks for the agency it names: whoever may write into the folder is believed, so its rights are the lock.
    A form with some wrong answers is refused, its right ones are taken: sent again corrected, those are refused as
    already done, which says so.  A crash in between takes nothing twice: each step is refused in the state it led to.
    """
    done = Received()
    for path in _forms(folder):
        data = path.read_bytes()
        form_id = hashlib.sha256(data).hexdigest()
        if ledger.answered(form_id):
            _move(path, folder / "taken", form_id)
            done.forms["known"] += 1
            continue
        refused = _work_through(path, data, ledger, directory, (today, now, calendar), done)
        ledger.take_form(form_id, path.name, done.answers, refused, now)
        fate = "refused" if refused else "taken"
        done.forms[fate] += 1
        done.refused += [f"{path.name}：{why}" for why in refused]
        _move(path, folder / fate, form_id, refused)
    return done


def read_form(data: bytes, name: str) -> tuple[Answer, ...]:
    """The answers in a form, by its content: JSON or XLSX.  ``LetterError`` where it is neither, or wrong."""
    if len(data) > _MOST_BYTES:
        raise UnknownFormat(f"{name}：文件超过{_MOST_BYTES // 1_000_000}MB，不是回执表")
    if data.lstrip()[:1] == b"{":
        return answers_of_json(data, name)
    return answers_of(cells_of(data, name, load_table("returns")["sheet"]), name)


def _work_through(
    path: Path,
    data: bytes,
    ledger: SqlLedger,
    directory: Directory,
    when: tuple[date, str, WorkCalendar | None],
    done: Received,
) -> list[str]:
    try:
        answers = read_form(data, path.name)
    except LetterError as fault:
        return [fault.message]
    refused = []
    for answer in answers:
        try:
            take_answer(ledger, directory, answer, *when)
        except (StepRefused, ChangedMeanwhile) as fault:
            refused.append(f"{answer.place}：{fault.message}")
            continue
        done.answers += 1
    return refused


def _forms(folder: Path) -> Iterator[Path]:
    """Regular files that are meant: no folders, links, hidden or temporary files."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.is_file() and not path.is_symlink() and not path.name.startswith((".", "~$")) and path.suffix != ".part":
            yield path


def _move(path: Path, to: Path, form_id: str, refused: list[str] | None = None) -> None:
    to.mkdir(parents=True, exist_ok=True)
    target = to / f"{form_id[:12]}-{path.name}"
    if refused:
        why = json.dumps({"file": path.name, "sha256": form_id, "refused": refused}, ensure_ascii=False, indent=1)
        target.with_name(target.name + ".why.json").write_text(why, encoding="utf-8")
    path.replace(target)

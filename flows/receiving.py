"""The returns folder: each filled-in form counts once, what is wrong comes back with its reasons, strange ones wait."""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Literal

from flows.adapters.spreadsheet import form_cells
from flows.adapters.sql_ledger import SqlLedger
from flows.answering import take_answer
from flows.letters.agencies import Directory
from flows.letters.errors import ChangedMeanwhile, LetterError, StepRefused, UnknownFormat
from flows.letters.return_forms import Forms
from flows.letters.returns import Returned, outdated, returned_form, returned_json
from flows.letters.rules.load import load_table
from flows.letters.sheets import Templates
from flows.letters.workdays import WorkCalendar, beijing_day

_MOST_BYTES = 20_000_000
_NAMED = 12  # digits of its SHA-256 before the name of a form that was moved
Fate = Literal["taken", "refused", "known", "review"]


@dataclass(frozen=True, slots=True)
class Desk:
    """Where forms are worked through: the ledger, whom it knows, whose forms it issued, and the day."""

    ledger: SqlLedger
    directory: Directory
    forms: Forms
    today: date
    now: str
    calendar: WorkCalendar | None = None
    templates: Templates | None = None


@dataclass
class Received:
    """What was found: forms by fate (taken, refused, known, review), answers taken, why some were not (names and quotes).

    ``aside`` tells of the forms not taken what all may read: the digits their files' names begin with now, and the folder.
    ``unread`` are the kinds of the faults of files that could not be read or moved; they stay where they are.
    """

    forms: Counter[Fate] = field(default_factory=Counter)
    answers: int = 0
    refused: list[str] = field(default_factory=list)
    aside: list[tuple[str, Fate]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def receive(folder: Path, desk: Desk, settled_seconds: float = 0.0) -> Received:
    """Work through every form in ``folder``; it moves to ``taken``, ``refused`` or ``review``, the latter with a ``.why.json``.

    A form speaks for the agency it was issued to.  One that nobody here issued (its code does not fit, or it has none)
    waits in ``review`` until a person has asked the agency (``accept``, ``turn_down``).  A form with some wrong answers is
    refused, its right ones are taken: sent again corrected, those are refused as already done, which says so.  A crash in
    between takes nothing twice: each step is refused in the state it led to.  What changed within ``settled_seconds`` is
    still being copied and waits for the next time.
    """
    done = Received()
    for path in _forms(folder, settled_seconds):
        try:
            _take_up(path, desk, done)
        except OSError as fault:  # taken away meanwhile, or not ours to read: the others must not wait for it
            done.unread.append(type(fault).__name__)
    return done


def accept(path: Path, desk: Desk, by: str) -> Received:
    """Take a form of ``review`` that a person has checked with its agency; ``by`` is noted with every answer."""
    done = Received()
    _work_through(path, desk, done, vouched=by)
    _why(path).unlink(missing_ok=True)
    return done


def turn_down(path: Path, desk: Desk, by: str, reason: str) -> None:
    """Refuse a form of ``review``: nobody of that agency sent it, or it must come on a new form."""
    form_id = _digest(path)
    _settle(path, desk, form_id, "refused", [f"{by}：{reason}"], 0)
    _why(path).unlink(missing_ok=True)


def waiting(folder: Path) -> list[Path]:
    """The forms that wait for a person."""
    review = folder / "review"
    return sorted(path for path in review.iterdir() if not path.name.endswith(".why.json")) if review.is_dir() else []


def read_form(path: Path) -> Returned:
    """The form in a file, by its content: JSON or XLSX.  ``LetterError`` where it is neither, or wrong."""
    if path.stat().st_size > _MOST_BYTES:
        raise UnknownFormat(f"{path.name}：文件超过{_MOST_BYTES // 1_000_000}MB，不是回执表")
    data = path.read_bytes()
    if data.lstrip()[:1] == b"{":
        return returned_json(data, path.name)
    return returned_form(form_cells(data, path.name, load_table("returns")["sheet"]), path.name)


def _take_up(path: Path, desk: Desk, done: Received) -> None:
    form_id = _digest(path)
    if desk.ledger.answered(form_id):
        _move(path, _root(path) / "taken", form_id)
        done.forms["known"] += 1
        return
    _work_through(path, desk, done)


def _work_through(path: Path, desk: Desk, done: Received, vouched: str | None = None) -> None:
    form_id = _digest(path)
    try:
        returned = read_form(path)
    except LetterError as fault:
        _settle(path, desk, form_id, "refused", [fault.message], 0, done)
        return
    if desk.ledger.answered(said := _content_id(returned)):
        # Opened and saved again, a workbook has other bytes and says the same.
        _move(path, _root(path) / "taken", form_id)
        done.forms["known"] += 1
        return
    if vouched is None and not desk.forms.issued(returned.agency_id, returned.issue):
        why = "校验码不符" if returned.issue else "没有回执编号和校验码"
        why = f"{why}：不是本系统出具的回执表，未予采信。请督办人员与{returned.agency_id}核实后受理或退回（duban returns）"
        _move(path, _root(path) / "review", form_id, [why])
        done.forms["review"] += 1
        done.aside.append((form_id[:_NAMED], "review"))
        done.refused.append(f"{path.name}：{why}")
        return
    taken, refused = _take_answers(returned, desk, vouched)
    done.answers += taken
    if not refused:
        desk.ledger.take_form(said, path.name, taken, [], desk.now)
    _settle(path, desk, form_id, "refused" if refused else "taken", refused, taken, done)


def _take_answers(returned: Returned, desk: Desk, vouched: str | None) -> tuple[int, list[str]]:
    """How many answers were taken, and why the others were not."""
    taken, refused = 0, []
    for answer in returned.answers:
        steps = desk.ledger.history_of(answer.commitment_id)
        history = [(beijing_day(step["at"]).isoformat(), str(step["action"])) for step in steps]
        if (old := outdated(answer, returned.issue, history)) is not None:
            refused.append(f"{answer.place}：{old}")
            continue
        if vouched is not None:
            answer = replace(answer, by=f"{answer.by}（经{vouched}核实）")
        try:
            take_answer(desk.ledger, desk.directory, answer, desk.today, desk.now, desk.templates, desk.calendar)
        except (StepRefused, ChangedMeanwhile) as fault:
            refused.append(f"{answer.place}：{fault.message}")
            continue
        taken += 1
    return taken, refused


def _settle(
    path: Path, desk: Desk, form_id: str, fate: Fate, refused: list[str], taken: int, done: Received | None = None
) -> None:
    desk.ledger.take_form(form_id, path.name, taken, refused, desk.now)
    if done is not None:
        done.forms[fate] += 1
        done.aside += [(form_id[:_NAMED], fate)] if fate == "refused" else []
        done.refused += [f"{path.name}：{why}" for why in refused]
    _move(path, _root(path) / fate, form_id, refused)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _content_id(returned: Returned) -> str:
    """Equal for two files that say the same on the same form."""
    said = json.dumps(asdict(returned), ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(b"duban-answers\0" + said.encode("utf-8")).hexdigest()


def _forms(folder: Path, settled_seconds: float) -> Iterator[Path]:
    """Regular files that are meant: no folders, links, hidden or temporary files, nothing still being written."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file() or path.name.startswith((".", "~$")) or path.suffix == ".part":
            continue
        if settled_seconds == 0 or time.time() - path.stat().st_ctime >= settled_seconds:
            yield path


def _root(path: Path) -> Path:
    """The returns folder of a form in it or in its ``review``."""
    return path.parent.parent if path.parent.name == "review" else path.parent


def _why(path: Path) -> Path:
    return path.with_name(path.name + ".why.json")


def _move(path: Path, to: Path, form_id: str, refused: list[str] | None = None) -> None:
    to.mkdir(parents=True, exist_ok=True)
    prefix = f"{form_id[:_NAMED]}-"
    target = to / (path.name if path.name.startswith(prefix) else prefix + path.name)
    if refused:
        why = json.dumps({"file": path.name, "sha256": form_id, "refused": refused}, ensure_ascii=False, indent=1)
        _why(target).write_text(why, encoding="utf-8")
    path.replace(target)

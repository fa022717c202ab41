"""What may be published: letters and their commitments, without contact data, never more than the letter allows."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import jinja2

from flows.letters.disclosure import is_public, level_of, shows_text
from flows.letters.errors import InvalidRecord
from flows.letters.masking import Private, leaks, mask_record, mask_text
from flows.letters.model import COMMITMENT_STANCES
from flows.letters.wording import words

_DERIVED = re.compile(r"\b(?:[0-9a-f]{64}|[0-9a-f]{20}|[0-9a-f]{12}-[0-9a-f]{12})\b")


@dataclass(frozen=True, slots=True)
class Publishable:
    """One letter offered for publication: its record, its text, and what became of its commitments (id → columns)."""

    record: Mapping[str, Any]
    text: str
    standing: Mapping[str, Mapping[str, Any]]


def public_set(letters: Iterable[Publishable]) -> dict[str, bytes]:
    """The files of a publication by path: letters and ledger as JSON, CSV and HTML; letters that are not public left out.

    Raises ``InvalidRecord`` naming the file where contact data is still found: then nothing may be published.
    """
    offered = [letter for letter in letters if is_public(level_of(letter.record))]
    shown = [_shown(letter) for letter in offered]
    rows = [row for letter in shown for row in letter["commitments"]]
    told = words("publishing")
    files = {
        "letters.json": _json([{k: v for k, v in letter.items() if k != "text"} for letter in shown]),
        "ledger.json": _json(rows),
        "letters.csv": _csv(told["letter_columns"], shown),
        "ledger.csv": _csv(told["ledger_columns"], rows),
        "index.html": _page("index.html.j2", letters=shown, rows=rows, told=told),
    }
    for letter in shown:
        files[f"letters/{letter['id']}.html"] = _page("letter.html.j2", letter=letter, told=told)
        files[f"letters/{letter['id']}.json"] = _json(letter)
    _must_not_leak(files, [Private.of(letter.record) for letter in offered])
    return files


def _shown(letter: Publishable) -> dict[str, Any]:
    """What is shown of a letter: of a summary letter the facts alone, none of its words."""
    full = shows_text(level_of(letter.record))
    record, private = mask_record(letter.record), Private.of(letter.record)
    header = record["header"]
    proposal = header["proposal"] or {}
    shown: dict[str, Any] = {
        "id": record["id"],
        "document_number": header["document_number"],
        "title": header["title"],
        "issuers": "、".join(header["issuers"]),
        "date": header["date"],
        "proposal": "".join(filter(None, [proposal.get("session"), proposal.get("number")])),
        "proposal_title": proposal.get("title"),
        "outcome": header["outcome"],
        "disclosure": header["disclosure"],
        "sha256": record["original"]["sha256"],
        "text": mask_text(letter.text, private) if full else None,
    }
    shown["commitments"] = [
        _commitment(shown, statement, letter.standing.get(statement["id"], {}), full)
        for statement in record["statements"]
        if statement["stance"] in COMMITMENT_STANCES
    ]
    return shown


def _commitment(
    letter: Mapping[str, Any], statement: Mapping[str, Any], standing: Mapping[str, Any], full: bool
) -> dict[str, Any]:
    deadline = statement["deadline"] or {}
    owners = {role: [o["name"] or o["mention"] for o in statement["owners"] if o["role"] == role] for role in ("lead", "support")}
    return {
        "id": statement["id"],
        "letter": letter["id"],
        "document_number": letter["document_number"],
        "title": letter["title"],
        "quote": statement["text"] if full else None,
        "page": statement["page"],
        "span": list(statement["span"]),
        "lead": "、".join(filter(None, owners["lead"])) or None,
        "support": "、".join(filter(None, owners["support"])) or None,
        "deadline": deadline.get("date") or (deadline.get("text") if full else None),
        "state": standing.get("state"),
        "done_on": standing.get("done_on"),
    }


def _must_not_leak(files: Mapping[str, bytes], private: Sequence[Private]) -> None:
    # Ids and checksums are hexadecimal: by chance they hold what looks like a telephone number.
    found = {path: leaks(_DERIVED.sub("", content.decode("utf-8")), private) for path, content in files.items()}
    bad = [f"{path}: {len(what)}" for path, what in found.items() if what]
    if bad:
        raise InvalidRecord("contact data would be published, nothing was written: " + ", ".join(bad))


def _csv(columns: Mapping[str, str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """With a byte order mark, so that a spreadsheet reads the Chinese; no cell can be taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(columns.values())
    for row in rows:
        writer.writerow([_cell(row[name]) for name in columns])
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _page(name: str, **values: Any) -> bytes:
    source = (resources.files("flows.letters") / "templates" / "public" / name).read_text("utf-8")
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(source).render(**values).encode("utf-8")


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode("utf-8")

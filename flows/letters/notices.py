"""Makes notices: what is said to whom about which commitment, as schema-checked CloudEvents and as sheets."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from flows.letters.errors import InvalidRecord, RulesError
from flows.letters.masking import Private, mask_text
from flows.letters.model import Assignment, Notice, NoticeKind, OwnerRole
from flows.letters.papers import LISTS, paper_day
from flows.letters.routing import Bodies
from flows.letters.rules.load import load_table
from flows.letters.schema_check import schema_faults, shipped
from flows.letters.sheets import Templates, sheet

SCHEMA = "https://duban.example/schemas/v1/notice"


def hand_off(
    record: Mapping[str, Any],
    assignments: Sequence[Assignment],
    directory: Bodies,
    templates: Templates | None = None,
) -> tuple[Notice, ...]:
    """One hand-off (交办) for every assignment that notifies, in their order.

    Ids are derived from commitment, agency and role, so the same record gives the same notices, byte for byte.
    """
    statements = {statement["id"]: statement for statement in record["statements"]}
    made = []
    for assignment in assignments:
        if assignment.action != "notify" or assignment.agency_id is None:
            continue
        statement = statements[assignment.commitment_id]
        data = {
            "to": {"agency_id": assignment.agency_id, "name": _name(assignment, statement, directory)},
            "disclosure": record["header"].get("disclosure_normalised"),
            "items": [item_of(record, statement)],
        }
        if assignment.instead_of is not None:
            data["instead_of"] = _mentioned(assignment.instead_of, statement)
        made.append(
            notice(
                "hand_off",
                data,
                role=assignment.role,
                subject=assignment.commitment_id,
                source=f"/duban/letters/{record['id']}",
                time=record["original"]["received_at"],
                templates=templates,
            )
        )
    return tuple(made)


def notice(
    kind: NoticeKind,
    data: Mapping[str, Any],
    *,
    subject: str,
    source: str,
    time: str,
    role: OwnerRole = "lead",
    stage: str | None = None,
    day: str | None = None,
    occasion: str = "",
    templates: Templates | None = None,
) -> Notice:
    """A notice of ``kind``: words from the table, derived id, checked event (``InvalidRecord`` lists every fault).

    ``data`` brings ``to``, ``disclosure``, ``items`` and what the kind adds.  ``subject`` is the commitment's id, or
    what a list is about; ``occasion`` tells apart notices of one kind about the same thing (the day of a reminder).
    """
    words = wording(kind, role, stage)
    full = {"kind": kind, "title": words["title"], "role": role, "day": day, "requests": words["requests"], **data}
    full |= {name: words[name] for name in ("stage", "slip", "blanks") if name in words}
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": notice_id(kind, subject, data["to"]["agency_id"], role, "/".join(filter(None, (stage, occasion)))),
        "source": source,
        "type": f"duban.notice.{kind}.v1",
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
        "dataschema": SCHEMA,
        "data": full,
    }
    faults = schema_faults(event, _schema())
    if faults:
        raise InvalidRecord(f"the {kind} notice about {subject} breaks its schema:\n" + "\n".join(faults))
    items = full["items"]
    one = items[0]["commitment_id"] if len(items) == 1 and kind not in LISTS else None
    return Notice(
        id=str(event["id"]),
        agency_id=data["to"]["agency_id"],
        commitment_id=one,
        role=role,
        event=_line(event),
        sheet=sheet(event, words["opening"], templates),
        kind=kind,
        series=_series(words["word"], paper_day(event), templates),
    )


def numbered(made: Notice, serial: int) -> Notice:
    """The notice with its number: the ``serial``-th of its series.  Its id, the key it counts once by, stays."""
    number = load_table("notices")["numbers"]["number"].format(series=made.series, serial=serial)
    event = json.loads(made.event)
    event["data"]["number"] = number
    # Up to now the id stood where the number goes (see papers.number_of), and nothing else says it.
    sheet = made.sheet.replace(made.id, html.escape(number))
    return replace(made, number=number, event=_line(event), sheet=sheet)


def parts_of(number: str) -> tuple[str, int]:
    """A number as its series and its place in it; ``ValueError`` where it is none of ours."""
    found = re.fullmatch(r"(.*[^0-9])([0-9]+)[^0-9]*", number)
    if found is None:
        raise ValueError(f"{number!r} is no number of a notice")
    return found[1], int(found[2])


def _series(word: str, day: str, templates: Templates | None) -> str:
    words = load_table("notices")["numbers"]
    office = (templates.code if templates else "") or words["office"]
    return str(words["series"].format(office=office, word=word, year=day[:4]))


def _line(event: Mapping[str, Any]) -> str:
    return json.dumps(event, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@cache
def _schema() -> bytes:
    return shipped("v1/notice")


def notice_id(kind: str, subject: str, agency_id: str, role: str, occasion: str = "") -> str:
    """``N`` and 24 hexadecimal digits, derived from what makes the notice this one and no other."""
    seed = "\0".join(("notice", kind, subject, agency_id, role, occasion))
    return "N" + hashlib.sha256(seed.encode("utf-8")).hexdigest()[:24]


def wording(kind: str, role: str, stage: str | None = None) -> dict[str, Any]:
    """Word of the number, title, opening, requests and blanks of a kind (and stage) for this role, the clocks' days filled in."""
    table = load_table("notices")
    row = next((row for row in table["notice"] if row["kind"] == kind and row.get("stage") == stage), None)
    if row is None:
        raise RulesError(f"rules/notices.toml has no row for the kind {kind!r}, stage {stage!r}; add one")
    requests = row.get("role_requests", {}).get(role, row["requests"])
    found = {
        "word": row["word"],
        "title": row.get("role_title", {}).get(role, row["title"]),
        "opening": row.get("role_opening", {}).get(role, row["opening"]),
        "requests": [line.format_map(table["clocks"]) for line in requests],
    }
    return found | {name: row[name] for name in ("stage", "slip", "blanks") if name in row}


def item_of(record: Mapping[str, Any], statement: Mapping[str, Any]) -> dict[str, Any]:
    """A statement of a record as the ``item`` of a notice: quote and place, owners, deadline, letter, original's hash.

    Addressees, contacts and copies stay out, and what the quote says of them is covered: a third party learns nothing
    of the member who proposed.
    """
    private = Private.of(record)
    leads = [_label(owner) for owner in statement["owners"] if owner["role"] == "lead"]
    deadline = statement["deadline"]
    return {
        "commitment_id": statement["id"],
        "quote": mask_text(statement["text"], private),
        "place": {"page": statement["page"], "span": list(statement["span"]), "section": statement["section"]},
        "stance": statement["stance"],
        "specific": statement["specific"],
        "confidence": statement["confidence"],
        "lead": "、".join(filter(None, leads)) or None,
        "support": [label for o in statement["owners"] if o["role"] == "support" and (label := _label(o))],
        "deadline": deadline and {key: deadline[key] for key in ("text", "date", "precision", "provenance")},
        "quantities": [quantity["text"] for quantity in statement["quantities"]],
        "letter": letter_of(record, private),
        "original": {"name": _covered(record["original"].get("name"), private), "sha256": record["original"]["sha256"]},
    }


def letter_of(record: Mapping[str, Any], private: Private) -> dict[str, Any]:
    """What a notice says of the letter: number, title, date, issuers, proposal, outcome, disclosure as written."""
    header = record["header"]
    return {
        "id": record["id"],
        "document_number": header["document_number"],
        "title": _covered(header["title"], private),
        "date": header["date"],
        "issuers": header["issuers"],
        "proposal": _covered(proposal_line(header.get("proposal")), private),
        "outcome": header.get("outcome"),
        "disclosure": header.get("disclosure"),
    }


def proposal_line(proposal: Mapping[str, Any] | None) -> str | None:
    """新区政协七届三次会议第033号提案《关于…的建议》; None where the letter says nothing of it."""
    if not proposal:
        return None
    kinds = load_table("notices")["words"]["proposal"]
    number = f"第{proposal['number']}号" if proposal.get("number") else ""
    kind = kinds.get(proposal.get("kind"), "")
    title = f"《{proposal['title']}》" if proposal.get("title") else ""
    return f"{proposal.get('session') or ''}{number}{kind if number or title else ''}{title}" or None


def _name(assignment: Assignment, statement: Mapping[str, Any], directory: Bodies) -> str:
    body = directory.get(assignment.agency_id) if assignment.agency_id else None
    if body is not None:
        return body.name
    return _mentioned(assignment.agency_id, statement) or assignment.mention or str(assignment.agency_id)


def _mentioned(agency_id: str | None, statement: Mapping[str, Any]) -> str | None:
    names = [owner["name"] for owner in statement["owners"] if owner["agency_id"] == agency_id]
    return names[0] if names else None


def _covered(text: str | None, private: Private) -> str | None:
    return None if text is None else mask_text(text, private)


def _label(owner: Mapping[str, Any]) -> str:
    return owner["name"] or owner["mention"] or ""

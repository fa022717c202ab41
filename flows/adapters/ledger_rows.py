"""From a record to the ledger's rows: letter, commitments, owners, open questions, notices."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from flows.letters.masking import Private, mask_text
from flows.letters.model import Assignment, Notice
from flows.ports import Receipt


def fingerprint(record: Mapping[str, Any]) -> str:
    """SHA-256 over what the letter says: number, title, date, signers, statements; white space does not count.

    A letter of which neither number nor statements could be read says nothing that another could say again.
    """
    header = record["header"]
    said = [header["document_number"], header["title"], header["date"], *header["issuers"]]
    said += [statement["text"] for statement in record["statements"]]
    if not record["statements"] and not header["document_number"]:
        said.append(record["original"]["sha256"])
    body = "\0".join("".join((text or "").split()) for text in said)
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def same_words(quote: str) -> str:
    """The quote without white space: what two versions of a letter are compared by."""
    return "".join(quote.split())


def letter_row(record: Mapping[str, Any], original: Receipt, filed: Receipt, now: str) -> dict[str, Any]:
    header, proposal = record["header"], record["header"].get("proposal") or {}
    return {
        "id": record["id"],
        "sha256": record["original"]["sha256"],
        "rules_version": record["rules_version"],
        "letter_type": header["letter_type"],
        "document_number": header["document_number"],
        "title": header["title"],
        "issuer": "、".join(header["issuers"]) or None,
        "issuers": _json(header["issuers"]),
        "dated": header["date"],
        "year": int((header["date"] or now)[:4]),
        "proposal_kind": proposal.get("kind"),
        "proposal_session": proposal.get("session"),
        "proposal_number": proposal.get("number"),
        "proposal_title": proposal.get("title"),
        "proposers": _json(header.get("addressees") or []),
        "outcome": header.get("outcome"),
        "outcome_normalised": header.get("outcome_normalised"),
        "disclosure": header["disclosure_normalised"],
        "disclosure_text": header.get("disclosure"),
        "original_name": record["original"].get("name"),
        "original_key": original.key,
        "original_version": original.version_id,
        "record_key": filed.key,
        "problems": len(record["problems"]),
        "fingerprint": fingerprint(record),
        "version": 1,
        "supersedes": None,
        "superseded_by": None,
        "same_as": None,
        "text_hash": None,
        "entered_at": now,
    }


def commitment_row(letter: Mapping[str, Any], place: int, statement: Mapping[str, Any], private: Private) -> dict[str, Any]:
    """The row of a statement as the program proposes it.

    Contact data and what is ``private`` in its letter are covered: workbook, digest and lists are made of the row.
    """
    leads = [owner for owner in statement["owners"] if owner["role"] == "lead"]
    support = [owner["name"] or owner["mention"] for owner in statement["owners"] if owner["role"] == "support"]
    deadline = statement["deadline"] or {}
    return {
        "id": statement["id"],
        "letter_id": letter["id"],
        "place": place,
        "year": letter["year"],
        "stance": statement["stance"],
        "specific": statement["specific"],
        "quote": mask_text(statement["text"], private),
        "page": statement["page"],
        "span_start": statement["span"][0],
        "span_end": statement["span"][1],
        "section": statement["section"],
        "quantities": _json([quantity["text"] for quantity in statement["quantities"]]),
        "lead_mention": leads[0]["mention"] if leads else None,
        "lead_name": leads[0]["name"] if leads else None,
        "lead_agency_id": leads[0]["agency_id"] if leads else None,
        "support": "、".join(filter(None, support)) or None,
        "deadline_text": deadline.get("text"),
        "deadline": deadline.get("date"),
        "deadline_precision": deadline.get("precision"),
        "deadline_provenance": deadline.get("provenance"),
        "confidence": statement["confidence"],
        "state": "proposed",
        "version": 1,
        "due": deadline.get("date"),
        "due_basis": deadline.get("provenance") if deadline.get("date") else None,
        "extensions": 0,
        "issued_on": None,
    }


def owner_rows(statement: Mapping[str, Any], assignments: Sequence[Assignment]) -> list[dict[str, Any]]:
    """Who must do it, one row an agency: those that are told now."""
    names = {owner["agency_id"]: owner["name"] for owner in statement["owners"]}
    return [
        {
            "commitment_id": statement["id"],
            "agency_id": a.agency_id,
            "name": names.get(a.agency_id),
            "mention": a.mention,
            "role": a.role,
            "rule": a.rule,
        }
        for a in assignments
        if a.commitment_id == statement["id"] and a.agency_id is not None and a.action == "notify"
    ]


def question_row(assignment: Assignment, now: str) -> dict[str, Any]:
    return {
        "commitment_id": assignment.commitment_id,
        "role": assignment.role,
        "mention": assignment.mention,
        "agency_id": assignment.agency_id,
        "rule": assignment.rule,
        "reason": assignment.reason,
        "asked_at": now,
    }


def notice_row(notice: Notice, now: str, letter_id: str | None = None) -> dict[str, Any]:
    return {
        "id": notice.id,
        "commitment_id": notice.commitment_id,
        "letter_id": letter_id,
        "agency_id": notice.agency_id,
        "role": notice.role,
        "kind": notice.kind,
        "event": notice.event,
        "sheet": notice.sheet,
        "state": "queued",
        "attempts": 0,
        "queued_at": now,
        "series": notice.series,
    }


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)

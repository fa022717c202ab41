"""Makes the record of a letter and checks it against its schema: the same input gives the same bytes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any

import jsonschema_rs

import schemas
from flows.letters.errors import InvalidRecord
from flows.letters.model import (
    COMMITMENT_STANCES,
    Deadline,
    Header,
    Original,
    Owner,
    Problem,
    Proposal,
    Quantity,
    ReplyLetter,
    Section,
    Span,
    Statement,
)

# A record is built of fresh values, so nothing in it can hold itself.
_JSON = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)

SCHEMA = "https://duban.example/schemas/v1/record"


@dataclass(frozen=True, slots=True)
class Normalised:
    """What the site's profile makes of the letter's own marks."""

    outcome: str | None
    disclosure: str | None


def record_of(
    original: Original,
    letter: ReplyLetter,
    statements: Sequence[Statement],
    normalised: Normalised,
    *,
    jurisdiction: str | None,
    version: str,
    problems: Sequence[Problem] = (),
) -> dict[str, Any]:
    """The record (contract shape), checked; raises ``InvalidRecord`` listing every fault."""
    source = letter.text.source
    spans = dict(letter.header.spans)
    found = (*letter.text.problems, *letter.problems, *[p for s in statements for p in s.problems], *problems)
    record = {
        "schema": SCHEMA,
        "id": record_id(original.sha256),
        "rules_version": version,
        "reader": {
            "name": source.reader.name,
            "version": source.reader.version,
            "ocr": source.reader.ocr,
            "ocr_confidence": source.reader.ocr_confidence,
        },
        "original": {
            "name": original.name,
            "sha256": original.sha256,
            "bytes": original.bytes,
            "media_type": source.media_type or original.media_type,
            "received_at": original.received_at,
        },
        "jurisdiction": jurisdiction,
        "header": _header(letter.header, normalised),
        "header_spans": {name: _span(span) for name, span in spans.items()},
        "sections": [_section(section) for section in letter.sections],
        "statements": _statements(original.sha256, statements),
        "problems": _problems(found),
    }
    check(record)
    return record


def record_id(sha256: str) -> str:
    """The letter's id, derived from its original."""
    return sha256[:20]


def record_bytes(record: dict[str, Any]) -> bytes:
    """The record as it is archived: UTF-8 JSON, keys in the order of the contract."""
    return (_JSON.encode(record) + "\n").encode("utf-8")


def check(record: dict[str, Any]) -> None:
    """Raises ``InvalidRecord`` listing every fault with its JSON pointer."""
    if _fast().is_valid(record):
        return
    faults = schemas.faults("v1/record", record) or ["the two validators do not agree on this record"]
    raise InvalidRecord(
        f"the record breaks its schema in {len(faults)} places; report it: " + "; ".join(faults), faults=faults
    )


@lru_cache(maxsize=16)
def rules_version(*digests: str) -> str:
    """Names program, rules, learned weights and whatever else shaped a record (directory, profile) by one digest."""
    joined = "\0".join((_knowledge_digest(), *digests))
    return f"v1-{hashlib.sha256(joined.encode()).hexdigest()[:12]}"


@cache
def _knowledge_digest() -> str:
    """SHA-256 over every file of the package that understands letters: other code may make another record."""
    digest = hashlib.sha256()
    for name, content in sorted(_files(resources.files("flows.letters"), "")):
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f"{path}{entry.name}/") if entry.name != "__pycache__" else ()
        elif entry.name.endswith((".py", ".toml", ".json")):
            yield path + entry.name, entry.read_bytes()


@cache
def _fast() -> jsonschema_rs.Draft202012Validator:
    # The reference validator takes six milliseconds a record; a test holds the two to the same answers.
    return jsonschema_rs.Draft202012Validator(schemas.load("v1/record"), validate_formats=True)


def _span(span: Span) -> list[int]:
    return [span.start, span.end]


def _maybe(span: Span | None) -> list[int] | None:
    return _span(span) if span else None


def _header(header: Header, normalised: Normalised) -> dict[str, Any]:
    return {
        "letter_type": header.letter_type,
        "document_number": header.document_number,
        "title": header.title,
        "issuers": list(header.issuers),
        "date": header.date.isoformat() if header.date else None,
        "addressees": list(header.addressees) or None,
        "copies_to": list(header.copies_to),
        "proposal": _proposal(header.proposal),
        "outcome": header.outcome,
        "outcome_normalised": normalised.outcome,
        "disclosure": header.disclosure,
        "disclosure_normalised": normalised.disclosure,
        "contacts": [
            {"name": c.name, "phone": c.phone, "address": c.address, "postcode": c.postcode} for c in header.contacts
        ],
    }


def _proposal(proposal: Proposal | None) -> dict[str, Any] | None:
    if proposal is None:
        return None
    return {
        "kind": proposal.kind,
        "session": proposal.session,
        "number": proposal.number,
        "title": proposal.title,
    }


def _section(section: Section) -> dict[str, Any]:
    return {
        "number": section.number,
        "heading": section.heading,
        "span": _span(section.span),
        "heading_span": _span(section.heading_span),
        "level": section.level,
    }


def _statements(sha256: str, statements: Sequence[Statement]) -> list[dict[str, Any]]:
    seen: dict[str, int] = {}
    found = []
    for statement in statements:
        text = "".join(statement.text.split())
        seen[text] = occurrence = seen.get(text, 0) + 1
        found.append({
            "id": statement_id(sha256, text, occurrence),
            "text": statement.text,
            "span": _span(statement.span),
            "page": statement.page,
            "section": statement.section,
            "stance": statement.stance,
            "specific": statement.specific,
            "cues": list(statement.cues),
            "confidence": statement.confidence,
            "confidences": dict(statement.confidences),
            "owners": [_owner(owner) for owner in statement.owners],
            "deadline": _deadline(statement.deadline) if statement.deadline else None,
            "quantities": [_quantity(quantity) for quantity in statement.quantities],
        })
    return found


def statement_id(sha256: str, text: str, occurrence: int = 1) -> str:
    """Derived from the original and the statement's own words, so that a better rule elsewhere does not change it."""
    digest = hashlib.sha256(f"{sha256}\0{text}\0{occurrence}".encode()).hexdigest()
    return f"{sha256[:12]}-{digest[:12]}"


def _owner(owner: Owner) -> dict[str, Any]:
    return {
        "mention": owner.mention,
        "name": owner.name,
        "agency_id": owner.agency_id,
        "role": owner.role,
        "basis": owner.basis,
        "span": _maybe(owner.span),
    }


def _deadline(deadline: Deadline) -> dict[str, Any]:
    return {
        "text": deadline.text,
        "date": deadline.day.isoformat() if deadline.day else None,
        "precision": deadline.precision,
        "provenance": deadline.provenance,
        "span": _maybe(deadline.span),
    }


def _quantity(quantity: Quantity) -> dict[str, Any]:
    return {
        "text": quantity.text,
        "value": quantity.value,
        "unit": quantity.unit,
        "comparator": quantity.comparator,
        "span": _maybe(quantity.span),
    }


def _problems(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Each problem once, those with a place in text order, those without first."""
    unique = dict.fromkeys(problems)
    ordered = sorted(unique, key=lambda p: (p.span.start, p.span.end) if p.span else (-1, -1))
    return [{"code": p.code, "message": p.message, "span": _maybe(p.span)} for p in ordered]


def commitments(record: dict[str, Any]) -> list[dict[str, Any]]:
    """The statements of a record that bind somebody."""
    return [statement for statement in record["statements"] if statement["stance"] in COMMITMENT_STANCES]

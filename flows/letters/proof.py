"""Makes the proof pack of one letter: all that shows, years later and offline, what stood where, unchanged."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from flows.letters import bag, premis
from flows.letters.archive_metadata import da_t_46
from flows.letters.four_properties import examine, page
from flows.letters.model import Assignment, LetterText
from flows.letters.premis import Event
from flows.letters.wording import profile, words

PROFILE = "https://duban.example/bagit/proof-pack/v1"
_UNSAFE = re.compile(r"[\x00-\x1f/\\:*?\"<>|]")


class SentNotice(Protocol):
    """What a pack keeps of a notice."""

    @property
    def id(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def sheet(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far a notice got: ``sent_at`` (RFC 3339) and ``sent_to`` None while it waits."""

    notice: SentNotice
    sent_at: str | None
    sent_to: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a pack is made of; ``record`` and ``text`` are the archived bytes, ``schemas`` file name to bytes."""

    original: bytes
    record: bytes
    text: bytes
    events: tuple[Event, ...]
    deliveries: tuple[Delivery, ...]
    schemas: Mapping[str, bytes]
    packed_at: str
    agent: str


def page_map(text: LetterText) -> list[list[int]]:
    """``[offset, page]`` where each page begins in the text, in order."""
    pages: list[list[int]] = []
    for piece in text.pieces:
        number = text.source.lines[piece.line].page
        if not pages or pages[-1][1] != number:
            pages.append([piece.start, number])
    return pages


def filing_events(
    record: Mapping[str, Any], pages: Sequence[Sequence[int]], assignments: Sequence[Assignment], *, at: str, agent: str
) -> tuple[Event, ...]:
    """The letter's life up to its filing; ``at`` is the moment of filing."""
    original, reader = record["original"], record["reader"]
    source = f"originals/sha256/{original['sha256'][:2]}/{original['sha256']}"
    stem = f"records/{original['sha256']}/{record['rules_version']}"
    unresolved = sum(a.agency_id is None for a in assignments)
    routed = [[a.commitment_id, a.agency_id, a.role] for a in assignments]
    known = {"name": reader["name"], "version": reader["version"], "media_type": original["media_type"]}
    extraction = {"pages": [list(p) for p in pages], "ocr": reader["ocr"], "ocr_confidence": reader["ocr_confidence"]}
    found = {"statements": len(record["statements"]), "problems": len(record["problems"])}
    return (
        Event("capture", original["received_at"], "success", agent, source, {"name": original["name"]}),
        Event("message digest calculation", at, "success", agent, source, {"sha256": original["sha256"]}),
        Event("format identification", at, "success", agent, source, known),
        Event("text extraction", at, "success", agent, f"{stem}.txt", extraction),
        Event("validation", at, "success", agent, f"{stem}.json", {"schema": record["schema"], **found}),
        Event("routing", at, "warning" if unresolved else "success", agent, f"{stem}.json", {"assignments": routed}),
    )


def make_pack(evidence: Evidence) -> bytes:
    """The pack of one letter as a ZIP: the same evidence gives the same bytes."""
    record: dict[str, Any] = json.loads(evidence.record)
    events = (*evidence.events, *_deliveries(record, evidence), _packing(record, evidence))
    pages: list[list[int]] = next((e.detail["pages"] for e in events if e.type == "text extraction"), [])
    payload = {
        f"original/{_safe(record['original']['name'])}": evidence.original,
        "text/letter.txt": evidence.text,
        "text/pages.json": _json({"offsets_and_pages": pages}),
        "record/record.json": evidence.record,
        **{f"schemas/{name}": content for name, content in evidence.schemas.items()},
    }
    for delivery in evidence.deliveries:
        payload[f"notices/{delivery.notice.id}.json"] = delivery.notice.event.encode("utf-8")
        payload[f"notices/{delivery.notice.id}.html"] = delivery.notice.sheet.encode("utf-8")
    told = [{"id": d.notice.id, "sent_at": d.sent_at, "sent_to": d.sent_to} for d in evidence.deliveries]
    payload["notices/deliveries.json"] = _json(told)
    return bag.write_bag(record["id"], payload, _tags(record, evidence, events, len(pages)), _info(record, evidence))


def _tags(record: Mapping[str, Any], evidence: Evidence, events: Sequence[Event], pages: int) -> dict[str, bytes]:
    original = record["original"]
    source = f"originals/sha256/{original['sha256'][:2]}/{original['sha256']}"
    objects = [(source, original["sha256"], original["bytes"], original["media_type"])]
    report = examine(record, evidence.original, evidence.text, events, sorted(evidence.schemas.values()))
    versions = {
        "agent": evidence.agent, "rules_version": record["rules_version"], "reader": record["reader"],
        "record_schema": record["schema"], "schemas": sorted(evidence.schemas), "profile": PROFILE,
    }  # fmt: skip
    return {
        "metadata/events.jsonl": premis.to_lines(events),
        "metadata/premis.xml": premis.to_xml(objects, events),
        "metadata/da-t-46.xml": da_t_46(record, events, pages),
        "metadata/four-properties.json": _json(report),
        "metadata/four-properties.txt": page(report, record).encode("utf-8"),
        "metadata/versions.json": _json(versions),
        "metadata/bagit-profile.json": profile(),
        "README.txt": words("proof")["readme"]["text"].lstrip().encode("utf-8"),
    }


def _info(record: Mapping[str, Any], evidence: Evidence) -> list[tuple[str, str]]:
    info = [
        ("BagIt-Profile-Identifier", PROFILE),
        ("Bagging-Date", evidence.packed_at[:10]),
        ("Bag-Software-Agent", evidence.agent),
        ("External-Identifier", record["id"]),
        ("Internal-Sender-Identifier", record["original"]["sha256"]),
    ]
    number = record["header"]["document_number"]
    return info + ([("Internal-Sender-Description", " ".join(number.split()))] if number else [])


def _deliveries(record: Mapping[str, Any], evidence: Evidence) -> list[Event]:
    key = f"records/{record['original']['sha256']}/{record['rules_version']}.json"
    return [
        Event("delivery", d.sent_at, "success", evidence.agent, key, {"notice": d.notice.id, "to": d.sent_to})
        for d in evidence.deliveries
        if d.sent_at is not None
    ]


def _packing(record: Mapping[str, Any], evidence: Evidence) -> Event:
    key = f"packages/{record['original']['received_at'][:4]}/{record['id']}.zip"
    told = {"profile": PROFILE}
    return Event("information package creation", evidence.packed_at, "success", evidence.agent, key, told)


def _safe(name: str) -> str:
    """The original's name as a file name anywhere; the true one stands in the record."""
    return _UNSAFE.sub("_", name).strip(". ")[:120] or "original"


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode("utf-8")

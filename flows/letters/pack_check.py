"""Checks one proof pack by itself, with nothing but its own bytes: what a machine without a network can do."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from flows.letters import premis
from flows.letters.bag import Bag, read_bag
from flows.letters.four_properties import wrong_quotes
from flows.letters.schema_check import schema_faults, schema_id
from flows.letters.wording import words


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found: a stable code, the object it is about, and the technical detail."""

    code: str
    object: str
    detail: str = ""

    @property
    def severity(self) -> Literal["damage", "notice"]:
        severity: Literal["damage", "notice"] = words("proof")["finding"][self.code]["severity"]
        return severity

    @property
    def title(self) -> str:
        return str(words("proof")["finding"][self.code]["title"])

    @property
    def meaning(self) -> str:
        return str(words("proof")["finding"][self.code]["meaning"])


@dataclass(frozen=True, slots=True)
class PackCheck:
    """What one pack showed: its record (None where it cannot be read), how many quotes were compared, findings."""

    key: str
    sha256: str
    size: int
    record: Mapping[str, Any] | None
    quotes: int
    findings: tuple[Finding, ...]


def check_pack(data: bytes, key: str) -> PackCheck:
    """Every checksum, the original against the record, the record against its schema, each quote against the text."""
    sha256 = hashlib.sha256(data).hexdigest()
    found = read_bag(data)
    findings = [Finding(f.code, f"{key}#{f.path}" if f.path else key, f.detail) for f in found.faults]
    if found.name == "":
        return PackCheck(key, sha256, len(data), None, 0, tuple(findings))
    try:
        record = json.loads(found.payload("record/record.json") or b"")
        findings += _check_record(record, found, key)
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError, IndexError) as fault:
        findings.append(Finding("record_unreadable", key, repr(fault)))
        return PackCheck(key, sha256, len(data), None, 0, tuple(findings))
    try:
        premis.from_lines(found.files.get("metadata/events.jsonl", b""))
    except ValueError as fault:
        findings.append(Finding("events_wrong", f"{key}#metadata/events.jsonl", str(fault)))
    return PackCheck(key, sha256, len(data), record, len(record["statements"]), tuple(findings))


def check_record(record: Mapping[str, Any], text: bytes, schema: bytes, key: str) -> list[Finding]:
    """A record against ``schema`` and its text."""
    faults = schema_faults(record, schema)
    findings = [Finding("record_invalid", key, "; ".join(faults[:5]))] if faults else []
    wrong = wrong_quotes(record, text.decode("utf-8", "replace"))
    return findings + [Finding("quote_wrong", key, one) for one in wrong]


def _check_record(record: Mapping[str, Any], found: Bag, key: str) -> list[Finding]:
    findings = []
    if record["id"] != found.name:
        findings.append(Finding("record_foreign", key, f"pack {found.name}, record {record['id']}"))
    originals = [body for path, body in found.files.items() if path.startswith("data/original/")]
    stated = record["original"]["sha256"]
    hashes = [hashlib.sha256(body).hexdigest() for body in originals]
    if hashes != [stated]:
        findings.append(Finding("original_wrong", key, f"{stated} stated, {', '.join(hashes) or 'no file'} found"))
    schemas = [body for path, body in found.files.items() if path.startswith("data/schemas/")]
    schema = next((body for body in schemas if schema_id(body) == record["schema"]), None)
    if schema is None:
        return [*findings, Finding("record_invalid", key, f"the schema {record['schema']} is not in the pack")]
    return findings + check_record(record, found.payload("text/letter.txt") or b"", schema, key)

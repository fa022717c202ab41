"""The four properties of an electronic record (GB/T 18894): authentic, whole, usable, secure; each item examined."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flows.letters.premis import Event
from flows.letters.schema_check import schema_faults, schema_id
from flows.letters.wording import words

_STEPS = frozenset({"capture", "format identification", "text extraction", "validation", "routing"})


def examine(
    record: Mapping[str, Any], original: bytes, text: bytes, events: Sequence[Event], schemas: Iterable[bytes]
) -> list[dict[str, str]]:
    """Each item as ``{property, item, result}``; result is ``pass``, ``fail`` or ``unchecked``."""
    sha256 = hashlib.sha256(original).hexdigest()
    decoded = text.decode("utf-8", "replace")
    named = [schema for schema in schemas if schema_id(schema) == record["schema"]]
    valid = bool(named) and not any(schema_faults(record, schema) for schema in named)
    items = [
        ("authenticity", "original_hash", sha256 == record["original"]["sha256"]),
        ("authenticity", "log_complete", {e.type for e in events} >= _STEPS),
        ("integrity", "parts_complete", bool(original and text and events)),
        ("integrity", "quotes_match", not wrong_quotes(record, decoded)),
        ("integrity", "schema_valid", valid),
        ("usability", "format_known", bool(record["reader"]["name"] and decoded.strip())),
        ("usability", "text_readable", "\ufffd" not in decoded),
        # A letter with a mark is refused before it is archived (SecretLetter): that it is here is the finding.
        ("security", "no_secrecy_mark", True),
    ]
    found = [{"property": p, "item": item, "result": "pass" if holds else "fail"} for p, item, holds in items]
    return [*found, {"property": "security", "item": "no_virus_scan", "result": "unchecked"}]


def page(report: Iterable[Mapping[str, str]], record: Mapping[str, Any]) -> str:
    """The report as a page a person reads."""
    told = words("proof")["properties"]
    header = record["header"]
    lines = [told["title"], "", f"{header['document_number'] or ''} {header['title'] or ''}".strip(), ""]
    lines += [f"{told[row['property']]}　{told[row['item']]}：{told[row['result']]}" for row in report]
    return "\n".join(lines) + "\n"


def wrong_quotes(record: Mapping[str, Any], text: str) -> list[str]:
    """Where a statement's text is not what stands at its span: the statement's id and its span."""
    wrong = []
    for statement in record["statements"]:
        start, end = statement["span"]
        if text[start:end] != statement["text"]:
            wrong.append(f"{statement['id']} [{start}, {end})")
    size = len(text)
    for name, (start, end) in (record["header"].get("header_spans") or record.get("header_spans") or {}).items():
        if not 0 <= start <= end <= size:
            wrong.append(f"header {name} [{start}, {end})")
    return wrong

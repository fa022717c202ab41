"""Understands archived letters anew with today's rules, and shows what would change before anything does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.letters.errors import LetterError
from flows.letters.model import Original
from flows.letters.record_changes import RecordChange, compare
from flows.letters.understanding import Understood
from flows.ports import Archive, original_key

Understand = Callable[[bytes, Original], Understood]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One letter understood anew: ``change`` and ``understood`` None where the new rules refuse it, with the reason."""

    before: Mapping[str, Any]
    archive: Archive
    understood: Understood | None
    change: RecordChange | None
    refused: str | None = None


def replay(archive: Archive, current: Callable[[str], str | None], understand: Understand) -> Iterator[Replayed]:
    """Every letter whose current record was made by other rules, understood anew; nothing is written.

    ``current`` gives the key of the record that counts for a content's SHA-256 (None where the ledger has none).
    Records made by today's rules already are passed over.
    """
    for key in archive.keys("records/"):
        sha256 = key.split("/")[1]
        if not key.endswith(".json") or current(sha256) != key:
            continue
        before: dict[str, Any] = json.loads(archive.get(key))
        told = before["original"]
        original = Original(told["name"], sha256, told["bytes"], told["media_type"], told["received_at"])
        try:
            understood = understand(archive.get(original_key(sha256)), original)
        except LetterError as fault:
            yield Replayed(before, archive, None, None, f"{fault.code}: {fault.message}")
            continue
        if understood.record["rules_version"] != before["rules_version"]:
            yield Replayed(before, archive, understood, compare(before, understood.record))

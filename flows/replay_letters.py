"""Understands archived letters anew with today's rules, and shows what would change before anything does."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flows.letters.errors import ArchiveDamaged, LetterError
from flows.letters.model import Original
from flows.letters.record_changes import RecordChange, compare
from flows.letters.understanding import Understood, understand
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


def replay_all() -> Iterator[Replayed]:
    """``replay`` over both parts of the running archive, with its reader, directory and profile."""
    from flows.wiring import wiring

    made = wiring()

    def current(sha256: str) -> str | None:
        row = made.ledger.letter_of(sha256)
        return None if row is None else str(row["record_key"])

    def anew(data: bytes, original: Original) -> Understood:
        return understand(made.read(data, original.name), original, made.directory, made.site)

    for archive in (made.archive, made.restricted):
        yield from replay(archive, current, anew)


def file_again(one: Replayed) -> None:
    """File the new record beside the old and enter it: the steps of a letter's first way, with the original kept."""
    from flows.tasks import enter_ledger, file_record
    from flows.wiring import wiring

    made = wiring()
    if one.understood is None:
        raise ValueError("a letter the new rules refuse has no record to file")
    kept = one.archive.receipt(original_key(one.understood.record["original"]["sha256"]))
    if kept is None:
        raise ArchiveDamaged(f"the original of {one.before['id']} is not in the archive; run `duban verify --all`")
    enter_ledger(one.understood, kept, file_record(one.understood, made), made)

"""Seals a day: a proof pack for every letter that has none, and one chained document over all that is new."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flows import __version__
from flows.letters import merkle, premis
from flows.letters.errors import ArchiveDamaged, SettingsError
from flows.letters.pack_check import check_pack
from flows.letters.premis import Event
from flows.letters.proof import Delivery, Evidence, make_pack
from flows.letters.schema_check import shipped
from flows.ports import Archive, Retention, original_key, pack_key
from flows.seal_scope import Recent, SealedDay, read_day

AGENT = f"duban {__version__}"
PACKED_SCHEMAS = ("v1/record", "v1/event")
SEALED_PREFIXES = ("journal/", "originals/", "packages/", "records/")

Deliveries = Callable[[str], Sequence[Delivery]]
Keep = Callable[[Mapping[str, Any]], Retention | None]
Timestamp = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Packs:
    """Keys of the packs made, the records in them (keys without ending), and what could not be packed and why."""

    made: tuple[str, ...]
    records: frozenset[str]
    damaged: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seal:
    """What sealing did: the day's document and its SHA-256, and the packs of the day."""

    key: str
    sha256: str
    day: merkle.Day
    packs: Packs


def seal_archive(archive: Archive, deliveries: Deliveries, *, day: date, now: str) -> Seal | None:
    """Pack what has no pack and seal everything that is in no sealed day yet as ``day``; see ``seal``.

    ``deliveries`` gives the notices of a letter.
    """
    return seal(archive, pack_letters(archive, deliveries, now), day=day, now=now)


def seal(
    archive: Archive, packs: Packs, *, day: date, now: str, keep: Retention | None = None, recent: Recent | None = None
) -> Seal | None:
    """Seal everything that is in no sealed day yet as ``day``; None where nothing is new or the day is sealed.

    ``keep`` locks the day's document: the chain must outlast all it lists.  ``recent`` says what may be new; without it
    the whole archive is listed.

    A crash in between loses nothing: packs that are there are taken as they are, the day is written last.
    """
    days = sealed_days(archive) if recent is None else recent.days
    if any(sealed.day >= day for _, sealed, _ in days):
        return None
    known = _leaves(days)
    if recent is None:
        listed: Iterable[str] = (key for prefix in SEALED_PREFIXES for key in archive.keys(prefix))
    else:
        listed = recent.keys(archive, packs.made, now)
    new = [key for key in listed if key not in known]
    # A record that came after the packing waits for the next day: sealed without its pack it would never get one.
    new = [key for key in new if not key.startswith("records/") or _stem(key) in packs.records]
    if not new:
        return None
    leaves = [leaf for key in new if (leaf := _leaf(archive, key)) is not None]
    if not leaves:
        return None
    previous = (days[-1][1].day, days[-1][2]) if days else None
    sealed = merkle.seal(day, leaves, now, previous)
    receipt = archive.put(day_key(day), sealed.document(), media_type="application/json", retention=keep)
    return Seal(receipt.key, receipt.sha256, sealed, packs)


def stamp_days(archive: Archive, stamp: Timestamp) -> list[str]:
    """Give every sealed day that has none its RFC 3161 token; the keys written.

    Apart from sealing, because an authority that is down (``Unavailable``) must not keep a day unsealed.
    """
    written, keys = [], set(archive.keys("days/"))
    for key in sorted(keys):
        stem = key.removesuffix(".json")
        if stem != key and f"{stem}.tsr" not in keys:
            _, sealed, document = read_day(archive, key)
            token = archive.put(token_key(sealed.day), stamp(document), media_type="application/timestamp-reply")
            written.append(token.key)
    return written


def sealed_days(archive: Archive) -> list[SealedDay]:
    """Every sealed day in order: its key, the day, its document.  ``ArchiveDamaged`` where one cannot be read."""
    return [read_day(archive, key) for key in archive.keys("days/") if key.endswith(".json")]


def pack_letters(
    archive: Archive, deliveries: Deliveries, now: str, keep: Keep = lambda _: None, recent: Recent | None = None
) -> Packs:
    """Make the packs of records that are in no sealed day yet; a damaged letter does not stop the others.

    ``keep`` says how long the pack of a record is locked (None: as the archive itself does); ``recent`` which records
    may be new, else all are listed.
    """
    known = _leaves(sealed_days(archive) if recent is None else recent.days)
    made, records, damaged = [], set(), []
    for key in archive.keys("records/") if recent is None else recent.records:
        if key in known or not key.endswith(".json"):
            continue
        try:
            made.append(pack_letter(archive, key, deliveries, now, keep))
            records.add(_stem(key))
        except (ArchiveDamaged, ValueError, KeyError) as fault:
            damaged.append(f"{key}: {fault}")
    return Packs(tuple(made), frozenset(records), tuple(damaged))


def pack_letter(archive: Archive, key: str, deliveries: Deliveries, now: str, keep: Keep = lambda _: None) -> str:
    """The pack of the record under ``key``: made, or found where an earlier run made it; its key."""
    content = archive.get(key)
    record: dict[str, Any] = json.loads(content)
    year = int(record["original"]["received_at"][:4])
    for pack in (pack_key(year, record["id"]), pack_key(year, f"{record['id']}.{record['rules_version']}")):
        if archive.receipt(pack) is None:
            break
        found = check_pack(archive.get(pack), pack).record
        if found is not None and found["rules_version"] == record["rules_version"]:
            return pack
    stem = key.removesuffix(".json")
    log = f"{stem}.events.jsonl"
    events = premis.from_lines(archive.get(log)) if archive.receipt(log) else (_capture(record),)
    evidence = Evidence(
        original=archive.get(original_key(record["original"]["sha256"])),
        record=content,
        text=archive.get(f"{stem}.txt"),
        events=events,
        deliveries=tuple(deliveries(record["id"])),
        schemas={f"{name.replace('/', '-')}.schema.json": shipped(name) for name in PACKED_SCHEMAS},
        packed_at=now,
        agent=AGENT,
    )
    return archive.put(pack, make_pack(evidence), media_type="application/zip", retention=keep(record)).key


def day_key(day: date) -> str:
    """Where a day's document is."""
    return f"days/{day.year:04d}/{day.isoformat()}.json"


def token_key(day: date) -> str:
    """Where the day's RFC 3161 token is, if it has one."""
    return f"days/{day.year:04d}/{day.isoformat()}.tsr"


def append_witness(path: Path, seal: Seal) -> None:
    """Note the day's digest outside the archive: who takes a day out of the archive does not take it out of here."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = json.dumps({"day": seal.day.day.isoformat(), "sha256": seal.sha256, "root": seal.day.root})
    with path.open("a", encoding="ascii") as file:
        file.write(line + "\n")


def read_witness(path: Path) -> dict[date, str]:
    """Day to SHA-256 of its document, from lines ``{"day": …, "sha256": …}``; empty where there is no file."""
    if not path.exists():
        return {}
    witnessed = {}
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        try:
            told = json.loads(line)
            witnessed[date.fromisoformat(told["day"])] = str(told["sha256"])
        except (json.JSONDecodeError, KeyError, TypeError, ValueError) as fault:
            raise SettingsError(f"{path}, line {number}: no witness line ({fault}); restore the file") from fault
    return witnessed


def journal(archive: Archive, name: str, events: Iterable[Event]) -> str:
    """Archive events that belong to no single letter's filing (a fixity check, a recovery); the key."""
    return archive.put(f"journal/{name}.events.jsonl", premis.to_lines(events), media_type="application/jsonl").key


def _leaves(days: Iterable[SealedDay]) -> set[str]:
    return {leaf.key for _, sealed, _ in days for leaf in sealed.leaves}


def _stem(key: str) -> str:
    """A record's key without the ending that tells record, text and log apart."""
    for ending in (".events.jsonl", ".json", ".txt"):
        if key.endswith(ending):
            return key.removesuffix(ending)
    return key


def _capture(record: dict[str, Any]) -> Event:
    original = record["original"]
    key = original_key(original["sha256"])
    return Event("capture", original["received_at"], "success", AGENT, key, {"name": original["name"]})


def _leaf(archive: Archive, key: str) -> merkle.Leaf | None:
    receipt = archive.receipt(key)
    return merkle.Leaf(key, receipt.sha256, receipt.bytes) if receipt is not None else None

"""Checks an archive against its own proofs: every object, the chain of days, each pack, each quote, the locks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any

from flows.audit_share import Share
from flows.letters import merkle
from flows.letters.errors import ArchiveDamaged
from flows.letters.pack_check import Finding, check_pack, check_record
from flows.letters.schema_check import schema_id, shipped
from flows.ports import Archive, Receipt
from flows.seal_archive import SEALED_PREFIXES, token_key

TokenCheck = Callable[[bytes, bytes], str]
_WINDOW = 64  # objects in hand at once: bounds the memory


@dataclass(slots=True)
class Verification:
    """What was checked and what was found; ``head`` is the digest of the last sealed day.

    Of the ledger letters and sealed rows are counted, of an archive letters and all else but rows.
    """

    of_ledger: bool = False
    letters: int = 0
    rows: int = 0
    quotes: int = 0
    objects: int = 0
    bytes: int = 0
    locked: int = 0
    first_expiry: str | None = None
    days: list[date] = field(default_factory=list)
    head: str | None = None
    timestamps: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def damage(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "damage"]

    @property
    def whole(self) -> bool:
        return not self.damage

    def merge(self, other: Verification) -> None:
        """Count what ``other`` checked and found as well (days and head are not merged)."""
        self.letters += other.letters
        self.quotes += other.quotes
        self.objects += other.objects
        self.bytes += other.bytes
        self.locked += other.locked
        self.first_expiry = min(filter(None, (self.first_expiry, other.first_expiry)), default=None)
        self.findings += other.findings

    def add(self, code: str, key: str, detail: str = "") -> None:
        self.findings.append(Finding(code, key, detail))


@dataclass(frozen=True, slots=True)
class Plan:
    """How to verify.

    ``wanted`` chooses the keys that are read (None for all); ``share`` limits to a share of the archive what is read and
    what is listed, so that a check costs what the share costs (the days are all read); ``locks_at`` asks the store for the
    lock of each object, and whether it holds at that moment (RFC 3339; None: not asked); ``witness`` is what somebody else
    noted of the days; ``check_token`` returns the time a token proves or raises ``ValueError``; ``threads`` read at once (a
    store answers slowly, a disk does not).
    """

    wanted: Callable[[str], bool] | None = None
    share: Share | None = None
    locks_at: str | None = None
    witness: Mapping[date, str] = field(default_factory=dict)
    check_token: TokenCheck | None = None
    threads: int = 1

    def reads(self, key: str) -> bool:
        return (self.wanted is None or self.wanted(key)) and (self.share is None or self.share.reads(key))


def verify_archive(archive: Archive, plan: Plan) -> Verification:
    """Everything (or the plan's sample) checked; never stops at the first fault.  ``Unavailable`` passes through."""
    result = Verification()
    leaves = _verify_days(archive, plan, result)
    wanted = [leaf for leaf in leaves.values() if plan.reads(leaf.key)]
    for checked in _each(archive, wanted, plan):
        result.merge(checked)
    _verify_unsealed(archive, leaves.keys(), plan, result)
    return result


def verify_pack(data: bytes, key: str) -> Verification:
    """One pack by itself, as a file handed over."""
    result = Verification()
    _take_pack(result, data, key)
    result.objects, result.bytes = 1, len(data)
    return result


def _verify_days(archive: Archive, plan: Plan, result: Verification) -> dict[str, merkle.Leaf]:
    """The chain from the first day to the last; every leaf (of the plan's share) by key."""
    leaves: dict[str, merkle.Leaf] = {}
    before: tuple[date, str] | None = None
    found: dict[date, str] = {}
    for key in archive.keys("days/"):
        if not key.endswith(".json"):
            continue
        try:
            document = archive.get(key)
            day, stated = merkle.read_day(document)
        except (ArchiveDamaged, ValueError) as fault:
            result.add("day_unreadable", key, str(fault))
            continue
        digest = hashlib.sha256(document).hexdigest()
        if day.root != stated or day.document() != document:
            result.add("day_root_wrong", key, f"{stated} stated, {day.root} computed")
        link = (day.previous, day.previous_sha256) if day.previous else None
        if link != before:
            result.add("day_chain_broken", key, f"{link} stated, {before} found before it")
        _verify_token(archive, plan, day.day, document, result)
        before, found[day.day] = (day.day, digest), digest
        leaves |= {leaf.key: leaf for leaf in day.leaves if plan.share is None or plan.share.lists(leaf.key)}
        result.days.append(day.day)
        result.head = digest
    for day_, digest in sorted(plan.witness.items()):
        if found.get(day_) != digest:
            state = "other content" if day_ in found else "not in the archive"
            result.add("day_rolled_back", f"days/{day_.year:04d}/{day_}.json", f"witnessed {digest}, {state}")
    return leaves


def _verify_token(archive: Archive, plan: Plan, day: date, document: bytes, result: Verification) -> None:
    key = token_key(day)
    if plan.check_token is None or archive.receipt(key) is None:
        return
    try:
        result.timestamps.append(plan.check_token(document, archive.get(key)))
    except (ArchiveDamaged, ValueError) as fault:
        result.add("timestamp_wrong", key, str(fault))


def _verify_leaf(archive: Archive, leaf: merkle.Leaf, plan: Plan) -> Verification:
    """One sealed object: its bytes, what it is, and its lock."""
    result = Verification()
    try:
        data = archive.get(leaf.key)
    except ArchiveDamaged as fault:
        gone = archive.receipt(leaf.key) is None
        result.add("leaf_missing" if gone else "leaf_changed", leaf.key, str(fault))
        return result
    digest = hashlib.sha256(data).hexdigest()
    result.objects, result.bytes = 1, len(data)
    if digest != leaf.sha256 or len(data) != leaf.size:
        found = f"{leaf.sha256} ({leaf.size} bytes) sealed, {digest} ({len(data)} bytes) found"
        result.add("leaf_changed", leaf.key, found)
    if leaf.key.startswith("originals/") and not leaf.key.endswith(digest):
        result.add("original_changed", leaf.key, f"{digest} found")
    if leaf.key.startswith("packages/"):
        _take_pack(result, data, leaf.key)
    if plan.locks_at is not None:
        _take_lock(result, archive.receipt(leaf.key), leaf.key, plan.locks_at)
    return result


def _take_pack(result: Verification, data: bytes, key: str) -> None:
    checked = check_pack(data, key)
    result.letters += 1
    result.quotes += checked.quotes
    result.findings += checked.findings


def _take_lock(result: Verification, receipt: Receipt | None, key: str, at: str) -> None:
    until = receipt.retain_until if receipt is not None else None
    held = receipt is not None and receipt.legal_hold
    if until is None and not held:
        result.add("lock_missing", key)
        return
    over = until is not None and datetime.fromisoformat(until) <= datetime.fromisoformat(at)
    if over and not held:
        result.add("lock_over", key, f"until {until}")
        return
    result.locked += 1
    if until is not None and not over:
        result.first_expiry = min(filter(None, (result.first_expiry, until)))


def _verify_unsealed(archive: Archive, sealed: Iterable[str], plan: Plan, result: Verification) -> None:
    """What no day lists: letters of today, or of a day somebody took away."""
    known = set(sealed)
    for prefix in SEALED_PREFIXES:
        for key in archive.keys(prefix) if plan.share is None else plan.share.keys(archive, prefix):
            if key in known:
                continue
            result.add("pack_unsealed" if prefix == "packages/" else "unsealed", key)
            if plan.reads(key):
                _verify_loose(archive, key, result)


def _verify_loose(archive: Archive, key: str, result: Verification) -> None:
    try:
        data = archive.get(key)
        result.objects, result.bytes = result.objects + 1, result.bytes + len(data)
        if key.startswith("packages/"):
            _take_pack(result, data, key)
        elif key.startswith("originals/") and not key.endswith(hashlib.sha256(data).hexdigest()):
            result.add("original_changed", key)
        elif key.startswith("records/") and key.endswith(".json"):
            _verify_record(archive, key, data, result)
    except ArchiveDamaged as fault:
        codes = {"originals": "original_changed", "packages": "pack_unreadable"}
        result.add(codes.get(key.split("/")[0], "record_missing"), key, str(fault))


def _verify_record(archive: Archive, key: str, data: bytes, result: Verification) -> None:
    try:
        record: dict[str, Any] = json.loads(data)
        schema = shipped("v1/record")
        # A record of an older schema is checked from its pack, which carries that schema.
        text = archive.get(key.removesuffix(".json") + ".txt")
        if schema_id(schema) == record["schema"]:
            result.findings += check_record(record, text, schema, key)
            result.quotes += len(record["statements"])
    except (ValueError, KeyError, TypeError, IndexError) as fault:
        result.add("record_unreadable", key, repr(fault))


def _each(archive: Archive, leaves: Sequence[merkle.Leaf], plan: Plan) -> Iterator[Verification]:
    """Each leaf's check, in order, never more than a window ahead."""
    if plan.threads == 1:
        yield from (_verify_leaf(archive, leaf, plan) for leaf in leaves)
        return
    waiting = iter(leaves)
    with ThreadPoolExecutor(plan.threads) as pool:
        while batch := list(islice(waiting, _WINDOW)):
            yield from pool.map(lambda leaf: _verify_leaf(archive, leaf, plan), batch)

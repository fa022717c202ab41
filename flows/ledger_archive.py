"""The ledger in the archive: what changed since the last seal, kept with it, so that a lost ledger comes back whole.

Each night adds a part with the rows that are new or other than before; when the parts together have outgrown the last full
copy, the next one is full again.  So the older full copies take no more room than the parts, a rebuilt ledger needs the last
full copy and what followed, and a part that is lost matters until then.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from flows.adapters.ledger_copy import LedgerCopy, LedgerRow
from flows.letters.errors import ArchiveDamaged
from flows.ports import Archive
from flows.seal_scope import sealed_digests

PREFIX = "journal/ledger/"
_FULL = "-full.jsonl.gz"
_DIGEST = 16


@dataclass(frozen=True, slots=True)
class _Index:
    """Our note of the last copy: its key, the bytes of the last full one and of the parts since, a digest of each row."""

    key: str = ""
    full: int = 0
    since: int = 0
    digests: frozenset[bytes] = field(default=frozenset(), repr=False)

    @property
    def wants_full(self) -> bool:
        return not self.digests or self.since > self.full


def archive_ledger(archive: Archive, ledger: LedgerCopy, day: date, index: Path) -> str | None:
    """Archive every row that is new or other than at the last time, or all; the key, None where nothing changed.

    ``index`` is our note of what was archived.  Where it is missing or of another archive, all rows are written again: the
    archive never depends on it.
    """
    before = _read_index(index, archive)
    stem = f"{PREFIX}{day.year:04d}/{day.isoformat()}"
    key = stem + (_FULL if before.wants_full else ".jsonl.gz")
    if any(archive.receipt(stem + ending) is not None for ending in (".jsonl.gz", _FULL)):
        return None
    content, digests, changed = io.BytesIO(), bytearray(), 0
    with gzip.GzipFile(fileobj=content, mode="wb", mtime=0) as packed:  # packed as it comes: sheets are bulky
        for row in ledger.rows():
            line = _line(row).encode("utf-8")
            digest = hashlib.blake2b(line, digest_size=_DIGEST).digest()
            digests += digest
            if before.wants_full or digest not in before.digests:
                packed.write(line + b"\n")
                changed += 1
    if not changed:
        return None
    size = len(content.getvalue())
    archive.put(key, content.getvalue(), media_type="application/gzip")
    full, since = (size, 0) if before.wants_full else (before.full, before.since + size)
    _write_index(index, {"key": key, "full": full, "since": since}, digests)
    return key


def archived_parts(archive: Archive) -> list[str]:
    """The keys of the parts in the order of archiving."""
    return list(archive.keys(PREFIX))


def needed_parts(parts: list[str]) -> list[str]:
    """Those from the last full copy on; all where there is none."""
    first = max((at for at, key in enumerate(parts) if key.endswith(_FULL)), default=0)
    return parts[first:]


def damaged_parts(archive: Archive, parts: Iterable[str]) -> dict[str, str]:
    """Which of the parts that a sealed day names, or of ``parts``, are gone or other than sealed: key → what is wrong."""
    sealed = sealed_digests(archive, PREFIX)
    found = {}
    for key in sorted({*parts, *sealed}):
        try:
            digest = hashlib.sha256(archive.get(key)).hexdigest()
            if digest != sealed.get(key, digest):
                found[key] = "not what was sealed"
        except ArchiveDamaged as fault:
            found[key] = str(fault)
    return found


def archived_rows(archive: Archive, parts: Iterable[str] | None = None) -> Iterator[LedgerRow]:
    """The rows of every part, or of ``parts``, in order: a later one of the same key replaces an earlier one."""
    for key in archived_parts(archive) if parts is None else parts:
        for line in gzip.GzipFile(fileobj=io.BytesIO(archive.get(key))):
            told: dict[str, Any] = json.loads(line)
            yield LedgerRow(told["table"], tuple(told["key"]), told["columns"])


def _read_index(path: Path, archive: Archive) -> _Index:
    """Empty where there is none, it is of an earlier program, or the archive does not have what it tells of."""
    if not path.exists():
        return _Index()
    with path.open("rb") as file:
        told: dict[str, Any] = json.loads(file.readline())
        digests = frozenset(iter(lambda: file.read(_DIGEST), b""))
    known = "since" in told and archive.receipt(told["key"]) is not None
    return _Index(told["key"], told["full"], told["since"], digests) if known else _Index()


def _write_index(path: Path, told: dict[str, Any], digests: bytearray) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_bytes(json.dumps(told).encode("ascii") + b"\n" + digests)
    aside.replace(path)


def _line(row: LedgerRow) -> str:
    told = {"table": row.table, "key": list(row.key), "columns": dict(row.columns)}
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

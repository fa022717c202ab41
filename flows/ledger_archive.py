"""The ledger in the archive: what changed since the last seal, kept with it, so that a lost ledger comes back whole."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from flows.adapters.ledger_copy import LedgerCopy, LedgerRow
from flows.ports import Archive

_PREFIX = "journal/ledger/"


def archive_ledger(archive: Archive, ledger: LedgerCopy, day: date, index: Path) -> str | None:
    """Archive every row that is new or other than at the last time; the key, None where nothing changed.

    ``index`` is our note of what was archived (digest by row).  Where it is missing or of another archive, all rows
    are written again: the archive never depends on it.
    """
    key = f"{_PREFIX}{day.year:04d}/{day.isoformat()}.jsonl.gz"
    known = _read_index(index, archive)
    if archive.receipt(key) is not None:
        return None
    content, now, changed = io.BytesIO(), dict[str, str](), 0
    with gzip.GzipFile(fileobj=content, mode="wb", mtime=0) as packed:  # packed as it comes: sheets are bulky
        for row in ledger.rows():
            line = _line(row).encode("utf-8")
            name = json.dumps([row.table, *row.key], ensure_ascii=False)
            now[name] = hashlib.sha256(line).hexdigest()
            if known.get(name) != now[name]:
                packed.write(line + b"\n")
                changed += 1
    if not changed:
        return None
    archive.put(key, content.getvalue(), media_type="application/gzip")
    _write_index(index, key, now)
    return key


def archived_rows(archive: Archive) -> Iterator[LedgerRow]:
    """Every archived row in the order of archiving: a later one of the same key replaces an earlier one."""
    for key in archive.keys(_PREFIX):
        for line in gzip.GzipFile(fileobj=io.BytesIO(archive.get(key))):
            told: dict[str, Any] = json.loads(line)
            yield LedgerRow(told["table"], tuple(told["key"]), told["columns"])


def _read_index(path: Path, archive: Archive) -> dict[str, str]:
    if not path.exists():
        return {}
    told: dict[str, Any] = json.loads(path.read_text("utf-8"))
    digests: dict[str, str] = told["digests"]
    return digests if archive.receipt(told["key"]) is not None else {}


def _write_index(path: Path, key: str, digests: dict[str, str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_suffix(".new")
    aside.write_text(json.dumps({"key": key, "digests": digests}, ensure_ascii=False), "utf-8")
    aside.replace(path)


def _line(row: LedgerRow) -> str:
    told = {"table": row.table, "key": list(row.key), "columns": dict(row.columns)}
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

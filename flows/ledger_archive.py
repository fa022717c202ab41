"""The ledger in the archive: what changed since the last seal, kept with it, so that a lost ledger comes back whole."""

from __future__ import annotations

import gzip
import hashlib
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
    lines, now = [], {}
    for row in ledger.rows():
        line = _line(row)
        name = json.dumps([row.table, *row.key], ensure_ascii=False)
        now[name] = hashlib.sha256(line.encode("utf-8")).hexdigest()
        if known.get(name) != now[name]:
            lines.append(line)
    if lines and archive.receipt(key) is None:
        content = gzip.compress("\n".join(lines).encode("utf-8"), mtime=0)
        archive.put(key, content, media_type="application/gzip")
        _write_index(index, key, now)
        return key
    return None


def archived_rows(archive: Archive) -> Iterator[LedgerRow]:
    """Every archived row in the order of archiving: a later one of the same key replaces an earlier one."""
    for key in archive.keys(_PREFIX):
        for line in gzip.decompress(archive.get(key)).decode("utf-8").splitlines():
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

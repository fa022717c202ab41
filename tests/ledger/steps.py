"""Short ways to put letters into a ledger and to take steps."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from datetime import date
from typing import Any

from flows.adapters.sql_ledger import SqlLedger
from flows.letters.fingerprint import fingerprint
from flows.letters.lifecycle import Party, Step, decide
from flows.letters.notices import hand_off, parts_of
from flows.letters.routing import route
from flows.ports import Receipt
from tests.notices.ledger_samples import DIRECTORY, GOLD, LETTERS, record_of

NOW, LATER = "2026-03-02T01:00:00Z", "2026-03-03T01:00:00Z"
TEA = record_of(GOLD[0])
TEA_LEAD = "zj-ouxi-agri"
AGENCIES = LETTERS / "own" / "agencies-south.toml"


def enter(ledger: SqlLedger, record: dict[str, Any], now: str = NOW, text: str | None = None) -> None:
    """The whole way in: seen, routed, entered with its notices; compared with others where its text is given."""
    sha256 = record["original"]["sha256"]
    ledger.see(sha256, record["original"]["name"], record["original"]["name"], now)
    assignments = route(record, DIRECTORY)
    ledger.enter(
        record,
        original=Receipt(f"originals/{sha256}", sha256, 3, "v1"),
        filed=Receipt(f"records/{sha256}", sha256, 3, "v1"),
        assignments=assignments,
        queued=hand_off(record, assignments, DIRECTORY),
        now=now,
        text=fingerprint(text) if text is not None else None,
    )


def reissue(record: dict[str, Any], sha: str, **texts: str | None) -> dict[str, Any]:
    """The same letter printed again: ``s0="…"`` changes the words of the first statement, None drops it."""
    made = copy.deepcopy(record)
    made["id"], made["original"]["sha256"] = f"L{sha}", sha * 32
    for number in sorted((int(name[1:]) for name in texts), reverse=True):
        text = texts[f"s{number}"]
        if text is None:
            del made["statements"][number]
        else:
            made["statements"][number]["text"] = text
    for number, statement in enumerate(made["statements"]):
        statement["id"] = f"C{sha}{number:03d}"
    return made


def take(
    ledger: SqlLedger,
    commitment_id: str,
    action: str,
    by: str = "督查室 王某",
    day: str = "2026-03-03",
    party: Party = "office",
    agency_id: str | None = None,
    **fields: Any,
) -> str:
    """Take a step; the state it leads to comes back."""
    row = ledger.commitment(commitment_id)
    assert row is not None
    step = Step(commitment_id, action, by, date.fromisoformat(day), party, agency_id, fields)
    ledger.apply(decide(row, ledger.owners_of(commitment_id), step), f"{day}T02:00:00Z")
    after = ledger.commitment(commitment_id)
    assert after is not None
    return str(after["state"])


def without_gaps(given: Iterable[str]) -> bool:
    """Whether every series counts 1, 2, 3 … and gives nothing twice."""
    by_series: dict[str, list[int]] = {}
    for name, serial in map(parts_of, given):
        by_series.setdefault(name, []).append(serial)
    return all(sorted(serials) == list(range(1, len(serials) + 1)) for serials in by_series.values())

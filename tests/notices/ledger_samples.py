"""Records for the tests of routing, notices and the ledger, made from the own letters' gold files."""

from __future__ import annotations

import hashlib
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LETTERS = Path(__file__).parents[1] / "letters"


@dataclass(frozen=True)
class SmallBody:
    id: str
    name: str
    kind: str | None = "government"


class SmallDirectory:
    """The bodies of a directory file by id: what routing and notices ask for."""

    def __init__(self, *paths: Path) -> None:
        rows = [row for path in paths for row in tomllib.loads(path.read_text("utf-8"))["agency"]]
        self._bodies = {row["id"]: SmallBody(row["id"], row["name"], row.get("kind")) for row in rows}

    def get(self, agency_id: str) -> SmallBody | None:
        return self._bodies.get(agency_id)

    def by_name(self, name: str | None) -> str | None:
        return next((body.id for body in self._bodies.values() if body.name == name), None)


DIRECTORY = SmallDirectory(LETTERS / "own" / "agencies-south.toml", LETTERS / "dev" / "agencies.toml")
GOLD = sorted((LETTERS / "own").glob("2*.gold.json"))


def record_of(path: Path, directory: SmallDirectory = DIRECTORY) -> dict[str, Any]:
    """The record a perfect reader would make of the letter beside the gold file (contract shape)."""
    gold = json.loads(path.read_text("utf-8"))
    sha256 = hashlib.sha256(path.name.encode()).hexdigest()
    header = {"outcome_normalised": None, "disclosure_normalised": None, "contacts": [], "copies_to": []}
    return {
        "schema": "https://duban.example/schemas/v1/record",
        "id": f"L{sha256[:16]}",
        "rules_version": "r1",
        "original": {
            "name": path.name.replace(".gold.json", ".txt"), "sha256": sha256, "bytes": 1000,
            "media_type": "text/plain", "received_at": "2026-03-02T01:00:00Z",
        },
        "header": header | gold["header"],
        "sections": [],
        "statements": [_statement(sha256, i, s, directory) for i, s in enumerate(gold["statements"])],
        "problems": [],
    }  # fmt: skip


def _statement(sha256: str, place: int, gold: dict[str, Any], directory: SmallDirectory) -> dict[str, Any]:
    owners = [
        {"mention": o["mention"], "name": o["name"], "agency_id": directory.by_name(o["name"]), "role": o["role"],
         "basis": "named"}
        for o in gold.get("owners", [])
    ]  # fmt: skip
    deadline = gold.get("deadline")
    if deadline:
        deadline = {"provenance": "stated", "precision": "day"} | deadline
    return {
        "id": f"C{sha256[:12]}{place:03d}", "text": gold["text"],
        "span": [place * 100, place * 100 + len(gold["text"])],
        "page": 1, "section": None, "stance": gold["stance"], "specific": gold["specific"], "cues": [],
        "confidence": 0.9, "owners": owners, "deadline": deadline,
        "quantities": [{"text": f"{q['value']:g}{q['unit']}"} | q for q in gold.get("quantities", [])],
    }  # fmt: skip

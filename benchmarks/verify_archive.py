"""How fast a folder with sealed letters is verified, and in how much memory.

    python -m benchmarks.verify_archive [--letters 10000] [--folder DIR]

Makes the letters (text of about 3,000 characters, 20 statements, an original of 30 KB) and seals them in days of
1,000; then verifies all of it as `duban verify DIR` does, in a process of its own.  Prints letters a second and the
peak of resident memory, and whether the same pack made twice is the same bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from flows.adapters.folder_archive import FolderArchive
from flows.letters.premis import to_lines
from flows.letters.proof import filing_events
from flows.ports import Receipt, Retention, original_key, record_key
from flows.seal_archive import AGENT, pack_letter, seal_archive
from flows.verify_folder import verify_path

NOW = "2024-05-08T01:00:00Z"
PER_DAY = 1000


class QuickFolder(FolderArchive):
    """Writes without waiting for the disk: what is measured is reading."""

    def put(
        self, key: str, data: bytes, *, media_type: str, name: str | None = None, retention: Retention | None = None
    ) -> Receipt:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return Receipt(key, hashlib.sha256(data).hexdigest(), len(data), None)


def letter(number: int) -> tuple[bytes, str, dict[str, Any]]:
    """Original, text and record of one letter."""
    rest = "处服务点，并会同有关部门完善配套设施，方便群众就近办事"
    promises = [f"我局将于2024年12月底前建成第{number}号{n}{rest}" for n in range(20)]
    filler = "近年来，我局认真落实各项部署，持续推进便民服务体系建设，取得了积极成效，群众满意度稳步提升。" * 2
    text = f"川民提复〔2024〕{number}号\n关于第{number}号提案的答复\n" + "\n".join(f"{filler}{p}。" for p in promises)
    original = text.encode("gb18030") + hashlib.sha256(str(number).encode()).digest() * 800
    sha256 = hashlib.sha256(original).hexdigest()
    statements = []
    for promise in promises:
        start = text.index(promise)
        owner = {"mention": "我局", "name": "虹川市民政局", "agency_id": "hc-mzj", "role": "lead", "basis": "issuer"}
        deadline = {"text": "2024年12月底前", "date": "2024-12-31", "precision": "month", "provenance": "stated"}
        statements.append({
            "id": f"{sha256[:12]}-{hashlib.sha256(promise.encode()).hexdigest()[:12]}", "text": promise,
            "span": [start, start + len(promise)], "page": 1, "section": None, "stance": "pledged", "specific": True,
            "cues": ["will"], "confidence": 0.9, "owners": [owner], "deadline": deadline, "quantities": [],
        })  # fmt: skip
    header = {
        "letter_type": "reply", "document_number": f"川民提复〔2024〕{number}号", "title": f"关于第{number}号提案的答复",
        "issuers": ["虹川市民政局"], "date": "2024-05-06", "addressees": ["李某某"], "copies_to": [], "proposal": None,
        "outcome": None, "outcome_normalised": None, "disclosure": "主动公开", "disclosure_normalised": "public_full",
        "contacts": [],
    }  # fmt: skip
    record = {
        "schema": "https://duban.example/schemas/v1/record", "id": sha256[:20], "rules_version": "1-benchmark",
        "reader": {"name": "txt", "version": "1", "ocr": False, "ocr_confidence": None},
        "original": {"name": "答复.pdf", "sha256": sha256, "bytes": len(original), "media_type": "application/pdf",
                     "received_at": NOW},
        "jurisdiction": "虹川市", "header": header, "header_spans": {}, "sections": [], "statements": statements,
        "problems": [],
    }  # fmt: skip
    return original, text, record


def build(folder: Path, letters: int) -> None:
    """File and seal the letters."""
    archive = QuickFolder(folder)
    for first in range(0, letters, PER_DAY):
        for number in range(first, min(first + PER_DAY, letters)):
            original, text, record = letter(number)
            sha256, rules = record["original"]["sha256"], record["rules_version"]
            archive.put(original_key(sha256), original, media_type="application/pdf")
            archive.put(record_key(sha256, rules, ".txt"), text.encode(), media_type="text/plain")
            events = to_lines(filing_events(record, [[0, 1]], [], at=NOW, agent=AGENT))
            archive.put(record_key(sha256, rules, ".events.jsonl"), events, media_type="application/jsonl")
            content = json.dumps(record, ensure_ascii=False, sort_keys=True).encode()
            archive.put(record_key(sha256, rules), content, media_type="application/json")
        seal_archive(archive, lambda _: (), day=date(2024, 1, 1) + timedelta(days=first // PER_DAY), now=NOW)


def same_twice(folder: Path) -> bool:
    """Whether a pack made a second time, elsewhere, is the same bytes."""
    archive = FolderArchive(folder)
    key = next(key for key in archive.keys("records/") if key.endswith(".json"))
    with tempfile.TemporaryDirectory() as other:
        copy = QuickFolder(Path(other))
        stem = key.removesuffix(".json")
        for name in (key, f"{stem}.txt", f"{stem}.events.jsonl", original_key(key.split("/")[1])):
            copy.put(name, archive.get(name), media_type="x")
        pack = pack_letter(copy, key, lambda _: (), NOW)
        return copy.get(pack) == archive.get(pack)


def measure(folder: Path) -> None:
    """Verify the folder and print what it took; the body of the second process."""
    begun = time.monotonic()
    checked = verify_path(folder, None, None)
    took, busy = time.monotonic() - begun, time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{checked.letters} letters, {checked.objects} objects, {checked.bytes / 1e6:.0f} MB, {checked.quotes} quotes: "
        f"{took:.1f} s, {checked.letters / took:.0f} letters/s ({busy:.1f} s of one processor), "
        f"peak {peak:.0f} MB, damage {len(checked.damage)}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--letters", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="keep the archive there and use it again")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.measure:
        measure(told.folder)
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = told.folder or Path(temporary)
        if not (folder / "days").exists():
            build(folder, told.letters)
        print("the same pack twice is the same bytes:", same_twice(folder))
        command = [sys.executable, "-m", "benchmarks.verify_archive", "--measure", "--folder", str(folder)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()

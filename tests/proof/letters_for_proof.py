"""Letters for the tests of proof: small records in the contract's shape, and an archive that holds them."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from flows.letters.premis import to_lines
from flows.letters.proof import Delivery, filing_events
from flows.ports import Archive, original_key, record_key
from flows.seal_archive import AGENT, seal_archive

RULES = "1-test"
NOW = "2024-05-08T01:00:00Z"


@dataclass(frozen=True)
class Told:
    """A notice as a pack keeps it."""

    id: str
    event: str
    sheet: str


Disclosure = tuple[str | None, str | None]
PUBLIC: Disclosure = ("主动公开", "public_full")


def letter(
    number: int = 1, disclosure: Disclosure = PUBLIC, rules: str = RULES
) -> tuple[bytes, bytes, dict[str, Any]]:
    """Original, text and record of a small letter."""
    promise = f"我局将于2024年12月底前建成第{number}处社区服务点"
    text = (
        f"虹川市民政局\n川民提复〔2024〕{number}号\n关于市政协一届一次会议第{number:03d}号提案的答复\n"
        f"李某某委员：\n您提出的提案收悉。现答复如下：\n{promise}。\n联系人：王某某，电话：13800001234\n2024年5月6日\n"
    )
    original = text.encode("gb18030")
    sha256 = hashlib.sha256(original).hexdigest()
    start = text.index(promise)
    statement = {
        "id": f"{sha256[:12]}-{hashlib.sha256(promise.encode()).hexdigest()[:12]}",
        "text": promise, "span": [start, start + len(promise)], "page": 1, "section": None, "stance": "pledged",
        "specific": True, "cues": ["will"], "confidence": 0.9,
        "owners": [
            {"mention": "我局", "name": "虹川市民政局", "agency_id": "hc-mzj", "role": "lead", "basis": "issuer"}
        ],
        "deadline": {"text": "2024年12月底前", "date": "2024-12-31", "precision": "month", "provenance": "stated"},
        "quantities": [{"text": "1处", "value": 1, "unit": "处", "comparator": "exact"}],
    }  # fmt: skip
    header = {
        "letter_type": "reply", "document_number": f"川民提复〔2024〕{number}号",
        "title": f"关于市政协一届一次会议第{number:03d}号提案的答复", "issuers": ["虹川市民政局"], "date": "2024-05-06",
        "addressees": ["李某某"], "copies_to": [],
        "proposal": {
            "kind": "cppcc_proposal", "session": "市政协一届一次会议", "number": f"{number:03d}", "title": None
        },
        "outcome": None, "outcome_normalised": None,
        "disclosure": disclosure[0], "disclosure_normalised": disclosure[1],
        "contacts": [{"name": "王某某", "phone": "13800001234", "address": None, "postcode": None}],
    }  # fmt: skip
    record = {
        "schema": "https://duban.example/schemas/v1/record", "id": sha256[:20], "rules_version": rules,
        "reader": {"name": "txt", "version": "1", "ocr": False, "ocr_confidence": None},
        "original": {
            "name": f"答复{number}.txt", "sha256": sha256, "bytes": len(original), "media_type": "text/plain",
            "received_at": "2024-05-08T00:30:00Z",
        },
        "jurisdiction": "虹川市", "header": header, "header_spans": {"document_number": [7, 7 + len(header["document_number"])]},
        "sections": [], "statements": [statement], "problems": [],
    }  # fmt: skip
    return original, text.encode(), record


def file_letter(archive: Archive, number: int = 1, **more: Any) -> dict[str, Any]:
    """Put one letter where the flow puts it; its record."""
    return file_as_flow(archive, *letter(number, **more))


def scanned_again(number: int) -> tuple[bytes, bytes, dict[str, Any]]:
    """The same letter from a poor scan: its number unreadable, two characters wrong; a file of its own."""
    _, text, record = letter(number)
    original = b"scan of " + text
    sha256 = hashlib.sha256(original).hexdigest()
    wrong = text.decode().replace("提案收悉", "提茱收悉").replace(record["header"]["document_number"], "〔2024〕").encode()
    statement = record["statements"][0] | {"id": f"{sha256[:12]}-1"}
    return original, wrong, record | {
        "id": sha256[:20], "original": record["original"] | {"sha256": sha256, "bytes": len(original)},
        "header": record["header"] | {"document_number": None}, "statements": [statement],
        "reader": record["reader"] | {"ocr": True},
    }  # fmt: skip


def file_as_flow(archive: Archive, original: bytes, text: bytes, record: dict[str, Any]) -> dict[str, Any]:
    """Put a letter's parts where the flow puts them; its record."""
    sha256, rules = record["original"]["sha256"], record["rules_version"]
    archive.put(original_key(sha256), original, media_type="text/plain", name=record["original"]["name"])
    archive.put(record_key(sha256, rules, ".txt"), text, media_type="text/plain")
    events = to_lines(filing_events(record, [[0, 1]], [], at=NOW, agent=AGENT))
    archive.put(record_key(sha256, rules, ".events.jsonl"), events, media_type="application/jsonl")
    content = json.dumps(record, ensure_ascii=False, sort_keys=True).encode()
    archive.put(record_key(sha256, rules), content, media_type="application/json")
    return record


def told(letter_id: str) -> list[Delivery]:
    """One sent notice a letter."""
    notice = Told(f"N{letter_id}", json.dumps({"id": letter_id, "data": {}}), "<p>交办单</p>")
    return [Delivery(notice, "2024-05-08T01:00:01Z", "outbox/hc-mzj")]


def sealed(archive: Archive, numbers: range, day: date) -> None:
    """File the letters of ``numbers`` and seal them as ``day``."""
    for number in numbers:
        file_letter(archive, number)
    assert seal_archive(archive, told, day=day, now=f"{day}T16:00:00Z") is not None

"""The forms owners fill in (XLSX), each issued with a number and a code that nobody else can make."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from flows.letters.form_sheet import written
from flows.letters.model import Notice
from flows.letters.rules.load import load_table
from flows.letters.workdays import beijing_day

_CODE_BYTES = 15  # 120 bits: 24 characters that can be read out over the telephone


@dataclass(frozen=True, slots=True)
class Issue:
    """What ties a form to its being issued: its number (a notice's id, or one of its own), the day, the code."""

    number: str
    day: str
    code: str


class Forms:
    """Makes forms and knows them again: the code is an HMAC over agency, number and day with a key of this machine."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, agency_id: str, number: str, day: date) -> Issue:
        """The issue of a form for one agency."""
        return Issue(number, day.isoformat(), self._code(agency_id, number, day.isoformat()))

    def issued(self, agency_id: str, issue: Issue | None) -> bool:
        """Whether a form for this agency was issued so; False for none."""
        if issue is None:
            return False
        wanted = self._code(agency_id, issue.number, issue.day)
        return hmac.compare_digest(wanted.encode(), issue.code.strip().upper().encode())

    def of_notice(self, notice: Notice) -> bytes | None:
        """The form that goes with a notice that wants an answer; None for the others."""
        event = json.loads(notice.event)
        data = event["data"]
        kinds = {notice.kind, f"{notice.kind}/{data.get('stage')}"}
        if not kinds & set(load_table("returns")["with_form"]):
            return None
        issue = self.issue(notice.agency_id, notice.id, beijing_day(event["time"]))
        return form(notice.agency_id, data["to"]["name"], data["items"], issue, data.get("number"))

    def of_event(self, notice: Notice) -> Issue:
        """The issue that a system which answers by JSON gives back."""
        return self.issue(notice.agency_id, notice.id, beijing_day(json.loads(notice.event)["time"]))

    def _code(self, agency_id: str, number: str, day: str) -> str:
        said = json.dumps(["duban-form-1", agency_id, number, day], ensure_ascii=False).encode("utf-8")
        found = base64.b32encode(hmac.new(self._key, said, hashlib.sha256).digest()[:_CODE_BYTES]).decode("ascii")
        return "-".join(found[at : at + 4] for at in range(0, len(found), 4))


def form_number(agency_id: str, moment: str) -> str:
    """The number of a form made on demand, at ``moment`` (RFC 3339)."""
    seed = f"form\0{agency_id}\0{moment}".encode()
    return f"F{datetime.fromisoformat(moment):%Y%m%d}{hashlib.sha256(seed).hexdigest()[:8]}"


def form(agency_id: str, agency_name: str, items: Sequence[Mapping[str, Any]], issue: Issue, paper: str | None = None) -> bytes:
    """The form for one agency: a line an item of a notice, the given cells locked, the answer chosen from a list.

    ``paper`` is the number of the paper it goes with, where it goes with one.
    """
    table = load_table("returns")
    goes_with = table["goes_with"].format(number=paper) if paper else ""
    head = {"agency": agency_id, "agency_name": agency_name, **asdict(issue), "hint": goes_with + table["hint"]}
    lines = [
        {
            "commitment_id": item["commitment_id"],
            "quote": item["quote"],
            "due": item.get("due") or (item["deadline"] or {}).get("date"),
            "state": item.get("state"),
        }
        for item in items
    ]
    return written(head, lines)

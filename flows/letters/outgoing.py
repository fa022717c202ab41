"""When a failed notice is tried again, and how several notices become one bundle: pure, and the same each time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flows.letters.follow_up import narrowest
from flows.letters.model import Notice
from flows.letters.notices import notice
from flows.letters.sheets import Templates


@dataclass(frozen=True, slots=True)
class Retries:
    """How often and how patiently: the n-th wait is ``first_seconds`` times 2ⁿ, at most ``longest_seconds``."""

    limit: int = 12
    first_seconds: float = 30.0
    longest_seconds: float = 6 * 3600.0

    def is_last(self, attempts: int) -> bool:
        """Whether a notice that failed for the ``attempts``-th time (1-based) is not tried again."""
        return attempts >= self.limit

    def next_try(self, notice_id: str, attempts: int, now: str) -> str:
        """When to try again after the ``attempts``-th failure, as RFC 3339 in UTC.

        Between half and the whole of the wait: notices that failed together do not come back together.  The share is
        derived from id and attempt, so that the same failure gives the same moment.
        """
        wait = min(self.first_seconds * 2.0 ** (attempts - 1), self.longest_seconds)
        digest = hashlib.sha256(f"{notice_id}\0{attempts}".encode()).digest()
        share = 0.5 + int.from_bytes(digest[:4], "big") / 2**33
        return later(now, wait * share)


def later(now: str, seconds: float) -> str:
    """The moment ``seconds`` after ``now``, both RFC 3339 in UTC, to the second."""
    moment = datetime.fromisoformat(now.replace("Z", "+00:00")) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def bundle_of(parts: Sequence[Notice], day: date, templates: Templates | None = None) -> Notice:
    """One notice that carries several of the same agency, in their order; its id is derived from theirs."""
    events: list[Mapping[str, Any]] = [json.loads(part.event) for part in parts]
    ids = [part.id for part in parts]
    subject = "bundle/" + hashlib.sha256("\0".join(sorted(ids)).encode()).hexdigest()[:24]
    data = {
        "to": events[0]["data"]["to"],
        "disclosure": narrowest([event["data"]["disclosure"] for event in events]),
        "items": [item for event in events for item in event["data"]["items"]],
        "notices": ids,
    }
    return notice(
        "bundle",
        data,
        subject=subject,
        source="/duban/outbox",
        time=f"{day.isoformat()}T00:00:00+08:00",
        day=day.isoformat(),
        templates=templates,
    )

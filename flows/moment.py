"""The one clock of commands and flows: what is pure gets today as an argument."""

from __future__ import annotations

from datetime import UTC, date, datetime

from flows.letters.workdays import BEIJING


def now() -> str:
    """This moment as RFC 3339 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def today() -> date:
    """The day in Beijing."""
    return datetime.now(BEIJING).date()

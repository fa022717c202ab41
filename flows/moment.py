"""The one clock of commands and flows; what is pure gets today as an argument."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime

from flows.letters.errors import StepRefused
from flows.letters.workdays import BEIJING

_DAY: ContextVar[date | None] = ContextVar("day", default=None)


def now() -> str:
    """This moment as RFC 3339 in UTC, to the second; within ``as_of`` this time of that day."""
    moment = datetime.now(BEIJING)
    if (day := _DAY.get()) is not None:
        moment = datetime.combine(day, moment.time(), BEIJING)
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def today() -> date:
    """The day in Beijing."""
    return _DAY.get() or datetime.now(BEIJING).date()


@contextmanager
def as_of(day: date | None) -> Iterator[date]:
    """Everything in this context (and the tasks submitted from it) happens on ``day``; None: today.  Gives the day.

    For a day that was missed: what is done then bears that day, Prefect's run shows when it was really done.
    ``StepRefused`` for a day that has not come: a year mistyped would tell everybody that everything is overdue.
    """
    current = datetime.now(BEIJING).date()
    if day is not None and day > current:
        raise StepRefused(f"日期{day}尚未到来，今天是{current}；只能补办今天以前的日期")
    mark = _DAY.set(None if day == current else day)
    try:
        yield day or today()
    finally:
        _DAY.reset(mark)

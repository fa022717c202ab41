"""Days reckoned: ends of months, months and working days added, feasts found."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from functools import lru_cache

from chinese_calendar.constants import holidays, workdays  # type: ignore[import-untyped]  # ships no types

_KNOWN = range(min(holidays).year, max(holidays).year + 1)  # the years that the State Council's table reaches


@lru_cache(maxsize=4096)
def month_end(year: int, month: int) -> date:
    """The month's last day."""
    return date(year, month, calendar.monthrange(year, month)[1])


@lru_cache(maxsize=4096)
def add_months(day: date, months: int) -> date:
    """The same day of the month ``months`` later, the month's last day where it has no such day."""
    count = day.year * 12 + day.month - 1 + months
    last = month_end(count // 12, count % 12 + 1)
    return last.replace(day=min(day.day, last.day))


def add_working_days(day: date, count: int) -> tuple[date, bool]:
    """The ``count``-th working day of China after ``day``; False where the State Council's table does not reach.

    Beyond the table, Monday to Friday are taken as working days.
    """
    known = True
    while count > 0:
        day += timedelta(days=1)
        known = known and day.year in _KNOWN
        count -= day in workdays or (day.weekday() < 5 and day not in holidays)
    return day, known


def next_feast(days: tuple[str, ...], on: date, year: int | None) -> date | None:
    """The feast of ``year``, or the first on or after ``on``.

    ``days`` are ISO days of the years, or one ``MM-DD`` that holds for every year; None beyond the table.
    """
    years = (year,) if year else (on.year, on.year + 1)
    for each in years:
        for day in days:
            if len(day) == 5:
                found = date.fromisoformat(f"{each}-{day}")
            elif day.startswith(f"{each}-"):
                found = date.fromisoformat(day)
            else:
                continue
            if year or found >= on:
                return found
    return None

"""Working days of China by the State Council's yearly tables, make-up workdays included; a missing table is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone

import chinese_calendar  # type: ignore[import-untyped]  # ships no types
from chinese_calendar.constants import holidays as _HOLIDAYS  # type: ignore[import-untyped]

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991
_ONE = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class WorkCalendar:
    """Which days are worked.  ``own`` adds or corrects single days (a year's table that is not in the library yet).

    ``own_years`` are years whose table ``own`` gives in full: days it does not name follow the week.
    """

    own: Mapping[date, bool] = field(default_factory=dict)
    own_years: frozenset[int] = frozenset()

    def knows(self, year: int) -> bool:
        """Whether the year's table of holidays is there."""
        return year in self.own_years or year in _known_years()

    def works(self, day: date) -> bool:
        """Whether ``day`` is worked.  Where the year's table is missing the week alone decides: ask ``missing``."""
        if day in self.own:
            return self.own[day]
        if day.year in self.own_years or day.year not in _known_years():
            return day.weekday() < 5
        return bool(chinese_calendar.is_workday(day))

    def missing(self, first: date, last: date) -> tuple[int, ...]:
        """The years between the two days whose table is missing: what was reckoned there is provisional."""
        return tuple(year for year in range(first.year, last.year + 1) if not self.knows(year))

    def after(self, day: date, working_days: int) -> date:
        """The ``working_days``-th working day after ``day`` (the day itself does not count)."""
        for _ in range(working_days):
            day += _ONE
            while not self.works(day):
                day += _ONE
        return day

    def between(self, first: date, last: date) -> int:
        """How many working days come after ``first`` up to and with ``last``; negative when ``last`` lies before."""
        if last < first:
            return -self.between(last, first)
        days, count = first, 0
        while days < last:
            days += _ONE
            count += self.works(days)
        return count


def beijing_day(moment: str) -> date:
    """The day in Beijing on which an RFC 3339 moment falls."""
    return datetime.fromisoformat(moment.replace("Z", "+00:00")).astimezone(BEIJING).date()


def months_after(day: date, months: int) -> date:
    """The same day of the month ``months`` later; the month's last day where it has no such day."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    for number in range(day.day, 27, -1):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    return date(year, month + 1, day.day)


def _known_years() -> frozenset[int]:
    return _YEARS


_YEARS = frozenset(day.year for day in _HOLIDAYS)

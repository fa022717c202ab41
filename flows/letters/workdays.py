"""Working days of China by the State Council's yearly tables, make-up workdays included; a missing table is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from itertools import accumulate

from chinese_calendar.constants import holidays, workdays  # type: ignore[import-untyped]  # ships no types

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")  # no summer time since 1991
_ONE = timedelta(days=1)
# The library's tables, asked directly: its own question costs a walk over the whole table.
_FREE, _WORKED = frozenset(holidays), frozenset(workdays)
_YEARS = frozenset(day.year for day in _FREE)


@dataclass(frozen=True)
class WorkCalendar:
    """Which days are worked.  ``own`` adds or corrects single days (a year's table that is not in the library yet).

    ``own_years`` are years whose table ``own`` gives in full: days it does not name follow the week.
    """

    own: Mapping[date, bool] = field(default_factory=dict)
    own_years: frozenset[int] = frozenset()

    def knows(self, year: int) -> bool:
        """Whether the year's table of holidays is there."""
        return year in self.own_years or year in _YEARS

    def works(self, day: date) -> bool:
        """Whether ``day`` is worked.  Where the year's table is missing the week alone decides: ask ``missing``."""
        if day in self.own:
            return self.own[day]
        if day.year not in self.own_years:
            if day in _WORKED:
                return True
            if day in _FREE:
                return False
        return day.weekday() < 5

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
        whole = sum(self._worked_in(year)[-1] for year in range(first.year, last.year))
        return whole + self._worked_in(last.year)[_place(last)] - self._worked_in(first.year)[_place(first)]

    def _worked_in(self, year: int) -> tuple[int, ...]:
        """For each day of the year, how many were worked up to and with it."""
        if year not in self._counted:
            days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
            worked = (self.works(day) for day in days if day.year == year)
            self._counted[year] = tuple(accumulate(map(int, worked)))
        return self._counted[year]

    @cached_property
    def _counted(self) -> dict[int, tuple[int, ...]]:
        return {}


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


def _place(day: date) -> int:
    return day.timetuple().tm_yday - 1

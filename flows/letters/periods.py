"""Works out the first and last day of a period that a letter names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from flows.letters import calendar_days
from flows.letters.model import Precision
from flows.letters.numerals import number, whole

Parts = Mapping[str, str]
Period = tuple[date | None, date | None, Precision]

_WEEKDAYS = "一二三四五六日"


# The calendar's own look-up is dear, and one day is asked for twice: for itself and for whether it is sure.
working_day = lru_cache(maxsize=4096)(calendar_days.add_working_days)


class Periods:
    """One method a kind of rules/deadlines.toml.

    Each takes the parts a form has caught, the letter's date and the year said (None: the letter's), and returns
    first day, last day and precision; ``ValueError`` where the day does not exist.
    """

    def __init__(self, table: Mapping[str, Any]) -> None:
        self._month_parts: dict[str, int] = table["month_parts"]
        self._plans: dict[str, int] = table["plans"]
        self._feasts: dict[str, tuple[str, ...]] = {name: (day,) for name, day in table["feasts"].items()}
        self._feasts |= {name: tuple(row["days"]) for row in table["moon_feast"] for name in row["names"]}
        self._kinds = {
            "day": self._day,
            "month_part": self._month_part,
            "month": self._month,
            "this_month": lambda said, on, year: self._month({"now": ""}, on, year),
            "quarter": self._quarter,
            "half": self._half,
            "mid_year": lambda said, on, year: _within_year(on, year, 5, 6, "half"),
            "early_year": lambda said, on, year: _within_year(on, year, 1, 3, "quarter"),
            "year": lambda said, on, year: _within_year(on, year, 1, 12, "year"),
            "letter_year": lambda said, on, year: _within_year(on, year, 1, 12, "year"),
            "next_year": lambda said, on, year: _years_ahead(on, 1),
            "year_after_next": lambda said, on, year: _years_ahead(on, 2),
            "feast": self._feast,
            "feast_day": self._feast_day,
            "plan": self._plan,
            "within_years": self._within_years,
            "within_days": self._within_days,
            "working_days": self._working_days,
            "week": self._week,
            "weekday": self._weekday,
        }

    def reckon(self, kind: str, said: Parts, on: date, year: int | None) -> Period:
        return self._kinds[kind](said, on, year)

    def _day(self, said: Parts, on: date, year: int | None) -> Period:
        month = self._month(said, on, year)[0] if "now" in said or "next" in said else None
        its_year, its_month = (month.year, month.month) if month else (year or on.year, _whole(said, "m"))
        day = date(its_year, its_month, _whole(said, "e" if "e" in said else "d"))
        return day, day, "day"

    def _month_part(self, said: Parts, on: date, year: int | None) -> Period:
        first, last, _ = self._month(said, on, year)
        ends = self._month_parts.get(said["p"])
        if ends is None or first is None:
            return first, last, "month"
        return first.replace(day=max(1, ends - 9)), first.replace(day=ends), "day"

    def _month(self, said: Parts, on: date, year: int | None) -> Period:
        if "now" in said:
            last = calendar_days.month_end(on.year, on.month)
        elif "next" in said:
            following = calendar_days.add_months(on.replace(day=1), 1)
            last = calendar_days.month_end(following.year, following.month)
        else:
            last = calendar_days.month_end(year or on.year, _whole(said, "m"))
        return last.replace(day=1), last, "month"

    def _quarter(self, said: Parts, on: date, year: int | None) -> Period:
        its_year = year or on.year
        if "now" in said or "next" in said:
            quarter = (on.month - 1) // 3 + (1 if "now" in said else 2)
            its_year, quarter = (on.year + 1, 1) if quarter > 4 else (on.year, quarter)
        else:
            quarter = _whole(said, "q")
        first = date(its_year, 1 if "u" in said else quarter * 3 - 2, 1)
        return first, calendar_days.month_end(its_year, quarter * 3), "quarter"

    def _half(self, said: Parts, on: date, year: int | None) -> Period:
        return _within_year(on, year, 1, 6, "half") if "first" in said else _within_year(on, year, 7, 12, "half")

    def _feast(self, said: Parts, on: date, year: int | None) -> Period:
        day = calendar_days.next_feast(self._feasts[said["v"]], on, year)
        return (None, None, "vague") if day is None else (on, day - timedelta(days=1), "day")

    def _feast_day(self, said: Parts, on: date, year: int | None) -> Period:
        day = calendar_days.next_feast(self._feasts[said["v"].strip("“”")], on, year)
        return (None, None, "vague") if day is None else (day, day, "day")

    def _plan(self, said: Parts, on: date, year: int | None) -> Period:
        last = self._plans[said.get("w") or said["w2"]]
        return date(last - 4, 1, 1), date(last, 12, 31), "plan"

    def _within_years(self, said: Parts, on: date, year: int | None) -> Period:
        value = number(said.get("n") or said.get("n2") or "") or 0
        if "months" in said:
            return on, calendar_days.add_months(on, int(value)), "month"
        return on, calendar_days.add_months(on, int(value * 12)), "year"

    def _within_days(self, said: Parts, on: date, year: int | None) -> Period:
        return on, on + timedelta(days=_whole(said, "n") * (7 if "weeks" in said else 1)), "day"

    def _working_days(self, said: Parts, on: date, year: int | None) -> Period:
        return on, working_day(on, _whole(said, "n"))[0], "day"

    def _week(self, said: Parts, on: date, year: int | None) -> Period:
        monday = on + timedelta(days=(0 if "now" in said else 7) - on.weekday())
        return monday, monday + timedelta(days=6), "day"

    def _weekday(self, said: Parts, on: date, year: int | None) -> Period:
        monday, _, _ = self._week(said, on, year)
        day = (monday or on) + timedelta(days=_WEEKDAYS.index(said["wd"]))
        return day, day, "day"


def _within_year(on: date, year: int | None, first: int, last: int, precision: Precision) -> Period:
    its_year = year or on.year
    return date(its_year, first, 1), calendar_days.month_end(its_year, last), precision


def _years_ahead(on: date, ahead: int) -> Period:
    return date(on.year, 1, 1), date(on.year + ahead, 12, 31), "year"


def _whole(said: Parts, name: str) -> int:
    value = whole(said.get(name, ""))
    if value is None:
        raise ValueError(f"not a whole number: {said.get(name)}")
    return value

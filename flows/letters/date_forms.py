"""The forms in which letters write days and periods, from rules/deadlines.toml, and what each one means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Any

from flows.letters import calendar_days
from flows.letters.folding import in_quotation
from flows.letters.model import Precision, Provenance
from flows.letters.numerals import number, whole
from flows.letters.rules.load import load_table


@dataclass(frozen=True, slots=True)
class Mention:
    """A day or period said at ``text[start:end]``: from ``first`` to ``day`` (None where it has none).

    ``bounded``: said as a bound (前, 底, 内).  ``force``: full, weak, event (counts from an event), none.
    ``year`` is the year it names itself, ``doubt`` a Chinese sentence for a person.
    """

    start: int
    end: int
    kind: str
    first: date | None
    day: date | None
    precision: Precision
    provenance: Provenance = "stated"
    bounded: bool = False
    year: int | None = None
    force: str = "full"
    doubt: str = ""


Parts = dict[str, str | None]
Period = tuple[date | None, date | None, Precision]
_NO_DATE: Period = (None, None, "vague")
_PAST_MONTHS = 6  # a bare month further back than this is next year's


class DateForms:
    """The compiled table."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._table = table
        self._ids = [form["id"] for form in table["form"]]
        self._kinds: list[str] = [form["kind"] for form in table["form"]]
        parts = table["parts"]
        branches = []
        for index, form in enumerate(table["form"]):
            pattern = re.sub(r"%([a-z]+)", lambda m: parts[m.group(1)], form["pattern"])
            pattern = re.sub(r"\(\?P<([a-z0-9]+)@>", rf"(?P<\1_{index}>", pattern)
            pattern = re.sub(r"\(\?P=([a-z0-9]+)@\)", rf"(?P=\1_{index})", pattern)
            branches.append(f"(?P<f{index}>{pattern})")
        self._form = re.compile("|".join(branches))
        self._begins = re.compile(f"[{re.escape(table['begins'])}]")
        self._may = re.compile(table["may"])
        self._contexts = [
            (
                row["force"],
                frozenset(row.get("kinds", self._kinds)),
                re.compile(row["before"]) if "before" in row else None,
                re.compile(row["after"]) if "after" in row else None,
            )
            for row in table["context"]
        ]
        condition = table["condition"]
        self._if = re.compile(condition["opens"])
        self._wait = re.compile(f"{condition['waits']}[^,;。]*?{condition['waiting_ends']}")
        self._when = re.compile(condition["ends"])
        self._bound = re.compile(table["bound"])
        self._marks = table["quotation"]
        self._content = re.compile(table["content"]["opens"])
        feasts: dict[str, tuple[str, ...]] = {name: (day,) for name, day in table["feasts"].items()}
        feasts |= {name: tuple(row["days"]) for row in table["moon_feast"] for name in row["names"]}
        self._feasts = feasts

    def may_stand_in(self, text: str) -> bool:
        """Whether it is worth looking: false for most statements without a date."""
        return self._may.search(text) is not None

    def content_opens(self, text: str, after: int) -> int | None:
        """Where the content of a promised paper begins (明确, 规定), behind ``after``."""
        match = self._content.search(text, after)
        return match.start() if match else None

    def mentions(self, text: str, on: date | None, year: int | None) -> list[Mention]:
        """Every day and period in ``text`` (folded), in order; ``year`` is that of a governing lead-in."""
        found: list[Mention] = []
        at = 0
        while (begin := self._begins.search(text, at)) is not None:
            match = self._form.match(text, begin.start())
            if match is None:
                at = begin.end()
                continue
            mention = self._read(match, on, year)
            at = max(match.end(), begin.end())
            found.append(mention)
            if mention.year and mention.force != "none":
                year = mention.year
        return found

    def _read(self, match: re.Match[str], on: date | None, year: int | None) -> Mention:
        index = int((match.lastgroup or "f0")[1:])
        kind = self._kinds[index]
        suffix = f"_{index}"
        said: Parts = {
            name.removesuffix(suffix): value
            for name, value in match.groupdict().items()
            if value is not None and name.endswith(suffix)
        }
        own = self._own_year(said, on)
        mention = Mention(match.start(), match.end(), kind, None, None, "vague", year=own)
        if kind == "vague":
            return mention
        bounded = self._bound.search(match.group()) is not None
        if on is None and own is None and kind not in ("plan", "year"):
            return replace(mention, bounded=bounded, doubt=self._table["messages"]["no_letter_date"])
        reckon = _KINDS[kind]
        try:
            first, day, precision = reckon(self, said, on or date(own or 1, 1, 1), own)
            if own is None and on is not None and kind in _BARE and day is not None:
                first, day, precision = self._in_year(reckon, said, on, year, (first, day, precision))
        except ValueError:  # 2月30日
            return replace(mention, bounded=bounded, doubt=self._table["messages"]["no_such_day"])
        derived = kind in ("plan", "within_years", "within_days", "working_days")
        doubt = ""
        if kind == "working_days" and on is not None:
            doubt = "" if calendar_days.add_working_days(on, whole(said["n"] or "") or 0)[1] else self._table[
                "messages"
            ]["no_holiday_table"]
        return replace(
            mention, first=first, day=day, precision=precision, bounded=bounded,
            provenance="derived" if derived else "stated", doubt=doubt,
        )

    def _own_year(self, said: Parts, on: date | None) -> int | None:
        if said.get("y"):
            return whole((said["y"] or "").translate({ord("O"): "0", ord("o"): "0"}))
        if said.get("r") and on is not None:
            return on.year + int(self._table["relative_years"][said["r"]])
        return None

    def _in_year(
        self, reckon: Callable[[DateForms, Parts, date, int | None], Period], said: Parts, on: date,
        year: int | None, period: Period,
    ) -> Period:
        """A bare month belongs to the year named before it, where that does not lie behind the letter's date."""
        day = period[1]
        if year is not None and year != on.year:
            other = reckon(self, said, on, year)
            if other[1] is not None and other[1] >= on:
                return other
        if day is not None and day < calendar_days.add_months(on, -_PAST_MONTHS):
            return reckon(self, said, on, on.year + 1)
        return period

    def ruled(self, text: str, mention: Mention) -> Mention:
        """``mention`` with the force that its surroundings leave it."""
        if in_quotation(text, mention.start, mention.end, self._marks) or self._in_condition(text, mention):
            return replace(mention, force="none")
        before, after = text[max(0, mention.start - 24) : mention.start], text[mention.end : mention.end + 24]
        for force, kinds, pattern_before, pattern_after in self._contexts:
            if mention.kind not in kinds:
                continue
            hit = pattern_before.search(before) if pattern_before else pattern_after and pattern_after.match(after)
            if hit:
                return replace(mention, force=force)
        return mention

    def _in_condition(self, text: str, mention: Mention) -> bool:
        start = max(text.rfind(mark, 0, mention.start) for mark in ",;:。") + 1
        stops = [at for mark in ",;:。" if (at := text.find(mark, mention.end)) >= 0]
        stop = min(stops, default=len(text))
        clause = text[start:stop]
        if self._if.match(clause):
            return True
        wait = self._wait.search(clause)
        if wait is not None and start + wait.start() <= mention.start and mention.end <= start + wait.end():
            return True
        when = self._when.search(text, mention.end, stop)
        return when is not None and when.end() == stop and stop < len(text)

    def feast(self, said: Parts, on: date, year: int | None) -> Period:
        day = calendar_days.next_feast(self._feasts[said["v"] or ""], on, year)
        return _NO_DATE if day is None else (on, day - timedelta(days=1), "day")

    def plan(self, said: Parts, on: date, year: int | None) -> Period:
        last = int(self._table["plans"][said.get("w") or said.get("w2")])
        return date(last - 4, 1, 1), date(last, 12, 31), "plan"


def _n(said: Parts, name: str) -> int:
    value = whole(said.get(name) or "")
    if value is None:
        raise ValueError(f"not a whole number: {said.get(name)}")
    return value


def _day(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    day = date(year or on.year, _n(said, "m"), _n(said, "e" if said.get("e") else "d"))
    return day, day, "day"


def _which_month(said: Parts, on: date, year: int | None) -> tuple[int, int]:
    if said.get("now"):
        return on.year, on.month
    if said.get("next"):
        following = calendar_days.add_months(on.replace(day=1), 1)
        return following.year, following.month
    return year or on.year, _n(said, "m")


def _month_part(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    its_year, month = _which_month(said, on, year)
    part = said.get("p") or ""
    last = calendar_days.month_end(its_year, month)
    if part in forms._table["month_parts"]:
        day = date(its_year, month, int(forms._table["month_parts"][part]))
        return day.replace(day=max(1, day.day - 9)), day, "day"
    return last.replace(day=1), last, "month"


def _month(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    last = calendar_days.month_end(*_which_month(said, on, year))
    return last.replace(day=1), last, "month"


def _this_month(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    return on.replace(day=1), calendar_days.month_end(on.year, on.month), "month"


def _quarter(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    if said.get("now") or said.get("next"):
        its_year, quarter = on.year, (on.month - 1) // 3 + (1 if said.get("now") else 2)
        its_year, quarter = (its_year + 1, 1) if quarter == 5 else (its_year, quarter)
    else:
        its_year, quarter = year or on.year, _n(said, "q")
    first = date(its_year, 1 if said.get("u") else quarter * 3 - 2, 1)
    return first, calendar_days.month_end(its_year, quarter * 3), "quarter"


def _half(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    its_year = year or on.year
    if said.get("first"):
        return date(its_year, 1, 1), date(its_year, 6, 30), "half"
    return date(its_year, 7, 1), date(its_year, 12, 31), "half"


def _year(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    its_year = year or on.year
    return date(its_year, 1, 1), date(its_year, 12, 31), "year"


def _within_years(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    value = number(said.get("n") or said.get("n2") or "") or 0
    months = value if said.get("months") else value * 12
    return on, calendar_days.add_months(on, int(months)), "month" if said.get("months") else "year"


def _within_days(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    each = 7 if said.get("weeks") else 1
    return on, on + timedelta(days=_n(said, "n") * each), "day"


def _working_days(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    return on, calendar_days.add_working_days(on, _n(said, "n"))[0], "day"


def _week(forms: DateForms, said: Parts, on: date, year: int | None) -> Period:
    monday = on - timedelta(days=on.weekday()) + timedelta(days=0 if said.get("now") else 7)
    return monday, monday + timedelta(days=6), "day"


def _years_ahead(ahead: int) -> Callable[[DateForms, Parts, date, int | None], Period]:
    return lambda forms, said, on, year: (date(on.year, 1, 1), date(on.year + ahead, 12, 31), "year")


_KINDS: dict[str, Callable[[DateForms, Parts, date, int | None], Period]] = {
    "day": _day,
    "month_part": _month_part,
    "month": _month,
    "this_month": _this_month,
    "quarter": _quarter,
    "half": _half,
    "mid_year": lambda forms, said, on, year: (date(year or on.year, 5, 1), date(year or on.year, 6, 30), "half"),
    "early_year": lambda forms, said, on, year: (date(year or on.year, 1, 1), date(year or on.year, 3, 31), "quarter"),
    "year": _year,
    "letter_year": _year,
    "next_year": _years_ahead(1),
    "year_after_next": _years_ahead(2),
    "feast": lambda forms, said, on, year: forms.feast(said, on, year),
    "plan": lambda forms, said, on, year: forms.plan(said, on, year),
    "within_years": _within_years,
    "within_days": _within_days,
    "working_days": _working_days,
    "week": _week,
}
# Forms that may leave the year out.
_BARE = frozenset({"day", "month_part", "month", "quarter", "half", "mid_year", "letter_year"})


@cache
def date_forms() -> DateForms:
    """The forms, compiled once."""
    return DateForms(load_table("deadlines"))

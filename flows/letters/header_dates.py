"""Reads the day a letter was signed, in every form it is written, also where digits or marks were lost."""

from __future__ import annotations

from datetime import date

from flows.letters.numerals import whole
from flows.letters.wordings import patterns


def day_in(view: str) -> tuple[date, int, int] | None:
    """The first day written in the folded text and where, None where it holds none."""
    for hit in patterns("header")["date"].finditer(view):
        parts = hit.groupdict()
        year, month, day = (parts[name] or parts[name + "2"] for name in "ymd")
        found = _day(_year(year), whole(month), whole(day))
        if found is not None:
            return found, hit.start(), hit.end()
    return None


def broken_day(view: str) -> date | None:
    """The only day a line like 2019615 can mean; None where it can mean none, or two."""
    hit = patterns("header")["date_broken"].fullmatch(view.strip())
    if hit is None:
        return None
    for mark in "34":
        if hit.group("y" + mark):
            return _day(*(int(hit.group(name + mark)) for name in "ymd"))
    rest = hit.group("rest")
    cuts = [cut for cut in (1, 2) if 1 <= len(rest) - cut <= 2]
    able = {_day(int(hit.group("y")), int(rest[:cut]), int(rest[cut:])) for cut in cuts} - {None}
    return able.pop() if len(able) == 1 else None


def _year(written: str) -> int | None:
    return whole("".join("〇" if char in "0Oo○零" else char for char in written) if not written.isdecimal() else written)


def _day(year: int | None, month: int | None, day: int | None) -> date | None:
    if not year or not month or not day or not 1949 <= year <= 2100:
        return None
    try:
        return date(year, month, day)
    except ValueError:
        return None

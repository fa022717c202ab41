"""The forms in which letters write days and periods, from rules/deadlines.toml, and what each one means."""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Any, NamedTuple

from flows.letters import calendar_days
from flows.letters.first_characters import any_guarded, guarded
from flows.letters.folding import Quotations
from flows.letters.model import Precision, Provenance
from flows.letters.numerals import whole
from flows.letters.periods import Parts, Period, Periods, working_day
from flows.letters.rules.load import load_table


class Mention(NamedTuple):
    """A day or period said at ``text[start:end]``: from ``first`` to ``day`` (None where it has none).

    ``bounded``: said as a bound (前, 底, 内).  ``force``: full, weak, event (counts from an event), each (comes again), none.
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

    @property
    def lacks_year(self) -> bool:
        """True for a bare month, quarter or half, whose year is said elsewhere."""
        return self.year is None and self.kind in _BARE


_Context = tuple[str, re.Pattern[str] | None, re.Pattern[str] | None]

_MOST = 64  # dates looked at in one statement; no real one has ten
_STOPS = ",;:。"
_ANY_STOP = re.compile(f"[{_STOPS}]")
_CLAUSE = 120  # characters of a clause looked at on either side of a date
_PAST_MONTHS = 6  # a bare month further back than this is next year's


class DateForms:
    """The compiled table."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._table = table
        self._kinds: list[str] = [form["kind"] for form in table["form"]]
        parts = table["parts"]
        branches = []
        for index, form in enumerate(table["form"]):
            pattern = re.sub(r"%([a-z]+)", lambda m: parts[m.group(1)], form["pattern"])
            pattern = re.sub(r"\(\?P<([a-z0-9]+)@>", rf"(?P<\1_{index}>", pattern)
            pattern = re.sub(r"\(\?P=([a-z0-9]+)@\)", rf"(?P=\1_{index})", pattern)
            branches.append(f"(?P<f{index}>{pattern})")
        self._form = re.compile(any_guarded(branches))
        self._parts: list[list[tuple[str, int]]] = [[] for _ in branches]
        for name, group in self._form.groupindex.items():
            part, _, index_said = name.rpartition("_")
            if part:
                self._parts[int(index_said)].append((part, group))
        self._begins = re.compile(table["begins"])
        self._may = re.compile(guarded(table["may"]))
        self._contexts: dict[str, list[_Context]] = {kind: [] for kind in self._kinds}
        for row in table["context"]:
            before, after = (re.compile(guarded(row[side])) if side in row else None for side in ("before", "after"))
            for kind in set(row.get("kinds", self._kinds)):
                self._contexts[kind].append((row["force"], before, after))
        condition = table["condition"]
        self._if = re.compile(condition["opens"])
        self._wait = re.compile(f"{condition['waits']}[^,;。]{{0,{_CLAUSE}}}?{condition['waiting_ends']}")
        self._when = re.compile(condition["ends"])
        self._bound = re.compile(table["bound"])
        self._ends = table["sentence_ends"]
        self._marks = table["quotation"]
        self._content = re.compile(table["content"]["opens"])
        self._periods = Periods(table)

    def may_stand_in(self, text: str) -> bool:
        """Whether it is worth looking: false for most statements without a date."""
        return self._may.search(text) is not None

    def content_opens(self, text: str, after: int) -> int | None:
        """Where the content of a promised paper begins (明确, 规定), behind ``after``."""
        match = self._content.search(text, after)
        return match.start() if match else None

    def opens_sentence(self, text: str, mention: Mention) -> bool:
        """Whether the year is the frame of a sentence: 2025年，我局将…."""
        opening = mention.start == 0 or text[mention.start - 1] in self._ends
        return opening and text[mention.end : mention.end + 1] in (",", ":")

    def mentions(self, text: str, on: date | None, year: int | None) -> list[Mention]:
        """Every day and period in ``text`` (folded), in order; ``year`` is that of a governing lead-in."""
        return self.read(self.matches(text), on, year)

    def matches(self, text: str) -> list[re.Match[str]]:
        """Where a form stands in ``text`` (folded), in order: what ``read`` makes mentions of."""
        found: list[re.Match[str]] = []
        at = 0
        while len(found) < _MOST and (begin := self._begins.search(text, at)) is not None:
            match = self._form.match(text, begin.start())
            if match is None:
                at = begin.end()
                continue
            at = max(match.end(), begin.end())
            found.append(match)
        return found

    def read(self, matches: list[re.Match[str]], on: date | None, year: int | None) -> list[Mention]:
        """What each match means; a year that one names holds for the next."""
        found: list[Mention] = []
        for match in matches:
            mention = self._read(match, on, year)
            found.append(mention)
            if mention.year and mention.force != "none":
                year = mention.year
        return found

    def _read(self, match: re.Match[str], on: date | None, year: int | None) -> Mention:
        index = int((match.lastgroup or "f0")[1:])
        kind = self._kinds[index]
        said = {name: value for name, group in self._parts[index] if (value := match.group(group)) is not None}
        own = self._own_year(said, on)
        start, end = match.span()
        if kind == "vague":
            return Mention(start, end, kind, None, None, "vague", year=own)
        bounded = self._bound.search(match.group()) is not None
        if on is None and own is None and kind not in ("plan", "year"):
            doubt = self._table["messages"]["no_letter_date"]
            return Mention(start, end, kind, None, None, "vague", bounded=bounded, year=own, doubt=doubt)
        try:
            first, day, precision = self._periods.reckon(kind, said, on or date(own or 1, 1, 1), own)
            if own is None and on is not None and kind in _BARE and day is not None:
                first, day, precision = self._in_year(kind, said, on, year, (first, day, precision))
        except ValueError:  # 2月30日
            doubt = self._table["messages"]["no_such_day"]
            return Mention(start, end, kind, None, None, "vague", bounded=bounded, year=own, doubt=doubt)
        doubt = ""
        if kind == "working_days" and on is not None:
            doubt = "" if working_day(on, whole(said["n"] or "") or 0)[1] else self._table[
                "messages"
            ]["no_holiday_table"]
        provenance: Provenance = "derived" if kind in _DERIVED else "stated"
        return Mention(start, end, kind, first, day, precision, provenance, bounded, own, doubt=doubt)

    def _own_year(self, said: Parts, on: date | None) -> int | None:
        if said.get("y"):
            return whole(said["y"])
        if said.get("yy"):
            return 2000 + int(said["yy"])
        if said.get("r") and on is not None:
            return on.year + int(self._table["relative_years"][said["r"]])
        return None

    def _in_year(self, kind: str, said: Parts, on: date, year: int | None, period: Period) -> Period:
        """A bare month belongs to the year named before it, where that does not lie behind the letter's date."""
        day = period[1]
        if year is not None and year != on.year:
            other = self._periods.reckon(kind, said, on, year)
            if other[1] is not None and other[1] >= on:
                return other
        if day is not None and day < calendar_days.add_months(on, -_PAST_MONTHS):
            return self._periods.reckon(kind, said, on, on.year + 1)
        return period

    def ruled(self, text: str, found: list[Mention]) -> list[Mention]:
        """The mentions with the force that their surroundings leave them."""
        if not found:
            return found
        quotations = Quotations(text, self._marks)
        return [self._ruled(text, quotations, mention) for mention in found]

    def _ruled(self, text: str, quotations: Quotations, mention: Mention) -> Mention:
        if quotations.hold(mention.start, mention.end) or self.in_condition(text, mention.start, mention.end):
            return mention._replace(force="none")
        before, after = text[max(0, mention.start - 24) : mention.start], text[mention.end : mention.end + 24]
        for force, pattern_before, pattern_after in self._contexts[mention.kind]:
            if (pattern_before is None or pattern_before.search(before)) and (
                pattern_after is None or pattern_after.match(after)
            ):
                return mention._replace(force=force)
        return mention

    def _clause(self, text: str, begin: int, end: int) -> tuple[int, int]:
        low, high = max(0, begin - _CLAUSE), min(len(text), end + _CLAUSE)
        found = _ANY_STOP.search(text, end, high)
        return max([low - 1, *[text.rfind(mark, low, begin) for mark in _STOPS]]) + 1, found.start() if found else high

    def in_if_clause(self, text: str, begin: int, end: int) -> bool:
        """Whether the clause of ``[begin, end)`` of ``text`` (folded) opens as a condition: 若…, 如果…."""
        start, stop = self._clause(text, begin, end)
        return self._if.match(text[start:stop]) is not None

    def in_condition(self, text: str, begin: int, end: int) -> bool:
        """Whether ``[begin, end)`` of ``text`` (folded) stands in what must hold first, not in what is promised."""
        start, stop = self._clause(text, begin, end)
        clause = text[start:stop]
        if self._if.match(clause):
            return True
        wait = self._wait.search(clause)
        if wait is not None and start + wait.start() <= begin and end <= start + wait.end():
            return True
        when = self._when.search(text, end, stop)
        return when is not None and when.end() == stop and stop < len(text)


# Forms that may leave the year out.
_BARE = frozenset({"day", "month_part", "month", "quarter", "half", "mid_year", "letter_year"})
_DERIVED = frozenset({"plan", "within_years", "within_days", "working_days"})


@cache
def date_forms() -> DateForms:
    """The forms, compiled once."""
    return DateForms(load_table("deadlines"))

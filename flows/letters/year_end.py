"""What the year asks for: the list of the fourth quarter, and the carry-over on 31 December; ids stay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from flows.letters.errors import StepRefused
from flows.letters.follow_up import Row, listing, name_of
from flows.letters.lifecycle import Change, Step, decide, final_states
from flows.letters.model import Notice, NoticeKind
from flows.letters.routing import Bodies
from flows.letters.sheets import Templates
from flows.letters.workdays import WorkCalendar

YEAR_END = "year-end"
Owners = Mapping[str, Sequence[Row]]


def year_to_list(today: date, calendar: WorkCalendar) -> int | None:
    """The year whose list is due today (this year's, on working days of the fourth quarter); None on other days."""
    return today.year if today.month >= 10 and calendar.works(today) else None


def year_to_carry(today: date) -> int | None:
    """The year that is carried over today: on 31 December, or in January where that day was missed; else None."""
    if (today.month, today.day) == (12, 31):
        return today.year
    return today.year - 1 if today.month == 1 else None


def annual_lists(
    rows: Sequence[Row], owners: Owners, year: int, today: date, bodies: Bodies, templates: Templates | None = None
) -> tuple[Notice, ...]:
    """One list for every lead agency: what it promised this year and last; derived ids."""
    chosen = [row for row in rows if row["year"] in (year, year - 1) and row["state"] not in ("proposed", "confirmed")]
    return _lists("annual_list", chosen, owners, str(year), today, bodies, templates)


def carry_over(
    rows: Sequence[Row], owners: Owners, year: int, today: date, bodies: Bodies, templates: Templates | None = None
) -> tuple[tuple[Change, ...], tuple[Notice, ...]]:
    """Steps that carry what is open into the next year, and each lead agency's list of it.

    What was carried from this year already, or came in after it, is left out: the same day again changes nothing.
    """
    open_ = [row for row in rows if row["state"] not in final_states() and row["year"] <= year]
    open_ = [row for row in open_ if row["carried_from"] != year and (row["issued_on"] or "") <= f"{year}-12-31"]
    changes = []
    for row in open_:
        step = Step(row["id"], "carry", YEAR_END, today, "program", fields={"year": year, "reason": f"{year}年结转"})
        try:
            changes.append(decide(row, owners.get(row["id"], ()), step))
        except StepRefused:
            continue
    carried = [{**row, "carried_from": year} for row in open_ if row["state"] not in ("proposed", "confirmed")]
    return tuple(changes), _lists("carry_over", carried, owners, str(year), today, bodies, templates)


def _lists(
    kind: NoticeKind,
    rows: Sequence[Row],
    owners: Owners,
    occasion: str,
    today: date,
    bodies: Bodies,
    templates: Templates | None,
) -> tuple[Notice, ...]:
    by_lead: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        for owner in owners.get(row["id"], ()):
            if owner["role"] == "lead":
                to = (owner["agency_id"], name_of(owner["agency_id"], bodies, owner["name"]))
                by_lead.setdefault(to, []).append(row)
    return tuple(
        listing(held, kind, to, day=today, occasion=occasion, templates=templates) for to, held in sorted(by_lead.items())
    )

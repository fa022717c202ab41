"""A day's chasing: reads the clocks' rows from the ledger, lets the pure part decide, writes notices, steps and lights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flows.adapters.ledger_views import RUNNING
from flows.adapters.sql_ledger import SqlLedger
from flows.letters import clocks, year_end
from flows.letters.lifecycle import Change
from flows.letters.model import Notice, Problem
from flows.letters.routing import Bodies
from flows.letters.sheets import Templates
from flows.letters.workdays import WorkCalendar


@dataclass(frozen=True, slots=True)
class Chased:
    """What a day's chasing did: notices that are new, steps taken, lights changed, and what a person must see."""

    notices: int
    steps: int
    lights: int
    problems: tuple[Problem, ...]


def chase_day(
    ledger: SqlLedger,
    bodies: Bodies,
    calendar: WorkCalendar,
    today: date,
    now: str,
    templates: Templates | None = None,
) -> Chased:
    """Chase everything as of ``today``; again the same day, nothing is new."""
    due = ledger.due_by(clocks.look_ahead(today))
    unsigned = ledger.unsigned(today)
    quiet = [row for row in ledger.without_due() if row["state"] in RUNNING]
    undecided = ledger.in_state(*clocks.undecided_states())
    owners = ledger.owners_by_commitment([row["id"] for row in (*due, *quiet)])
    asked = clocks.chase(due, unsigned, quiet, undecided, owners, today=today, calendar=calendar, bodies=bodies)
    known = ledger.known([reminder.id for reminder in asked.reminders])
    fresh = [reminder.make(templates) for reminder in asked.reminders if reminder.id not in known]
    notices = ledger.queue(fresh, now)
    steps = ledger.apply_all([(change, ()) for change in asked.changes], now)
    lights = ledger.mark_lights(asked.lights, now)
    yearly = _year(ledger, bodies, calendar, today, templates)
    steps += ledger.apply_all([(change, ()) for change in yearly[0]], now)
    notices += ledger.queue(yearly[1], now)
    return Chased(notices, steps, lights, asked.problems)


def _year(
    ledger: SqlLedger, bodies: Bodies, calendar: WorkCalendar, today: date, templates: Templates | None
) -> tuple[list[Change], list[Notice]]:
    changes: list[Change] = []
    notices: list[Notice] = []
    year = year_end.year_to_list(today, calendar)
    if year is not None and not ledger.listed("annual_list", date(year, 10, 1)):
        rows = ledger.of_years([year, year - 1])
        owners = ledger.owners_by_commitment([row["id"] for row in rows])
        notices += year_end.annual_lists(rows, owners, year, today, bodies, templates)
    if (year := year_end.year_to_carry(today)) is not None:
        rows = ledger.to_carry(year)
        owners = ledger.owners_by_commitment([row["id"] for row in rows])
        carried, lists = year_end.carry_over(rows, owners, year, today, bodies, templates)
        changes += carried
        notices += lists
    return changes, notices

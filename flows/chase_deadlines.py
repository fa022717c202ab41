"""Scheduled every morning: lights, reminders, overdue slips, the year's lists and carry-over, each on its working day."""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows.chasing import chase_day
from flows.delivery_wiring import templates
from flows.moment import as_of, now
from flows.site_calendar import calendar
from flows.wiring import wiring


@flow(name="chase-deadlines", description="催办：更新进度灯，生成到期提醒、催办单、年度清单和跨年结转")
def chase_deadlines(today: date | None = None) -> State[Any]:
    """Chase as of ``today`` (default: today in Beijing); again the same day, nothing is new."""
    made, log = wiring(), get_run_logger()
    with as_of(today) as day:
        done = chase_day(made.ledger, made.directory, calendar(made.settings), day, now(), templates(made.settings))
    for problem in done.problems:
        log.warning("%s: %s", problem.code, problem.message)
    if done.problems:
        page = "\n".join(f"- {problem.message}" for problem in done.problems)
        create_markdown_artifact(page, key="calendar", description="工作日历需补录")
    return Completed(message=f"{day.isoformat()}：新通知{done.notices}件，状态变更{done.steps}项，进度灯变更{done.lights}项")

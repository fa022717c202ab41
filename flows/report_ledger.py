"""Scheduled weekly: the digest as a page in the UI, the workbook as a file."""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed

from flows.moment import as_of, now
from flows.reporting import report_day
from flows.wiring import wiring


@flow(name="report-ledger", description="周报：生成台账工作簿和办理情况周报")
def report_ledger(today: date | None = None) -> State[Any]:
    """Report as of ``today`` (default: today in Beijing); again the same day it is made anew."""
    made = wiring()
    with as_of(today) as day:
        done = report_day(made.ledger, made.settings.reports, day, now())
    create_markdown_artifact(f"{done.page}\n台账：`{done.path}`\n", key="digest", description="承诺事项办理情况周报")
    return Completed(message=f"台账{done.rows}项：{done.path}")

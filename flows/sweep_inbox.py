"""Scheduled: takes up what the watcher missed and what a crash left behind."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import date
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows.process_letter import FATE, QUARANTINED, WAITING, LetterRef, ending, fate_row, process_letter
from flows.wiring import wiring

_MOST_SHOWN = 200  # lines of the table; the counts are whole


@flow(name="sweep-inbox", description="巡查收件箱：补办漏掉的来函")
def sweep_inbox(older_than_seconds: float = 300.0, today: date | None = None) -> State[Any]:
    """Process every letter that has lain unchanged in the inbox for ``older_than_seconds``: nothing should be found.

    The watcher finds a letter within seconds; what is older was missed, or waits because a part of the world is down.
    ``today``: the day on which the letters count as received.  It ends as ``ending`` says, over all of them.
    """
    log = get_run_logger()
    made = wiring()
    limit = time.time() - older_than_seconds
    old = [seen for seen in made.inbox.scan() if max(seen.mtime_ns, seen.ctime_ns) < limit * 1e9]
    if not old:
        return Completed(message="收件箱无滞留来函")
    log.warning("%d letters have waited in the inbox for more than %.0f s", len(old), older_than_seconds)
    refs = [LetterRef(handle=made.inbox.handle(seen.path)) for seen in old]
    rows: list[dict[str, str]] = []
    for start in range(0, len(refs), made.settings.batch_size):
        batch = refs[start : start + made.settings.batch_size]
        told = process_letter(letters=batch, today=today, return_state=True).result(raise_on_failure=False)
        # A run that broke off as a whole tells why, and stops no other.
        rows += told if isinstance(told, list) else [fate_row(ref, told) for ref in batch]
    _show(rows)
    return ending(rows, f"补办滞留来函{len(rows)}件：")


def _show(rows: Sequence[dict[str, str]]) -> None:
    """The letters in one table, those that need somebody first."""
    urgent = {WAITING: 0, QUARANTINED: 1}
    first = sorted(rows, key=lambda row: urgent.get(row[FATE], len(urgent)))[:_MOST_SHOWN]
    remark = f"，列出{len(first)}件" if len(first) < len(rows) else ""
    create_table_artifact(first, key="sweep", description=f"巡查补办来函{len(rows)}件{remark}")

"""Scheduled: takes up what the watcher missed and what a crash left behind."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows.process_letter import LetterRef, process_letter
from flows.wiring import wiring


@flow(name="sweep-inbox", description="巡查收件箱：补办漏掉的来函")
def sweep_inbox(older_than_seconds: float = 300.0, today: date | None = None) -> State[Any]:
    """Process every letter that has lain unchanged in the inbox for ``older_than_seconds``: nothing should be found.

    The watcher finds a letter within seconds; what is older was missed, or waits because a part of the world is down.
    ``today``: the day on which the letters count as received.
    """
    log = get_run_logger()
    made = wiring()
    limit = time.time() - older_than_seconds
    old = [seen for seen in made.inbox.scan() if max(seen.mtime_ns, seen.ctime_ns) < limit * 1e9]
    if not old:
        return Completed(message="收件箱无滞留来函")
    log.warning("%d letters have waited in the inbox for more than %.0f s", len(old), older_than_seconds)
    for start in range(0, len(old), made.settings.batch_size):
        batch = old[start : start + made.settings.batch_size]
        process_letter(letters=[LetterRef(handle=made.inbox.handle(seen.path)) for seen in batch], today=today, return_state=True)
    return Completed(message=f"补办滞留来函{len(old)}件")

"""Takes originals from the inbox to archived records and queued notices; a letter at rest is a list of one."""

from __future__ import annotations

from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed
from prefect.task_runners import ThreadPoolTaskRunner

from flows import artifacts
from flows.moment import as_of
from flows.settings import load_settings
from flows.tasks import Fate, LetterRef, handle_letter

__all__ = ["LetterRef", "process_letter"]


@flow(
    name="process-letter",
    description="处理来函：登记原件 → 理解 → 归档 → 入台账 → 交办 → 清理收件箱",
    task_runner=ThreadPoolTaskRunner(max_workers=load_settings().letter_threads),  # type: ignore[arg-type]
    validate_parameters=True,
)
def process_letter(letters: list[LetterRef], today: date | None = None) -> State[Any]:
    """Each letter has its own task run, retries and fate; a letter that cannot go on now stays in the inbox.

    ``today``: the day the letters count as received and handed over, where they lay while the system stood still.
    """
    with as_of(today):
        futures = [handle_letter.submit(letter) for letter in letters]
    states = [future.wait() or future.state for future in futures]
    fates = [state.result(raise_on_failure=False) for state in states]
    known = [fate for fate in fates if isinstance(fate, Fate)]
    artifacts.show_run(known)
    waiting = len(letters) - len(known)
    summary = "，".join(f"{name}{count}件" for name, count in artifacts.tally(known, waiting).items())
    if waiting:
        return Failed(message=f"{summary}；未办结的留在收件箱，稍后自动重试")
    return Completed(message=summary)
